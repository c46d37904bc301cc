/* threads.c -- see threads.h.  Mappings that lie side by side look like one in /proc, so what the C
 * library keeps of other threads also ends a stack, and begins one. */
#include "config.h"

#include "image/threads.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/room.h"

#if defined __x86_64__
#define RED_ZONE 128u /* bytes below the stack pointer that a function may use */
#else
#define RED_ZONE 0u
#endif

struct reading
{
  const struct gcg__vmas *vmas;
  const struct gcg__tls *tls;
  pid_t pid;
  struct gcg__stacks *stacks;
  uint32_t room;
};

/* Where in [ADDRESS, HIGH) the first thread's own data begin; HIGH: none do.  0: they hold ADDRESS.
 */
static uint64_t
next_data (const struct gcg__tls *tls, uint64_t address, uint64_t high)
{
  for (size_t i = 0; i < tls->n_threads; i++)
    {
      const struct gcg__tls_thread *thread = &tls->threads[i];
      if (thread->low <= address && address < thread->high)
        return 0;
      if (thread->low > address)
        return thread->low < high ? thread->low : high;
    }
  return high;
}

/* Where from ADDRESS down to LOW the last thread's own data end; LOW: none do. */
static uint64_t
previous_data (const struct gcg__tls *tls, uint64_t address, uint64_t low)
{
  for (size_t i = 0; i < tls->n_threads && tls->threads[i].low < address; i++)
    if (tls->threads[i].high > low && tls->threads[i].high <= address)
      low = tls->threads[i].high;
  return low;
}

static bool
add_stack (struct reading *reading, struct gcg__stack stack)
{
  struct gcg__stacks *stacks = reading->stacks;

  stack.low &= ~UINT64_C (7);
  stack.high &= ~UINT64_C (7);
  if (stack.low >= stack.high)
    return true;
  if (!gcg__room_for_one (&stacks->items, (uint32_t)stacks->n, &reading->room,
                          sizeof *stacks->items))
    return false;
  stacks->items[stacks->n++] = stack;
  return true;
}

/* The stack that SP is in. */
static bool
add_current (struct reading *reading, uint32_t index, uint64_t sp)
{
  const struct gcg__vma *map = gcg__vmas_find (reading->vmas, sp);
  uint64_t high;

  if (!map || !map->is_readable)
    return true;
  high = map->is_stack ? map->high : next_data (reading->tls, sp, map->high);
  return add_stack (reading,
                    (struct gcg__stack){ .low = sp - map->low > RED_ZONE ? sp - RED_ZONE : map->low,
                                         .high = high ? high : map->high,
                                         .sp = sp,
                                         .thread = index });
}

/* The stack that the kernel or pthread_create has given to THREAD, number INDEX, when SP is not in
   it. */
static bool
add_left (struct reading *reading, uint32_t index, const struct gcg__frozen_thread *thread)
{
  const struct gcg__tls_thread *own = gcg__tls_find (reading->tls, index);
  const struct gcg__vmas *vmas = reading->vmas;
  uint64_t low = 0, high = 0;

  if (thread->tid == reading->pid)
    {
      for (size_t i = 0; i < vmas->n; i++)
        if (vmas->items[i].is_stack)
          {
            low = vmas->items[i].low;
            high = vmas->items[i].high;
          }
    }
  else if (own)
    {
      const struct gcg__vma *map = gcg__vmas_find (vmas, own->low - 1);
      high = own->low;
      low = map && map->is_readable && map->is_writable && !map->is_file && !map->is_stack
                ? previous_data (reading->tls, own->low, map->low)
                : high;
    }
  if (thread->sp >= low && thread->sp < high)
    return true;
  return add_stack (
      reading, (struct gcg__stack){ .low = low, .high = high, .thread = index, .is_left = true });
}

enum gcg_status
gcg__stacks_read (const struct gcg__memory_image *image, pid_t pid,
                  const struct gcg__frozen_thread *threads, size_t n_threads,
                  const struct gcg__tls *tls, struct gcg__stacks *stacks, struct gcg_error *error)
{
  struct gcg__stacks found = { 0 };
  struct reading reading = { gcg__image_vmas (image), tls, pid, &found, 0 };

  for (uint32_t i = 0; i < n_threads; i++)
    if (threads[i].sp
        && (!add_current (&reading, i, threads[i].sp) || !add_left (&reading, i, &threads[i])))
      {
        gcg__stacks_fini (&found);
        return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the stacks of a process");
      }
  *stacks = found;
  return GCG_OK;
}

void
gcg__stacks_fini (struct gcg__stacks *stacks)
{
  free (stacks->items);
  *stacks = (struct gcg__stacks){ 0 };
}
