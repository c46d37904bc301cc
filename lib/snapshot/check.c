/* check.c -- verifies the invariants I1 ... I13 that snapshot.h promises.
 *
 * A snapshot may come from anywhere, with every checksum right and every number a lie.  All that a
 * reader of a checked snapshot ever uses as an index, an offset or a length is compared here with
 * what it indexes, once, so that nothing after this needs to.  The invariants are also what keeps
 * later work linear: strings and call stacks that many elements can share are short.
 *
 * One pass over each column, in order; four cursors follow the escapes (BIG_...) as the walk meets
 * them, which proves at the same time that they are sorted, complete and not too many.  Sums cannot
 * overflow: each summand is compared with what is left first.
 *
 * Allocates nothing, keeps no state, any thread.  Cost: memory speed for the checksums plus some
 * nanoseconds for each object and edge.
 */
#include "snapshot/internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LARGE_SLOT 4096 /* bytes; such a slot has its block for itself */

/* Where the walk over the objects is. */
struct check_walk
{
  const struct gcg__snapshot *s;
  struct gcg_error *error;
  uint64_t edge;
  uint64_t slack, count, step; /* into the BIG sections */
  uint64_t n_finalizers;       /* flags seen */
  uint64_t preview;            /* bytes of previews before */
};

enum gcg_status
gcg__snapshot_fail (struct gcg_error *error, enum gcg_status status, const char *format, ...)
{
  if (error)
    {
      error->status = status;
      va_list arguments;
      va_start (arguments, format);
      vsnprintf (error->text, sizeof error->text, format, arguments);
      va_end (arguments);
    }
  return status;
}

#define check_fail(error, format, ...)                                                             \
  gcg__snapshot_fail (error, GCG_CORRUPT, "damaged snapshot: " format, __VA_ARGS__)

/* I8. */
static enum gcg_status
check_sections (const struct gcg__snapshot *s, struct gcg_error *error)
{
  const struct gcg__file_header *header = s->map;
  const struct gcg__file_section *table = (const void *)(header + 1);
  const char *map = s->map;
  uint64_t end = sizeof *header + header->n_sections * sizeof *table;
  for (uint32_t i = 0; i <= header->n_sections; i++)
    {
      uint64_t next = i < header->n_sections ? table[i].offset : s->map_bytes;
      for (; end < next; end++)
        if (map[end])
          return check_fail (error, "byte %" PRIu64 " between sections is not zero (I8)", end);
      if (i == header->n_sections)
        break;
      if (gcg__checksum (map + next, table[i].bytes) != table[i].checksum)
        return check_fail (error, "checksum of section %" PRIu32 " (I8)", table[i].code);
      end = next + table[i].bytes;
    }
  return GCG_OK;
}

static bool
check_string (const struct gcg__snapshot *s, gcg__string string)
{
  return string < s->n_strings;
}

/* A string that many may share: so short that reading all of them stays linear. */
static bool
check_short_string (const struct gcg__snapshot *s, gcg__string string)
{
  return string < s->n_strings
         && strnlen (s->strings + string, GCG__STRING_MAX + 1) <= GCG__STRING_MAX;
}

/* I5 of strings, INFO, modules and sites; I13. */
static enum gcg_status
check_names (const struct gcg__snapshot *s, struct gcg_error *error)
{
  const struct gcg__info *info = s->info;
  if (s->n_strings == 0 || s->strings[0] || s->strings[s->n_strings - 1])
    return check_fail (error, "%s", "strings do not begin and end in NUL (I5)");
  if (!check_string (s, info->description) || !check_string (s, info->program)
      || !check_string (s, info->command_line) || !check_string (s, info->agent_version)
      || !check_string (s, info->proc_status) || !check_string (s, info->proc_stat))
    return check_fail (error, "%s", "a string of INFO is out of range (I5)");
  if (s->statistics && !check_string (s, s->statistics->smaps))
    return check_fail (error, "%s", "the string of STATISTICS is out of range (I5)");
  if (s->rules && strnlen (s->rules, s->n_rules) != s->n_rules - 1)
    return check_fail (error, "%s", "the text of RULES does not end in its only NUL (I13)");
  for (uint32_t i = 0; i < s->n_modules; i++)
    if (!check_short_string (s, s->modules[i].path)
        || !check_short_string (s, s->modules[i].build_id))
      return check_fail (error, "a string of module %" PRIu32 " is out of range (I5)", i);
  if (s->n_sites == 0 || s->n_sites > GCG__SITES_MAX || s->sites[0].kind != GCG__SITE_NONE)
    return check_fail (error, "%s", "site 0 is not GCG__SITE_NONE, or too many sites (I5)");
  for (uint32_t i = 0; i < s->n_sites; i++)
    {
      const struct gcg__site *site = &s->sites[i];
      if (!check_short_string (s, site->file) || !check_short_string (s, site->function)
          || !check_short_string (s, site->expression) || !check_short_string (s, site->type))
        return check_fail (error, "a string of site %" PRIu32 " is out of range (I5)", i);
      if (site->first_frame > s->n_frames || site->n_frames > s->n_frames - site->first_frame
          || site->n_frames > GCG__FRAMES_MAX)
        return check_fail (error, "frames of site %" PRIu32 " are out of range (I5)", i);
      if (i > 0 && site->kind != GCG__SITE_MACRO && site->kind != GCG__SITE_STACK)
        return check_fail (error, "kind of site %" PRIu32 " (I5)", i);
    }
  return GCG_OK;
}

