/* copy.h -- functions and system calls run in the frozen copy.
 *
 * The copy is a traced process that stands.  For a call it is given registers and a stack of its
 * own; a function returns to an address that nothing can be mapped at, whose fault is its end.  All
 * calls by the thread that traces it.
 */
#ifndef GCG_IMAGE_COPY_H
#define GCG_IMAGE_COPY_H

#include "image/inject.h"

struct gcg__copy
{
  pid_t pid; /* 0: none */
  int mem;   /* /proc/PID/mem of the image */
  struct gcg__code code;
  struct gcg__regs regs; /* as it was cloned */
  uint64_t stack;        /* its end; 0: not mapped yet */
  bool is_stuck;         /* a call has not come back */
};

enum gcg_status gcg__copy_call (struct gcg__copy *copy, uint64_t function,
                                const uint64_t arguments[6], uint64_t *result, int limit_ms,
                                struct gcg_error *error) __attribute__ ((warn_unused_result));
enum gcg_status gcg__copy_call_system (struct gcg__copy *copy, long number,
                                       const uint64_t arguments[6], int64_t *result, int limit_ms,
                                       struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Ends it, whatever it does. */
void gcg__copy_end (struct gcg__copy *copy);

#endif
