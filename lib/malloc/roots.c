/* roots.c -- see roots.h.
 *
 * The collector does not mark in malloc mode: the frozen child does, over the edges that it has
 * just listed.  So the program waits for a clone, not for marking, and what is a root is decided
 * here.
 */
#include "roots.h"

#include "confined.h"
#include "freeze/heapwalk.h"
#include "freeze/keytables.h"
#include "lookup.h"
#include "raw.h"

static uint64_t exit_frame, tls_bytes;
static pid_t exit_thread; /* 0: it may not ask for its number */

void
gcg__exit_note (uint64_t frame)
{
  pid_t thread = gcg__confined ? 0 : (pid_t)syscall (SYS_gettid);
  __atomic_store_n (&exit_thread, thread, __ATOMIC_RELAXED);
  __atomic_store_n (&exit_frame, frame, __ATOMIC_RELEASE);
}

uint64_t
gcg__exit_frame_of (pid_t tid)
{
  uint64_t frame = __atomic_load_n (&exit_frame, __ATOMIC_ACQUIRE);
  return exit_thread == tid ? frame : 0;
}

/* What sanitizers ask, too: there is no public way. */
void
gcg__tls_ask (void)
{
  void (*ask) (size_t * bytes, size_t * alignment);
  size_t bytes = 0, alignment;

  gcg__control_ask ();
  *(void **)&ask = gcg__lookup_private ("_dl_get_tls_static_info");
  if (ask)
    ask (&bytes, &alignment);
  tls_bytes = bytes > gcg__control_bytes ? bytes : gcg__control_bytes;
}

uint64_t
gcg__tls_bytes (void)
{
  return tls_bytes;
}

void
gcg__roots_show (struct gcg__root_areas *areas)
{
  areas->exit_frame = (uintptr_t)&exit_frame;
  areas->exit_thread = (uintptr_t)&exit_thread;
  areas->tls_bytes = tls_bytes;
  areas->control_bytes = gcg__control_bytes;
}

/* Marks OBJECT and puts it on the QUEUE unless that has been done. */
static inline void
reach (struct gcg__freeze *freeze, struct column *queue, uint32_t object)
{
  uint64_t *word = (uint64_t *)COLUMN (freeze, WORDS)->data + object;

  if (*word >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED)
    return;
  *word |= (uint64_t)GCG__OBJECT_MARKED << GCG__WORD_FLAG_SHIFT;
  COLUMN_PUSH (queue, uint32_t, object, &freeze->error);
}

void
gcg__mark_stopped (struct gcg__freeze *freeze)
{
  const struct gcg__root *roots = COLUMN (freeze, ROOTS)->data;
  const uint32_t *targets = COLUMN (freeze, EDGE_TARGETS)->data;
  struct column firsts = { 0 }, queue = { 0 };
  const uint64_t *first = gcg__first_edges_stopped (freeze, &firsts);

  for (uint64_t i = 0; i < COLUMN (freeze, ROOTS)->n && !freeze->error; i++)
    reach (freeze, &queue, roots[i].object);
  for (uint64_t next = 0; next < queue.n && !freeze->error; next++)
    {
      uint32_t object = ((const uint32_t *)queue.data)[next];
      for (uint64_t e = first[object]; e < first[object + 1]; e++)
        reach (freeze, &queue, targets[e]);
    }
  column_fini_stopped (&queue);
  column_fini_stopped (&firsts);
}
