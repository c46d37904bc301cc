/* leaks.h -- a report of leaks: what is leaked by kinds, without what is suppressed, and what of it
 * is new.
 *
 * Every leaked block that no rule suppresses, and that is new, is in exactly one group:
 *   cycle     blocks on leaked cycles of the same types
 *   leaked    blocks on no cycle that no other leaked block points to, of one type and site
 *   indirect  all others, of one type and site, leaked through the blocks of one group of the other
 *             two kinds, its parent: free these, and they can be freed
 * A signature names a group without addresses and line numbers, so that it is the same in each run
 * and in the next version of the program:
 *   cycle:struct a->struct b
 *   leak:struct node: new_node (list.c) < build (list.c) < main (main.c)
 * The first is a rule of suppress.h, too.  Where the type is not known the signature does without.
 *
 * In repeated reports on a process, what was reported before is left out of the
 * groups; a cycle is, when all of its blocks have been.
 *
 * A rule suppresses the blocks that it is about and all leaked blocks that they reach, as
 * LeakSanitizer does.
 */
#ifndef GCG_REPORT_LEAKS_H
#define GCG_REPORT_LEAKS_H

#include "analysis/leaks.h"
#include "report/baseline.h"
#include "report/json.h"
#include "report/leak_names.h"
#include "report/model.h"
#include "report/suppress.h"
#include "report/told.h"

enum gcg__leak_kind
{
  GCG__LEAK_OF_CYCLE,
  GCG__LEAK_OF_BLOCK,
  GCG__LEAK_INDIRECT
};

struct gcg__leak_group
{
  enum gcg__leak_kind kind;
  struct gcg__totals own;     /* its blocks */
  struct gcg__totals through; /* leaked through them, and in no other cycle */
  struct gcg__leak_names names;
  uint32_t site;   /* BLOCK, INDIRECT: where its blocks were allocated */
  uint32_t object; /* one of them; CYCLE: on the biggest cycle */
  uint32_t parent; /* the group that its blocks are leaked through; GCG__NONE: none */
  uint32_t cycle;  /* CYCLE: the biggest, of n_cycles with so many objects each */
  uint32_t n_cycles;
  uint32_t least_objects, most_objects;
  uint32_t first_kind, last_kind, n_kinds; /* CYCLE: a list of report->kinds */
  bool known;                              /* the baseline has it, or its parent */
};

/* Cycles of one group whose edges are alike in types, offsets and sites. */
struct gcg__leak_cycles
{
  uint32_t cycle; /* the biggest */
  uint32_t next;  /* in report->kinds; GCG__NONE: the group has no more */
};

struct gcg__leak_report
{
  struct gcg__model *model;       /* borrowed */
  struct gcg__leaks *leaks;       /* with what is suppressed */
  struct gcg__rules rules;        /* those given, and the program's own */
  struct gcg__totals *used;       /* [rules.n]: what each has suppressed */
  char rules_failure[256];        /* what is wrong with the program's own; "": nothing */
  struct gcg__leak_group *groups; /* [n_groups]: cycles and blocks, those that hold most first,
                                     each with what is leaked through it right after it */
  uint32_t n_groups, n_known;     /* n_known of them are */
  uint32_t *cycles;               /* [n_cycles] of the analysis, biggest first */
  uint32_t *group_of_cycle;       /* [analysis->n_cycles]; GCG__NONE: suppressed */
  uint32_t n_cycles;
  struct gcg__leak_cycles *kinds; /* [n_kinds] */
  uint32_t n_kinds;
  struct gcg__totals leaked, suppressed; /* these and the next without what is suppressed */
  struct gcg__totals definite, indirect, direct, lsan_indirect;
  struct gcg__totals fresh; /* in groups, and not known: leaks to fail for */
  struct gcg__totals told;  /* leaked, but in no group: reported before */
  const char *unseen; /* invisible allocators in the program, as text (symbol/inside.h), or NULL */
  struct gcg__totals library; /* alive, and no object: what the C library keeps for itself */
};

/* Reports the leaks in MODEL by RULES, those of the program itself, and BASELINE.  MODEL must
   outlive *REPORT, which is to be freed.  What TOLD has (NULL: nothing) is in no group.  Finds the
   shortest cycle of one cycle for each set of types, fields and sites.  Errors: GCG_NO_MEMORY;
   GCG_UNSUPPORTED: not a heap of malloc'd blocks. */
enum gcg_status gcg__leak_report_new (struct gcg__model *model, const struct gcg__rules *rules,
                                      const struct gcg__baseline *baseline,
                                      const struct gcg__told *told,
                                      struct gcg__leak_report **report, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__leak_report_free (struct gcg__leak_report *report);

struct gcg__leak_text_options
{
  const char *name;    /* of the file, where the snapshot does not name the program */
  const char *when;    /* it was taken; NULL: as the snapshot says */
  const char *program; /* as it was called; NULL: as the snapshot says */
  bool colour;
};

/* leak_text.c: the report in a terminal.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__leak_text_write (const struct gcg__leak_report *report,
                                      const struct gcg__leak_text_options *options,
                                      struct gcg__buffer *out, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* leak_json.c: the same as one JSON object.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__leak_json_write (const struct gcg__leak_report *report, struct gcg__json *json,
                                      struct gcg_error *error) __attribute__ ((warn_unused_result));

/* "leaked cycle", "leaked", "indirectly leaked" */
const char *gcg__leak_kind_name (enum gcg__leak_kind kind);

/* What a group's blocks are, and where they were allocated. */
struct gcg__leak_member
{
  const char *type;
  uint32_t site;
  struct gcg__totals totals;
  char scratch[GCG__TYPE_SCRATCH]; /* perhaps TYPE */
};
#define GCG__LEAK_MEMBERS 32

/* The members of GROUP, at most GCG__LEAK_MEMBERS: of cycles those on the biggest of each kind (of
   its first 4,096 objects), kind by kind in order of address; what is of the same type and site
   once.  Their TYPE lives as long as MEMBERS.  *LEFT_OUT, where there is no room, counts kinds, of
   which not all have been looked at.  Returns how many. */
uint32_t gcg__leak_members (const struct gcg__leak_report *report,
                            const struct gcg__leak_group *group,
                            struct gcg__leak_member members[GCG__LEAK_MEMBERS], uint32_t *left_out);

#endif
