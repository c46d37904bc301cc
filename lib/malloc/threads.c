/* threads.c -- see threads.h: pthread_create and those that end what it begins.
 *
 * A note is found by the thread's id.  Who of the two comes first, the thread or its maker, enters
 * it there and in the program's variable: before the thread's function runs and before
 * pthread_create returns, and never again, because the variable may be gone as soon as one of them
 * goes on.  An id may be given again once pthread_join has returned, so its note is looked for
 * before.
 *
 * Notes are never freed; they are few, and used again.
 */
#include "threads.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "agent_root.h"
#include "arena.h"
#include "blocks.h"
#include "callers.h"
#include "keys.h"
#include "lookup.h"
#include "regions.h"
#include "visible.h"

#define NOTES 64 /* in a chunk */

enum state
{
  UNUSED,
  MADE,    /* HELD is its argument */
  RUNNING, /* nothing is held */
  ENDED    /* HELD is its result */
};

struct note
{
  void *(*start) (void *);
  void *held;
  pthread_t *place; /* the program's variable, until it has been filled */
  pthread_t id;
  uint64_t serial;
  enum state state;
  bool detached;
};

static struct chunk
{
  struct chunk *next; /* the first member: agent_root.h */
  struct note notes[NOTES];
} * chunks;

static uint64_t serials;
static gcg__lock notes_lock = GCG__LOCK_INIT;
static _Thread_local struct note *own;

GCG__BEHIND (pthread_create);
GCG__BEHIND (pthread_exit);
GCG__BEHIND (pthread_join);
GCG__BEHIND (pthread_tryjoin_np);
GCG__BEHIND (pthread_timedjoin_np);
GCG__BEHIND (pthread_clockjoin_np);
GCG__BEHIND (pthread_detach);

/* The best note for WANTED: one whose serial is lowest.  The lock is held. */
static struct note *
find (bool (*wanted) (const struct note *, pthread_t), pthread_t id)
{
  struct note *best = NULL;

  for (struct chunk *chunk = chunks; chunk; chunk = chunk->next)
    for (int i = 0; i < NOTES; i++)
      if (wanted (&chunk->notes[i], id) && (!best || chunk->notes[i].serial < best->serial))
        best = &chunk->notes[i];
  return best;
}

static bool
is_unused (const struct note *note, pthread_t unused)
{
  (void)unused;
  return note->state == UNUSED;
}

static bool
is_of (const struct note *note, pthread_t id)
{
  return note->state != UNUSED && !note->place && note->id == id;
}

/* A note that is filled with WANTED; NULL: no memory. */
static struct note *
take (struct note wanted)
{
  struct note *note;

  gcg__lock_take (&notes_lock);
  note = find (is_unused, 0);
  if (!note)
    {
      struct chunk *chunk = gcg__arena_take (sizeof *chunk);
      if (chunk)
        {
          chunk->next = chunks;
          __atomic_store_n (&chunks, chunk, __ATOMIC_RELEASE);
          note = &chunk->notes[0];
        }
    }
  wanted.serial = ++serials;
  if (note)
    *note = wanted;
  gcg__lock_give (&notes_lock);
  return note;
}

/* The thread of NOTE has ended with RESULT. */
static void
end (struct note *note, void *result)
{
  gcg__lock_take (&notes_lock);
  note->held = note->detached ? NULL : result;
  note->state = note->detached ? UNUSED : ENDED;
  gcg__lock_give (&notes_lock);
}

/* NOTE, which is still the one of SERIAL, is that of thread ID.  The lock is held. */
static void
enter (struct note *note, uint64_t serial, pthread_t id)
{
  if (note->serial != serial || !note->place)
    return;
  *note->place = note->id = id;
  note->place = NULL;
}

static void *
run (void *data)
{
  struct note *note = data;
  void *argument, *result;

  own = note;
  gcg__lock_take (&notes_lock);
  enter (note, note->serial, pthread_self ());
  gcg__lock_give (&notes_lock);
  /* At last, so that it does not stay in a register that calls preserve. */
  argument = note->held;
  note->state = RUNNING;
  result = note->start (argument);
  end (note, result);
  gcg__keys_leave ();
  gcg__blocks_leave ();
  return result;
}

