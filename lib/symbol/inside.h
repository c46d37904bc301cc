/* inside.h -- what is linked into a program that gcglass does not see: allocators and collectors.
 *
 * A collector, or an allocator, that is linked statically leaves no trace among the libraries that
 * a program needs, and none among its symbols when it is stripped.  It is told by its messages,
 * which stay.  Those whose functions take calls of the agent's or of libraries are found by the
 * agent (lib/malloc/foreign.h), and not here.  Reading costs a search through the constants of the
 * file, about 1 ms for 1 MB.
 */
#ifndef GCG_INSIDE_H
#define GCG_INSIDE_H

#include <stdbool.h>

struct gcg__inside
{
  const char *sanitizer; /* "AddressSanitizer", ...: its malloc is the program's; NULL: none */
  const char *allocator; /* "jemalloc", ...: beside malloc; NULL: none that is known */
  bool collector;        /* a copy of libgc of its own */
};

/* Looks into the file at PATH.  What cannot be read, or is no program, has nothing inside. */
void gcg__inside_read (const char *path, struct gcg__inside *inside);

/* What is to be said of it to a person: "it has ...", or NULL: nothing. */
const char *gcg__inside_words (const struct gcg__inside *inside);

#endif
