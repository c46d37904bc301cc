/* analysis.h -- what a snapshot means: reachability, components, cycles.
 *
 * One struct gcg__analysis is built from one snapshot, once, and is immutable afterwards; any
 * number of threads may read it.  All of it is iterative and linear (or nearly) in objects and
 * edges; ids are 32 bits, memory at most 64 bytes per object with two edges each.
 *
 *   graph.h       edges both ways, compressed adjacency          reach.h     from the roots
 *   components.h  weak components of the garbage (union-find)    cycles.h    strong components,
 *                                                                            shortest cycle, cut
 *   histogram.c   counts by type and by site                 leaks.h     how leak checkers count
 */
#ifndef GCG_ANALYSIS_H
#define GCG_ANALYSIS_H

#include "snapshot/snapshot.h"

#define GCG__NONE UINT32_MAX

struct gcg__totals
{
  uint64_t objects, bytes;
};

/* What a component of the garbage is, the worst first. */
enum gcg__verdict
{
  GCG__FINALIZATION_CYCLE, /* a cycle through an ordered finalizer: never freed, never finalized */
  GCG__LEAKED_CYCLE,       /* a cycle that nothing will reclaim: malloc mode */
  GCG__CYCLE,              /* a cycle that this collection reclaims; reference counts would not */
  GCG__CHAIN,              /* more than one object, no cycle */
  GCG__SINGLE              /* one object */
};

/* A weakly connected part of the garbage graph. Numbered 1... by bytes, biggest first (ties: more
   objects, lower first address). */
struct gcg__component
{
  uint64_t bytes; /* requested */
  uint64_t n_edges;
  uint32_t first_member; /* into analysis.members */
  uint32_t n_objects;
  uint32_t n_on_cycles;
  uint32_t first_cycle; /* into analysis.cycles */
  uint32_t n_cycles;
  enum gcg__verdict verdict;
};

/* A cyclic strongly connected component: more than one object, or one with a self edge. */
struct gcg__cycle
{
  uint64_t bytes;
  uint32_t component;
  uint32_t first_member; /* into analysis.cycle_members */
  uint32_t n_objects;
  uint32_t n_finalizers;   /* members whose finalizer keeps the cycle alive: ORDERED or UNREACHABLE,
                              or IGNORE_SELF when there is another object on the cycle; ignored
                              objects (gcg_ignore) are not counted.  Not 0: a finalization cycle */
  struct gcg__totals kept; /* finalization cycle: what it reaches and no other one does, itself
                              included; reclaimed once it is broken */
};

struct gcg__analysis
{
  const struct gcg__snapshot *snapshot; /* borrowed */

  /* Out-edges of object i are edges [out_first[i], out_first[i + 1]) of the snapshot; in-edges are
     in_sources[in_first[i] ...), in order of source. */
  const uint64_t *out_first;  /* [n_objects + 1] */
  const uint64_t *in_first;   /* [n_objects + 1] */
  const uint32_t *in_sources; /* [n_edges] */

  const uint8_t *reached; /* [n_objects]: from roots and uncollectable objects, by our own trace */
  const uint32_t *component_of; /* [n_objects] index into components, GCG__NONE when not garbage */
  const uint32_t *cycle_of;     /* [n_objects] index into cycles, GCG__NONE when on none */

  const struct gcg__component *components;
  uint32_t n_components;
  const uint32_t *members; /* of all components, each sorted by requested bytes, biggest first,
                              then by id */
  const struct gcg__cycle *cycles; /* sorted by component, then bytes, biggest first */
  uint32_t n_cycles;
  const uint32_t *cycle_members; /* each sorted by id */

  struct gcg__totals all, reachable, garbage, on_cycles;
  struct gcg__totals leaked; /* what nothing will ever reclaim: in malloc mode all garbage; else
                                finalization cycles (everything they reach), lost uncollectables */
  uint32_t n_finalization_cycles;
  const uint32_t *lost_uncollectable; /* [n_lost_uncollectable] uncollectable objects that no root
                                         and no other object points to, ascending */
  uint32_t n_lost_uncollectable;
  uint64_t
      only_collector;  /* marked by the collector, not reached by our trace: a root we cannot see */
  uint64_t only_trace; /* reached by our trace, not marked: the collector knows the layout */
};

/* Garbage is what the collector did not mark; of malloc'd blocks only those that no ignored one
   reaches.  Analyses SNAPSHOT, which must outlive the result.
   On GCG_OK *ANALYSIS is to be freed with gcg__analysis_free.  Errors: GCG_NO_MEMORY;
   GCG_UNSUPPORTED: more than 2^32 - 4 objects. */
enum gcg_status gcg__analysis_new (const struct gcg__snapshot *snapshot,
                                   struct gcg__analysis **analysis, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__analysis_free (struct gcg__analysis *analysis);

/* One step of a cycle: the word of OBJECT at OFFSET points to the next step's object (the last
   one's to the first's). */
struct gcg__step
{
  uint32_t object;
  uint64_t offset;
};

/* The shortest cycle of a strongly connected component and where to cut it.  Of a finalization
   cycle: the shortest through an object whose finalizer keeps it.  When the component has more than
   one object, so has the cycle: an edge from an object to itself is not all there is to tell. */
struct gcg__cycle_path
{
  struct gcg__step *steps; /* [n], freed by gcg__cycle_path_fini */
  uint32_t n;
  bool shortest;  /* false: the work limit was reached, a short cycle, perhaps not the shortest */
  uint32_t cut;   /* index of the step to cut */
  bool only_edge; /* it is the only edge into its target from the whole garbage */
  bool all_freed; /* cutting it, with reference counts, frees the whole cycle (SCC) */
  struct gcg__totals freed; /* by cutting the edge: what loses its last reference, transitively;
                               for a finalization cycle: what it keeps, when no finalizer is left on
                               a cycle */
};

/* Breadth-first searches, pruned by the best cycle so far, from nodes with more than one out-edge
   in the component (every cycle of a component that is not a plain ring has one), or from those
   with finalizers, within a limit of edge visits; then each of the cycle's edges (at most 64) is
   cut in turn and reference counts cascade; the edge that frees most is chosen, ties go to the edge
   from a younger to an older object (a back reference).  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__cycle_path (const struct gcg__analysis *analysis, uint32_t cycle,
                                 struct gcg__cycle_path *path, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__cycle_path_fini (struct gcg__cycle_path *path);

/* Counts by group.  GROUP_OF_OBJECT[id] is the group of each object (< N_GROUPS); those of none
   (GCG__NONE) are counted by slot size and kind (the 64 with most bytes, the rest together),
   biggest first.  min_bytes of an empty
   count is 0.  Errors: GCG_NO_MEMORY. */
struct gcg__count
{
  struct gcg__totals all, garbage;
  uint64_t min_bytes, max_bytes;
};
struct gcg__histogram
{
  struct gcg__count *by_group; /* [n_groups] */
  struct gcg__count *by_site;  /* [n_sites] */
  struct gcg__untagged
  {
    uint64_t slot_bytes; /* 0: all other sizes and kinds */
    uint32_t kind;
    struct gcg__count count;
  } * untagged;
  uint32_t n_groups, n_sites, n_untagged;
};
enum gcg_status gcg__histogram_new (const struct gcg__snapshot *snapshot,
                                    const uint32_t *group_of_object, uint32_t n_groups,
                                    struct gcg__histogram **histogram, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__histogram_free (struct gcg__histogram *histogram);

#endif
