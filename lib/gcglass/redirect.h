/* gcglass/redirect.h -- the macros of <gcglass/malloc.h>, which explains them.  No guard: each
 * inclusion counts.
 */
#pragma GCC system_header /* the program may be stricter than C with extensions */
#include "gcglass/plain.h"

#if !defined GCG_NO_REDIRECT && !defined GCG__WITHIN

#define malloc(...) malloc (gcg__at_size ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "")))
#define calloc(n, ...)                                                                             \
  calloc (gcg__at_size ((n), GCG__SITE_OF (#__VA_ARGS__, "", #n)), (__VA_ARGS__))
#define realloc(p, ...) realloc ((p), gcg__at_size ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "")))
#define reallocarray(p, n, ...)                                                                    \
  reallocarray ((p), gcg__at_size ((n), GCG__SITE_OF (#__VA_ARGS__, "", #n)), (__VA_ARGS__))
#define aligned_alloc(alignment, ...)                                                              \
  aligned_alloc ((alignment), gcg__at_size ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "")))
#define posix_memalign(p, alignment, ...)                                                          \
  posix_memalign ((p), (alignment), gcg__at_size ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "")))
#define memalign(alignment, ...)                                                                   \
  memalign ((alignment), gcg__at_size ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "")))
#define valloc(...)  valloc (gcg__at_size ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "")))
#define pvalloc(...) pvalloc (gcg__at_size ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "")))

#define strdup(...)     strdup (gcg__at_text ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "char[]")))
#define strndup(s, ...) strndup (gcg__at_text ((s), GCG__SITE (#s, "char[]")), (__VA_ARGS__))
#define wcsdup(...)     wcsdup (gcg__at_wide ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "wchar_t[]")))
#define realpath(path, ...)                                                                        \
  realpath (gcg__at_text ((path), GCG__SITE (#path, "char[]")), (__VA_ARGS__))
#define getcwd(buffer, ...)                                                                        \
  getcwd (gcg__at_buffer ((buffer), GCG__SITE (#__VA_ARGS__, "char[]")), (__VA_ARGS__))

/* Names that a program may have given to functions of its own where the C library's are not asked
   for; in C++ getline is another function. */
#ifdef __USE_GNU
#define asprintf(p, ...)  asprintf (gcg__at_place ((p), GCG__SITE (#p, "char[]")), __VA_ARGS__)
#define vasprintf(p, ...) vasprintf (gcg__at_place ((p), GCG__SITE (#p, "char[]")), __VA_ARGS__)
#define canonicalize_file_name(...)                                                                \
  canonicalize_file_name (gcg__at_text ((__VA_ARGS__), GCG__SITE (#__VA_ARGS__, "char[]")))
#endif
#if defined __USE_XOPEN2K8 && !defined __cplusplus
#define getline(line, ...)                                                                         \
  getline (gcg__at_place ((line), GCG__SITE (#line, "char[]")), __VA_ARGS__)
#define getdelim(line, ...)                                                                        \
  getdelim (gcg__at_place ((line), GCG__SITE (#line, "char[]")), __VA_ARGS__)
#endif

#endif
