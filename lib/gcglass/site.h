/* gcglass/site.h -- where an allocation stands in the source; for <gcglass/gc.h> and
 * <gcglass/malloc.h>.
 *
 * Each place that allocates has a static structure of its own, made by a macro: it costs nothing
 * until it is reached, and an id is found in it from then on.
 */
#pragma GCC system_header /* the program may be stricter than C with extensions */
#ifndef GCGLASS_SITE_H
#define GCGLASS_SITE_H

/* ID is set on first use; the rest never changes then. */
struct gcg__static_site
{
  const char *file;
  const char *function;
  const char *expression; /* the size as written */
  const char *type;       /* "" when it is to be read from EXPRESSION */
  const char *count;      /* how many of that size, as written; "" when EXPRESSION is all of it */
  unsigned line;
  unsigned id;
};

/* The address of this place's structure.  In C++ it may stand outside of functions, where there is
   no __func__. */
#if defined __cplusplus && __cplusplus >= 201103L
#define GCG__SITE_OF(expression, type, count)                                                      \
  ([](const char *gcg__function) -> struct gcg__static_site * {                                    \
    static struct gcg__static_site gcg__site                                                       \
        = { __FILE__, "", expression, type, count, __LINE__, 0 };                                  \
    if (__atomic_load_n (&gcg__site.id, __ATOMIC_RELAXED) == 0)                                    \
      __atomic_store_n (&gcg__site.function, gcg__function, __ATOMIC_RELAXED);                     \
    return &gcg__site;                                                                             \
  }(__builtin_FUNCTION()))
#else
#define GCG__SITE_OF(expression, type, count)                                                      \
  (__extension__({                                                                                 \
    static struct gcg__static_site gcg__site                                                       \
        = { __FILE__, __func__, expression, type, count, __LINE__, 0 };                            \
    &gcg__site;                                                                                    \
  }))
#endif
#define GCG__SITE(expression, type) GCG__SITE_OF (expression, type, "")

#endif
