/* rootwalk.c -- see rootwalk.h.
 *
 * Threads are listed from /proc/PID/task of the live process: one that has started since the world
 * stood still has no note and counts as unknown, one that has gone is not listed, and its stack, if
 * the collector scanned it, is the difference that the analysis reports.  In malloc mode they are
 * those that have been stopped: one that has exited since may have held the only pointer to an
 * object.
 *
 * In a copy made from outside libgc has stopped no thread: those count as stopped that it knows,
 * with what it would scan of them.
 */
#include "rootwalk.h"

#include <dirent.h>
#include <string.h>

#include "collector.h"
#include "heapwalk.h"
#include "maps.h"
#include "tag.h"
#include "thread.h"
#include "excluded.h"
#include "peek.h"
#include "trace.h"
#include "words.h"

#define MOST_REGISTERS 32
#define XSTATE_MAGIC   0x46505853u /* FP_XSTATE_MAGIC1: arch/x86/include/uapi/asm/sigcontext.h */
#define MOST_STACK     (UINT64_C (1) << 20)  /* bytes kept of one thread's */
#define MOST_STACKS    (UINT64_C (64) << 20) /* and of all */

/* The registers of CONTEXT by DWARF number; returns their number. */
static uint32_t
registers_stopped (const ucontext_t *context, uint64_t registers[MOST_REGISTERS])
{
#if defined __x86_64__
  static const uint8_t dwarf[]
      = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
          REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
  for (uint32_t i = 0; i < sizeof dwarf; i++)
    registers[i] = (uint64_t)context->uc_mcontext.gregs[dwarf[i]];
  return sizeof dwarf;
#elif defined __aarch64__
  for (uint32_t i = 0; i < 31; i++)
    registers[i] = context->uc_mcontext.regs[i];
  registers[31] = context->uc_mcontext.sp;
  return 32;
#endif
}

static void
note_context_stopped (struct gcg__thread *thread, const ucontext_t *context)
{
  registers_stopped (context, thread->registers);
#if defined __x86_64__
  thread->pc = thread->registers[16];
  thread->sp = thread->registers[7];
  thread->fp = thread->registers[6];
#elif defined __aarch64__
  thread->pc = context->uc_mcontext.pc;
  thread->sp = thread->registers[31];
  thread->fp = thread->registers[29];
#endif
}

/* Where the first thread's stack began, when the program did.  What is above are its arguments and
   its environment. */
extern void *__libc_stack_end;

/* Copies the innermost part of THREAD's stack, so that it can be unwound where there are symbols.
   The environment, which may hold passwords, is no part of it. */
static void
copy_stack_stopped (struct gcg__freeze *freeze, uint32_t index, const struct gcg__thread *thread)
{
  struct column *stacks = COLUMN (freeze, STACKS);
  uint64_t low = thread->stack_low & ~UINT64_C (7);
  uint64_t begin = (uint64_t)(uintptr_t)__libc_stack_end;
  uint64_t high = begin > low && begin < thread->stack_high ? begin : thread->stack_high;
  uint64_t bytes = high > low ? high - low : 0;
  const struct map *map = gcg__maps_find_stopped (freeze, low);

  bytes = bytes < MOST_STACK ? bytes : MOST_STACK;
  if (!map || !map->readable || stacks->n * 8 + bytes > MOST_STACKS)
    return;
  bytes = bytes < map->high - low ? bytes : map->high - low;
  struct gcg__stack_piece piece
      = { .low = low, .first = stacks->n, .n = (uint32_t)(bytes / 8), .thread = index };
  uint64_t *words = column_reserve_stopped (stacks, sizeof *words, piece.n, &freeze->error);
  if (!words)
    return;
  memcpy (words, (const void *)(uintptr_t)low, piece.n * sizeof *words);
  stacks->n += piece.n;
  COLUMN_PUSH (COLUMN (freeze, STACK_PIECES), struct gcg__stack_piece, piece, &freeze->error);
}

/* Is a word that leads to the object with WORD a root?  The collector has marked what it takes for
   one. */
static inline bool
counts_stopped (uint64_t word)
{
  return word >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED;
}

/* May words of MAP be roots?  The program may have made its data read-only; the collector takes
   none that is. */
static inline bool
is_root_map (const struct map *map)
{
  return map->readable && map->writable;
}

