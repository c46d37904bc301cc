/* callers.h -- whose code a return address lies in.
 *
 * Blocks that the dynamic linker asks for are not the program's.  Those that the C library asks for
 * are the program's when it hands them out (strdup, fopen), and its own when it keeps them
 * (lib/image/agent_own.h). The C++ library has its own as well; what operator new asks for is the
 * program's.
 */
#ifndef GCG_CALLERS_H
#define GCG_CALLERS_H

#include <stdbool.h>

#include "agent_root.h"
#include "collector.h"

enum gcg__library
{
  GCG__LINKER = GCG__ROOT_LINKER,
  GCG__COLLECTOR = GCG__ROOT_COLLECTOR,
  GCG__C_LIBRARY = GCG__ROOT_C_LIBRARY,
  GCG__AGENT = GCG__ROOT_AGENT,             /* this */
  GCG__CXX_LIBRARY = GCG__ROOT_CXX_LIBRARY, /* empty where there is none */
  GCG__N_LIBRARIES = GCG__ROOT_LIBRARIES
};

/* Where each is in memory, from its first segment to its last. */
extern struct gcg__range gcg__libraries[GCG__N_LIBRARIES];

/* Finds them; calls the dynamic linker. */
void gcg__callers_find (void);

static inline bool
gcg__caller_is (enum gcg__library library, uint64_t caller)
{
  return caller - gcg__libraries[library].low
         < gcg__libraries[library].high - gcg__libraries[library].low;
}

/* Writes into AREAS what has been found. */
void gcg__callers_show (struct gcg__root_areas *areas);

#endif