/* I5 of threads, regions and roots. */
static enum gcg_status
check_roots (const struct gcg__snapshot *s, struct gcg_error *error)
{
  for (uint32_t i = 0; i < s->n_threads; i++)
    if (!check_short_string (s, s->threads[i].name))
      return check_fail (error, "name of thread %" PRIu32 " is out of range (I5)", i);
  for (uint32_t i = 0; i < s->n_regions; i++)
    {
      const struct gcg__region *region = &s->regions[i];
      bool right = false;
      switch (region->kind)
        {
        case GCG__REGION_STATIC:
          right = region->index < s->n_modules;
          break;
        case GCG__REGION_STACK:
        case GCG__REGION_REGISTERS:
        case GCG__REGION_TLS:
          right = region->index < s->n_threads;
          break;
        case GCG__REGION_EXPLICIT:
        case GCG__REGION_UNSEEN:
          right = true;
          break;
        }
      if (!right)
        return check_fail (error, "region %" PRIu32 " (I5)", i);
    }
  for (uint64_t i = 0; i < s->n_roots; i++)
    if (s->roots[i].object >= s->n_objects || s->roots[i].region >= s->n_regions)
      return check_fail (error, "root %" PRIu64 " is out of range (I5)", i);
  return GCG_OK;
}

/* Takes the value of entry *CURSOR of BIGS, which must be INDEX's, into *VALUE. */
static inline bool
check_big (const struct gcg__big *bigs, uint64_t n, uint64_t *cursor, uint64_t index,
           uint64_t *value)
{
  if (*cursor == n || bigs[*cursor].index != index || bigs[*cursor].value < 255)
    return false;
  *value = bigs[(*cursor)++].value;
  return true;
}

/* I1, I2, I10 of block B, whose objects end before END and whose slots before *LIMIT end before it.
 */
static enum gcg_status
check_block (struct check_walk *walk, uint32_t b, uint32_t end, uint64_t *limit)
{
  const struct gcg__snapshot *s = walk->s;
  const struct gcg__block *block = &s->blocks[b];
  uint32_t first = block->first_object;
  if ((b == 0 && first != 0) || first >= end || end > s->n_objects)
    return check_fail (walk->error, "objects of block %" PRIu32 " (I1, I2)", b);
  if (block->slot_bytes == 0 || block->slot_bytes % 8 != 0)
    return check_fail (walk->error, "slot size of block %" PRIu32 " (I1)", b);
  if (block->first_edge != walk->edge)
    return check_fail (walk->error, "first edge of block %" PRIu32 " (I3)", b);
  if (s->n_preview_starts > 0 && s->preview_starts[b] != walk->preview)
    return check_fail (walk->error, "previews of block %" PRIu32 " (I10)", b);
  for (uint32_t i = first + 1; i < end; i++)
    if (s->slots[i] <= s->slots[i - 1])
      return check_fail (walk->error, "slots of block %" PRIu32 " do not ascend (I2)", b);
  if (block->slot_bytes > LARGE_SLOT && (end - first != 1 || s->slots[first] != 0))
    return check_fail (walk->error, "block %" PRIu32 " of a large object (I2)", b);
  uint64_t extent;
  if (block->address < *limit
      || __builtin_mul_overflow (block->slot_bytes, (uint64_t)s->slots[end - 1] + 1, &extent)
      || __builtin_add_overflow (block->address, extent, limit))
    return check_fail (walk->error, "address of block %" PRIu32 " (I1)", b);
  return GCG_OK;
}

