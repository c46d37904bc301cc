/* alloc.h -- tagging what the collector hands out.
 *
 * The entry points that the macros of <gcglass/gc.h> call are in alloc.c; the preload object wraps
 * the remaining ones with these.
 */
#ifndef GCG_ALLOC_H
#define GCG_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What to ask libgc for so that a tag fits behind BYTES; a size that overflows stays as it is and
   is refused by libgc. */
size_t gcg__padded (size_t bytes, uint32_t room);

/* Tags OBJECT (NULL passes through), which may lie inside its slot, as BYTES requested at SITE;
   FROM_END: the tag ends that many bytes before the slot does.  Returns OBJECT. */
void *gcg__tag (void *object, size_t bytes, uint32_t site, size_t from_end);

/* A tag taken off before libgc is asked to free or resize the object. */
struct gcg__taken
{
  uint64_t *place; /* NULL: there was none */
  uint64_t tag, slack;
  uint64_t bytes; /* as requested */
};
struct gcg__taken gcg__untag (void *object);
void gcg__retag (struct gcg__taken taken);

/* Counts the object that TAKEN was taken off as freed by the program. */
void gcg__count_freed (const struct gcg__taken *taken);

/* The tag of the object at BASE (a slot's start), or 0. */
uint64_t gcg__tag_of (void *base);

/* Returns GC_size of OBJECT as if it carried no tag: the bytes of the slot that the program may
   use. */
size_t gcg__size (const void *object);

/* GC_realloc with the tag kept right; SITE is the new one. */
void *gcg__realloc_at (void *old, size_t bytes, uint32_t site);

/* Notes a registration that has been made: MODE is GCG__FINALIZER_..., FUNCTION NULL takes out. */
void gcg__note_finalizer (void *object, void *function, uint32_t mode);

#endif
