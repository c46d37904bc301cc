/* tour.c -- reads a snapshot in every way there is (columns.h): what a checked snapshot promises.
 *
 * Each promise is verified from the reader's side, by other means than the checker's: the walk, the
 * look-up by id, the look-up by address and the columns themselves must agree.
 */
#include "config.h"
#include "tests/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
tour_expect (bool right, const char *what, uint64_t where)
{
  if (right)
    return;
  fprintf (stderr, "tour: %s at %llu\n", what, (unsigned long long)where);
  abort ();
}

static uint64_t
tour_text (const struct gcg__snapshot *s, gcg__string string, size_t longest)
{
  size_t n = strlen (gcg__text (s, string));
  tour_expect (string + n < s->n_strings && n <= longest, "text", string);
  return n;
}

static uint64_t
tour_names (const struct gcg__snapshot *s)
{
  const struct gcg__info *info = s->info;
  uint64_t digest = info->pid + info->collections;
  digest += tour_text (s, info->description, SIZE_MAX) + tour_text (s, info->program, SIZE_MAX)
            + tour_text (s, info->command_line, SIZE_MAX)
            + tour_text (s, info->agent_version, SIZE_MAX)
            + tour_text (s, info->proc_status, SIZE_MAX) + tour_text (s, info->proc_stat, SIZE_MAX);
  if (s->statistics)
    digest += tour_text (s, s->statistics->smaps, SIZE_MAX) + s->statistics->toggleref_func;
  for (uint32_t i = 0; i < s->n_modules; i++)
    digest += tour_text (s, s->modules[i].path, GCG__STRING_MAX)
              + tour_text (s, s->modules[i].build_id, GCG__STRING_MAX);
  for (uint32_t i = 0; i < s->n_sites; i++)
    {
      const struct gcg__site *site = &s->sites[i];
      digest += tour_text (s, site->file, GCG__STRING_MAX)
                + tour_text (s, site->function, GCG__STRING_MAX)
                + tour_text (s, site->expression, GCG__STRING_MAX)
                + tour_text (s, site->type, GCG__STRING_MAX) + site->line;
      for (uint32_t f = 0; f < site->n_frames; f++)
        digest += s->frames[site->first_frame + f];
      tour_expect (site->n_frames <= GCG__FRAMES_MAX, "frames", i);
      tour_expect ((site->kind == GCG__SITE_NONE) == (i == 0), "site", i);
    }
  for (uint32_t i = 0; i < s->n_threads; i++)
    digest += tour_text (s, s->threads[i].name, GCG__STRING_MAX) + s->threads[i].registers[31];
  for (uint32_t i = 0; i < s->n_collections; i++)
    digest += s->collections[i].number + s->collections[i].free_bytes + (s->live ? s->live[i] : 0);
  return digest;
}

static uint64_t
tour_roots (const struct gcg__snapshot *s)
{
  uint64_t digest = 0;
  for (uint64_t i = 0; i < s->n_roots; i++)
    {
      const struct gcg__region *region = &s->regions[s->roots[i].region];
      digest += s->words[s->roots[i].object] + gcg__root_place (s, i);
      tour_expect (gcg__root_place (s, i) <= GCG__PLACE_PAST, "place of root", i);
      if (region->kind == GCG__REGION_STATIC)
        digest += s->modules[region->index].low;
      if (gcg__region_of_thread (region))
        digest += s->threads[region->index].sp;
    }
  return digest;
}

/* The edges of the object that WALK stands at. */
static uint64_t
tour_edges (const struct gcg__snapshot *s, const struct gcg__object_walk *walk)
{
  uint64_t count, n = 0, end = 0, digest = 0;
  uint32_t id = walk->object.id;
  tour_expect (gcg__first_edge (s, id, &count) == walk->first_edge, "first edge", id);
  tour_expect (count == walk->n_edges, "number of edges", id);
  struct gcg__edge_walk here = gcg__edges_here (walk), of = gcg__edges_of (s, id);
  while (gcg__next_edge (&here))
    {
      tour_expect (gcg__next_edge (&of), "shorter walk", id);
      tour_expect (here.target == of.target && here.offset == of.offset, "edge walks", id);
      tour_expect (here.target < s->n_objects, "target", id);
      tour_expect (here.offset % 8 == 0 && here.offset >= end
                       && here.offset <= walk->object.slot_bytes - 8,
                   "offset", id);
      end = here.offset + 8;
      uint32_t place = gcg__edge_place (s, walk->first_edge + n);
      tour_expect (place <= GCG__PLACE_PAST, "place of edge", id);
      digest = digest * 31 + s->words[here.target] + here.offset + place;
      n++;
    }
  tour_expect (!gcg__next_edge (&of), "longer walk", id);
  tour_expect (n == count, "walked edges", id);
  return digest;
}

