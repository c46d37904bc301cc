/* snapshot.h -- the heap of a program at one instant, immutable: the narrow waist of gcglass.
 *
 * Everything right of the capture reads this structure and nothing else; it is the same whether it
 * came from a live process or from a file, and the same checker has passed it.
 *
 * Glossary
 *   object   one block handed out by the allocator; known by its id 0 ... n_objects - 1, in order
 *            of address
 *   block    slots of one size and kind, side by side; each object is one slot of one block
 *   site     where objects were allocated; id, 0 = not known
 *   edge     a word in an object that the collector takes for a pointer to another; known by its
 *            number; its offset in the object is a multiple of 8
 *   root     a word outside the heap that does so; belongs to a region (root area)
 *   marked   reached from the roots by the collector
 *
 *   blocks     [ 0x7f..1000: 24 x 168 B ][ 0x7f..2000: 1 x 9 KiB ] ...
 *                 |first_object = 0          |first_object = 19
 *   slots      [0][1][3][4] ...           [0] ...             slot index in its block
 *   words      [word][word][word] ...                         site, birth, slack, flags
 *   edge_counts[2][0][1] ...
 *                 |
 *   targets    [id][id][id] ...     steps [0][2][5] ...
 *
 * Invariants (gcg__snapshot_check; true of every open snapshot)
 *   I1  blocks are sorted by address and do not overlap nor reach past the address space;
 *       first_object and first_edge ascend, from 0; slot_bytes is a positive multiple of 8
 *   I2  the slots of a block's objects ascend; a block has at least one object; a block with a
 *       slot larger than 4096 bytes has exactly one, in slot 0
 *   I3  edge_counts sum to n_edges, block by block as first_edge says
 *   I4  every edge target is an object; every edge's word lies in its object
 *   I5  site ids, string offsets, region, module, thread and frame indices are in range; strings
 *       end in NUL; site 0 is GCG__SITE_NONE and no other is; kinds of sites and regions and modes
 *       of finalizers are known ones; no string that may be shared is longer than
 *       GCG__STRING_MAX, no call stack than GCG__FRAMES_MAX, and there are at most GCG__SITES_MAX
 *       sites
 *   I6  the BIG sections are sorted by index without repetition, have an entry for each escape in
 *       their column and for nothing else, with a value of 255 or more; slack <= slot_bytes - 8;
 *       an object without a tag has site, birth and slack 0
 *   I7  finalizers are sorted by object, and exactly their objects carry GCG__OBJECT_FINALIZER
 *   I8  every section's checksum is right, every gap is zero
 *   I9  stack pieces ascend by thread, at most one each, follow one another in STACKS and reach its
 *       end; their addresses are multiples of 8 and do not reach past the address space
 *   I10 there are previews of all objects or of none: for each block a start, which is the sum of
 *       what came before, and at the end of the last object PREVIEWS ends
 *   I11 there are places of all edges or of none, of all roots or of none, and they are known ones
 *   I12 hazards ascend by object, which is not marked; their kinds are known ones and their threads
 *       in range, 0 where none is recorded; at most one says how many are left out, the last; there
 * are at most GCG__HAZARDS_MAX others I13 the text of rules ends in NUL and has no other
 *
 * A snapshot is read-only and may be read by any number of threads.
 */
#ifndef GCG_SNAPSHOT_H
#define GCG_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "gcglass/error.h"
#include "snapshot/format.h"

