/* attendant.c -- see attendant.h.
 *
 * The mutex is held while the process is started, so that calls of several threads start one.  The
 * program may have closed our descriptor, and have something else there: it is known by its inode.
 *
 * Where the kernel lets only ancestors trace (Yama) this process names it as its tracer, unless
 * the program has named one itself: there is only one.
 */
#include "config.h"

#include "attendant.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "fail.h"
#include "confined.h"
#include "outside.h"
#include "raw.h"
#include "spawn_server.h"
#include "wire.h"

#define START_MS 20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int connection = -1;
static ino_t inode;     /* of its socket */
static bool may_stop;   /* it may stop this process */
static bool is_refused; /* there can be none, or none that may */
static bool is_said;

/* The mutex is held. */
static bool
is_there (void)
{
  struct pollfd end = { connection, 0, 0 };
  const struct timespec no_time = { 0, 0 };
  struct stat status;

  if (connection < 0)
    return false;
  if (fstat (connection, &status) != 0 || status.st_ino != inode)
    connection = -1;
  else if (syscall (SYS_ppoll, &end, 1, &no_time, NULL, 0) > 0)
    {
      close (connection);
      connection = -1;
    }
  return connection >= 0;
}

/* An orphan would come to this process itself, as its child. */
static bool
takes_orphans (void)
{
  int is = 0;
  return getpid () == 1
         || (syscall (SYS_prctl, PR_GET_CHILD_SUBREAPER, &is, 0, 0, 0) == 0 && is != 0);
}

/* Lets process PID trace this one, if that has to be said. */
static void
let_trace (pid_t pid)
{
  char scope = 0;
  int fd = raw_open ("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY);

  if (fd < 0)
    return;
  if (raw_read (fd, &scope, 1) == 1 && scope == '1' && !gcg__names_tracer)
    syscall (SYS_prctl, PR_SET_PTRACER, (long)pid, 0, 0, 0);
  raw_close (fd);
}

/* Could it be started?  A program with more rights than its caller starts none. */
static bool
is_possible (void)
{
  return !gcg__confined && getauxval (AT_SECURE) == 0;
}

/* Converses on FD until it is known whether this process may be stopped. */
static bool
greet (int fd, struct gcg_error *why)
{
  struct gcg__message message, hello = gcg__wire_message (GCG__HELLO);
  bool answered;

  gcg__wire_text (&hello, PACKAGE_VERSION);
  gcg__outside_describe (&hello);
  answered = gcg__wire_await (fd, GCG__HELLO, START_MS, &message, NULL);
  if (answered)
    {
      let_trace ((pid_t)message.pid);
      answered = gcg__wire_send (fd, &hello, -1)
                 && gcg__wire_await (fd, GCG__STOPS, START_MS, &message, NULL);
    }
  if (!answered)
    gcg__fail (why, GCG_NO_SERVER, "gcglass ended while it was starting");
  else if (message.status != GCG_OK)
    gcg__fail (why, (enum gcg_status)message.status, "%s", message.text);
  may_stop = answered && message.status == GCG_OK;
  return answered;
}

/* Starts it; false: why not.  The mutex is held. */
static bool
start (struct gcg_error *why)
{
  struct stat status;
  int pair[2];

  if (takes_orphans ())
    {
      gcg__fail (why, GCG_UNSUPPORTED, "this process would be given gcglass as a child");
      return false;
    }
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    {
      gcg__fail (why, GCG_SYSTEM, "cannot make a socket: %s", strerror (errno));
      return false;
    }
  int fd = raw_high (pair[0]);
  bool is_started = gcg__spawn_server ("attend", pair[1], why) == GCG_OK;
  close (pair[1]);
  if (is_started && fstat (fd, &status) == 0 && greet (fd, why))
    {
      connection = fd;
      inode = status.st_ino;
      return true;
    }
  close (fd);
  return false;
}

bool
gcg__attendant_ready (void)
{
  struct gcg_error why = { GCG_OK, "" };
  bool is_ready;

  if (!is_possible () || !gcg__outside_is_wanted () || !gcg__outside_has_root ())
    return false;
  pthread_mutex_lock (&mutex);
  is_ready = !is_refused && (is_there () || start (&why)) && may_stop;
  is_refused = !is_ready;
  if (why.status != GCG_OK && !is_said)
    {
      is_said = true;
      dprintf (STDERR_FILENO, "gcglass: snapshots stop the program by signals: %s\n", why.text);
    }
  pthread_mutex_unlock (&mutex);
  return is_ready;
}

#ifdef GCG_MALLOC

enum gcg_status
gcg__attendant_reads (struct gcg_error *error)
{
  struct gcg_error why = { GCG_OK, "" };

  if (!is_possible ())
    return gcg__fail (error, GCG_UNSUPPORTED,
                      "a program that restricts itself, or has more rights than its caller, starts "
                      "no gcglass");
  pthread_mutex_lock (&mutex);
  if (!is_there () && !start (&why))
    gcg__fail (error, why.status, "%s", why.text);
  else
    why.status = GCG_OK;
  pthread_mutex_unlock (&mutex);
  return why.status;
}

#endif

bool
gcg__attendant_send (const struct gcg__message *message, int attached)
{
  bool sent;

  pthread_mutex_lock (&mutex);
  sent = is_there () && gcg__wire_send (connection, message, attached);
  pthread_mutex_unlock (&mutex);
  return sent;
}

void
gcg__attendant_give_up (void)
{
  pthread_mutex_lock (&mutex);
  is_refused = true;
  pthread_mutex_unlock (&mutex);
}

void
gcg__attendant_forget (void)
{
  pthread_mutex_init (&mutex, NULL);
  if (is_there ())
    close (connection);
  connection = -1;
  is_refused = false;
}
