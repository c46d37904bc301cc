/* wrapper.h -- functions that only pass memory on, recognised by name.
 *
 * operator new, xmalloc, g_malloc: objects of all types come from there.
 */
#ifndef GCG_REPORT_WRAPPER_H
#define GCG_REPORT_WRAPPER_H

enum gcg__wrapper
{
  GCG__WRAPPER_NONE,
  GCG__WRAPPER_TEMPLATE, /* not a wrapper: a library's template, instantiated for one type */
  GCG__WRAPPER_LIKELY, /* likely by its name: conn_alloc may be one, or make objects of one type */
  GCG__WRAPPER_KNOWN   /* of a library, or by a customary name */
};

/* Classifies FUNCTION, a demangled name. */
enum gcg__wrapper gcg__wrapper_kind (const char *function);

#endif
