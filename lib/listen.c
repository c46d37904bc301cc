/* listen.c -- see listen.h.
 *
 * A copy of what this process was before it became another program, one that writes a snapshot or a
 * child of clone, may still hold the socket of that name.  So listening is tried again, ever more
 * rarely, for as long as such a copy may live.
 */
#include "listen.h"

#include <stdint.h>
#include <stdio.h>

#include "protocol.h"
#include "raw.h"
#include "wire.h"

#define AGAIN_MS      10
#define AGAIN_MS_MOST 65536 /* a copy that writes a snapshot lives for a minute at most */

static uint64_t again_ms, again_ns; /* of the next try: the wait before it, its end */

static int
listen_as_agent (void)
{
  char name[64];

  snprintf (name, sizeof name, GCG__AGENT_NAME, (int)getpid ());
  return raw_high (gcg__wire_listen (name));
}

int
gcg__listen_begin (void)
{
  again_ms = AGAIN_MS;
  again_ns = raw_now (CLOCK_MONOTONIC) + again_ms * 1000000;
  return listen_as_agent ();
}

int
gcg__listen_again (int *fd, int wait)
{
  uint64_t now = raw_now (CLOCK_MONOTONIC);
  int due;

  if (*fd >= 0 || again_ms > AGAIN_MS_MOST)
    return wait;
  if (now >= again_ns)
    {
      *fd = listen_as_agent ();
      again_ms *= 2;
      again_ns = now + again_ms * 1000000;
    }
  due = (int)((again_ns - now) / 1000000) + 1;
  return *fd >= 0 || (wait >= 0 && wait < due) ? wait : due;
}
