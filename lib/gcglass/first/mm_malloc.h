/* gcglass/first/mm_malloc.h -- <mm_malloc.h> without the macros of <gcglass/malloc.h>. */
#pragma GCC system_header
#ifdef GCG__WITHIN
#include_next <mm_malloc.h>
#else
#define GCG__WITHIN 1
#include <gcglass/plain.h>
#include_next <mm_malloc.h>
#undef GCG__WITHIN
#ifdef GCGLASS_MALLOC_H
#include <gcglass/redirect.h>
#endif
#endif