struct gcg__snapshot
{
  const struct gcg__info *info;
  const char *strings;
  const struct gcg__module *modules;
  const struct gcg__site *sites;
  const uint64_t *frames;
  const struct gcg__thread *threads;
  const struct gcg__region *regions;
  const struct gcg__root *roots;
  const struct gcg__block *blocks;
  const uint8_t *slots;         /* [n_objects] */
  const uint64_t *words;        /* [n_objects] */
  const uint8_t *edge_counts;   /* [n_objects] */
  const uint32_t *edge_targets; /* [n_edges] */
  const uint8_t *edge_steps;    /* [n_edges] */
  const struct gcg__big *big_slacks, *big_counts, *big_steps;
  const struct gcg__collection *collections; /* oldest first */
  const uint64_t *live; /* [n_collections] bytes each has marked, 0: unknown; NULL: all are */
  const struct gcg__finalizer *finalizers;
  const uint64_t *stacks;
  const struct gcg__stack_piece *stack_pieces;
  const uint8_t *previews;                  /* first bytes of each object */
  const uint64_t *preview_starts;           /* [n_blocks], when there are previews */
  const struct gcg__statistics *statistics; /* NULL when not
               recorded */
  const uint8_t *edge_places;               /* [n_edges] GCG__PLACE_..., NULL when not recorded */
  const uint8_t *root_places;               /* [n_roots], NULL when not recorded */
  const struct gcg__hazard *hazards;    /* [n_hazards], without what says how many are missing */
  const struct gcg__usage *usage;       /* NULL when not recorded */
  const struct gcg__verdicts *verdicts; /* NULL when not compared */
  const char *rules;                    /* NULL when there are none */
  uint64_t n_strings;                   /* bytes */
  uint64_t n_edges, n_roots, n_frames, n_big_slacks, n_big_counts, n_big_steps;
  uint32_t n_objects, n_blocks, n_sites, n_modules, n_threads, n_regions;
  uint64_t n_stack_words, n_previews, n_preview_starts, n_edge_places, n_root_places, n_rules;
  uint32_t n_collections, n_finalizers, n_stack_pieces, n_hazards;
  uint64_t n_hazards_left_out;
  const void *map; /* the whole file, or a copy of it */
  uint64_t map_bytes;
};

/* Opens and checks the snapshot in FD (a file or memfd; the descriptor stays the caller's and may
   be closed afterwards).  On GCG_OK *SNAPSHOT is to be closed with gcg__snapshot_close. Errors:
   GCG_CORRUPT, GCG_VERSION, GCG_NO_MEMORY, GCG_SYSTEM; NAME stands in the message. A memfd sealed
   against shrinking and writing is mapped; anything else is copied, so nothing that others do to
   the file afterwards changes the snapshot. */
