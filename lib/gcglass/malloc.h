/* gcglass/malloc.h -- each block of malloc and its kin knows where in the source it was made, and
 * of what type it is.
 *
 *   #include <gcglass/malloc.h>     anywhere; or without touching the source:
 *   cc -include gcglass/malloc.h $(pkg-config --cflags --libs gcglass-malloc)
 *
 * Link with -lgcglass-malloc: it replaces malloc in the whole process, so that the blocks of code
 * that is not compiled with this header are in the same heap, and may be freed or resized anywhere.
 *
 * How.  malloc (n) becomes malloc (gcg__at_size ((n), where this is)): the place is left for the
 * call of malloc that comes next in this thread, which takes it when it is for as many bytes.  So
 * nothing is renamed: pool->malloc (n), std::malloc (n), ops.malloc = malloc and an own declaration
 * void *(*malloc) (size_t) mean what they mean without this header.  What allocates without having
 * been told a place (malloc called by its address) is known by its call stack.  Nothing is done to
 * free.  Only a function that is itself called malloc, declared after this header, is in the way;
 * #undef malloc before it.
 *
 * The macros are function-like and are there again whenever this header is included: it has no
 * guard against that.
 */
#pragma GCC system_header /* the program may be stricter than C with extensions */
#ifndef __ASSEMBLER__     /* CPPFLAGS are for that as well */
#ifndef GCGLASS_MALLOC_H
#define GCGLASS_MALLOC_H

#include "gcglass/gcglass.h"
#include "gcglass/site.h"

/* The C library's declarations must be read before the macros, or not see them.  Where the headers
   in gcglass/first come first (pkg-config says so) they see to that whenever the source includes
   them, with the feature macros that it has set by then. */
#if !defined __cplusplus && defined __has_include
#if __has_include(<gcglass_first.h>)
#define GCG__FIRST 1
#endif
#endif
#ifndef GCG__FIRST
#define GCG__WITHIN 1
#ifdef __cplusplus
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#endif
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#ifdef __has_include
#if __has_include(<mm_malloc.h>)
#include <mm_malloc.h>
#endif
#endif
#undef GCG__WITHIN
#endif

#ifdef __cplusplus
extern "C" {
#define GCG__INLINE inline __attribute__ ((always_inline))
#else
/* Never more than inlined: an inline function of the program may call it. */
#define GCG__INLINE extern __inline__ __attribute__ ((always_inline, gnu_inline))
#endif

/* Leaves SITE for the next allocation of this thread whose deciding argument is KEY. */
GCG_API void gcg__at (size_t key, struct gcg__static_site *site);

GCG__INLINE size_t
gcg__at_size (size_t n, struct gcg__static_site *gcg__site)
{
  gcg__at (n, gcg__site);
  return n;
}

GCG__INLINE const char *
gcg__at_text (const char *text, struct gcg__static_site *gcg__site)
{
  gcg__at ((size_t)text, gcg__site);
  return text;
}

GCG__INLINE const wchar_t *
gcg__at_wide (const wchar_t *text, struct gcg__static_site *gcg__site)
{
  gcg__at ((size_t)text, gcg__site);
  return text;
}

GCG__INLINE char **
gcg__at_place (char **place, struct gcg__static_site *gcg__site)
{
  gcg__at ((size_t)place, gcg__site);
  return place;
}

GCG__INLINE char *
gcg__at_buffer (char *buffer, struct gcg__static_site *gcg__site)
{
  gcg__at ((size_t)buffer, gcg__site);
  return buffer;
}

#ifdef __cplusplus
}
#endif
#endif /* GCGLASS_MALLOC_H */

#include "gcglass/redirect.h"
#endif /* __ASSEMBLER__ */
