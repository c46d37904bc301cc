/* stopworld.c -- see stopworld.h.
 *
 * A thread may be made while others are being stopped: the list is read again until every thread in
 * it has answered, and then once more: only a list read while no thread runs is complete. Only
 * system calls are made meanwhile: a stopped thread may hold any lock. A thread that leaves the
 * handler counts itself out, so that the handler is removed when no thread is in it.  Where a
 * thread has not answered it stays: the signal may still come.
 */
#include "stopworld.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "peek.h"
#include "raw.h"
#include "thread.h"

#define PATIENCE_NS UINT64_C (2000000000)
#define LOOK_NS     2000000 /* between two looks at the list */

/* As the kernel takes it: the C library lets no caller set these signals. */
struct kernel_action
{
  void (*handler) (int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer) (void);
  uint64_t mask;
};

static struct kernel_action before;
static uint32_t generation; /* goes up when threads may go on */
static uint32_t n_inside;
static bool stopping;
static gcg__lock stop_lock = GCG__LOCK_INIT; /* from a stop to its end, and while executing */

#if defined __x86_64__
#define RESTORER_FLAG 0x04000000ul
void gcg__stop_return (void);
__asm__(".text\n.hidden gcg__stop_return\n.type gcg__stop_return,@function\n"
        "gcg__stop_return:\n  mov $15, %rax\n  syscall\n");
#else
#define RESTORER_FLAG    0ul
#define gcg__stop_return NULL
#endif

static void
set_action (const struct kernel_action *action, struct kernel_action *old)
{
  syscall (SYS_rt_sigaction, GCG__STOP_SIGNAL, action, old, sizeof action->mask);
}

static void
on_stop (int signal, siginfo_t *info, void *context)
{
  int old_errno = errno;
  uint32_t now = __atomic_load_n (&generation, __ATOMIC_ACQUIRE);

  if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &generation)
    {
      if ((uintptr_t)before.handler > (uintptr_t)SIG_IGN)
        before.handler (signal, info, context);
      return;
    }
  if (!__atomic_load_n (&stopping, __ATOMIC_ACQUIRE))
    return; /* asked long ago, of a thread that blocked the signal */
  __atomic_fetch_add (&n_inside, 1, __ATOMIC_ACQ_REL);
  gcg__thread_note (context);
  while (__atomic_load_n (&generation, __ATOMIC_ACQUIRE) == now)
    syscall (SYS_futex, &generation, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
  errno = old_errno;
  __atomic_fetch_sub (&n_inside, 1, __ATOMIC_ACQ_REL);
}

/* Sends the signal, with a mark: the C library sends the same one when a thread changes its ids. */
static void
ask (pid_t process, pid_t tid)
{
  siginfo_t info = { .si_signo = GCG__STOP_SIGNAL, .si_code = SI_QUEUE };

  info.si_pid = process;
  info.si_value.sival_ptr = &generation;
  syscall (SYS_rt_tgsigqueueinfo, process, tid, GCG__STOP_SIGNAL, &info);
}

/* Has thread TID of PROCESS ended, and is only still listed: a first thread that left before the
   others? */
static bool
has_ended (pid_t process, pid_t tid)
{
  char path[64], task[64], stat[256];
  const char *name_end;
  int fd;
  long n;

  gcg__path (task, sizeof task, "/proc/", (uint64_t)process, "/task/");
  gcg__path (path, sizeof path, task, (uint64_t)tid, "/stat");
  fd = raw_open (path, O_RDONLY);
  if (fd < 0)
    return true;
  n = raw_read (fd, stat, sizeof stat - 1);
  raw_close (fd);
  if (n <= 0)
    return true;
  stat[n] = 0;
  name_end = strrchr (stat, ')');
  return name_end && name_end[1] == ' ' && (name_end[2] == 'Z' || name_end[2] == 'X');
}

struct entry64
{
  uint64_t inode;
  int64_t offset;
  unsigned short bytes;
  unsigned char type;
  char name[];
};

/* Signals those of ASKED's successors that have not been; returns a thread that has not answered
   yet, 0 when all have. */
static pid_t
look (pid_t self, pid_t asked[GCG__MOST_THREADS], uint32_t *n_asked)
{
  char buffer[4096] __attribute__ ((aligned (8)));
  int fd = raw_open ("/proc/self/task", O_RDONLY | O_DIRECTORY);
  pid_t missing = 0, process = (pid_t)syscall (SYS_getpid);
  long n;

  while (fd >= 0 && (n = syscall (SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
    for (long at = 0; at < n;)
      {
        const struct entry64 *entry = (const struct entry64 *)(buffer + at);
        pid_t tid = 0;
        uint32_t i = 0;
        at += entry->bytes;
        for (const char *c = entry->name; *c >= '0' && *c <= '9'; c++)
          tid = tid * 10 + (*c - '0');
        if (tid == 0 || tid == self || gcg__thread_is_noted ((uint64_t)tid))
          continue;
        if (tid == process && has_ended (process, tid))
          continue;
        missing = tid;
        while (i < *n_asked && asked[i] != tid)
          i++;
        if (i < *n_asked || *n_asked == GCG__MOST_THREADS)
          continue;
        asked[(*n_asked)++] = tid;
        ask (process, tid);
      }
  if (fd >= 0)
    raw_close (fd);
  return missing;
}

static void
let_go (void)
{
  const struct timespec moment = { 0, 100000 };

  __atomic_store_n (&stopping, false, __ATOMIC_RELEASE);
  __atomic_fetch_add (&generation, 1, __ATOMIC_ACQ_REL);
  syscall (SYS_futex, &generation, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
  gcg__thread_note_no_more ();
  while (__atomic_load_n (&n_inside, __ATOMIC_ACQUIRE) > 0)
    syscall (SYS_nanosleep, &moment, NULL);
}

void
gcg__world_start (void)
{
  let_go ();
  set_action (&before, NULL);
  gcg__lock_give (&stop_lock);
}

void
gcg__world_hold (void)
{
  gcg__lock_take (&stop_lock);
}

void
gcg__world_release (void)
{
  gcg__lock_give (&stop_lock);
}

bool
gcg__world_stop (pid_t *missing)
{
  static pid_t asked[GCG__MOST_THREADS];
  const struct timespec pause = { 0, LOOK_NS / 20 };
  struct kernel_action action = { .handler = on_stop,
                                  .flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | RESTORER_FLAG,
                                  .restorer = gcg__stop_return,
                                  .mask = ~UINT64_C (0) },
                       old;
  pid_t self = (pid_t)syscall (SYS_gettid);
  uint64_t end = raw_now (CLOCK_MONOTONIC) + PATIENCE_NS;
  uint32_t n_asked = 0;

  gcg__lock_take (&stop_lock);
  gcg__thread_note_from_now ();
  set_action (&action, &old);
  if (old.handler != on_stop)
    before = old;
  __atomic_store_n (&stopping, true, __ATOMIC_RELEASE);
  for (int answered = 0; answered < 2;)
    {
      *missing = look (self, asked, &n_asked);
      answered = *missing == 0 ? answered + 1 : 0;
      if (answered > 0)
        continue;
      if (raw_now (CLOCK_MONOTONIC) > end)
        {
          let_go ();
          gcg__lock_give (&stop_lock);
          return false;
        }
      syscall (SYS_nanosleep, &pause, NULL);
    }
  return true;
}