enum gcg_status gcg__snapshot_open_fd (int fd, const char *name, struct gcg__snapshot **snapshot,
                                       struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* The same for a file by name. */
enum gcg_status gcg__snapshot_open (const char *path, struct gcg__snapshot **snapshot,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Takes SNAPSHOT (NULL is fine). */
void gcg__snapshot_close (struct gcg__snapshot *snapshot);

/* Verifies I1 ... I13 of a snapshot whose columns are set (check.c).  Linear, allocates nothing. */
enum gcg_status gcg__snapshot_check (const struct gcg__snapshot *snapshot, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* One object, unpacked. */
struct gcg__object
{
  uint64_t address;
  uint64_t slot_bytes;
  uint64_t requested_bytes; /* as the program asked; the slot's when not tagged */
  uint32_t id;
  uint32_t block;
  uint32_t kind; /* GCG__KIND_... or a number of the program's */
  uint32_t site;
  uint32_t birth; /* collection number modulo 2^20 */
  uint32_t flags; /* GCG__OBJECT_... */
};

/* Unpacks object ID (< n_objects).  O(log blocks). */
void gcg__snapshot_object (const struct gcg__snapshot *snapshot, uint32_t id,
                           struct gcg__object *object);

/* The same, O(1) where ID is in the block that *NEAR says, or in the one after it: for those who
   ask about one object after another.  *NEAR (begin with 0) becomes the object's block. */
void gcg__snapshot_object_near (const struct gcg__snapshot *snapshot, uint32_t id, uint32_t *near,
                                struct gcg__object *object);

/* Finds the object that holds ADDRESS, interior addresses included: sets *ID and *OFFSET from its
   start and returns true, or returns false and leaves them alone.  O(log objects). */
bool gcg__snapshot_find (const struct gcg__snapshot *snapshot, uint64_t address, uint32_t *id,
                         uint64_t *offset);

/* The finalizer of object ID, or NULL.  Borrowed until the snapshot is closed. */
const struct gcg__finalizer *gcg__snapshot_finalizer (const struct gcg__snapshot *snapshot,
                                                      uint32_t id);

/* The hazards of object ID, *N of them.  Borrowed until the snapshot is closed. */
const struct gcg__hazard *gcg__snapshot_hazards (const struct gcg__snapshot *snapshot, uint32_t id,
                                                 uint32_t *n);

/* The word at ADDRESS of the stack of thread THREAD; false when it was not copied.  O(log threads).
 */
bool gcg__snapshot_stack_word (const struct gcg__snapshot *snapshot, uint32_t thread,
                               uint64_t address, uint64_t *word);

/* The first bytes of object ID as they were, *N of them, or NULL when contents were not asked for.
   Borrowed until the snapshot is closed.  O(log blocks + objects of its block). */
const uint8_t *gcg__snapshot_preview (const struct gcg__snapshot *snapshot, uint32_t id,
                                      uint32_t *n);

/* Number of the first edge of ID, and how many it has.  O(log blocks + objects of its block). */
uint64_t gcg__first_edge (const struct gcg__snapshot *snapshot, uint32_t id, uint64_t *count);

/* What the N entries of BIGS say of INDEX, which escapes its column; 0 when they say nothing, which
   I6 excludes.  O(log n). */
uint64_t gcg__big_value (const struct gcg__big *bigs, uint64_t n, uint64_t index);

/* Walks all objects in order of id, unpacked, faster than gcg__snapshot_object each (O(1)):
     struct gcg__object_walk walk = gcg__objects (s);
     while (gcg__next_object (&walk)) use walk.object, walk.first_edge, walk.n_edges; */
struct gcg__object_walk
{
  const struct gcg__snapshot *snapshot;
  struct gcg__object object;
  uint64_t first_edge; /* of the object */
  uint64_t n_edges;
  uint32_t next_id;
  uint32_t block_end; /* first id after the object's block */
  uint64_t block_address;
  uint64_t next_slack; /* into big_slacks */
  uint64_t next_count; /* into big_counts */
};

/* Walks the edges of an object in order of offset:
     struct gcg__edge_walk walk = gcg__edges_of (s, id);
     while (gcg__next_edge (&walk)) use walk.target, walk.offset; */
struct gcg__edge_walk
{
  const struct gcg__snapshot *snapshot;
  uint64_t edge, end; /* the next edge, one past the last */
  uint64_t next_offset;
  uint64_t offset; /* bytes from the object's start */
  uint32_t target;
};

static inline uint64_t
gcg__word_slack (uint64_t word)
{
  return word >> GCG__WORD_SLACK_SHIFT & 255;
}

/* How many of an object's REQUESTED bytes a snapshot with contents holds. */
static inline uint32_t
gcg__preview_bytes (uint64_t requested)
{
  return requested < GCG__PREVIEW_BYTES ? (uint32_t)requested : GCG__PREVIEW_BYTES;
}

static inline uint32_t
gcg__word_flags (uint64_t word)
{
  return word >> GCG__WORD_FLAG_SHIFT;
}

static inline uint32_t
gcg__word_site (uint64_t word)
{
  return word & (GCG__SITES_MAX - 1);
}

static inline uint32_t
gcg__word_birth (uint64_t word)
{
  return word >> GCG__WORD_BIRTH_SHIFT & ((1u << GCG__WORD_BIRTH_BITS) - 1);
}

static inline struct gcg__object_walk
gcg__objects (const struct gcg__snapshot *snapshot)
{
  struct gcg__object_walk walk = { .snapshot = snapshot, .object.block = UINT32_MAX };
  return walk;
}

static inline bool
gcg__next_object (struct gcg__object_walk *walk)
{
  const struct gcg__snapshot *s = walk->snapshot;
  struct gcg__object *object = &walk->object;
  uint32_t id = walk->next_id;
  if (id >= s->n_objects)
    return false;
  if (id == walk->block_end) /* a block has at least one object */
    {
      const struct gcg__block *block = &s->blocks[++object->block];
      walk->block_end = object->block + 1 < s->n_blocks ? block[1].first_object : s->n_objects;
      walk->block_address = block->address;
      object->slot_bytes = block->slot_bytes;
      object->kind = block->kind;
    }
  uint64_t word = s->words[id];
  object->id = id;
  object->address = walk->block_address + s->slots[id] * object->slot_bytes;
  object->site = gcg__word_site (word);
  object->birth = gcg__word_birth (word);
  object->flags = gcg__word_flags (word);
  object->requested_bytes = object->slot_bytes;
  if (object->flags & GCG__OBJECT_TAGGED)
    {
      uint64_t slack = gcg__word_slack (word);
      if (slack == GCG__SLACK_BIG)
        slack = s->big_slacks[walk->next_slack++].value;
      object->requested_bytes -= 8 + slack;
    }
  walk->first_edge += walk->n_edges;
  walk->n_edges = s->edge_counts[id];
  if (walk->n_edges == GCG__COUNT_BIG)
    walk->n_edges = s->big_counts[walk->next_count++].value;
  walk->next_id = id + 1;
  return true;
}

static inline bool
gcg__next_edge (struct gcg__edge_walk *walk)
{
  if (walk->edge == walk->end)
    return false;
  const struct gcg__snapshot *s = walk->snapshot;
  uint64_t step = s->edge_steps[walk->edge];
  if (step == GCG__STEP_BIG)
    step = gcg__big_value (s->big_steps, s->n_big_steps, walk->edge);
  walk->target = s->edge_targets[walk->edge];
  walk->offset = walk->next_offset + 8 * step;
  walk->next_offset = walk->offset + 8;
  walk->edge++;
  return true;
}

/* The edges of the object that WALK stands at; O(1). */
static inline struct gcg__edge_walk
gcg__edges_here (const struct gcg__object_walk *walk)
{
  struct gcg__edge_walk edges = { .snapshot = walk->snapshot,
                                  .edge = walk->first_edge,
                                  .end = walk->first_edge + walk->n_edges };
  return edges;
}

/* The edges of object ID; costs what gcg__first_edge does. */
static inline struct gcg__edge_walk
gcg__edges_of (const struct gcg__snapshot *snapshot, uint32_t id)
{
  uint64_t count, first = gcg__first_edge (snapshot, id, &count);
  struct gcg__edge_walk edges = { .snapshot = snapshot, .edge = first, .end = first + count };
  return edges;
}

/* Returns whether COLLECTION was made for the snapshot, and not by the program: one that is taken
   from outside has none, and marks nothing. */
static inline bool
gcg__is_own_collection (const struct gcg__snapshot *snapshot,
                        const struct gcg__collection *collection)
{
  return collection->number == snapshot->info->collections
         && (snapshot->info->mark_ns != 0 || (snapshot->info->flags & GCG__INFO_MALLOC) != 0);
}

/* Returns whether REGION belongs to a thread, number REGION->index. */
static inline bool
gcg__region_of_thread (const struct gcg__region *region)
{
  return region->kind == GCG__REGION_STACK || region->kind == GCG__REGION_REGISTERS
         || region->kind == GCG__REGION_TLS;
}

/* Returns whether REGION is a malloc'd block, which the collector does not scan. */
static inline bool
gcg__region_malloced (const struct gcg__region *region)
{
  return region->kind == GCG__REGION_EXPLICIT && region->index == GCG__EXPLICIT_MALLOC;
}

/* Where in its object edge EDGE, or root ROOT, points to: GCG__PLACE_... */
static inline uint32_t
gcg__edge_place (const struct gcg__snapshot *snapshot, uint64_t edge)
{
  return snapshot->edge_places ? snapshot->edge_places[edge] : GCG__PLACE_START;
}

static inline uint32_t
gcg__root_place (const struct gcg__snapshot *snapshot, uint64_t root)
{
  return snapshot->root_places ? snapshot->root_places[root] : GCG__PLACE_START;
}

/* The bytes at STRING. */
static inline const char *
gcg__text (const struct gcg__snapshot *snapshot, gcg__string string)
{
  return snapshot->strings + string;
}

#endif
