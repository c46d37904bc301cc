/* ask.c -- see ask.h. */
#include "ask.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "agent.h"
#include "attendant.h"
#include "capture.h"
#include "control.h"
#ifndef GCG_MALLOC
#include "freeze/tls.h"
#endif
#include "raw.h"
#include "thread.h"
#include "wire.h"

#define COPY_MS 60000
#define WALK_MS 180000

enum answer
{
  TAKEN,
  REFUSED, /* it is to be taken from inside */
  GONE     /* who was asked has ended meanwhile */
};

/* "CONTEXT DESCRIPTION" */
static struct gcg__message
ask_message (const ucontext_t *caller, const char *description)
{
  struct gcg__message ask = gcg__wire_message (GCG__ASK);
  char *at = gcg__wire_put_address (ask.text, (uintptr_t)caller);
  size_t room = sizeof ask.text - 2 - (size_t)(at - ask.text);

  ask.sequence = (uint32_t)syscall (SYS_gettid);
  *at++ = ' ';
  memcpy (at, description, strnlen (description, room));
  return ask;
}

/* Sends ASK with the descriptor THERE (taken) and waits at HERE. */
static enum answer
converse (const struct gcg__message *ask, int here, int there, int *fd)
{
  struct gcg__message answer;
  sigset_t signals;
  int client = gcg__control_outside ();
  bool sent, copied;

  gcg__thread_hold_signals (&signals);
  sent = client >= 0 ? gcg__wire_send (client, ask, there) : gcg__attendant_send (ask, there);
  close (there);
  copied = sent && gcg__wire_await (here, GCG__ASK, COPY_MS, &answer, NULL);
  pthread_sigmask (SIG_SETMASK, &signals, NULL);
  if (!copied || !gcg__wire_await (here, GCG__SNAPSHOT, WALK_MS, &answer, fd))
    return GONE;
  return answer.status == GCG_OK && *fd >= 0 ? TAKEN : REFUSED;
}

static enum answer
ask_once (const struct gcg__message *ask, int *fd)
{
  enum answer answer;
  int pair[2];

  if (gcg__control_outside () < 0 && !gcg__attendant_ready ())
    return REFUSED;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return REFUSED;
  int here = raw_high (pair[0]), there = raw_high (pair[1]);
  answer = converse (ask, here, there, fd);
  close (here);
  return answer;
}

/* One that has just ended because it had nothing to do is no failure: another is asked. */
static bool
ask_outside (const ucontext_t *caller, const char *description, int *fd)
{
  struct gcg__message ask = ask_message (caller, description);
  enum answer answer = ask_once (&ask, fd);

  if (answer == GONE)
    answer = ask_once (&ask, fd);
  if (answer == GONE)
    gcg__attendant_give_up ();
  return answer == TAKEN;
}

enum gcg_status
gcg__take (const ucontext_t *caller, const char *description, int *fd, uint32_t *flags,
           struct gcg_error *error)
{
  int cancel_state, old_errno = errno, file = -1;
  bool taken;

  gcg__agent_ready ();
#ifndef GCG_MALLOC
  gcg__tls_note ();
#endif
  pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &cancel_state);
  taken = ask_outside (caller, description ? description : "", &file);
  pthread_setcancelstate (cancel_state, NULL);
  errno = old_errno;
  if (flags)
    *flags = taken ? 0 : GCG__CAPTURE_FLAGS;
  if (!taken)
    return flags ? gcg__capture (description, false, fd, error)
                 : gcg__capture_here (description, fd, error);
  *fd = file;
  return GCG_OK;
}