/* The word at AT of REGION leads to OBJECT, which has just been resolved. */
static void
add_root_stopped (struct gcg__freeze *freeze, uint32_t object, uint32_t region, uint64_t at)
{
  struct gcg__root root = { object, region, at };
  COLUMN_PUSH (COLUMN (freeze, ROOTS), struct gcg__root, root, &freeze->error);
}

/* The region with the words [LOW, HIGH); its roots. */
static void
scan_region_stopped (struct gcg__freeze *freeze, uint32_t kind, uint32_t index, uint64_t low,
                     uint64_t high)
{
  uint32_t region = (uint32_t)COLUMN (freeze, REGIONS)->n;
  struct gcg__region entry = { kind, index, low, high };
  const uint64_t *words = COLUMN (freeze, WORDS)->data;

  COLUMN_PUSH (COLUMN (freeze, REGIONS), struct gcg__region, entry, &freeze->error);
  for (uint64_t at = (low + 7) & ~UINT64_C (7); at + 8 <= high; at += 8)
    {
      uint32_t object;
      if (freeze->tracing)
        {
          gcg__trace_word_stopped (freeze, *(const uint64_t *)(uintptr_t)at);
          continue;
        }
      if (!gcg__heap_resolve_stopped (freeze, *(const uint64_t *)(uintptr_t)at, false, &object)
          || !counts_stopped (words[object]))
        continue;
      add_root_stopped (freeze, object, region, at);
    }
}

void
gcg__roots_scan_stopped (struct gcg__freeze *freeze, uint32_t kind, uint32_t index, uint64_t low,
                         uint64_t high)
{
  while (low < high)
    {
      const struct map *map = gcg__maps_find_stopped (freeze, low);
      uint64_t end = map && map->high < high ? map->high : high;
      if (!map)
        {
          low = gcg__maps_next_stopped (freeze, low);
          continue;
        }
      if (is_root_map (map))
        scan_region_stopped (freeze, kind, index, low,
                             map->is_file ? gcg__readable_end_stopped (low, end) : end);
      low = end;
    }
}

/* The same of data that the collector is to scan, but for what the program has excluded of it. */
static void
scan_data_stopped (struct gcg__freeze *freeze, uint32_t kind, uint32_t index, uint64_t low,
                   uint64_t high)
{
  uint32_t n;
  const struct gcg__range *excluded = gcg__excluded_stopped (&n);

  while (low < high)
    {
      struct gcg__range next = { high, high };
      for (uint32_t i = 0; i < n; i++)
        if (excluded[i].high > low && excluded[i].low < next.low)
          next = excluded[i];
      gcg__roots_scan_stopped (freeze, kind, index, low, next.low);
      low = next.high;
    }
}

/* Does the collector scan modules' data at LOW? */
static inline bool
is_scanned (const struct gcg__freeze *freeze, uint64_t low)
{
  return !(freeze->settings->noted.flags & GCG__SETTING_NO_DLS)
         && !gcg__excluded_refused_stopped (low);
}

/* Writable data of module INDEX: a root area unless the module is libgc or holds this code. */
static void
module_data_stopped (struct gcg__freeze *freeze, uint32_t index, uint64_t low, uint64_t high)
{
  const struct gcg__module *module
      = (const struct gcg__module *)COLUMN (freeze, MODULES)->data + index;
  uint64_t collector = (uintptr_t)&GC_base, own = (uintptr_t)&gcg__roots_stopped;

  if ((collector >= module->low && collector < module->high)
      || (own >= module->low && own < module->high) || !is_scanned (freeze, low))
    return;
  scan_data_stopped (freeze, GCG__REGION_STATIC, index, low, high);
}

/* The same of a thread that was stopped from outside. */
static void
given_names_stopped (struct gcg__freeze *freeze, struct gcg__thread *thread)
{
  const struct gcg__walk_thread *threads
      = (const struct gcg__walk_thread *)(uintptr_t)freeze->walk->threads;

  for (uint32_t i = 0; i < freeze->walk->n_threads; i++)
    if (threads[i].tid == thread->tid)
      {
        thread->state = threads[i].state;
        thread->name = gcg__freeze_text_stopped (freeze, threads[i].name);
        return;
      }
}

