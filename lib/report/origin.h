/* origin.h -- the function that requested the objects of a site: the first frame outside wrappers.
 *
 * Where the type of an allocation is not known, the function that allocates stands for it.  When
 * that is operator new or xmalloc, two kinds of leaks would read alike; so wrappers (wrapper.h) are
 * passed over.  A likely wrapper is named together with its caller.  A function without a name, as
 * in a stripped program, may be a wrapper, so its callers are named too.  Only the stack decides,
 * not the rest of the snapshot, so that a kind of leak has the same signature in each run.
 */
#ifndef GCG_REPORT_ORIGIN_H
#define GCG_REPORT_ORIGIN_H

#include "report/buffer.h"
#include "snapshot/snapshot.h"
#include "symbol/symbol.h"

#define GCG__ORIGIN_FRAMES 4u

struct gcg__origin
{
  struct gcg__frame frames[GCG__ORIGIN_FRAMES]; /* [n], innermost first; strings are borrowed: the
                                                   outermost likely wrapper, when there is one, and
                                                   the frame outside wrappers, .. */
  uint32_t place; /* .. which is this one; when its function has no name, those that called it in
                     the same module follow, up to the first with a name */
  uint32_t n;     /* 0: nothing is known */
  struct gcg__frame where; /* the most useful place for the program's author: frames[place], or its
                              caller outside the C++ library */
};

/* Finds the origin of SITE.  When all frames are wrappers, the outermost is the origin.  Frames of
   the collector and of gcglass count only where there are no others. */
void gcg__origin_find (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
                       uint32_t site, struct gcg__origin *origin);

/* Adds ORIGIN, which has frames, as it reads in a signature: without lines, but an address where
   there is no name.  "cats (xm.c)", "conn_alloc in serve (server.c)", "a.out+0x1161 in
   a.out+0x11c6". */
void gcg__origin_signature (const struct gcg__origin *origin, struct gcg__buffer *out);
/* The same with lines: "cats (xm.c:4)". */
void gcg__origin_name (const struct gcg__origin *origin, struct gcg__buffer *out);

#endif
