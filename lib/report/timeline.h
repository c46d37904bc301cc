/* timeline.h -- a recording with the names of its sites: what the tracker's pages are made from.
 *
 * The sites of a recording are named as those of a snapshot are (types.h), through a snapshot
 * without objects that holds them.  Names are found anew when sites have come, but not so often
 * that naming takes more than a small part of the time: sites too new to have a name count as
 * untagged until then.
 *
 * One thread at a time: callers that share a timeline must lock.
 */
#ifndef GCG_REPORT_TIMELINE_H
#define GCG_REPORT_TIMELINE_H

#include "recording/recording.h"
#include "report/types.h"

struct gcg__timeline
{
  struct gcg__recording *recording;
  struct gcg__types *types;     /* NULL before the first update */
  struct gcg__symbols *symbols; /* of symbol_view, NULL before the first update */
  struct gcg__snapshot *type_view, *symbol_view;
  uint32_t module_changes;    /* of the recording, when symbol_view was made */
  uint64_t named_ns, name_ns; /* when names were found last, how long it took */
  char **adopted;             /* [n_adopted]: types that a snapshot has inferred, NULL: none */
  uint32_t n_adopted;
  uint32_t adopted_from; /* which snapshot, 0 = none yet */
};

/* Takes RECORDING on GCG_OK only; *TIMELINE is to be freed.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__timeline_new (struct gcg__recording *recording,
                                   struct gcg__timeline **timeline, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
/* Takes TIMELINE (NULL is fine) and its recording. */
void gcg__timeline_free (struct gcg__timeline *timeline);

/* Returns whether SNAPSHOT is of the recorded process: then sites have the same numbers. */
bool gcg__timeline_is_of (const struct gcg__timeline *timeline,
                          const struct gcg__snapshot *snapshot);

/* Takes over the types that were inferred for the sites of SNAPSHOT, so that both call them by one
   name from the next update on.  NUMBER (not 0) identifies the snapshot: the same one again does
   nothing, one of another process neither.  Out of memory, what is left keeps its name. */
void gcg__timeline_adopt (struct gcg__timeline *timeline, const struct gcg__snapshot *snapshot,
                          const struct gcg__types *types, uint32_t number);

/* Finds names for the sites that have come.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__timeline_update (struct gcg__timeline *timeline, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Groups of sites with one name: those of types, and one more for what is untagged. */
static inline uint32_t
gcg__timeline_groups (const struct gcg__timeline *timeline)
{
  return timeline->types->n_groups + 1;
}

static inline uint32_t
gcg__timeline_group (const struct gcg__timeline *timeline, uint32_t site)
{
  const struct gcg__types *types = timeline->types;
  return site == 0 || site >= types->n_sites ? types->n_groups : types->group_of_site[site];
}

/* The group's name; that of the last is "untagged". */
const char *gcg__timeline_group_name (const struct gcg__timeline *timeline, uint32_t group);

#endif
