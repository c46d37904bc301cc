/* wrapper.h -- functions that pass memory on to others, known by their names.
 *
 * operator new, xmalloc, g_malloc: objects of all types come from there.
 */
#ifndef GCG_REPORT_WRAPPER_H
#define GCG_REPORT_WRAPPER_H

enum gcg__wrapper
{
  GCG__WRAPPER_NONE,
  GCG__WRAPPER_TEMPLATE, /* none: it is made for one type, but by a library */
  GCG__WRAPPER_LIKELY, /* its name sounds so: conn_alloc may be one, or make objects of one type */
  GCG__WRAPPER_KNOWN   /* of a library, or by a customary name */
};

/* What FUNCTION, a name as demangled, is. */
enum gcg__wrapper gcg__wrapper_kind (const char *function);

#endif