API int
pthread_create (pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                void *(*start) (void *), void *restrict argument)
{
  int status, detached = PTHREAD_CREATE_JOINABLE;
  struct note *note;
  uint64_t serial;
  pthread_t id;

  if (gcg__caller_is (GCG__AGENT, (uintptr_t)__builtin_return_address (0)))
    {
      gcg__malloc_for_agent (true);
      status = BEHIND (pthread_create) (thread, attributes, start, argument);
      gcg__malloc_for_agent (false);
      return status;
    }
  if (attributes)
    pthread_attr_getdetachstate (attributes, &detached);
  note = take ((struct note){ .start = start,
                              .held = argument,
                              .place = thread,
                              .state = MADE,
                              .detached = detached == PTHREAD_CREATE_DETACHED });
  if (!note)
    return BEHIND (pthread_create) (thread, attributes, start, argument);
  serial = note->serial;
  status = BEHIND (pthread_create) (&id, attributes, run, note);
  gcg__lock_take (&notes_lock);
  if (status == 0)
    enter (note, serial, id);
  else
    *note = (struct note){ .state = UNUSED };
  gcg__lock_give (&notes_lock);
  return status;
}

API void
pthread_exit (void *result)
{
  if (own)
    end (own, result);
  own = NULL;
  gcg__keys_leave ();
  gcg__blocks_leave ();
  BEHIND (pthread_exit) (result);
  __builtin_unreachable ();
}

/* The note of thread ID and its serial, before it is joined. */
static struct note *
before_join (pthread_t id, uint64_t *serial)
{
  struct note *note;

  gcg__lock_take (&notes_lock);
  note = find (is_of, id);
  *serial = note ? note->serial : 0;
  gcg__lock_give (&notes_lock);
  return note;
}

/* The thread of NOTE, which was that of SERIAL, has been joined if STATUS is 0. */
static int
joined (int status, struct note *note, uint64_t serial)
{
  if (status != 0 || !note)
    return status;
  gcg__lock_take (&notes_lock);
  if (note->serial == serial)
    {
      note->held = NULL;
      note->state = UNUSED;
    }
  gcg__lock_give (&notes_lock);
  return status;
}

API int
pthread_join (pthread_t thread, void **result)
{
  uint64_t serial;
  struct note *note = before_join (thread, &serial);

  return joined (BEHIND (pthread_join) (thread, result), note, serial);
}

API int
pthread_tryjoin_np (pthread_t thread, void **result)
{
  uint64_t serial;
  struct note *note = before_join (thread, &serial);

  return joined (BEHIND (pthread_tryjoin_np) (thread, result), note, serial);
}

API int
pthread_timedjoin_np (pthread_t thread, void **result, const struct timespec *until)
{
  uint64_t serial;
  struct note *note = before_join (thread, &serial);

  return joined (BEHIND (pthread_timedjoin_np) (thread, result, until), note, serial);
}

API int
pthread_clockjoin_np (pthread_t thread, void **result, clockid_t clock,
                      const struct timespec *until)
{
  uint64_t serial;
  struct note *note = before_join (thread, &serial);

  return joined (BEHIND (pthread_clockjoin_np) (thread, result, clock, until), note, serial);
}

API int
pthread_detach (pthread_t thread)
{
  struct note *note;
  uint64_t serial;
  int status;

  note = before_join (thread, &serial);
  status = BEHIND (pthread_detach) (thread);
  if (status != 0)
    return status;
  gcg__lock_take (&notes_lock);
  if (note && note->serial == serial)
    {
      note->detached = true;
      if (note->state == ENDED)
        {
          note->held = NULL;
          note->state = UNUSED;
        }
    }
  gcg__lock_give (&notes_lock);
  return status;
}

void
gcg__threads_show (struct gcg__root_areas *areas)
{
  areas->notes = (uintptr_t)&chunks;
  areas->n_notes = NOTES;
  areas->note_first = offsetof (struct chunk, notes);
  areas->note_bytes = sizeof (struct note);
  areas->note_held = offsetof (struct note, held);
  areas->note_state = offsetof (struct note, state);
  areas->note_made = MADE;
  areas->note_ended = ENDED;
}

void
gcg__threads_forget (void)
{
  for (struct chunk *chunk = chunks; chunk; chunk = chunk->next)
    for (int i = 0; i < NOTES; i++)
      if (&chunk->notes[i] != own)
        chunk->notes[i] = (struct note){ .state = UNUSED };
}
