/* ask.h -- a snapshot for a call of the program's: from outside where that is possible, else from
 * inside (capture.h).
 *
 * A gcglass that may stop this program is asked: one that is connected (gcglass run, leaks), else
 * one that is started for it (attendant.h).  The calling thread waits at a socket of its own. Until
 * the program has been copied no signal is handled in it, so that nothing but our own frames lies
 * below where it has called; these keep nothing.
 *
 * In malloc mode a raw dump that is made from inside (dump.h) is given to such a gcglass to be
 * read, which need not be permitted to stop the program.  Only where there is none does this
 * process walk its own heap.
 *
 *   collector    no collection is made; GC_disable, threads that block signals, threads that have
 *                died without a word do not matter.  Where only libgc knows what is alive, from
 *                inside
 *   malloc       no thread is sent a signal
 */
#ifndef GCG_ASK_H
#define GCG_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "gcglass/gcglass.h"

/* Registers that a call does not preserve hold what is left over. */
static inline void
gcg__forget_scratch (ucontext_t *context)
{
#if defined __x86_64__
  static const uint8_t scratch[]
      = { REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11 };
  for (size_t i = 0; i < sizeof scratch; i++)
    context->uc_mcontext.gregs[scratch[i]] = 0;
#else
  memset (context->uc_mcontext.regs, 0, 19 * sizeof *context->uc_mcontext.regs);
#endif
}

/* Notes in CALLER, a ucontext_t of the function that the program has called, where that stands.
   Zeroed first: the C library leaves parts as they are. */
#define GCG__NOTE_CALLER(caller)                                                                   \
  do                                                                                               \
    {                                                                                              \
      memset (caller, 0, sizeof *(caller));                                                        \
      getcontext (caller);                                                                         \
      gcg__forget_scratch (caller);                                                                \
    }                                                                                              \
  while (0)

/* Takes a snapshot described by DESCRIPTION (NULL = ""), for a call that was made at CALLER.  On
   GCG_OK *FD is a sealed memory file that the caller closes, and *FLAGS says of it what
   GCG__CAPTURE_FLAGS does; FLAGS NULL: it is a snapshot.  Any thread, any number at a time; not in
   a signal handler.  Errors: as gcg__capture; in malloc mode GCG_NO_SERVER: there is no gcglass. */
enum gcg_status gcg__take (const ucontext_t *caller, const char *description, int *fd,
                           uint32_t *flags, struct gcg_error *error);

/* Stores in *OBJECTS and *BYTES how much is leaked at such a call.  Errors: as gcg__take. */
enum gcg_status gcg__count_leaks (const ucontext_t *caller, uint64_t *objects, uint64_t *bytes,
                                  struct gcg_error *error);

#endif
