/* limit.h -- time limits of the system calls that a stop cuts short and that are made again.
 *
 * The limit of epoll_wait and epoll_pwait is a number in a register: the call is made again with
 * what is left of it.  Other limits are in the program's memory, or a socket's, which we do not
 * change: such a call is made again with all of its limit, and a stop at which it has passed in all
 * gives it the result that it has then.  The same where a call was not made by the C library, whose
 * callers cannot rely on the registers of its arguments.
 */
#ifndef GCG_IMAGE_LIMIT_H
#define GCG_IMAGE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "image/arch.h"
#include "image/stop.h"
#include "image/waits.h"

/* System call CALL may return with EINTR at a stop and has a time limit, or may have one. */
bool gcg__limit_has (long call);

/* REGS, of a thread of STOP that stands and whose call was cut, become: the call is made again,
   with what WAIT (may be NULL: not known) has left of its limit, and WAIT begins anew with that; or
   the limit has passed. */
void gcg__limit_again (const struct gcg__stop *stop, struct gcg__regs *regs,
                       struct gcg__wait *wait);

#endif