/* Name and state of thread TID, from the live process: it may have gone on, or away. */
static void
thread_names_stopped (struct gcg__freeze *freeze, struct gcg__thread *thread)
{
  char path[64], task[64], stat[512];
  int fd;
  long n;

  gcg__path (task, sizeof task, "/proc/", (uint64_t)freeze->pid, "/task/");
  gcg__path (path, sizeof path, task, thread->tid, "/stat");
  fd = raw_open (path, O_RDONLY);
  if (fd < 0)
    return;
  n = raw_read (fd, stat, sizeof stat - 1);
  raw_close (fd);
  if (n <= 0)
    return;
  stat[n] = 0;
  /* "tid (name) S ...": the name may hold parentheses. */
  char *begin = strchr (stat, '('), *end = strrchr (stat, ')');
  if (!begin || !end || end[1] != ' ')
    return;
  thread->state = (unsigned char)end[2];
  *end = 0;
  thread->name = gcg__freeze_text_stopped (freeze, begin + 1);
}

static const struct gcg__stopped *
find_stopped (const struct gcg__stopped *stopped, uint32_t n, uint64_t tid)
{
  for (uint32_t i = 0; i < n; i++)
    if (stopped[i].tid == tid)
      return &stopped[i];
  return NULL;
}

/* The registers of thread INDEX as a root area. */
static void
register_roots_stopped (struct gcg__freeze *freeze, uint32_t index,
                        const uint64_t registers[MOST_REGISTERS])
{
  uint32_t region = (uint32_t)COLUMN (freeze, REGIONS)->n, object;
  struct gcg__region entry = { GCG__REGION_REGISTERS, index, 0, MOST_REGISTERS };
  const uint64_t *words = COLUMN (freeze, WORDS)->data;

  COLUMN_PUSH (COLUMN (freeze, REGIONS), struct gcg__region, entry, &freeze->error);
  for (uint32_t i = 0; i < MOST_REGISTERS && freeze->tracing; i++)
    gcg__trace_word_stopped (freeze, registers[i]);
  for (uint32_t i = 0; i < MOST_REGISTERS && !freeze->tracing; i++)
    if (gcg__heap_resolve_stopped (freeze, registers[i], false, &object)
        && counts_stopped (words[object]))
      add_root_stopped (freeze, object, region, i);
}

void
gcg__vectors_stopped (struct gcg__freeze *freeze, uint32_t index, const ucontext_t *context)
{
#if defined __x86_64__
  const char *saved = (const char *)context->uc_mcontext.fpregs;
  uint32_t bytes = 512;
  if (!saved)
    return;
  /* Behind the legacy area's last 48 bytes the kernel says how much it has saved in all. */
  if (*(const uint32_t *)(const void *)(saved + 464) == XSTATE_MAGIC)
    bytes = *(const uint32_t *)(const void *)(saved + 480);
  bytes = bytes < 16384 ? bytes : 512;
#else
  const char *saved = (const char *)&context->uc_mcontext.__reserved;
  uint32_t bytes = sizeof context->uc_mcontext.__reserved;
#endif
  gcg__roots_scan_stopped (freeze, GCG__REGION_STACK, index, (uintptr_t)saved,
                           (uintptr_t)saved + bytes);
}

/* Would libgc stop THREAD, with thread pointer POINTER?  Its marker threads stand in its tables,
   too, but not as the program's. */
static bool
is_known_stopped (struct gcg__freeze *freeze, const struct gcg__thread *thread, uint64_t pointer)
{
  const char *name = (const char *)COLUMN (freeze, STRINGS)->data + thread->name;

  return strncmp (name, "GC-marker-", 10) != 0 && gcg__heap_has_thread_stopped (freeze, pointer);
}

/* What libgc scans of a thread that it has stopped: its stack, down to what the handler of a signal
   would leave alone, from where libgc takes it to begin; the registers that the kernel saves for
   such a handler. */
static void
thread_areas_stopped (struct gcg__freeze *freeze, uint32_t index, const struct gcg__thread *thread,
                      const struct gcg__stopped *note)
{
  uint64_t low = thread->stack_low, high = thread->stack_high, end = 0;
  uint64_t pointer = note ? note->thread_pointer : freeze->collecting_pointer;
  const struct map *map = gcg__maps_find_stopped (freeze, low);

  if ((freeze->walk || freeze->tracing) && map)
    end = gcg__heap_stack_end_stopped (freeze, pointer, low, map->high);
  if (freeze->walk && note)
    low -= GCG__RED_ZONE;
  gcg__roots_scan_stopped (freeze, GCG__REGION_STACK, index, low, end ? end : high);
  if (freeze->walk && note)
    gcg__vectors_stopped (freeze, index, note->context);
}

/* One thread of the process; its stack and registers are root areas when the collector stopped it.
 */
