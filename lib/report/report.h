/* report.h -- what each page says, as JSON (doc/api.md), and the same in other forms.
 *
 * A function here takes the model, what the top of the page shows, and which rows are wanted, and
 * writes one whole JSON object.  It changes nothing but the model's cache of shortest cycles, so
 * any thread may call any of them.  When it fails, what has been written to JSON is not to be used.
 */
#ifndef GCG_REPORT_REPORT_H
#define GCG_REPORT_REPORT_H

#include "report/json.h"
#include "report/model.h"
#include "report/query.h"
#include "report/timeline.h"

/* frame.c: what the top of every page shows */

/* A snapshot in the menu. */
struct gcg__frame_snapshot
{
  uint32_t id;
  const char *description; /* borrowed */
  uint64_t taken_unix_ms;
  uint64_t collection;
  double age_s;
  uint64_t objects, bytes;
};

/* Filled by the owner of the snapshots: the server, or the command line for a file. */
struct gcg__frame_state
{
  const char *program; /* base name; strings are borrowed */
  uint32_t pid;
  const char *state; /* "live", "ended", "file" */
  double running_s;
  enum
  {
    GCG__EXIT_NONE,
    GCG__EXIT_STATUS,
    GCG__EXIT_SIGNAL
  } exit;
  int exit_value;
  double ended_s;       /* since it ended; negative: it has not */
  const char *waiting;  /* why there is no snapshot yet, NULL when there is one */
  const char *left_out; /* which snapshots of a recording are damaged and not shown; NULL: none */
  bool stoppable;       /* by POST /api/stop */
  bool collects;        /* the collector collects before each snapshot */
  const char
      *heap; /* whose objects: "gc" the collector's, "malloc" malloc's; NULL: not known yet */
  uint32_t leaked_cycles;
  const struct gcg__frame_snapshot *snapshots; /* newest first */
  uint32_t n_snapshots;
  uint32_t shown; /* index of the one that the answer is about */
};

/* Fills ENTRY from MODEL for snapshot ID; NOW_UNIX_MS is the clock.  Borrows from MODEL. */
void gcg__frame_snapshot_init (struct gcg__frame_snapshot *entry, const struct gcg__model *model,
                               uint32_t id, uint64_t now_unix_ms);
/* Writes ENTRY as the member KEY of the object that is open, as an element when KEY is NULL. */
void gcg__frame_snapshot_write (const struct gcg__frame_snapshot *entry, const char *key,
                                struct gcg__json *json);
/* Fills what MODEL knows of the program: name, pid, leaked cycles, running_s; the rest becomes that
   of a file without a list of snapshots.  Borrows from MODEL. */
void gcg__frame_init (struct gcg__frame_state *frame, const struct gcg__model *model);
/* Writes FRAME as the member "frame" of the object that is open. */
void gcg__frame_write (const struct gcg__frame_state *frame, struct gcg__json *json);
/* Members of JSON that say which of TOTAL rows a page lists: "total", and "offset" and "limit" of
   QUERY. */
void gcg__frame_window (const struct gcg__query *query, uint64_t total, struct gcg__json *json);
/* {"frame"}: /api/frame, and every page's answer while FRAME->waiting. */
void gcg__frame_page (const struct gcg__frame_state *frame, struct gcg__json *json);

/* overview.c */

/* Text of /proc/PID/status, stat and smaps_rollup; borrowed; the last may be NULL. */
struct gcg__process_text
{
  const char *status, *stat, *smaps;
};

/* /api/overview.  LIVE is the process now; NULL: as it was when the snapshot was taken. */
enum gcg_status gcg__overview_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                                    const struct gcg__process_text *live, struct gcg__json *json,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));
/* The same while there is no snapshot. */
void gcg__overview_waiting (const struct gcg__frame_state *frame,
                            const struct gcg__process_text *live, struct gcg__json *json);
/* Members "objects", "reachable", "garbage", "leaked", "components", "cycles",
   "finalization_cycles" of the object that is open. */
void gcg__overview_totals (const struct gcg__model *model, struct gcg__json *json);
/* Member "capture". */
void gcg__overview_capture (const struct gcg__model *model, struct gcg__json *json);

/* process_page.c */

/* /api/process.  LIVE as for the overview. */
enum gcg_status gcg__process_page (const struct gcg__model *model,
                                   const struct gcg__frame_state *frame,
                                   const struct gcg__process_text *live, struct gcg__json *json,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));
/* /api/threads: all of them, in the order of their ids. */
enum gcg_status gcg__threads_page (const struct gcg__model *model,
                                   const struct gcg__frame_state *frame,
                                   const struct gcg__query *query, struct gcg__json *json,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));

/* What a row says of thread INDEX, as members of the object that is open. */
void gcg__thread_members (const struct gcg__model *model, uint32_t index, struct gcg__json *json);