/* I5, I6 of the word of object ID, whose preview it counts. */
static inline bool
check_word (struct check_walk *walk, uint32_t id, uint64_t slot_bytes)
{
  const struct gcg__snapshot *s = walk->s;
  uint64_t word = s->words[id], slack = gcg__word_slack (word);
  uint32_t flags = gcg__word_flags (word);
  walk->n_finalizers += (flags & GCG__OBJECT_FINALIZER) != 0;
  if (!(flags & GCG__OBJECT_TAGGED))
    {
      walk->preview += gcg__preview_bytes (slot_bytes);
      return word << 16 == 0;
    }
  if (slack == GCG__SLACK_BIG
      && !check_big (s->big_slacks, s->n_big_slacks, &walk->slack, id, &slack))
    return false;
  if (gcg__word_site (word) >= s->n_sites || slack > slot_bytes - 8)
    return false;
  walk->preview += gcg__preview_bytes (slot_bytes - 8 - slack);
  return true;
}

/* I3, I4, I6 of the edges of object ID but for their targets. */
static inline bool
check_edges (struct check_walk *walk, uint32_t id, uint64_t slot_bytes)
{
  const struct gcg__snapshot *s = walk->s;
  uint64_t count = s->edge_counts[id], words = slot_bytes / 8;
  if (count == GCG__COUNT_BIG
      && !check_big (s->big_counts, s->n_big_counts, &walk->count, id, &count))
    return false;
  if (count > s->n_edges - walk->edge || count > words)
    return false;
  words -= count; /* that steps may pass over */
  for (uint64_t end = walk->edge + count; walk->edge < end; walk->edge++)
    {
      uint64_t step = s->edge_steps[walk->edge];
      if (step == GCG__STEP_BIG
          && !check_big (s->big_steps, s->n_big_steps, &walk->step, walk->edge, &step))
        return false;
      if (step > words)
        return false;
      words -= step;
    }
  return true;
}

/* I1 ... I4, I10 and what I5 and I6 say of objects and edges. */
static enum gcg_status
check_objects (const struct gcg__snapshot *s, struct gcg_error *error)
{
  struct check_walk walk = { .s = s, .error = error };
  uint64_t limit = 0;
  if ((s->n_blocks == 0) != (s->n_objects == 0))
    return check_fail (error, "%" PRIu32 " objects in %" PRIu32 " blocks (I2)", s->n_objects,
                       s->n_blocks);
  if (s->n_preview_starts != 0 && s->n_preview_starts != s->n_blocks)
    return check_fail (error, "previews of %" PRIu64 " of %" PRIu32 " blocks (I10)",
                       s->n_preview_starts, s->n_blocks);
  for (uint32_t b = 0; b < s->n_blocks; b++)
    {
      uint32_t end = gcg__block_end (s, b);
      enum gcg_status status = check_block (&walk, b, end, &limit);
      if (status != GCG_OK)
        return status;
      uint64_t slot_bytes = s->blocks[b].slot_bytes;
      for (uint32_t id = s->blocks[b].first_object; id < end; id++)
        {
          if (!check_word (&walk, id, slot_bytes))
            return check_fail (error, "word of object %" PRIu32 " (I5, I6)", id);
          if (!check_edges (&walk, id, slot_bytes))
            return check_fail (error, "edges of object %" PRIu32 " (I3, I4, I6)", id);
        }
    }
  if (walk.edge != s->n_edges)
    return check_fail (error, "%" PRIu64 " edges belong to no object (I3)", s->n_edges - walk.edge);
  if (walk.slack != s->n_big_slacks || walk.count != s->n_big_counts || walk.step != s->n_big_steps)
    return check_fail (error, "%s", "a BIG section has entries for nothing (I6)");
  if (walk.n_finalizers != s->n_finalizers)
    return check_fail (error, "%" PRIu32 " finalizers for %" PRIu64 " objects (I7)",
                       s->n_finalizers, walk.n_finalizers);
  if (s->n_previews != (s->n_preview_starts > 0 ? walk.preview : 0))
    return check_fail (error, "%" PRIu64 " bytes of previews (I10)", s->n_previews);
  uint32_t largest = 0;
  for (uint64_t e = 0; e < s->n_edges; e++)
    largest = s->edge_targets[e] > largest ? s->edge_targets[e] : largest;
  if (s->n_edges > 0 && largest >= s->n_objects)
    return check_fail (error, "an edge points to object %" PRIu32 " (I4)", largest);
  return GCG_OK;
}

