/* standing.c -- a snapshot in malloc mode, where gcglass may not trace the program (capture.h).
 *
 * Nothing is collected: the program is stopped (stopworld.h) for a clone alone, which writes a raw
 * dump of its memory (dump.h); what is in it gcglass finds out.  libgc's lock is held meanwhile, so
 * that no thread is stopped in the middle of changing its heap.
 */
#include "capture.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "agent.h"
#include "agent_root.h"
#include "clone.h"
#include "collector.h"
#include "dump.h"
#include "gc_calls.h"
#include "malloc/standing.h"
#include "malloc/foreign.h"
#include "malloc/hidden.h"
#include "malloc/roots.h"
#include "malloc/signals.h"
#include "malloc/stopworld.h"
#include "raw.h"
#include "settings.h"
#include "thread.h"

#define STACK_BYTES ((size_t)64 << 10)

static pthread_mutex_t capture_mutex = PTHREAD_MUTEX_INITIALIZER;

/* What is under way. */
struct capture
{
  gcg__clone_work work;
  void *state;
  int fd;             /* that the clone needs; -1: none */
  uint64_t *pause_ns; /* for how long the program has stood */
  pid_t missing;      /* a thread that could not be stopped */
  bool is_done;
  struct gcg__clone clone;
};

void
gcg__capture_forget (void)
{
  pthread_mutex_init (&capture_mutex, NULL);
}

/* Shows the clone what it has not inherited, then has the work done. */
static int
work_stopped (void *state, bool child)
{
  struct capture *capture = state;

  if (child)
    gcg__hidden_show_stopped ();
  return capture->work (capture->state, child);
}

/* With libgc's lock. */
static void *GC_CALLBACK
stop (void *state)
{
  struct capture *capture = state;
  uint64_t begin = raw_now (CLOCK_MONOTONIC);

  gcg__collection_now = (struct gcg__collection){ .start_ns = begin };
  if (!gcg__world_stop (&capture->missing))
    return NULL;
  gcg__collection_now.stop_ns = raw_now (CLOCK_MONOTONIC) - begin;
  gcg__hidden_copy_stopped ();
  capture->clone = gcg__clone_stopped (work_stopped, capture, capture->fd);
  gcg__hidden_drop_stopped ();
  capture->is_done = true;
  gcg__world_start ();
  *(volatile uint64_t *)capture->pause_ns = raw_now (CLOCK_MONOTONIC) - begin;
  return NULL;
}

/* What is made from now on was born later. */
static enum gcg_status
run (struct capture *capture, struct gcg_error *error)
{
  uint64_t signals = gcg__signals_wait ();

  GC_call_with_alloc_lock (stop, capture);
  gcg__signals_go_on (signals);
  if (!capture->is_done)
    return gcg__fail (error, GCG_TIMEOUT, "thread %d cannot be stopped: it blocks every signal",
                      (int)capture->missing);
  __atomic_fetch_add (&gcg__birth, 1, __ATOMIC_RELAXED);
  return gcg__clone_wait (&capture->clone, error);
}

enum gcg_status
gcg__standing_do (gcg__clone_work work, void *state, int fd, uint64_t *pause_ns,
                  struct gcg_error *error)
{
  struct capture capture = { .work = work, .state = state, .fd = fd, .pause_ns = pause_ns };
  enum gcg_status status;
  int cancel_state;

  gcg__agent_ready ();
  if (gcg__foreign_reason ())
    return gcg__fail (error, GCG_UNSUPPORTED, "%s", gcg__foreign_reason ());
  pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &cancel_state);
  pthread_mutex_lock (&capture_mutex);
  status = run (&capture, error);
  pthread_mutex_unlock (&capture_mutex);
  pthread_setcancelstate (cancel_state, NULL);
  return status;
}

/* --- a dump --- */

/* Shared with the clone. */
struct dumping
{
  uint64_t pause_ns;
  struct gcg__dump_ask ask;
  struct gcg__settings settings;
  ucontext_t context, writing;
  int error;
  char stack[STACK_BYTES] __attribute__ ((aligned (16)));
};

static struct dumping *writing; /* makecontext hands over no pointer */

static void
write_dump (void)
{
  writing->error = gcg__dump_write_stopped (&writing->ask);
}

/* What writes knows addresses of blocks, and the stack that the thread runs on may be a block: it
   gets one of its own.  What lies below here on the thread's is of the past. */
static int
dump_stopped (void *state, bool child)
{
  struct dumping *dumping = state;
  struct gcg__dump_header *header = &dumping->ask.header;

  dumping->ask.in_place = !child;
  header->stop_ns = gcg__collection_now.stop_ns;
  header->monotonic_ns = gcg__collection_now.start_ns + header->stop_ns;
  header->realtime_ns = raw_now (CLOCK_REALTIME);
  /* What the program had in the registers that calls preserve is on the stack from here on. */
  __builtin_unwind_init ();
  writing = dumping;
  getcontext (&dumping->writing);
  dumping->writing.uc_stack
      = (stack_t){ .ss_sp = dumping->stack, .ss_size = sizeof dumping->stack };
  dumping->writing.uc_link = &dumping->context;
  makecontext (&dumping->writing, write_dump, 0);
  swapcontext (&dumping->context, &dumping->writing);
  return dumping->error;
}

static enum gcg_status
dump (bool at_exit, int fd, struct gcg_error *error)
{
  struct dumping *dumping = raw_map_shared (sizeof *dumping);
  enum gcg_status status;

  if (dumping == MAP_FAILED)
    return gcg__fail (error, GCG_NO_MEMORY, "no memory for a snapshot");
  dumping->ask = (struct gcg__dump_ask){ .fd = fd,
                                         .pid = getpid (),
                                         .pause_ns = &dumping->pause_ns,
                                         .context = &dumping->context,
                                         .smaps = dumping->settings.smaps };
  dumping->ask.header.root = (uintptr_t)&gcg__agent_root;
  dumping->ask.header.requested_ns = raw_now (CLOCK_MONOTONIC);
  dumping->ask.header.calling_tid = (uint64_t)syscall (SYS_gettid);
  dumping->ask.header.ends = at_exit;
  gcg__settings_note_smaps (&dumping->settings);
  status = gcg__standing_do (dump_stopped, dumping, fd, &dumping->pause_ns, error);
  raw_unmap (dumping, sizeof *dumping);
  return status;
}

enum gcg_status
gcg__capture (const char *description, bool at_exit, int *fd, struct gcg_error *error)
{
  int memfd = raw_high (memfd_create ("gcglass-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  enum gcg_status status;

  (void)description; /* it goes with the message */
  if (memfd < 0)
    return gcg__fail (error, GCG_SYSTEM, "cannot make a memory file for the snapshot: %s",
                      strerror (errno));
  status = dump (at_exit, memfd, error);
  if (status != GCG_OK)
    {
      close (memfd);
      return status;
    }
  fcntl (memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  *fd = memfd;
  return GCG_OK;
}
