/* lookup.h -- functions of other libraries that ours stand before, or that no header names.
 *
 * They are looked up before main: a look-up takes away what the program's next dlerror would say,
 * and its failure is said there.  A library's constructor that comes before ours may call what has
 * not been found yet; that is looked up then.
 */
#ifndef GCG_LOOKUP_H
#define GCG_LOOKUP_H

/* The function called NAME in the libraries that come after this one; NULL: there is none. */
void *gcg__lookup_next (const char *name);

/* What the C library exports as NAME to its kin alone, or NULL. */
void *gcg__lookup_private (const char *name);

/* At file scope: FUNCTION, which is defined here, is found before main. */
#define GCG__BEHIND(function)                                                                      \
  static __typeof__ (&function) behind_##function;                                                 \
  static void __attribute__ ((constructor)) find_##function (void)                                 \
  {                                                                                                \
    if (!__atomic_load_n (&behind_##function, __ATOMIC_ACQUIRE))                                   \
      __atomic_store_n ((void **)&behind_##function, gcg__lookup_next (#function),                 \
                        __ATOMIC_RELEASE);                                                         \
  }                                                                                                \
  _Static_assert(1, "a semicolon follows")

/* The function that FUNCTION, listed above, stands before. */
#define BEHIND(function) (find_##function (), behind_##function)

#endif