/* I7; check_objects has compared the numbers. */
static enum gcg_status
check_finalizers (const struct gcg__snapshot *s, struct gcg_error *error)
{
  for (uint32_t i = 0; i < s->n_finalizers; i++)
    {
      const struct gcg__finalizer *finalizer = &s->finalizers[i];
      if (finalizer->object >= s->n_objects
          || (i > 0 && finalizer->object <= s->finalizers[i - 1].object)
          || !(gcg__word_flags (s->words[finalizer->object]) & GCG__OBJECT_FINALIZER)
          || finalizer->mode < GCG__FINALIZER_ORDERED
          || finalizer->mode > GCG__FINALIZER_UNREACHABLE)
        return check_fail (error, "finalizer %" PRIu32 " (I5, I7)", i);
    }
  return GCG_OK;
}

/* I11 of N places of the COUNT elements called NAME. */
static enum gcg_status
check_places (const uint8_t *places, uint64_t n, uint64_t count, const char *name,
              struct gcg_error *error)
{
  uint8_t largest = 0;
  if (n == 0)
    return GCG_OK;
  if (n != count)
    return check_fail (error, "places of %" PRIu64 " of %" PRIu64 " %s (I11)", n, count, name);
  for (uint64_t i = 0; i < n; i++)
    largest = places[i] > largest ? places[i] : largest;
  if (largest >= GCG__N_PLACES)
    return check_fail (error, "place %u of one of the %s (I11)", largest, name);
  return GCG_OK;
}

/* I9 */
static enum gcg_status
check_stacks (const struct gcg__snapshot *s, struct gcg_error *error)
{
  uint64_t next = 0;
  for (uint32_t i = 0; i < s->n_stack_pieces; i++)
    {
      const struct gcg__stack_piece *piece = &s->stack_pieces[i];
      if (piece->thread >= s->n_threads || (i > 0 && piece->thread <= piece[-1].thread)
          || piece->first != next || piece->n > s->n_stack_words - next || piece->low % 8 != 0
          || piece->low > UINT64_MAX - UINT64_C (8) * piece->n)
        return check_fail (error, "stack piece %" PRIu32 " (I9)", i);
      next += piece->n;
    }
  if (next != s->n_stack_words)
    return check_fail (error, "%" PRIu64 " stack words belong to no thread (I9)",
                       s->n_stack_words - next);
  return GCG_OK;
}

/* I12; the entry that says how many are left out is beyond the others, reader.c has seen to it. */
static enum gcg_status
check_hazards (const struct gcg__snapshot *s, struct gcg_error *error)
{
  if (s->n_hazards > GCG__HAZARDS_MAX)
    return check_fail (error, "%" PRIu32 " hazards (I12)", s->n_hazards);
  for (uint32_t i = 0; i < s->n_hazards; i++)
    {
      const struct gcg__hazard *hazard = &s->hazards[i];
      bool threads = hazard->kind != GCG__HAZARD_MALLOC;
      if (hazard->object >= s->n_objects || (i > 0 && hazard->object < hazard[-1].object)
          || gcg__word_flags (s->words[hazard->object]) & GCG__OBJECT_MARKED
          || hazard->kind < GCG__HAZARD_TLS || hazard->kind > GCG__HAZARD_STACK || hazard->zero != 0
          || (threads ? hazard->thread >= s->n_threads : hazard->thread != 0))
        return check_fail (error, "hazard %" PRIu32 " (I12)", i);
    }
  return GCG_OK;
}

enum gcg_status
gcg__snapshot_check_columns (const struct gcg__snapshot *snapshot, struct gcg_error *error)
{
  enum gcg_status status = check_names (snapshot, error);
  if (status == GCG_OK)
    status = check_roots (snapshot, error);
  if (status == GCG_OK)
    status = check_objects (snapshot, error);
  if (status == GCG_OK)
    status = check_finalizers (snapshot, error);
  if (status == GCG_OK)
    status = check_stacks (snapshot, error);
  if (status == GCG_OK)
    status = check_places (snapshot->edge_places, snapshot->n_edge_places, snapshot->n_edges,
                           "edges", error);
  if (status == GCG_OK)
    status = check_places (snapshot->root_places, snapshot->n_root_places, snapshot->n_roots,
                           "roots", error);
  if (status == GCG_OK)
    status = check_hazards (snapshot, error);
  return status;
}

enum gcg_status
gcg__snapshot_check (const struct gcg__snapshot *snapshot, struct gcg_error *error)
{
  enum gcg_status status = check_sections (snapshot, error);
  return status == GCG_OK ? gcg__snapshot_check_columns (snapshot, error) : status;
}
