/* suppress.h -- rules that say which leaks are not to be reported.
 *
 * One rule to a line, as LeakSanitizer has them; blanks around it do not count, nor empty lines and
 * those that begin with #:
 *     leak:PATTERN           a frame of the allocation stack has a function, file or module like it
 *     cycle:TYPE->TYPE       a leaked cycle of these types, wherever one begins; TYPE.FIELD tells
 *                            edges apart
 * In a PATTERN `*` stands for any characters; it may stand anywhere in the name unless `^` ties it
 * to the beginning or `$` to the end.  A TYPE is the whole name, but `*` may stand in it.
 */
#ifndef GCG_REPORT_SUPPRESS_H
#define GCG_REPORT_SUPPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "gcglass/error.h"

enum gcg__rule_kind
{
  GCG__RULE_LEAK,
  GCG__RULE_CYCLE
};

struct gcg__rule
{
  enum gcg__rule_kind kind;
  char *text;          /* as written */
  const char *pattern; /* what follows the colon in it */
  char *pieces;        /* CYCLE: a copy of that, */
  char **names;        /* [n_names] and its names */
  uint32_t n_names;
  char *from; /* file, or what stands for it */
  uint32_t line;
};

/* All zero: no rules. */
struct gcg__rules
{
  struct gcg__rule *list;
  uint32_t n, size;
};

void gcg__rules_fini (struct gcg__rules *rules);

/* Adds the rules in TEXT, which comes from FROM: for messages.  Errors: GCG_INVALID: a line is no
   rule (the message says which); GCG_NO_MEMORY.  The rules before it have been added then. */
enum gcg_status gcg__rules_parse (struct gcg__rules *rules, const char *text, const char *from,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));
/* Adds all that FROM has.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__rules_add_all (struct gcg__rules *rules, const struct gcg__rules *from,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The same as gcg__rules_parse with the file at PATH.  Errors: also GCG_SYSTEM. */
enum gcg_status gcg__rules_read (struct gcg__rules *rules, const char *path,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* PATTERN is like TEXT (which is not empty); WHOLE: from end to end, ^ and $ mean themselves. */
bool gcg__pattern_match (const char *pattern, const char *text, bool whole);

/* The cyclic sequence of N NAMES is like that of RULE, a GCG__RULE_CYCLE, from some one on. */
bool gcg__rule_cycle (const struct gcg__rule *rule, char *const *names, uint32_t n);

/* Makes of the N NAMES of a cycle's steps the shortest sequence that goes round it: equal
   neighbours become one, and what repeats is taken once.  The pointers are moved, none is freed;
   returns how many are left in front. */
uint32_t gcg__cycle_reduce (char **names, uint32_t n);

/* All of the file at PATH, ending in NUL; caller frees.  Errors: GCG_SYSTEM, GCG_NO_MEMORY;
   GCG_INVALID: longer than 64 MiB. */
enum gcg_status gcg__read_text (const char *path, char **text, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
