/* lookup.h -- functions of other libraries that ours wrap, or that no header declares.
 *
 * They are looked up before main, because dlsym clears or sets the message of the program's next
 * dlerror.  A function that an earlier constructor calls before that is looked up on its first
 * call.
 */
#ifndef GCG_LOOKUP_H
#define GCG_LOOKUP_H

/* Returns the function NAME from the libraries after this one in the search order, or NULL. */
void *gcg__lookup_next (const char *name);

/* Returns the C library's private symbol NAME (version GLIBC_PRIVATE), or NULL. */
void *gcg__lookup_private (const char *name);

/* At file scope: looks up FUNCTION, which this file wraps, before main. */
#define GCG__BEHIND(function)                                                                      \
  static __typeof__ (&function) behind_##function;                                                 \
  static void __attribute__ ((constructor)) find_##function (void)                                 \
  {                                                                                                \
    if (!__atomic_load_n (&behind_##function, __ATOMIC_ACQUIRE))                                   \
      __atomic_store_n ((void **)&behind_##function, gcg__lookup_next (#function),                 \
                        __ATOMIC_RELEASE);                                                         \
  }                                                                                                \
  _Static_assert(1, "a semicolon follows")

/* The function that FUNCTION, declared above, wraps. */
#define BEHIND(function) (find_##function (), behind_##function)

#endif