/* thread_page.c: /api/threads/ID.  Errors: also GCG_NOT_FOUND. */
enum gcg_status gcg__thread_page (const struct gcg__model *model,
                                  const struct gcg__frame_state *frame, uint64_t id,
                                  struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* type_table.c: /api/types */
enum gcg_status gcg__types_page (const struct gcg__model *model,
                                 const struct gcg__frame_state *frame,
                                 const struct gcg__query *query, struct gcg__json *json,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));
/* The first N rows of the table as member "types" of the object that is open. */
void gcg__types_rows (const struct gcg__model *model, uint32_t n, struct gcg__json *json);

/* site_table.c: /api/sites */
enum gcg_status gcg__sites_page (const struct gcg__model *model,
                                 const struct gcg__frame_state *frame,
                                 const struct gcg__query *query, struct gcg__json *json,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));
/* The row of site ID as member KEY. */
void gcg__site_row (const struct gcg__model *model, uint32_t id, const char *key,
                    struct gcg__json *json);
/* All sites with objects, most bytes first, as member "sites". */
enum gcg_status gcg__sites_rows (const struct gcg__model *model, struct gcg__json *json,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));
/* Sites with objects, most bytes first; caller frees *SITES. */
enum gcg_status gcg__sites_order (const struct gcg__model *model, uint32_t **sites, uint32_t *n,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));

/* garbage.c: /api/garbage */
enum gcg_status gcg__garbage_page (const struct gcg__model *model,
                                   const struct gcg__frame_state *frame,
                                   const struct gcg__query *query, struct gcg__json *json,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));
/* One row: the object of component C with its types, under KEY. */
enum gcg_status gcg__garbage_row (const struct gcg__model *model, uint32_t component,
                                  const char *key, struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* kind_page.c: /api/garbage/kinds: leaks and cycles by kind.  The first time it searches a way
   around an example of each. */
enum gcg_status gcg__kinds_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                                 const struct gcg__query *query, struct gcg__json *json,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* hazard.c: /api/hazards: what points to objects that the collector will reclaim. */
enum gcg_status gcg__hazards_page (const struct gcg__model *model,
                                   const struct gcg__frame_state *frame,
                                   const struct gcg__query *query, struct gcg__json *json,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));

/* component.c: /api/garbage/N, NUMBER counts from 1.  Errors: also GCG_NOT_FOUND. */
enum gcg_status gcg__component_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                                     uint64_t number, const struct gcg__query *query,
                                     struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Cycles FIRST ... FIRST + N - 1 of the analysis, explained, as the array KEY. */
enum gcg_status gcg__component_cycles (struct gcg__model *model, uint32_t first, uint32_t n,
                                       const char *key, struct gcg__json *json,
                                       struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* type_page.c */

/* /api/tracker/type/NAME: all about the type (or what stands in its place) called NAME.  TIMELINE:
   the samples, or NULL.  Errors: also GCG_NOT_FOUND: neither the snapshot nor a sample knows it. */
enum gcg_status gcg__type_page (const struct gcg__model *model,
                                const struct gcg__timeline *timeline,
                                const struct gcg__frame_state *frame, const char *name,
                                struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
/* Returns GCG_OK if there is such a page, else GCG_NOT_FOUND. */
enum gcg_status gcg__type_exists (const struct gcg__model *model,
                                  const struct gcg__timeline *timeline, const char *name,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));
/* /api/tracker/type/NAME/instances: its objects.  TIMELINE as above.  Errors: also
   GCG_NOT_FOUND. */
enum gcg_status gcg__type_instances_page (const struct gcg__model *model,
                                          const struct gcg__timeline *timeline,
                                          const struct gcg__frame_state *frame, const char *name,
                                          const struct gcg__query *query, struct gcg__json *json,
                                          struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* object.c */

/* Finds the object that holds the address written as TEXT, "0x7f12a0", and the OFFSET in it.
   Errors: GCG_NOT_FOUND. */
enum gcg_status gcg__object_find (const struct gcg__model *model, const char *text,
                                  struct gcg__object *object, uint64_t *offset,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));
/* /api/objects */
enum gcg_status gcg__objects_page (const struct gcg__model *model,
                                   const struct gcg__frame_state *frame,
                                   const struct gcg__query *query, struct gcg__json *json,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));
/* /api/objects/ADDRESS, and what it points to, in order of offset, and what points to it, roots
   first.  Errors: also GCG_NOT_FOUND. */
enum gcg_status gcg__object_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                                  const char *address, struct gcg__json *json,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));
enum gcg_status gcg__referents_page (const struct gcg__model *model,
                                     const struct gcg__frame_state *frame, const char *address,
                                     const struct gcg__query *query, struct gcg__json *json,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));
