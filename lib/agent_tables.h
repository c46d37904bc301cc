/* agent_tables.h -- what samples are made from, as it lies in the agent's memory: counters of
 * objects, what was alive when counting began, modules that were unloaded.
 *
 * The agent writes these tables, and gcglass reads them from outside while the program runs
 * (link/sample.h); the root structure (agent_root.h) says where they are.  What makes that
 * possible:
 *
 *   entries are in chunks of 4,096 sites, which are made once, and never move or go
 *   the list of threads' counters only grows, at its head
 *   a site (agent_root.h) is complete before their number counts it
 *   counters are 64-bit words, each written by one thread
 */
#ifndef GCG_AGENT_TABLES_H
#define GCG_AGENT_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#define GCG__MOST_SITES    (1u << 20)
#define GCG__MOST_FRAMES   64
#define GCG__MOST_UNLOADED 1024u

#define GCG__CHUNK_SHIFT 12
#define GCG__CHUNK       (1u << GCG__CHUNK_SHIFT) /* sites, as in agent_root.h */
#define GCG__CHUNKS      (GCG__MOST_SITES / GCG__CHUNK)

struct gcg__count
{
  uint64_t made, made_bytes;
  uint64_t freed, freed_bytes;
  uint64_t missed, missed_bytes; /* of those freed: before the walk came by (survivors.c) */
};

/* One thread's. */
struct gcg__counts
{
  struct gcg__counts *next;
  bool taken;
  struct gcg__count *chunks[GCG__CHUNKS];
};

/* Objects that are alive. */
struct gcg__live
{
  uint64_t count, bytes;
};

/* A site when counting began, in programs that use malloc. */
struct gcg__surveyed
{
  struct gcg__count then; /* when the survey was made */
  struct gcg__live alive; /* by then */
};

#define GCG__BUILD_ID_TEXT 65

struct gcg__unloaded
{
  uint64_t low, high, base; /* where it was; base: what its file's addresses were added to */
  uint64_t place;           /* what stands for LOW */
  const char *name;         /* as the dynamic linker has it */
  const char *path;
  char build_id[GCG__BUILD_ID_TEXT]; /* hexadecimal, "" when there is none */
};

/* Threads that are counted one after the other may seem to have freed more than there was. */
static inline uint64_t
gcg__count_clipped (uint64_t alive, uint64_t made, uint64_t freed)
{
  return alive + made > freed ? alive + made - freed : 0;
}

/* How many are alive when the numbers are NOW, of which ALIVE were when they were THEN. */
static inline struct gcg__live
gcg__count_alive (struct gcg__live alive, const struct gcg__count *then,
                  const struct gcg__count *now)
{
  return (struct gcg__live){ gcg__count_clipped (alive.count, now->made - then->made,
                                                 now->freed - then->freed),
                             gcg__count_clipped (alive.bytes, now->made_bytes - then->made_bytes,
                                                 now->freed_bytes - then->freed_bytes) };
}

#endif
