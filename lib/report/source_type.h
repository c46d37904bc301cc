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

/* Finds the size in the call of an allocator in TEXT, which begins with the line of the call and
   may go on: copies the argument with "sizeof" to EXPRESSION and returns true.  CALLEE NULL: any
   function with "alloc" in its name.  False: there is none, or more than one; then *CALLED says
   whether there was one call, but no "sizeof" in it. */
bool gcg__source_expression (const char *text, const char *callee, char *expression, size_t bytes,
                             bool *called);

#endif