enum gcg_status gcg__referrers_page (const struct gcg__model *model,
                                     const struct gcg__frame_state *frame, const char *address,
                                     const struct gcg__query *query, struct gcg__json *json,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));

/* tracker.c */

/* How sampling is set. */
struct gcg__sampling
{
  bool possible;  /* there is a process that can be asked */
  double every_s; /* 0: none by itself */
  bool lifetimes; /* deaths are counted */
};

/* What is alive in all. */
struct gcg__live_sum
{
  uint64_t count, bytes;
};

/* /api/tracker */
enum gcg_status gcg__tracker_page (const struct gcg__timeline *timeline,
                                   const struct gcg__sampling *sampling,
                                   const struct gcg__frame_state *frame,
                                   const struct gcg__query *query, struct gcg__json *json,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));
/* {"sample"}: POST /api/sample.  Errors: GCG_NO_MEMORY; GCG_NOT_FOUND: there is none. */
enum gcg_status gcg__last_sample_write (const struct gcg__timeline *timeline,
                                        struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
/* {"sampling"}: POST /api/sampling */
void gcg__sampling_page (const struct gcg__sampling *sampling, struct gcg__json *json);
/* What a row says of the sample INDEX, in which LIVE is alive, as members of the object that is
   open. */
void gcg__sample_members (const struct gcg__recording *recording, uint32_t index,
                          struct gcg__live_sum live, struct gcg__json *json);
/* What was alive at each sample, [n_samples]; caller frees.  NULL: no memory. */
struct gcg__live_sum *gcg__sample_sums (const struct gcg__recording *recording);
/* Member "chart" of the object that is open: the WANTED sites, [n_sites] of the recording, over
   time.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__timeline_type_chart (const struct gcg__timeline *timeline, const bool *wanted,
                                          struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* sample_page.c: /api/tracker/samples, /api/tracker/samples/NUMBER, /api/tracker/difference.
   Errors: also GCG_NOT_FOUND: no such sample. */
enum gcg_status gcg__sample_exists (const struct gcg__timeline *timeline, uint64_t number,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));
enum gcg_status gcg__samples_page (const struct gcg__timeline *timeline,
                                   const struct gcg__frame_state *frame,
                                   const struct gcg__query *query, struct gcg__json *json,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));
enum gcg_status gcg__sample_page (const struct gcg__timeline *timeline,
                                  const struct gcg__frame_state *frame, uint64_t number,
                                  const struct gcg__query *query, struct gcg__json *json,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));
enum gcg_status gcg__difference_page (const struct gcg__timeline *timeline,
                                      const struct gcg__frame_state *frame,
                                      const struct gcg__query *query, struct gcg__json *json,
                                      struct gcg_error *error) __attribute__ ((warn_unused_result));

/* sample_text.c: the last sample in a terminal, the TOP biggest types, and what has grown since the
   sample before it, or FROM_FIRST since the first.  Errors: GCG_NOT_FOUND: there is no sample;
   GCG_NO_MEMORY. */
enum gcg_status gcg__sample_text_write (const struct gcg__timeline *timeline, bool from_first,
                                        uint32_t top, struct gcg__buffer *out,
                                        struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* summary.c: "gcglass report --json" */
enum gcg_status gcg__summary_write (struct gcg__model *model, struct gcg__json *json,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));

/* export_json.c: the whole graph; COMPONENT (counted from 1, 0: everything) leaves the rest out */
enum gcg_status gcg__export_json (const struct gcg__model *model, uint64_t component, bool reduce,
                                  struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* text.c: "gcglass report" */
struct gcg__text_options
{
  const char *name; /* of the file */
  uint32_t top;     /* rows of each table */
  bool colour;
};
enum gcg_status gcg__text_write (struct gcg__model *model, const struct gcg__text_options *options,
                                 struct gcg__buffer *out, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* dot.c: the picture of a component, to be laid out by graphviz */
#define GCG__DOT_NODES      300u /* so many are drawn whole */
#define GCG__DOT_NODES_MORE 60u  /* of more than that, so many can be read */

struct gcg__dot_options
{
  uint64_t number;    /* of the component, from 1 */
  bool reduce;        /* only objects on cycles */
  uint32_t max_nodes; /* the heaviest, the rest as one; 0: all up to GCG__DOT_NODES, of more than
                         these GCG__DOT_NODES_MORE */
};
/* Adds the picture as DOT text, the same for the same snapshot, and sets *NODES to how many it
   draws.  Errors: GCG_NOT_FOUND: no such component, or REDUCE and it has no cycle;
   GCG_NO_MEMORY. */
enum gcg_status gcg__dot_write (struct gcg__model *model, const struct gcg__dot_options *options,
                                struct gcg__buffer *out, uint32_t *nodes, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