/* OBJECT is found by its id, and by its first, its last and no other address. */
static void
tour_find (const struct gcg__snapshot *s, const struct gcg__object *object)
{
  struct gcg__object same;
  gcg__snapshot_object (s, object->id, &same);
  tour_expect (same.address == object->address && same.slot_bytes == object->slot_bytes
                   && same.requested_bytes == object->requested_bytes && same.id == object->id
                   && same.block == object->block && same.kind == object->kind
                   && same.site == object->site && same.birth == object->birth
                   && same.flags == object->flags,
               "object", object->id);
  uint32_t id = UINT32_MAX;
  uint64_t offset = UINT64_MAX, last = object->slot_bytes - 1;
  tour_expect (gcg__snapshot_find (s, object->address, &id, &offset) && id == object->id
                   && offset == 0,
               "find by start", object->id);
  tour_expect (gcg__snapshot_find (s, object->address + last, &id, &offset) && id == object->id
                   && offset == last,
               "find by end", object->id);
  if (gcg__snapshot_find (s, object->address - 1, &id, &offset))
    tour_expect (id == object->id - 1, "find before", object->id);
}

/* The preview of OBJECT, which stands at *AT of all, or none at all. */
static uint64_t
tour_preview (const struct gcg__snapshot *s, const struct gcg__object *object, uint64_t *at)
{
  uint64_t digest = 0;
  uint32_t n = UINT32_MAX;
  const uint8_t *bytes = gcg__snapshot_preview (s, object->id, &n);
  if (!bytes)
    {
      tour_expect (s->n_previews == 0 && s->n_preview_starts == 0, "no preview", object->id);
      return 0;
    }
  tour_expect (bytes == s->previews + *at && n <= s->n_previews - *at, "preview", object->id);
  tour_expect (n == (object->requested_bytes < 64 ? object->requested_bytes : 64),
               "length of preview", object->id);
  for (uint32_t i = 0; i < n; i++)
    digest = digest * 31 + bytes[i];
  *at += n;
  return digest;
}

/* The hazards of object ID, which are the next from *AT on. */
static uint64_t
tour_hazards (const struct gcg__snapshot *s, uint32_t id, uint32_t *at)
{
  uint64_t digest = 0;
  uint32_t n = 0;
  const struct gcg__hazard *hazards = gcg__snapshot_hazards (s, id, &n);
  tour_expect (n == 0 || hazards == s->hazards + *at, "hazards", id);
  for (uint32_t i = 0; i < n; i++)
    {
      tour_expect (hazards[i].object == id, "object of hazard", id);
      digest = digest * 31 + hazards[i].address + hazards[i].kind;
      if (hazards[i].kind != GCG__HAZARD_MALLOC)
        digest += s->threads[hazards[i].thread].tid;
    }
  *at += n;
  return digest;
}

uint64_t
tour (const struct gcg__snapshot *snapshot)
{
  uint64_t digest = tour_names (snapshot) + tour_roots (snapshot);
  uint64_t n = 0, edges = 0, end = 0, finalizers = 0, preview = 0;
  uint32_t hazards = 0;
  struct gcg__object_walk walk = gcg__objects (snapshot);
  while (gcg__next_object (&walk))
    {
      const struct gcg__object *object = &walk.object;
      tour_expect (object->id == n, "id", n);
      tour_expect (object->address >= end && object->address + object->slot_bytes > object->address,
                   "order of addresses", n);
      tour_expect (object->requested_bytes <= object->slot_bytes, "requested bytes", n);
      tour_expect (object->site < snapshot->n_sites, "site of object", n);
      end = object->address + object->slot_bytes;
      tour_find (snapshot, object);
      digest += tour_preview (snapshot, object, &preview) + tour_hazards (snapshot, n, &hazards);
      digest = digest * 31 + tour_edges (snapshot, &walk) + object->requested_bytes;
      const struct gcg__finalizer *finalizer = gcg__snapshot_finalizer (snapshot, n);
      tour_expect (!finalizer == !(object->flags & GCG__OBJECT_FINALIZER), "finalizer flag", n);
      tour_expect (!finalizer || finalizer->object == n, "finalizer", n);
      finalizers += finalizer != NULL;
      edges += walk.n_edges;
      n++;
    }
  tour_expect (preview == snapshot->n_previews, "previews", preview);
  tour_expect (hazards == snapshot->n_hazards, "all hazards", hazards);
  tour_expect (n == snapshot->n_objects, "objects", n);
  tour_expect (edges == snapshot->n_edges, "edges", edges);
  tour_expect (finalizers == snapshot->n_finalizers, "finalizers", finalizers);
  return digest;
}
