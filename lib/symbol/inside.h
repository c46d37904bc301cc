/* inside.h -- statically linked allocators and collectors, whose objects gcglass cannot see.
 *
 * A collector, or an allocator, that is linked statically leaves no trace among the libraries that
 * a program needs, and none among its symbols when it is stripped.  It is recognised by its message
 * strings, which survive stripping.  Allocators whose exported functions take calls of the agent or
 * of libraries are found by the agent instead (lib/malloc/foreign.h).  Reading costs a search
 * through the constants of the file, about 1 ms for 1 MB.
 */
#ifndef GCG_INSIDE_H
#define GCG_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

struct gcg__inside
{
  const char *sanitizer; /* "AddressSanitizer", ...: its malloc is the program's; NULL: none */
  const char *allocator; /* "jemalloc", ...: beside malloc; NULL: none that is known */
  bool collector;        /* a copy of libgc of its own */
};

/* Examines the file at PATH.  A file that cannot be read, or is not a program, has nothing
   inside. */
void gcg__inside_read (const char *path, struct gcg__inside *inside);

/* The same for a file whose N BYTES are in memory. */
void gcg__inside_look (const void *bytes, uint64_t n, struct gcg__inside *inside);

/* Returns a description for messages, static; NULL: nothing to report. */
const char *gcg__inside_words (const struct gcg__inside *inside);

#endif
