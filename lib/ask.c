/* ask.c -- see ask.h. */
#include "ask.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "agent.h"
#include "attendant.h"
#include "capture.h"
#include "control.h"
#include "fail.h"
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
ask_message (const ucontext_t *caller, uint32_t flags, const char *description)
{
  struct gcg__message ask = gcg__wire_message (GCG__ASK);
  char *at = gcg__wire_put_address (ask.text, (uintptr_t)caller);
  size_t room = sizeof ask.text - 2 - (size_t)(at - ask.text);

  ask.flags = flags;
  ask.sequence = (uint32_t)syscall (SYS_gettid);
  *at++ = ' ';
  memcpy (at, description, strnlen (description, room));
  return ask;
}

/* Sends MESSAGE, an ASK, with the descriptor THERE (taken) and waits at HERE for the answer, which
   takes its place. */
static enum answer
converse (struct gcg__message *message, int here, int there, int *fd)
{
  int client = gcg__control_outside ();
  sigset_t signals;
  bool sent, copied;
  struct gcg__message word;

  gcg__thread_hold_signals (&signals);
  sent = client >= 0 ? gcg__wire_send (client, message, there)
                     : gcg__attendant_send (message, there);
  close (there);
  copied = sent && gcg__wire_await (here, GCG__ASK, COPY_MS, &word, NULL);
  pthread_sigmask (SIG_SETMASK, &signals, NULL);
  if (!copied || !gcg__wire_await (here, GCG__SNAPSHOT, WALK_MS, message, fd))
    return GONE;
  return message->status == GCG_OK ? TAKEN : REFUSED;
}

static enum answer
ask_once (struct gcg__message *message, int *fd)
{
  enum answer answer;
  int pair[2];

  if (gcg__control_outside () < 0 && !gcg__attendant_ready ())
    return REFUSED;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return REFUSED;
  int here = raw_high (pair[0]), there = raw_high (pair[1]);
  answer = converse (message, here, there, fd);
  close (here);
  return answer;
}

/* Asks for a snapshot with FLAGS; the answer is in MESSAGE, what came with it, or -1, in *FD.  One
   that has just ended because it had nothing to do is no failure: another is asked. */
static bool
ask_outside (const ucontext_t *caller, uint32_t flags, const char *description,
             struct gcg__message *message, int *fd)
{
  enum answer answer = GONE;
  int cancel_state, old_errno = errno;

  *fd = -1;
  gcg__agent_ready ();
#ifndef GCG_MALLOC
  gcg__tls_note ();
#endif
  pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &cancel_state);
  for (int i = 0; i < 2 && answer == GONE; i++)
    {
      *message = ask_message (caller, flags, description);
      answer = ask_once (message, fd);
    }
  if (answer == GONE)
    gcg__attendant_give_up ();
  pthread_setcancelstate (cancel_state, NULL);
  errno = old_errno;
  return answer == TAKEN;
}

/* --- from inside --- */

#ifdef GCG_MALLOC

/* Sends the raw DUMP to who is there to read it, and waits for what is made of it with FLAGS; as
   above. */
static enum gcg_status
read_dump (int dump, uint32_t flags, const char *description, struct gcg__message *message, int *fd,
           struct gcg_error *error)
{
  int pair[2], client = gcg__control_outside ();
  bool made;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return gcg__fail (error, GCG_SYSTEM, "cannot make a socket: %s", strerror (errno));
  int here = raw_high (pair[0]), there = raw_high (pair[1]);
  *message = gcg__wire_message (GCG__ASK);
  message->flags = flags | GCG__FLAG_DUMP;
  made = client >= 0 ? gcg__wire_send (client, message, there)
                     : gcg__attendant_send (message, there);
  close (there);
  message->type = GCG__SNAPSHOT;
  message->flags = GCG__FLAG_DUMP;
  gcg__wire_text (message, description);
  made = made && gcg__wire_send (here, message, dump)
         && gcg__wire_await (here, GCG__SNAPSHOT, WALK_MS, message, fd);
  close (here);
  if (!made)
    return gcg__fail (error, GCG_NO_SERVER, "gcglass ended while it read the program's memory");
  if (message->status != GCG_OK)
    return gcg__fail (error, (enum gcg_status)message->status, "%s", message->text);
  return GCG_OK;
}

/* Takes a raw dump and has it read; the answer is in MESSAGE and *FD, as above. */
static enum gcg_status
dump_inside (uint32_t flags, const char *description, struct gcg__message *message, int *fd,
             struct gcg_error *error)
{
  int dump;
  enum gcg_status status = gcg__control_outside () >= 0 ? GCG_OK : gcg__attendant_reads (error);

  *fd = -1;
  if (status == GCG_OK)
    status = gcg__capture (description, false, &dump, error);
  if (status != GCG_OK)
    return status;
  status = read_dump (dump, flags, description, message, fd, error);
  close (dump);
  return status;
}

static enum gcg_status
take_inside (const char *description, int *fd, struct gcg_error *error)
{
  struct gcg__message answer;
  enum gcg_status status = dump_inside (0, description, &answer, fd, error);

  if (status == GCG_OK && *fd < 0)
    return gcg__fail (error, GCG_CORRUPT, "the snapshot came without its file");
  return status;
}

static enum gcg_status
count_inside (uint64_t *objects, uint64_t *bytes, struct gcg_error *error)
{
  struct gcg__message answer;
  int fd;
  enum gcg_status status = dump_inside (GCG__FLAG_COUNT, "", &answer, &fd, error);

  if (status == GCG_OK && fd >= 0)
    close (fd);
  if (status == GCG_OK)
    gcg__wire_get_count (&answer, objects, bytes);
  return status;
}

#else

static enum gcg_status
take_inside (const char *description, int *fd, struct gcg_error *error)
{
  return gcg__capture (description, false, fd, error);
}

static enum gcg_status
count_inside (uint64_t *objects, uint64_t *bytes, struct gcg_error *error)
{
  return gcg__capture_leaks (objects, bytes, error);
}

#endif

/* --- one way or the other --- */

enum gcg_status
gcg__take (const ucontext_t *caller, const char *description, int *fd, uint32_t *flags,
           struct gcg_error *error)
{
  const char *text = description ? description : "";
  struct gcg__message answer;
  int file;
  bool taken = ask_outside (caller, 0, text, &answer, &file) && file >= 0;

  if (flags)
    *flags = taken ? 0 : GCG__CAPTURE_FLAGS;
  if (taken)
    {
      *fd = file;
      return GCG_OK;
    }
  /* Whom it is sent to reads a dump as well. */
  return flags ? gcg__capture (description, false, fd, error) : take_inside (text, fd, error);
}

enum gcg_status
gcg__count_leaks (const ucontext_t *caller, uint64_t *objects, uint64_t *bytes,
                  struct gcg_error *error)
{
  struct gcg__message answer;
  int file;
  bool counted = ask_outside (caller, GCG__FLAG_COUNT, "", &answer, &file)
                 && (answer.flags & GCG__FLAG_COUNT);

  if (file >= 0)
    close (file);
  if (!counted)
    return count_inside (objects, bytes, error);
  gcg__wire_get_count (&answer, objects, bytes);
  return GCG_OK;
}
