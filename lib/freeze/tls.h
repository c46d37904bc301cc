/* tls.h -- where the threads of the frozen process keep what is theirs.
 *
 * The C library gives each thread a control block (struct pthread), blocks of thread-local data,
 * one for each module that has any, and tables of what pthread_setspecific was given.  libgc scans
 * none of them for most threads.
 *
 *   x86-64    | stack ... | TLS of modules | control block |     ^ thread pointer: block's start
 *   aarch64   | stack ... | control block | TLS of modules |     ^ thread pointer: block's end
 */
#ifndef GCG_TLS_H
#define GCG_TLS_H

#include "freeze.h"

/* Memory of one thread.  Areas do not overlap once sorted and clipped. */
struct area
{
  uint64_t low, high;
  uint32_t kind;   /* GCG__HAZARD_TLS, _KEY, _STACK, or AREA_KNOWN */
  uint32_t thread; /* into THREADS */
};

/* A stack that the collector scans, or one of gcglass's or the collector's own threads. */
#define AREA_KNOWN 0u

/* Asks the dynamic linker how much thread-local data each module has: with the world running,
   before it is stopped for a capture. */
void gcg__tls_note (void);

/* Pushes the areas of all THREADS into AREAS (struct area), sorted by address. */
void gcg__tls_areas_stopped (struct gcg__freeze *freeze, struct column *areas);

#endif
