/* leak_report.h -- from a snapshot to the reports of leaks that were asked for: options, text,
 * JSON.
 */
#ifndef GCG_TOOLS_LEAK_REPORT_H
#define GCG_TOOLS_LEAK_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "report/leaks.h"
#include "tools/command.h"

#define EXIT_LEAKS 23u

struct leak_options
{
  const struct command *command;
  const char *json, *log;    /* NULL: none */
  const char *baseline_path; /* NULL: none */
  struct gcg__rules rules;
  struct gcg__baseline baseline;
  uint32_t exitcode;
};

/* The defaults, from the environment (GCGLASS_SUPPRESSIONS, _BASELINE, _EXITCODE) where it says
   something.  0, or an exit status after a message; to be ended with leak_options_fini either way.
 */
int leak_options_init (struct leak_options *options, const struct command *command);
void leak_options_fini (struct leak_options *options);

/* Takes option C with its argument: j, l, s, b or e.  0, or an exit status after a message. */
int leak_options_take (struct leak_options *options, int c, const char *argument);

/* Reads the baseline.  0, or an exit status after a message. */
int leak_options_prepare (struct leak_options *options);

/* Returns whether what goes to STREAM is to be coloured. */
bool leak_wants_colour (FILE *stream);

/* Writes REPORT as text to TO. */
enum gcg_status leak_write_text (const struct gcg__leak_report *report,
                                 const struct gcg__leak_text_options *how, FILE *to,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Writes REPORT to the file at PATH, as a whole or not at all: as text, or, HOW is NULL, as JSON.
 */
enum gcg_status leak_write_file (const struct gcg__leak_report *report,
                                 const struct gcg__leak_text_options *how, const char *path,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

#endif
