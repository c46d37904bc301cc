/* outside.c -- see outside.h. */
#include "outside.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "offer.h"
#include "raw.h"
#include "wire.h"

#define GREETING_MS 10000
#define ENDING_MS   60000
#define SAMPLING_MS 5000

static bool is_on, is_unwanted;

static enum { WAITING, TAKEN, REFUSED } end_answer; /* read by the agent's thread */

void
gcg__outside_set (const char *way)
{
  is_on = way && strcmp (way, "ptrace") == 0;
  is_unwanted = way && strcmp (way, "signals") == 0;
}

bool
gcg__outside_is_wanted (void)
{
  const char *way = secure_getenv ("GCGLASS_STOP");
  return !is_unwanted && !(way && strcmp (way, "signals") == 0);
}

bool
gcg__outside_has_root (void)
{
  return gcg__agent_root.magic && gcg__agent_root.syscall_ret;
}

bool
gcg__outside_is_on (void)
{
  return is_on && gcg__outside_has_root ();
}

void
gcg__outside_describe (struct gcg__message *hello)
{
  char *at = hello->text + strlen (hello->text);

  hello->flags |= GCG__FLAG_ROOT | (GCG__OUTSIDE_ALL ? 0 : GCG__FLAG_THREAD);
  *at++ = ' ';
  at = gcg__wire_put_address (at, (uintptr_t)&gcg__agent_root);
  *at = 0;
}

void
gcg__outside_announce (struct gcg__message *hello)
{
  if (gcg__outside_is_on ())
    gcg__outside_describe (hello);
}

bool
gcg__outside_greeted (int fd)
{
  struct gcg__message answer;

  return gcg__wire_await (fd, GCG__STOPS, GREETING_MS, &answer, NULL) && answer.status == 0
         && !(answer.flags & GCG__FLAG_THREAD) && GCG__OUTSIDE_ALL;
}

/* Waits until the agent's thread has read the answer. */
static bool
await_thread (void)
{
  const struct timespec moment = { 0, 1000000 };
  int answer;

  for (int i = 0; i < ENDING_MS; i++)
    {
      answer = (int)__atomic_load_n (&end_answer, __ATOMIC_ACQUIRE);
      if (answer != WAITING)
        return answer == TAKEN;
      syscall (SYS_nanosleep, &moment, NULL);
    }
  return false;
}

bool
gcg__outside_end (int fd, bool threaded)
{
  struct gcg__message end = gcg__wire_message (GCG__END);
  int old_errno = errno;
  bool taken;

  __atomic_store_n (&end_answer, WAITING, __ATOMIC_RELEASE);
  end.sequence = (uint32_t)syscall (SYS_gettid);
  taken = gcg__wire_send (fd, &end, -1);
  if (taken && threaded)
    taken = await_thread ();
  else if (taken)
    taken = gcg__wire_await (fd, GCG__END, ENDING_MS, &end, NULL) && end.status == 0;
  errno = old_errno;
  return taken;
}

static bool is_watched; /* a gcglass knows that the program restricts itself */

void
gcg__outside_confine (int fd)
{
  struct gcg__message confine = gcg__wire_message (GCG__CONFINE);
  int old_errno = errno;

  is_watched |= gcg__wire_send (fd, &confine, -1);
  errno = old_errno;
}

void
gcg__outside_end_confined (void)
{
#ifdef GCG_MALLOC
  struct gcg__root_confined *confined = &gcg__agent_root.confined;
  uint32_t watch = __atomic_load_n (&confined->watch, __ATOMIC_ACQUIRE);

  if (!is_watched)
    return;
  __atomic_store_n (&confined->ending_pointer, (uintptr_t)__builtin_thread_pointer (),
                    __ATOMIC_RELEASE);
  for (uint32_t turn = 1; !__atomic_load_n (&confined->is_over, __ATOMIC_ACQUIRE); turn++)
    {
      raw_relax ();
      if (turn % GCG__CONFINED_TURNS != 0)
        continue;
      uint32_t now = __atomic_load_n (&confined->watch, __ATOMIC_ACQUIRE);
      if (now == watch)
        return;
      watch = now;
    }
#endif
}

void
gcg__outside_answered (const struct gcg__message *answer)
{
  __atomic_store_n (&end_answer, answer->status == 0 ? TAKEN : REFUSED, __ATOMIC_RELEASE);
}

/* With the message goes one end of a pipe, which is closed when the counters have been read:
   nothing is to be received, for which the agent's thread or one that ends the program may wait. */
void
gcg__outside_sample (int fd, const char *description)
{
  struct gcg__message sample = gcg__wire_message (GCG__SAMPLE);
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) != 0)
    return;
  gcg__wire_text (&sample, description);
  bool sent = gcg__wire_send (fd, &sample, ends[1]);
  struct pollfd wait = { ends[0], POLLIN, 0 };
  close (ends[1]);
  while (sent && poll (&wait, 1, SAMPLING_MS) < 0 && errno == EINTR)
    ;
  close (ends[0]);
}

void
gcg__outside_check (int fd)
{
  struct gcg__message check = gcg__wire_message (GCG__CHECK);
  gcg__wire_send (fd, &check, -1);
}
