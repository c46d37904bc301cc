/* kept.h -- what was made for one reader and is kept for the next: the order of a long table, the
 * part of a page that takes a walk over all objects.
 *
 * A snapshot never changes, so what was made of it stays right; it is let go of, the longest unused
 * first, when all of it together has more than `most_bytes`.  What one reader holds stays until it
 * is put back.  Any thread.
 */
#ifndef GCG_REPORT_KEPT_H
#define GCG_REPORT_KEPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCG__KEPT_BYTES     ((uint64_t)64 << 20)
#define GCG__KEPT_LONG_FROM 10000u /* rows or objects: with fewer it is faster to look again */

struct gcg__kept_item
{
  void *data; /* freed with it */
  size_t bytes;
  /* kept.c's own: */
  struct gcg__kept_item *older;
  unsigned readers;
  bool listed;
  char key[];
};

struct gcg__kept
{
  pthread_mutex_t lock;
  struct gcg__kept_item *newest; /* most lately used first */
  uint64_t bytes, most_bytes;
  uint32_t long_from;
};

void gcg__kept_init (struct gcg__kept *kept);
/* Every reader must have given back what it held. */
void gcg__kept_fini (struct gcg__kept *kept);

/* What is kept as KEY, held until gcg__kept_put; NULL: nothing. */
const struct gcg__kept_item *gcg__kept_get (struct gcg__kept *kept, const char *key);
/* Keeps DATA as KEY and holds it as gcg__kept_get does.  Takes DATA in any case; NULL: no memory.
 */
const struct gcg__kept_item *gcg__kept_add (struct gcg__kept *kept, const char *key, void *data,
                                            size_t bytes);
void gcg__kept_put (struct gcg__kept *kept, const struct gcg__kept_item *item);

#endif
