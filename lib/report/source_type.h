/* source_type.h -- the type that an allocation is for, as its source line says.
 *
 * A program that was not compiled for gcglass tells where it allocates, not what; the line there
 * does: "p = malloc (sizeof *p)", "return xcalloc (n, sizeof (struct node))".  The size is looked
 * up there and its type by debug information.  Where the allocation is made by a wrapper ("malloc
 * (n)" in xmalloc) the line that calls the wrapper is asked.
 */
#ifndef GCG_REPORT_SOURCE_TYPE_H
#define GCG_REPORT_SOURCE_TYPE_H

#include "snapshot/snapshot.h"
#include "symbol/symbol.h"

#define GCG__SOURCE_FILES 16u

/* Source files that were read; all zero: none. */
struct gcg__sources
{
  struct gcg__source
  {
    char *path;
    char *text;       /* NULL: cannot be read */
    uint32_t *starts; /* [n_lines] of each line in TEXT */
    uint32_t n_lines;
    int64_t seconds; /* when it was changed last */
  } files[GCG__SOURCE_FILES];
  uint32_t next; /* to be forgotten next */
};

void gcg__sources_fini (struct gcg__sources *sources);

/* The type that the objects of SITE, a call stack of SNAPSHOT, are allocated for; NULL: nothing
   certain can be said, or there is no memory.  Source files that were changed after the program was
   made are not believed.  Borrowed from SYMBOLS. */
const char *gcg__source_type (struct gcg__sources *sources, const struct gcg__snapshot *snapshot,
                              struct gcg__symbols *symbols, const struct gcg__site *site);

#define GCG__SOURCE_CALLS 8u

/* Finds the calls of CALLEE in the first line of TEXT that a frame in COLUMN (from 1; 0: unknown)
   may stand in: the innermost one around COLUMN, or all of the line.  CALLEE NULL: all functions
   with "alloc" in their name, and those of the C library that hand out blocks.  Sets ARGUMENTS to
   where theirs begin, after the parenthesis.  Returns how many; 0 also when there are more than
   GCG__SOURCE_CALLS. */
uint32_t gcg__source_calls (const char *text, const char *callee, uint32_t column,
                            const char *arguments[GCG__SOURCE_CALLS]);

/* Copies the only one of a call's ARGUMENTS that contains "sizeof" to EXPRESSION and returns true.
   False: none or several contain it; *CALLED is then set if the call is complete and none does. */
bool gcg__source_expression (const char *arguments, char *expression, size_t bytes, bool *called);

#endif
