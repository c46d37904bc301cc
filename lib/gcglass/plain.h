/* gcglass/plain.h -- takes away the macros of gcglass/redirect.h: here come declarations.  No
 * guard: each inclusion counts. */
#undef malloc
#undef calloc
#undef realloc
#undef reallocarray
#undef aligned_alloc
#undef posix_memalign
#undef memalign
#undef valloc
#undef pvalloc
#undef strdup
#undef strndup
#undef wcsdup
#undef asprintf
#undef vasprintf
#undef getline
#undef getdelim
#undef realpath
#undef canonicalize_file_name
#undef getcwd
