/* attendant.h -- the gcglass process that looks at this program from outside for calls that the
 * program makes itself (gcg_save, gcg_snapshot, gcg_check_leaks), where no other gcglass can.
 *
 *   this program                                    "gcglass attend --fd 3"
 *   first call: starts it ------------------------>
 *                                  <--------------- HELLO: its number, so that it may be let in
 *   HELLO with the root structure ---------------->
 *                                  <--------------- STOPS: whether this process may be stopped
 *   each call: a message with one end of a
 *   socketpair, on which its thread waits -------->  answers there
 *
 * It is kept between calls and ends by itself: with this end of the connection, or when it has had
 * nothing to do for some seconds; then the next call starts another.  It is a grandchild in a
 * session of its own, so the program has no child that it has not made.
 *
 * Any thread may send any message of protocol.h that link/jobs.h knows, ASK for one, with a
 * descriptor.  Where it may not stop this process it still makes snapshots of raw dumps.
 */
#ifndef GCG_ATTENDANT_H
#define GCG_ATTENDANT_H

#include <stdbool.h>

#include "gcglass/error.h"
#include "protocol.h"

/* Is it there, and may it stop this process?  Starts it when it is not there.  Where it cannot be
   had false is the answer from then on, and the reason is written to the standard error once. */
bool gcg__attendant_ready (void);

#ifdef GCG_MALLOC
/* Is it there, to read raw dumps at least (ask.h)?  Starts it when it is not there.  Errors: why it
   is not there. */
enum gcg_status gcg__attendant_reads (struct gcg_error *error);
#endif

/* Sends it MESSAGE with the descriptor ATTACHED; false: it has ended. */
bool gcg__attendant_send (const struct gcg__message *message, int attached);

/* It has ended while it was asked, and so has the next: none is asked any more to stop this
   process. */
void gcg__attendant_give_up (void);

/* After fork, in the child. */
void gcg__attendant_forget (void);

#endif
