/* samples.h -- what the server knows of the samples: a timeline, fed by the agent or by a file.
 *
 * Pieces of a recording come in on the live thread and wait in a queue; a thread that reads the
 * timeline, or feeds it without a reader, takes them in first.  So the live thread never waits for
 * a page that names sites, which may take as long as reading debug information takes.  Everything
 * kept is bounded (recording.h); of a piece that is damaged nothing is kept, and no more is taken
 * from that process.
 *
 * With a file to record to, every whole piece, every snapshot and the process's end go there, too.
 *
 * All functions may be called by any thread.
 */
#ifndef GCG_SERVER_SAMPLES_H
#define GCG_SERVER_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"

struct gcg__entry;
struct gcg__recording;
struct gcg__samples;
struct gcg__sampling;
struct gcg__timeline;

/* Sends a message of TYPE (GCG__SAMPLE, GCG__SAMPLING) to the agent; false when that cannot be done
   any more. */
typedef bool (*gcg__say_function) (void *context, uint16_t type, uint32_t sequence,
                                   const char *text);

/* On GCG_OK *SAMPLES is to be freed.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__samples_new (struct gcg__samples **samples, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__samples_free (struct gcg__samples *samples);

/* Wakes all waiting threads, which then give up. */
void gcg__samples_shut (struct gcg__samples *samples);

/* --- feeding --- */

/* Writes everything to the file PATH (borrowed) as well from now on.  Errors: GCG_SYSTEM,
   GCG_NO_MEMORY. */
enum gcg_status gcg__samples_record (struct gcg__samples *samples, const char *path,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));
/* Shows RECORDING (taken). Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__samples_show (struct gcg__samples *samples, struct gcg__recording *recording,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));
/* The process has become another program: the recording starts anew, and so does its file. */
void gcg__samples_replace (struct gcg__samples *samples);
/* How to talk to the process PID that is connected now; SAY NULL: no process is. */
void gcg__samples_set_say (struct gcg__samples *samples, pid_t pid, gcg__say_function say,
                           void *context);
/* The agent's answer: records in FD (taken; -1: none), or why not. */
void gcg__samples_add (struct gcg__samples *samples, int fd, uint32_t sequence,
                       enum gcg_status status, const char *text);
/* The agent says how sampling is set. */
void gcg__samples_set_sampling (struct gcg__samples *samples, double every_s, bool lifetimes);
/* The snapshot in FD (borrowed) has come. */
void gcg__samples_add_snapshot (struct gcg__samples *samples, int fd);
/* The process has ended; what is to be recorded is on the disk when this returns.  Errors: of
   recording, now or before. */
enum gcg_status gcg__samples_finish (struct gcg__samples *samples, int wait_status,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));

/* --- asking --- */

/* The timeline with all that has come, named as in NEWEST, the newest snapshot (NULL: there is
   none); the caller has it alone until gcg__samples_give_back.  Errors: GCG_NO_MEMORY; then there
   is nothing to give back. */
enum gcg_status gcg__samples_borrow (struct gcg__samples *samples, const struct gcg__entry *newest,
                                     struct gcg__timeline **timeline, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__samples_give_back (struct gcg__samples *samples);

/* How sampling is set. */
void gcg__samples_sampling (struct gcg__samples *samples, struct gcg__sampling *sampling);

/* Asks for a sample and waits for it; it is the last one of the timeline then.  Errors: those of
   the agent; GCG_UNSUPPORTED: there is no live process; GCG_TIMEOUT; GCG_BUSY. */
enum gcg_status gcg__samples_take (struct gcg__samples *samples, const char *description,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Sets the interval, 0 = none.  Errors: GCG_UNSUPPORTED: there is no live process. */
enum gcg_status gcg__samples_set_every (struct gcg__samples *samples, double every_s,
                                        struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Why samples are no longer taken in, "" when they are. */
void gcg__samples_failure (struct gcg__samples *samples, char text[256]);

#endif
