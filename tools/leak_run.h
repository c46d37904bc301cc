/* leak_run.h -- gcglass leaks -- PROGRAM: runs a program and reports its leaks. */
#ifndef GCG_TOOLS_LEAK_RUN_H
#define GCG_TOOLS_LEAK_RUN_H

#include "tools/launch.h"
#include "tools/leak_report.h"

struct leak_run
{
  struct leak_options options;
  struct launch launch;
  const char *save; /* file for the last snapshot, or NULL */
  bool quiet;       /* errors and reports only */
  double every;     /* seconds between checks, 0 = none */
  int signal;       /* that asks for one, 0 = none */
  char signal_text[12];
};

/* Runs the program with ARGUMENTS, the first of which is its name.  Does not return when it was
   started: this process ends as the program did, or with the exit status that leaks make.  Else an
   exit status, after a message. */
int leak_run (struct leak_run *run, char **arguments);

#endif
