/* gcglass/gc.h -- drop-in for <gc.h>: the same collector, every allocation tagged.
 *
 * Include it instead of <gc.h>.  Macros and plain calls (GC_MALLOC, GC_malloc, ...) do what they
 * did, and note where they stand and what they allocate, read from the size expression:
 * sizeof (struct node) makes a "struct node".  GC_NEW (T) and GCG_NEW (T) say the type themselves.
 * Costs one 8-byte store per allocation.  Thread-safe as libgc is.
 *
 * GC_DEBUG's debugging allocator is not used: gcglass reports the same at less cost.
 */
#ifndef GCGLASS_GC_H
#define GCGLASS_GC_H

#include <gc.h>
#include <stddef.h>

#include "gcglass/gcglass.h"
#include "gcglass/site.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As their namesakes in <gc.h>; SITE says where. */
GCG_API void *gcg__malloc (size_t bytes, struct gcg__static_site *site)
    __attribute__ ((malloc, alloc_size (1)));
GCG_API void *gcg__malloc_atomic (size_t bytes, struct gcg__static_site *site)
    __attribute__ ((malloc, alloc_size (1)));
GCG_API void *gcg__malloc_uncollectable (size_t bytes, struct gcg__static_site *site)
    __attribute__ ((malloc, alloc_size (1)));
GCG_API void *gcg__malloc_atomic_uncollectable (size_t bytes, struct gcg__static_site *site)
    __attribute__ ((malloc, alloc_size (1)));
GCG_API void *gcg__malloc_ignore_off_page (size_t bytes, struct gcg__static_site *site)
    __attribute__ ((malloc, alloc_size (1)));
GCG_API void *gcg__malloc_atomic_ignore_off_page (size_t bytes, struct gcg__static_site *site)
    __attribute__ ((malloc, alloc_size (1)));
GCG_API void *gcg__realloc (void *old, size_t bytes, struct gcg__static_site *site)
    __attribute__ ((alloc_size (2)));
GCG_API void *gcg__memalign (size_t alignment, size_t bytes, struct gcg__static_site *site)
    __attribute__ ((malloc, alloc_size (2)));
GCG_API int gcg__posix_memalign (void **object, size_t alignment, size_t bytes,
                                 struct gcg__static_site *site);
GCG_API char *gcg__strdup (const char *text, struct gcg__static_site *site)
    __attribute__ ((malloc));
GCG_API char *gcg__strndup (const char *text, size_t most, struct gcg__static_site *site)
    __attribute__ ((malloc));
GCG_API void gcg__free (void *object);
GCG_API size_t gcg__size (const void *object);

/* The four registrations; MODE is 1 ordered, 2 ignore self, 3 no order, 4 unreachable. */
GCG_API void gcg__register_finalizer (void *object, GC_finalization_proc function, void *data,
                                      GC_finalization_proc *old_function, void **old_data,
                                      int mode);

/* What the collector is to scan, and what not, is noted and handed on. */
GCG_API void gcg__add_roots (void *low, void *high);
GCG_API void gcg__remove_roots (void *low, void *high);
GCG_API void gcg__clear_roots (void);
GCG_API void gcg__exclude_static_roots (void *low, void *high);
GCG_API void gcg__clear_exclusion_table (void);
GCG_API void gcg__register_has_static_roots_callback (GC_has_static_roots_func filter);
GCG_API void gcg__register_displacement (size_t offset);

