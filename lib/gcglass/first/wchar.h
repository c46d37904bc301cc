/* gcglass/first/wchar.h -- <wchar.h> without the macros of <gcglass/malloc.h> in its way. */
#pragma GCC system_header
#ifdef GCG__WITHIN
#include_next <wchar.h>
#else
#define GCG__WITHIN 1
#include <gcglass/plain.h>
#include_next <wchar.h>
#undef GCG__WITHIN
#ifdef GCGLASS_MALLOC_H
#include <gcglass/redirect.h>
#endif
#endif
