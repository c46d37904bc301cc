/* gc_module.c -- see gc_module.h.
 *
 * The lock is found by what it holds: while this thread has it, one word of libgc's data is the
 * number of this thread between a lock that is taken and the count of its users, as a
 * pthread_mutex_t has them; afterwards it is not.  Where there is no such word, or there are
 * several, the lock is not known: another kind of lock, another C library.
 *
 * The table of mark procedures is found by adding one and looking for it: where it stands, with
 * the number that it has been given, is where the table begins.
 */
#include "gc_module.h"

#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#include "gc_calls.h"
#include "raw.h"

/* pthread_mutex_t: bits/struct_mutex.h */
struct mutex
{
  int32_t lock;
  uint32_t count;
  int32_t owner;
  uint32_t users;
};
_Static_assert(offsetof (pthread_mutex_t, __data.__lock) == offsetof (struct mutex, lock)
                   && offsetof (pthread_mutex_t, __data.__owner) == offsetof (struct mutex, owner)
                   && offsetof (pthread_mutex_t, __data.__nusers) == offsetof (struct mutex, users),
               "a mutex as the C library has it");

#define MOST_AREAS 8

static struct
{
  uint64_t low, high; /* of the module */
  struct
  {
    uint64_t low, high;
  } data[MOST_AREAS]; /* what is writable of it */
  uint32_t n_data;
  const struct mutex *lock; /* NULL: not known */
} module;

/* Notes the module if it holds libgc's code.  In the program itself its code cannot be told from
   the program's. */
static int
note_module (struct dl_phdr_info *info, size_t size, void *unused)
{
  uint64_t code = (uintptr_t)&GC_base, low = UINT64_MAX, high = 0;
  bool has = false;
  (void)size;
  (void)unused;

  for (int i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *phdr = &info->dlpi_phdr[i];
      uint64_t begin = info->dlpi_addr + phdr->p_vaddr, end = begin + phdr->p_memsz;
      if (phdr->p_type != PT_LOAD)
        continue;
      has = has || (code >= begin && code < end);
      low = begin < low ? begin : low;
      high = end > high ? end : high;
    }
  if (!has || !info->dlpi_name || !info->dlpi_name[0])
    return has;
  module.low = low;
  module.high = high;
  for (int i = 0; i < info->dlpi_phnum && module.n_data < MOST_AREAS; i++)
    {
      const ElfW (Phdr) *phdr = &info->dlpi_phdr[i];
      uint64_t begin = (info->dlpi_addr + phdr->p_vaddr + 7) & ~UINT64_C (7);
      if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_W))
        continue;
      module.data[module.n_data].low = begin;
      module.data[module.n_data++].high = info->dlpi_addr + phdr->p_vaddr + phdr->p_memsz;
    }
  return 1;
}

/* Stores in FOUND the only mutex of libgc's that this thread holds, NULL when there is none or
   there are several.  With the lock. */
static void *GC_CALLBACK
find_lock (void *found)
{
  const struct mutex **lock = found;
  int32_t tid = (int32_t)syscall (SYS_gettid);
  uint32_t n = 0;

  for (uint32_t i = 0; i < module.n_data; i++)
    for (uint64_t at = module.data[i].low; at + sizeof **lock <= module.data[i].high; at += 8)
      {
        const struct mutex *mutex = (const struct mutex *)(uintptr_t)at;
        if (mutex->owner != tid || mutex->lock == 0 || mutex->count != 0 || mutex->users != 1)
          continue;
        *lock = n++ == 0 ? mutex : NULL;
      }
  return NULL;
}

void
gcg__gc_module_find (void)
{
  const struct mutex *lock = NULL;

  if (module.lock)
    return;
  module.n_data = 0;
  dl_iterate_phdr (note_module, NULL);
  GC_call_with_alloc_lock (find_lock, &lock);
  if (lock && __atomic_load_n (&lock->owner, __ATOMIC_RELAXED) != (int32_t)syscall (SYS_gettid))
    module.lock = lock;
}

bool
gcg__gc_module_is_known (void)
{
  return module.lock != NULL;
}

bool
gcg__gc_is_locked (void)
{
  return __atomic_load_n (&module.lock->lock, __ATOMIC_RELAXED) != 0;
}

uint64_t
gcg__gc_lock_place (void)
{
  return (uintptr_t)&module.lock->lock;
}

bool
gcg__gc_module_has (uint64_t address)
{
  return address >= module.low && address < module.high;
}

bool
gcg__gc_module_data (uint32_t i, uint64_t *low, uint64_t *high)
{
  if (i >= module.n_data)
    return false;
  *low = module.data[i].low;
  *high = module.data[i].high;
  return true;
}

/* Never called: stands in the table of mark procedures. */
static struct GC_ms_entry *
probe (GC_word *object, struct GC_ms_entry *top, struct GC_ms_entry *limit, GC_word environment)
{
  (void)object, (void)limit, (void)environment;
  return top;
}

/* Are the N entries before the one at AT libgc's own? */
static bool
are_own (const uint64_t *at, uint32_t n)
{
  for (uint32_t i = 1; i <= n; i++)
    if (at[-(int64_t)i] && !gcg__gc_module_has (at[-(int64_t)i]))
      return false;
  return true;
}

bool
gcg__gc_marks_alone_stopped (void)
{
  uint64_t ours = (uintptr_t)&probe;
  uint32_t n;

  if (!gcg__gc_module_has ((uintptr_t)GC_get_push_other_roots ()))
    return false;
  n = GC_new_proc_inner (probe);
  for (uint32_t i = 0; i < module.n_data; i++)
    for (uint64_t at = module.data[i].low; at + 8 <= module.data[i].high; at += 8)
      if (*(const uint64_t *)(uintptr_t)at == ours && at >= module.data[i].low + 8 * (uint64_t)n)
        return are_own ((const uint64_t *)(uintptr_t)at, n);
  return false;
}