/* Allocation with a type. */
#define GCG_NEW(T)               ((T *)gcg__malloc (sizeof (T), GCG__SITE ("", #T)))
#define GCG_NEW_ATOMIC(T)        ((T *)gcg__malloc_atomic (sizeof (T), GCG__SITE ("", #T)))
#define GCG_NEW_UNCOLLECTABLE(T) ((T *)gcg__malloc_uncollectable (sizeof (T), GCG__SITE ("", #T)))
#define GCG_NEW_ARRAY(T, n)                                                                        \
  ((T *)gcg__malloc (gcg__array_bytes (sizeof (T), (n)), GCG__SITE (#n, #T "[]")))
#define GCG_NEW_ATOMIC_ARRAY(T, n)                                                                 \
  ((T *)gcg__malloc_atomic (gcg__array_bytes (sizeof (T), (n)), GCG__SITE (#n, #T "[]")))

/* BYTES times N, or a size that no allocator gives when that overflows. */
static inline size_t
gcg__array_bytes (size_t bytes, size_t n)
{
  size_t product;
  return __builtin_mul_overflow (bytes, n, &product) ? (size_t)-1 : product;
}

/* The agent itself sees libgc as it is. */
#ifndef GCG_NO_REDIRECT

#undef GC_MALLOC
#undef GC_MALLOC_ATOMIC
#undef GC_MALLOC_UNCOLLECTABLE
#undef GC_MALLOC_ATOMIC_UNCOLLECTABLE
#undef GC_MALLOC_IGNORE_OFF_PAGE
#undef GC_MALLOC_ATOMIC_IGNORE_OFF_PAGE
#undef GC_REALLOC
#undef GC_FREE
#undef GC_STRDUP
#undef GC_STRNDUP
#undef GC_NEW
#undef GC_NEW_ATOMIC
#undef GC_NEW_UNCOLLECTABLE
#undef GC_REGISTER_FINALIZER
#undef GC_REGISTER_FINALIZER_IGNORE_SELF
#undef GC_REGISTER_FINALIZER_NO_ORDER
#undef GC_REGISTER_FINALIZER_UNREACHABLE
#undef GC_REGISTER_DISPLACEMENT
#undef GC_GENERAL_REGISTER_DISAPPEARING_LINK
#undef GC_REGISTER_LONG_LINK

#define GC_MALLOC(n)                      gcg__malloc ((n), GCG__SITE (#n, ""))
#define GC_MALLOC_ATOMIC(n)               gcg__malloc_atomic ((n), GCG__SITE (#n, ""))
#define GC_MALLOC_UNCOLLECTABLE(n)        gcg__malloc_uncollectable ((n), GCG__SITE (#n, ""))
#define GC_MALLOC_ATOMIC_UNCOLLECTABLE(n) gcg__malloc_atomic_uncollectable ((n), GCG__SITE (#n, ""))
#define GC_MALLOC_IGNORE_OFF_PAGE(n)      gcg__malloc_ignore_off_page ((n), GCG__SITE (#n, ""))
#define GC_MALLOC_ATOMIC_IGNORE_OFF_PAGE(n)                                                        \
  gcg__malloc_atomic_ignore_off_page ((n), GCG__SITE (#n, ""))
#define GC_REALLOC(p, n)                       gcg__realloc ((p), (n), GCG__SITE (#n, ""))
#define GC_MEMALIGN(alignment, n)              gcg__memalign ((alignment), (n), GCG__SITE (#n, ""))
#define GC_FREE(p)                             gcg__free (p)
#define GC_STRDUP(s)                           gcg__strdup ((s), GCG__SITE (#s, "char[]"))
#define GC_STRNDUP(s, n)                       gcg__strndup ((s), (n), GCG__SITE (#s, "char[]"))
#define GC_NEW(T)                              GCG_NEW (T)
#define GC_NEW_ATOMIC(T)                       GCG_NEW_ATOMIC (T)
#define GC_NEW_UNCOLLECTABLE(T)                GCG_NEW_UNCOLLECTABLE (T)
#define GC_REGISTER_FINALIZER(p, f, d, of, od) gcg__register_finalizer (p, f, d, of, od, 1)
#define GC_REGISTER_FINALIZER_IGNORE_SELF(p, f, d, of, od)                                         \
  gcg__register_finalizer (p, f, d, of, od, 2)
#define GC_REGISTER_FINALIZER_NO_ORDER(p, f, d, of, od) gcg__register_finalizer (p, f, d, of, od, 3)
#define GC_REGISTER_FINALIZER_UNREACHABLE(p, f, d, of, od)                                         \
  gcg__register_finalizer (p, f, d, of, od, 4)
#define GC_REGISTER_DISPLACEMENT(n) gcg__register_displacement (n)
/* Links hold no site of their own; the plain ones work on tagged objects. */
#define GC_GENERAL_REGISTER_DISAPPEARING_LINK(link, object)                                        \
  GC_general_register_disappearing_link (link, (object))
#define GC_REGISTER_LONG_LINK(link, object) GC_register_long_link (link, (object))

/* Plain calls. */
#define GC_malloc(n)                        GC_MALLOC (n)
#define GC_malloc_atomic(n)                 GC_MALLOC_ATOMIC (n)
#define GC_malloc_uncollectable(n)          GC_MALLOC_UNCOLLECTABLE (n)
#define GC_malloc_atomic_uncollectable(n)   GC_MALLOC_ATOMIC_UNCOLLECTABLE (n)
#define GC_malloc_ignore_off_page(n)        GC_MALLOC_IGNORE_OFF_PAGE (n)
#define GC_malloc_atomic_ignore_off_page(n) GC_MALLOC_ATOMIC_IGNORE_OFF_PAGE (n)
#define GC_realloc(p, n)                    GC_REALLOC (p, n)
#define GC_memalign(alignment, n)           GC_MEMALIGN (alignment, n)
#define GC_posix_memalign(p, alignment, n)                                                         \
  gcg__posix_memalign ((p), (alignment), (n), GCG__SITE (#n, ""))
#define GC_free(p)                             gcg__free (p)
#define GC_size(p)                             gcg__size (p)
#define GC_strdup(s)                           GC_STRDUP (s)
#define GC_strndup(s, n)                       GC_STRNDUP (s, n)
#define GC_register_finalizer(p, f, d, of, od) gcg__register_finalizer (p, f, d, of, od, 1)
#define GC_register_finalizer_ignore_self(p, f, d, of, od)                                         \
  gcg__register_finalizer (p, f, d, of, od, 2)
#define GC_register_finalizer_no_order(p, f, d, of, od) gcg__register_finalizer (p, f, d, of, od, 3)
#define GC_register_finalizer_unreachable(p, f, d, of, od)                                         \
  gcg__register_finalizer (p, f, d, of, od, 4)
#define GC_add_roots(low, high)            gcg__add_roots (low, high)
#define GC_remove_roots(low, high)         gcg__remove_roots (low, high)
#define GC_clear_roots()                   gcg__clear_roots ()
#define GC_exclude_static_roots(low, high) gcg__exclude_static_roots (low, high)
#define GC_clear_exclusion_table()         gcg__clear_exclusion_table ()
#define GC_register_has_static_roots_callback(filter)                                              \
  gcg__register_has_static_roots_callback (filter)
#define GC_register_displacement(n) gcg__register_displacement (n)

#endif /* GCG_NO_REDIRECT */

#ifdef __cplusplus
}
#endif
#endif
