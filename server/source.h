/* source.h -- a source of snapshots: what the server shows, whether a process or files.
 *
 * Snapshots come in (from live.c, or from files), are analysed one by one by a thread of the
 * source, and are shown from then on, so that no page waits for an analysis.  The newest 16 are
 * kept, fewer when they are large; an older one is freed when its last reader is done.
 *
 *   feed: gcg__source_add ─→ waiting ─→ analysed by the builder thread ─→ shown, id 1, 2, 3, ...
 *                                                                          ↑
 *   ask:  gcg__source_capture ─→ hook ─→ agent ─→ gcg__source_add          gcg__source_get / _put
 *
 * A thread that gets a snapshot holds a reference: it stays whole until gcg__source_put.  All
 * functions may be called by any thread; those that wait return with GCG_BUSY after
 * gcg__source_shut.
 */
#ifndef GCG_SERVER_SOURCE_H
#define GCG_SERVER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"

struct gcg__model;
struct gcg__samples;
struct gcg__snapshot;
struct gcg__source;

#define GCG__MAX_SNAPSHOTS         16
#define GCG__MAX_DESCRIPTION_BYTES 256

enum gcg__state
{
  GCG__STATE_STARTING, /* a process that has not used the collector yet */
  GCG__STATE_LIVE,
  GCG__STATE_ENDED,
  GCG__STATE_FILE
};

/* One snapshot with what was found out about it.  All of it is constant while it is held. */
struct gcg__entry
{
  uint32_t id;
  uint32_t generation; /* counts the analyses of all: a cache's key */
  int fd;              /* of the file or memfd */
  char description[GCG__MAX_DESCRIPTION_BYTES];
  struct gcg__snapshot *snapshot; /* the model's own, once there is a model */
  struct gcg__model *model;
  unsigned references; /* the source's own */
};

/* Sends a request for a snapshot to the process; COLLECT: the collector is to say what is garbage,
   after a collection.  False when that cannot be done any more. */
typedef bool (*gcg__ask_function) (void *context, uint32_t sequence, bool collect,
                                   const char *description);

/* On GCG_OK *SOURCE is to be given to gcg__source_free.  Errors: GCG_NO_MEMORY, GCG_SYSTEM. */
enum gcg_status gcg__source_new (struct gcg__source **source, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Wakes all waiting threads, which then give up; nothing is analysed any more. */
void gcg__source_shut (struct gcg__source *source);

/* Shuts SOURCE and frees it; no thread may use it any more.  NULL is fine. */
void gcg__source_free (struct gcg__source *source);

/* What goes with the snapshots: the samples.  Borrowed from SOURCE. */
struct gcg__samples *gcg__source_samples (struct gcg__source *source);

/* --- feeding --- */

/* Sets the name (NULL: unchanged) and the id of the process that was started, until one says
   HELLO. */
void gcg__source_set_process (struct gcg__source *source, pid_t pid, const char *program);
/* The process has become another program, which has not connected yet. */
void gcg__source_set_program (struct gcg__source *source, const char *program);
/* How to ask it for snapshots. */
void gcg__source_set_ask (struct gcg__source *source, gcg__ask_function ask, void *context);
/* A process has said HELLO. */
void gcg__source_set_live (struct gcg__source *source, pid_t pid);
/* The connection has ended; another process may connect yet. */
void gcg__source_set_silent (struct gcg__source *source);
/* It has ended; WAIT_STATUS as from waitpid, or -1 when that is not known. */
void gcg__source_set_ended (struct gcg__source *source, int wait_status);
/* There are files only. */
void gcg__source_set_file (struct gcg__source *source, const char *program);
/* They are of process PID, which ran for RUNNING_S seconds and ended with WAIT_STATUS (-1: not
   known). */
void gcg__source_set_recorded (struct gcg__source *source, pid_t pid, double running_s,
                               int wait_status);
/* Sets TEXT, which lists the damaged snapshots of a recording that are not shown. */
void gcg__source_set_left_out (struct gcg__source *source, const char *text);

/* Adds the snapshot in FD (taken, also on errors), which is called NAME in messages. It is called
   DESCRIPTION; "" = what it says itself; NULL = that, or the file's name.  SEQUENCE is that of the
   request it answers, 0 = not requested.  It must be a snapshot, and if it is a memfd it must be
   sealed, so that its sender cannot truncate it.  Returns when it is queued. */
enum gcg_status gcg__source_add (struct gcg__source *source, int fd, const char *name,
                                 const char *description, uint32_t sequence,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Takes the snapshot in FD (taken) for gcg__source_newest alone: it is checked, but neither
   analysed nor shown.  Errors: as those of gcg__source_add. */
enum gcg_status gcg__source_keep (struct gcg__source *source, int fd, const char *name,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The request SEQUENCE has failed. */
void gcg__source_fail (struct gcg__source *source, uint32_t sequence, enum gcg_status status,
                       const char *text);

/* Waits until everything that was added is analysed. */
void gcg__source_settle (struct gcg__source *source);

/* --- asking --- */

/* Gets snapshot ID, 0 = the newest.  Errors: GCG_NOT_FOUND: no such one (any more); GCG_BUSY: there
   is none yet.  On GCG_OK *ENTRY is to be given to gcg__source_put. */
enum gcg_status gcg__source_get (struct gcg__source *source, uint32_t id,
                                 const struct gcg__entry **entry, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__source_put (struct gcg__source *source, const struct gcg__entry *entry);

/* Asks the process for a snapshot, waits until it is shown, and sets *ID.  COLLECT: the collector
   is to say what is garbage.  Errors: those of the agent; GCG_UNSUPPORTED: there is no live
   process, or no collector; GCG_TIMEOUT; GCG_BUSY. */
enum gcg_status gcg__source_capture (struct gcg__source *source, bool collect,
                                     const char *description, uint32_t *id, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Asks for a snapshot without waiting, unless there is one, or one is under way. */
void gcg__source_look (struct gcg__source *source);

/* Forgets what was found out about the newest snapshot, and finds it out again. */
enum gcg_status gcg__source_analyse_again (struct gcg__source *source, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* What there is to say about the source as a whole. */
struct gcg__overall
{
  enum gcg__state state;
  pid_t pid;
  char program[256];
  double running_s;
  double ended_s;     /* since it ended */
  int wait_status;    /* -1: not known */
  char left_out[512]; /* which snapshots of a recording are damaged; "": none */
  char waiting[300];  /* why there is no snapshot to show yet; "" when there is one */
  unsigned n_entries;
  const struct gcg__entry *entries[GCG__MAX_SNAPSHOTS]; /* newest first, each held */
};
void gcg__source_overall (struct gcg__source *source, struct gcg__overall *overall);
/* Gives the entries back. */
void gcg__overall_fini (struct gcg__source *source, struct gcg__overall *overall);

/* Returns whether the source ever had a snapshot, or a process that said HELLO. */
bool gcg__source_was_live (struct gcg__source *source);

/* Writes why the last requested snapshot is missing, or "". */
void gcg__source_failure (struct gcg__source *source, char text[256]);

/* A descriptor of the snapshot that came last, analysed or not; caller closes.  -1: there is none.
 */
int gcg__source_newest (struct gcg__source *source);

#endif