static void
thread_stopped (struct gcg__freeze *freeze, uint64_t tid, const struct gcg__stopped *stopped,
                uint32_t n_stopped)
{
  const struct gcg__stopped *note
      = tid == (uint64_t)freeze->collecting_tid ? NULL : find_stopped (stopped, n_stopped, tid);
  struct gcg__thread thread = { .tid = (uint32_t)tid };
  uint32_t index = (uint32_t)COLUMN (freeze, THREADS)->n;
  const struct map *stack;

  if (freeze->walk)
    given_names_stopped (freeze, &thread);
  else
    thread_names_stopped (freeze, &thread);
  if (freeze->walk && note && !is_known_stopped (freeze, &thread, note->thread_pointer))
    note = NULL;
  if (tid == (uint64_t)freeze->agent_tid)
    thread.flags |= GCG__THREAD_AGENT;
  if (tid == (uint64_t)freeze->collecting_tid)
    {
      thread.flags |= GCG__THREAD_COLLECTING;
      note_context_stopped (&thread, freeze->context);
      thread.sp = freeze->stack_low;
    }
  else if (note)
    {
      thread.flags |= GCG__THREAD_STOPPED;
      note_context_stopped (&thread, note->context);
    }
  stack = thread.sp ? gcg__maps_find_stopped (freeze, thread.sp) : NULL;
  if (stack)
    {
      uint64_t top = note ? note->thread_pointer : freeze->collecting_pointer;
      thread.stack_low = thread.sp;
      /* The stack of a thread that pthread_create made ends at its control block. */
      thread.stack_high
          = !stack->is_stack && top > thread.sp && top < stack->high ? top : stack->high;
    }
  COLUMN_PUSH (COLUMN (freeze, THREADS), struct gcg__thread, thread, &freeze->error);
  if (!stack || (thread.flags & GCG__THREAD_AGENT))
    return;
  copy_stack_stopped (freeze, index, &thread);
  thread_areas_stopped (freeze, index, &thread, note);
  if (note)
    register_roots_stopped (freeze, index, thread.registers);
}

/* All threads that have been stopped, which are all there were; by now some may have gone. */
static void
noted_threads_stopped (struct gcg__freeze *freeze)
{
  uint32_t n;
  const struct gcg__stopped *stopped = gcg__thread_stopped (&n);

  if (freeze->collecting_tid)
    thread_stopped (freeze, (uint64_t)freeze->collecting_tid, stopped, n);
  for (uint32_t i = 0; i < n; i++)
    if (stopped[i].tid != (uint64_t)freeze->collecting_tid)
      thread_stopped (freeze, stopped[i].tid, stopped, n);
}

/* All threads that /proc lists; those the collector has stopped are among them. */
static void
listed_threads_stopped (struct gcg__freeze *freeze)
{
  struct entry64
  {
    uint64_t inode;
    int64_t offset;
    unsigned short bytes;
    unsigned char type;
    char name[];
  };
  char path[64], buffer[4096] __attribute__ ((aligned (8)));
  uint32_t n_stopped;
  const struct gcg__stopped *stopped = gcg__thread_stopped (&n_stopped);
  int fd;
  long n;

  gcg__path (path, sizeof path, "/proc/", (uint64_t)freeze->pid, "/task");
  fd = raw_open (path, O_RDONLY | O_DIRECTORY);
  if (fd < 0)
    return;
  while ((n = syscall (SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
    for (long at = 0; at < n;)
      {
        const struct entry64 *entry = (const struct entry64 *)(buffer + at);
        uint64_t tid = 0;
        for (const char *c = entry->name; *c >= '0' && *c <= '9'; c++)
          tid = tid * 10 + (uint64_t)(*c - '0');
        if (tid)
          thread_stopped (freeze, tid, stopped, n_stopped);
        at += entry->bytes;
      }
  raw_close (fd);
}

void
gcg__roots_stopped (struct gcg__freeze *freeze)
{
  uint32_t n;
  const struct gcg__range *ranges = gcg__collector_ranges_stopped (&n);

  gcg__modules_stopped (freeze, module_data_stopped);
  for (uint32_t i = 0; i < n; i++)
    scan_data_stopped (freeze, GCG__REGION_EXPLICIT, 0, ranges[i].low, ranges[i].high);
  if (freeze->walk)
    noted_threads_stopped (freeze);
  else
    listed_threads_stopped (freeze);
}
