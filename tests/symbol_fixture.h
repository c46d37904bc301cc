/* symbol_fixture.h -- what the parts of the fixture program of the symbol tests share. */
#ifndef GCG_TESTS_SYMBOL_FIXTURE_H
#define GCG_TESTS_SYMBOL_FIXTURE_H

#include <stddef.h>

struct opaque; /* defined in symbol_fixture_other.c only */

struct node
{
  struct node *next;
  int value;
  struct node *children[4];
};

/* Prints one fact: an address in the caller and the frames that are there, innermost first, as
   "function:line", then callers that it was inlined into. */
void fact_frames (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* The path of the field at OFFSET of TYPE in an object of BYTES; PATH NULL: not known. */
void fact_field (const char *type, size_t bytes, size_t offset, const char *path);
void fact_size (const char *type, size_t bytes);
/* NAME NULL: nothing is there. */
void fact_data (const void *address, const char *name, size_t offset);
/* That EXPRESSION as written in FUNCTION stands for TYPE, NULL: not known.  Returns memory. */
void *fact_make (const char *type, const char *expression, size_t bytes, const char *function,
                 const char *file, int line);
#define MAKE(type, expression)                                                                     \
  fact_make (type, #expression, (expression), __func__, __FILE__, __LINE__)

/* In the other files. */
size_t opaque_size (void);
struct opaque *opaque_new (void);
void other_facts (void);
void library_facts (void);

#endif
