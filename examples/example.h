/* example.h -- what the examples have in common: how they are asked to show what they did.
 *
 *   PROGRAM                    does its work and says on the standard output what came of it
 *   PROGRAM --save FILE        takes a snapshot at the end: gcglass view FILE, gcglass report FILE
 *   PROGRAM --serve            serves the profiler from within until Enter or Ctrl+C
 *   PROGRAM --wait             goes on until Enter or Ctrl+C; for gcglass run -- PROGRAM --wait
 *   PROGRAM --fixed            runs with the mistake mended, where there is one
 *   PROGRAM --rounds N         does its work N times (gcbench)
 *   PROGRAM --warn             shows libgc's own warnings, its only word about finalization cycles
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdbool.h>

struct example
{
  const char *save;
  bool serve, wait, fixed, warn;
  int rounds;
};

/* Reads the options and starts the collector; says what is wrong and exits when it must. */
void example_begin (struct example *example, int argc, char **argv);

/* Saves, serves or waits as was asked for; TICK (may be NULL) is called about once a second
   meanwhile.  Returns the program's exit status. */
int example_end (const struct example *example, void (*tick) (void));

#endif
