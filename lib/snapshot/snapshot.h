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
 *   I1  blocks are sorted by address and do not overlap; first_object and first_edge ascend,
 *       from 0; slot_bytes is a positive multiple of 8
 *   I2  the slots of a block's objects ascend; a block has at least one object; a block with a
 *       slot larger than 4096 bytes has exactly one
 *   I3  edge_counts sum to n_edges, block by block as first_edge says
 *   I4  every edge target is an object; every edge's word lies in its object
 *   I5  site ids, string offsets, region, module, thread and frame indices are in range; strings
 *       end in NUL; site 0 is GCG__SITE_NONE
 *   I6  the BIG sections are sorted by index without repetition, have an entry for each escape in
 *       their column and for nothing else; slack <= slot_bytes - 8
 *   I7  finalizers are sorted by object, and exactly their objects carry GCG__OBJECT_FINALIZER
 *   I8  every section's checksum is right, every gap is zero
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
  const struct gcg__finalizer *finalizers;
  uint64_t n_strings; /* bytes */
  uint64_t n_edges, n_roots, n_frames, n_big_slacks, n_big_counts, n_big_steps;
  uint32_t n_objects, n_blocks, n_sites, n_modules, n_threads, n_regions;
  uint32_t n_collections, n_finalizers;
  const void *map; /* the whole file */
  uint64_t map_bytes;
};

/* Maps and checks the snapshot in FD (a file or memfd; the descriptor stays the caller's and may be
   closed afterwards).  On GCG_OK *SNAPSHOT is to be closed with gcg__snapshot_close.
   Errors: GCG_CORRUPT, GCG_VERSION, GCG_NO_MEMORY, GCG_SYSTEM; NAME stands in the message.
   A file that another process shortens while it is mapped is refused where the kernel lets us know
   (sealed memfds cannot be shortened). */
enum gcg_status gcg__snapshot_open_fd (int fd, const char *name, struct gcg__snapshot **snapshot,
                                       struct gcg_error *error)
  __attribute__ ((warn_unused_result));

/* The same for a file by name. */
enum gcg_status gcg__snapshot_open (const char *path, struct gcg__snapshot **snapshot,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Takes SNAPSHOT (NULL is fine). */
void gcg__snapshot_close (struct gcg__snapshot *snapshot);

/* Verifies I1 ... I8 of a snapshot whose columns are set (check.c).  Linear, allocates nothing. */
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
  uint32_t kind;  /* GCG__KIND_... or a number of the program's */
  uint32_t site;
  uint32_t birth; /* collection number modulo 2^20 */
  uint32_t flags; /* GCG__OBJECT_... */
};

/* Unpacks object ID (< n_objects).  O(log blocks). */
void gcg__snapshot_object (const struct gcg__snapshot *snapshot, uint32_t id,
                           struct gcg__object *object);

/* Finds the object that holds ADDRESS, interior addresses included: sets *ID and *OFFSET from its
   start and returns true, or returns false and leaves them alone.  O(log objects). */
bool gcg__snapshot_find (const struct gcg__snapshot *snapshot, uint64_t address, uint32_t *id,
                         uint64_t *offset);

/* The finalizer of object ID, or NULL.  Borrowed until the snapshot is closed. */
const struct gcg__finalizer *gcg__snapshot_finalizer (const struct gcg__snapshot *snapshot,
                                                      uint32_t id);

/* Walks all objects in order of id, unpacked, faster than gcg__snapshot_object each (O(1)):
     struct gcg__object_walk walk = gcg__objects (s);
     while (gcg__next_object (&walk)) use walk.object; */
struct gcg__object_walk
{
  const struct gcg__snapshot *snapshot;
  struct gcg__object object;
  uint32_t next_id;
  uint64_t next_slack; /* into big_slacks */
};
struct gcg__object_walk gcg__objects (const struct gcg__snapshot *snapshot);
bool gcg__next_object (struct gcg__object_walk *walk);

/* Walks the edges of object ID in order of offset:
     struct gcg__edge_walk walk = gcg__edges_of (s, id);
     while (gcg__next_edge (&walk)) use walk.target, walk.offset; */
struct gcg__edge_walk
{
  const struct gcg__snapshot *snapshot;
  uint64_t edge, end;
  uint64_t next_offset;
  uint64_t offset; /* bytes from the object's start */
  uint32_t target;
};
struct gcg__edge_walk gcg__edges_of (const struct gcg__snapshot *snapshot, uint32_t id);
bool gcg__next_edge (struct gcg__edge_walk *walk);

/* Number of the first edge of ID, and how many it has. */
uint64_t gcg__first_edge (const struct gcg__snapshot *snapshot, uint32_t id, uint64_t *count);

/* The bytes at STRING. */
static inline const char *
gcg__text (const struct gcg__snapshot *snapshot, gcg__string string)
{
  return snapshot->strings + string;
}

#endif
