/* outside.c -- see outside.h.
 *
 * What the agent needs to know of the threads is laid out behind one another in a mapping that is
 * made in the copy: the order, the description, the table of threads, and for each thread its
 * registers as the kernel lays them out for a signal handler, vector registers included.
 *
 * A process that has been stopped while one of its threads was inside libgc is let go at once, and
 * stopped again at once, then after 1, 2, 4, 4, 4, ... ms: a copy of it would not be whole.
 *
 * The heap of the agent for malloc is read from here: of the copy or, where there can be none
 * (lib/image/freeze.h), of the process while it stands.  That of the collector is walked by the
 * agent's code in the copy.
 */
#include "config.h"

#include "link/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "image/freeze.h"
#include "image/proc.h"
#include "link/read.h"

#define WALK_MS      60000
#define CALL_MS      5000
#define MOST_TRIES   250 /* at once, after 1, 2, 4, 4, 4 ... ms: a second in all */
#define MOST_DOUBLED 2
#define MOST_HIDDEN  (UINT64_C (1) << 30)
#define MOST_RANGES  65536u
#define VECTOR_ALIGN 64u
#define PAGE_BYTES   UINT64_C (4096)
#define LEGACY_BYTES 512u /* of the registers' area as FXSAVE writes it */

/* What is read while the process stands. */
struct range
{
  uint64_t low, high;
};

struct standing
{
  const struct gcg__outside_ask *ask;
  const struct gcg__agent_root *root;
  int mem; /* /proc/PID/mem */
  struct range *ranges;
  uint32_t n_ranges;
  char *hidden; /* what is in RANGES, one after the other */
  uint64_t hidden_bytes;
};

/* Files of /proc, as texts. */
enum text
{
  MAPS,
  EXE,
  COMMAND_LINE,
  STATUS,
  STAT,
  SMAPS,
  N_TEXTS
};

struct taking
{
  const struct gcg__outside_ask *ask;
  struct gcg__agent_root root;
  struct standing standing;
  struct gcg__frozen *frozen;
  char *texts[N_TEXTS];
  struct gcg__walk walk;
  uint64_t place;                       /* of WALK in the copy */
  struct gcg__agent_snapshot *snapshot; /* read while the process stood; NULL: there is a copy */
};

/* --- the process --- */

bool
gcg__outside_is_wanted (void)
{
  const char *way = secure_getenv ("GCGLASS_STOP");
  return way == NULL || strcmp (way, "signals") != 0;
}

/* Reads the root structure.  A process that has executed another program, or is about to, has none
   where it was. */
static enum gcg_status
read_root (struct taking *taking, struct gcg_error *error)
{
  const struct gcg__agent_root *root = &taking->root;
  if (pread (taking->standing.mem, &taking->root, sizeof *root, (off_t)taking->ask->root)
          != (ssize_t)sizeof *root
      || root->magic != GCG__ROOT_MAGIC)
    return gcg__error_write (error, GCG_NOT_FOUND,
                             "process %d has ended, or executed another program",
                             (int)taking->ask->pid);
  if (root->version != GCG__ROOT_VERSION || root->bytes < sizeof *root)
    return gcg__error_write (error, GCG_UNSUPPORTED,
                             "process %d: its agent is of another version of gcglass",
                             (int)taking->ask->pid);
  return GCG_OK;
}

/* --- while it stands --- */

/* What is born from now on is younger than the copy. */
static void
age_births (const struct standing *standing)
{
  uint32_t birth;
  off_t at = (off_t)standing->root->birth;
  if (at == 0)
    return;
  if (pread (standing->mem, &birth, sizeof birth, at) != (ssize_t)sizeof birth)
    return;
  birth++;
  (void)!pwrite (standing->mem, &birth, sizeof birth, at);
}

/* Reads the table of what children do not inherit, as far as there is room for it. */
static void
read_ranges (struct standing *standing)
{
  struct gcg__root_table table;
  if (standing->root->hidden == 0
      || pread (standing->mem, &table, sizeof table, (off_t)standing->root->hidden)
             != (ssize_t)sizeof table
      || table.n == 0 || table.n > MOST_RANGES)
    return;
  standing->ranges = calloc (table.n, sizeof *standing->ranges);
  if (standing->ranges == NULL)
    return;
  ssize_t got = pread (standing->mem, standing->ranges, table.n * sizeof *standing->ranges,
                       (off_t)table.ranges);
  uint32_t n = got > 0 ? (uint32_t)((size_t)got / sizeof *standing->ranges) : 0;
  uint64_t bytes = 0;
  for (; standing->n_ranges < n; standing->n_ranges++)
    {
      const struct range *range = &standing->ranges[standing->n_ranges];
      if (range->high - range->low > MOST_HIDDEN - bytes)
        break;
      bytes += range->high - range->low;
    }
  standing->hidden_bytes = bytes;
}

/* Reads what the copy does not have; what cannot be read stays zero. */
static void
read_hidden (struct standing *standing)
{
  uint64_t at = 0;
  read_ranges (standing);
  if (standing->hidden_bytes == 0)
    return;
  standing->hidden = mmap (NULL, standing->hidden_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (standing->hidden == MAP_FAILED)
    standing->hidden = NULL;
  for (uint32_t i = 0; i < standing->n_ranges && standing->hidden != NULL; i++)
    for (uint64_t page = standing->ranges[i].low; page < standing->ranges[i].high;
         page += PAGE_BYTES, at += PAGE_BYTES)
      (void)!pread (standing->mem, standing->hidden + at, PAGE_BYTES, (off_t)page);
}

static enum gcg_status
fail_torn (pid_t pid, struct gcg_error *error)
{
  return gcg__error_write (error, GCG_BUSY,
                           "process %d: a thread has been changing the heap each time: try again",
                           (int)pid);
}

/* GCG_BUSY: a thread is changing the heap. */
static enum gcg_status
look (void *context, struct gcg_error *error)
{
  const struct standing *standing = context;
  const uint64_t places[]
      = { standing->ask->root + offsetof (struct gcg__agent_root, in_libgc), standing->root->lock };
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    {
      int32_t word = 0;
      if (places[i] == 0)
        continue;
      if (pread (standing->mem, &word, sizeof word, (off_t)places[i]) != (ssize_t)sizeof word)
        return gcg__error_write (error, GCG_SYSTEM, "cannot read process %d: %s",
                                 (int)standing->ask->pid, strerror (errno));
      if (word != 0)
        return fail_torn (standing->ask->pid, error);
    }
  return GCG_OK;
}

/* Lets the caller know. */
static void
tell_standing (const struct standing *standing)
{
  if (standing->ask->standing != NULL)
    standing->ask->standing (standing->ask->context, standing->mem);
}

static void
on_standing (void *context, const struct gcg__frozen *frozen)
{
  struct standing *standing = context;
  if (frozen->copy == 0)
    return;
  age_births (standing);
  read_hidden (standing);
  tell_standing (standing);
}

static void
forget_standing (struct standing *standing)
{
  if (standing->hidden != NULL)
    munmap (standing->hidden, standing->hidden_bytes);
  free (standing->ranges);
  standing->ranges = NULL;
  standing->hidden = NULL;
  standing->hidden_bytes = standing->n_ranges = 0;
}

/* --- the copy --- */

static enum gcg_status
fail_opaque (const struct taking *taking, struct gcg_error *error)
{
  return gcg__error_write (error, GCG_UNSUPPORTED,
                           "process %d: only its collector knows what is alive",
                           (int)taking->ask->pid);
}

/* Asks the agent what it makes of the copy: GCG_BUSY, GCG_UNSUPPORTED. */
static enum gcg_status
check (struct taking *taking, struct gcg_error *error)
{
  const uint64_t none[6] = { 0 };
  uint64_t state = GCG__COPY_OPAQUE;
  if (taking->root.check == 0)
    return GCG_OK;
  if (taking->frozen->copy != 0)
    {
      enum gcg_status status
          = gcg__frozen_call (taking->frozen, taking->root.check, none, &state, CALL_MS, error);
      if (status != GCG_OK)
        return status;
    }
  if (taking->ask->is_opaque != NULL)
    *taking->ask->is_opaque = state != GCG__COPY_WHOLE;
  return state == GCG__COPY_WHOLE  ? GCG_OK
         : state == GCG__COPY_TORN ? fail_torn (taking->ask->pid, error)
                                   : fail_opaque (taking, error);
}

/* Makes one copy, or stops the process where there can be none.  GCG_BUSY: to be tried again, for
   it is not whole, or the process is still being let go from the stop before. */
static enum gcg_status
copy_once (struct taking *taking, const struct gcg__freeze_ask *ask, struct gcg_error *error)
{
  struct gcg_error gone;
  enum gcg_status status = gcg__freeze (ask, &taking->frozen, error);
  if (status != GCG_OK)
    {
      if (read_root (taking, &gone) == GCG_NOT_FOUND && error != NULL)
        *error = gone;
      return error != NULL ? error->status : status;
    }
  return check (taking, error);
}

/* Makes a copy that is whole, or stops the process when it is. */
static enum gcg_status
copy (struct taking *taking, struct gcg_error *error)
{
  const struct gcg__agent_root *root = &taking->root;
  struct gcg__freeze_ask ask
      = { .pid = taking->ask->pid,
          .scratch = root->scratch,
          .scratch_bytes = root->scratch_bytes,
          .syscall_ret = root->syscall_ret,
          .restorer = root->restorer,
          .look = look,
          .standing = on_standing,
          .vectors = true,
          .ends = taking->ask->ending_tid != 0 || taking->ask->ending_pointer != 0,
          .waits = taking->ask->waits,
          .context = &taking->standing };
  enum gcg_status status = GCG_BUSY;
  for (int i = 0; i < MOST_TRIES && status == GCG_BUSY; i++)
    {
      int doubled = i - 2 < MOST_DOUBLED ? i - 2 : MOST_DOUBLED;
      struct timespec pause = { 0, i > 1 ? 1000000L << doubled : 0 };
      nanosleep (&pause, NULL);
      gcg__frozen_drop (taking->frozen);
      taking->frozen = NULL;
      forget_standing (&taking->standing);
      status = copy_once (taking, &ask, error);
    }
  return status;
}

#if defined __x86_64__
static const uint8_t dwarf_registers[]
    = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
        REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
#endif

/* The registers of THREAD at AT, which is ADDRESS in the copy; behind them its vector registers. */
static void
lay_out_thread (const struct gcg__frozen_thread *thread, char *at, uint64_t address)
{
  ucontext_t *context = (void *)at;
#if defined __x86_64__
  uint64_t vectors = address + (sizeof *context + VECTOR_ALIGN - 1) / VECTOR_ALIGN * VECTOR_ALIGN;
  for (size_t i = 0; i < sizeof dwarf_registers; i++)
    context->uc_mcontext.gregs[dwarf_registers[i]] = (greg_t)thread->registers[i];
  context->uc_mcontext.gregs[REG_RSP] = (greg_t)thread->sp;
  context->uc_mcontext.gregs[REG_RIP] = (greg_t)thread->pc;
  if (thread->n_vectors >= LEGACY_BYTES)
    {
      context->uc_mcontext.fpregs = (fpregset_t)(uintptr_t)vectors;
      memcpy (at + (vectors - address), thread->vectors, thread->n_vectors);
    }
#else
  for (size_t i = 0; i < 31; i++)
    context->uc_mcontext.regs[i] = thread->registers[i];
  context->uc_mcontext.sp = thread->sp;
  context->uc_mcontext.pc = thread->pc;
  (void)address;
#endif
}

/* Bytes of what lay_out_thread writes. */
static size_t
thread_bytes (const struct gcg__frozen_thread *thread)
{
  size_t bytes = sizeof (ucontext_t) + VECTOR_ALIGN + thread->n_vectors;
  return (bytes + VECTOR_ALIGN - 1) / VECTOR_ALIGN * VECTOR_ALIGN;
}

/* Maps BYTES in the copy at PLACE, or where the kernel chooses (0); returns where, 0 with ERROR. */
static uint64_t
map_in_copy (struct taking *taking, uint64_t place, size_t bytes, struct gcg_error *error)
{
  const uint64_t arguments[6]
      = { place,
          bytes,
          PROT_READ | PROT_WRITE,
          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (place != 0 ? MAP_FIXED : 0),
          (uint64_t)-1,
          0 };
  int64_t result = 0;
  if (gcg__frozen_call_system (taking->frozen, SYS_mmap, arguments, &result, CALL_MS, error)
      != GCG_OK)
    return 0;
  if (result >= 0 || result < -4095)
    return (uint64_t)result;
  gcg__error_write (error, GCG_NO_MEMORY, "no memory in the copy: %s", strerror ((int)-result));
  return 0;
}

static bool
write_to_copy (struct taking *taking, uint64_t address, const void *bytes, size_t n,
               struct gcg_error *error)
{
  if (gcg__frozen_write (taking->frozen, address, bytes, n) == (ssize_t)n)
    return true;
  gcg__error_write (error, GCG_SYSTEM, "cannot write to the copy: %s", strerror (errno));
  return false;
}

/* Puts the hidden pages where they were, before the copy maps anything else there. */
static bool
show_hidden (struct taking *taking, struct gcg_error *error)
{
  const struct standing *standing = &taking->standing;
  const char *at = standing->hidden;
  for (uint32_t i = 0; i < standing->n_ranges && at != NULL; i++)
    {
      uint64_t low = standing->ranges[i].low, bytes = standing->ranges[i].high - low;
      if (map_in_copy (taking, low, bytes, error) == 0
          || !write_to_copy (taking, low, at, bytes, error))
        return false;
      at += bytes;
    }
  return true;
}

/* --- the thread that asks --- */

/* The registers of CONTEXT, as if THREAD had been stopped there. */
static void
set_registers (struct gcg__frozen_thread *thread, const ucontext_t *context)
{
  memset (thread->registers, 0, sizeof thread->registers);
#if defined __x86_64__
  for (size_t i = 0; i < sizeof dwarf_registers; i++)
    thread->registers[i] = (uint64_t)context->uc_mcontext.gregs[dwarf_registers[i]];
  thread->sp = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
  thread->pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
  thread->fp = (uint64_t)context->uc_mcontext.gregs[REG_RBP];
#else
  for (size_t i = 0; i < 31; i++)
    thread->registers[i] = context->uc_mcontext.regs[i];
  thread->sp = thread->registers[31] = context->uc_mcontext.sp;
  thread->pc = context->uc_mcontext.pc;
  thread->fp = context->uc_mcontext.regs[29];
#endif
}

/* The thread that asks stands where it called the agent: what the agent has put on the stack since
   keeps nothing.  It waits, so the process still has what it has noted. */
static enum gcg_status
place_asking (const struct taking *taking, struct gcg_error *error)
{
  const struct gcg__outside_ask *ask = taking->ask;
  const struct gcg__frozen *frozen = taking->frozen;
  ucontext_t context;
  size_t i = 0;
  if (ask->asking_tid == 0)
    return GCG_OK;
  while (i < frozen->n_threads && frozen->threads[i].own_tid != ask->asking_tid)
    i++;
  if (i == frozen->n_threads
      || pread (taking->standing.mem, &context, sizeof context, (off_t)ask->asking_context)
             != (ssize_t)sizeof context)
    return gcg__error_write (error, GCG_NOT_FOUND, "process %d: the thread that asks is not there",
                             (int)ask->pid);
  set_registers (&frozen->threads[i], &context);
  frozen->threads[i].n_vectors = 0;
  return GCG_OK;
}

/* --- what the kernel says --- */

/* Reads what is to be known of the process before it is stopped. */
static void
read_texts (struct taking *taking)
{
  static const char *const files[N_TEXTS] = {
    [COMMAND_LINE] = "cmdline", [STATUS] = "status", [STAT] = "stat", [SMAPS] = "smaps_rollup"
  };
  char path[64];
  for (int i = 0; i < N_TEXTS; i++)
    if (files[i] != NULL)
      {
        snprintf (path, sizeof path, "/proc/%d/%s", (int)taking->ask->pid, files[i]);
        taking->texts[i] = gcg__proc_text (path);
      }
  char exe[4096];
  snprintf (path, sizeof path, "/proc/%d/exe", (int)taking->ask->pid);
  ssize_t n = readlink (path, exe, sizeof exe - 1);
  taking->texts[EXE] = strndup (exe, n > 0 ? (size_t)n : 0);
}

static bool
has_texts (const struct taking *taking, struct gcg_error *error)
{
  for (int i = 0; i < N_TEXTS; i++)
    if (i != MAPS && taking->texts[i] == NULL)
      {
        gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
        return false;
      }
  return true;
}

/* The program's limits of memory are not meant for us. */
static void
lift_limits (pid_t copy)
{
  static const int resources[] = { RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE };
  struct rlimit limit;
  for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
    if (prlimit (copy, resources[i], NULL, &limit) == 0)
      {
        limit.rlim_cur = limit.rlim_max;
        prlimit (copy, resources[i], &limit, NULL);
      }
}

/* --- what the walk is given --- */

/* Gives the copy the list of its mappings, with that of what is laid out for it: vector registers
   are looked at there. */
static bool
give_maps (struct taking *taking, struct gcg_error *error)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/maps", (int)taking->frozen->copy);
  taking->texts[MAPS] = gcg__proc_text (path);
  if (taking->texts[MAPS] == NULL)
    {
      gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
      return false;
    }
  size_t bytes = strlen (taking->texts[MAPS]) + 1;
  taking->walk.maps = map_in_copy (taking, 0, bytes, error);
  return taking->walk.maps != 0
         && write_to_copy (taking, taking->walk.maps, taking->texts[MAPS], bytes, error);
}

/* Lays out what the walk is to know at AT, which is zero, and ADDRESS in the copy. */
static void
lay_out (struct taking *taking, char *at, uint64_t address)
{
  const struct gcg__frozen *frozen = taking->frozen;
  struct gcg__walk *walk = &taking->walk;
  struct gcg__walk_thread *threads = (void *)(at + sizeof *walk);
  size_t used = sizeof *walk + frozen->n_threads * sizeof *threads;
  walk->threads = address + sizeof *walk;
  walk->n_threads = (uint32_t)frozen->n_threads;
  walk->description = address + used;
  strcpy (at + used, taking->ask->description);
  used += strlen (taking->ask->description) + 1;
  uint64_t *const places[N_TEXTS] = { [EXE] = &walk->exe,
                                      [STATUS] = &walk->status,
                                      [COMMAND_LINE] = &walk->command_line,
                                      [STAT] = &walk->stat,
                                      [SMAPS] = &walk->smaps };
  for (int i = 0; i < N_TEXTS; i++)
    {
      if (places[i] == NULL)
        continue;
      *places[i] = address + used;
      strcpy (at + used, taking->texts[i]);
      used += strlen (taking->texts[i]) + 1;
    }
  used = (used + VECTOR_ALIGN - 1) / VECTOR_ALIGN * VECTOR_ALIGN;
  for (size_t i = 0; i < frozen->n_threads; i++)
    {
      const struct gcg__frozen_thread *thread = &frozen->threads[i];
      threads[i] = (struct gcg__walk_thread){ .tid = (uint64_t)thread->own_tid,
                                              .context = address + used,
                                              .thread_pointer = thread->thread_pointer,
                                              .state = (unsigned char)thread->state };
      memcpy (threads[i].name, thread->name, sizeof threads[i].name);
      lay_out_thread (thread, at + used, address + used);
      used += thread_bytes (thread);
    }
  memcpy (at, walk, sizeof *walk);
}

/* Writes into the copy what the walk is to know. */
static enum gcg_status
prepare (struct taking *taking, struct gcg_error *error)
{
  const struct gcg__frozen *frozen = taking->frozen;
  size_t bytes = sizeof taking->walk + frozen->n_threads * sizeof (struct gcg__walk_thread)
                 + strlen (taking->ask->description) + 1 + VECTOR_ALIGN;
  lift_limits (frozen->copy);
  if (!show_hidden (taking, error) || !has_texts (taking, error))
    return error->status;
  for (size_t i = 0; i < frozen->n_threads; i++)
    bytes += thread_bytes (&frozen->threads[i]);
  for (int i = 0; i < N_TEXTS; i++)
    bytes += i == MAPS ? 0 : strlen (taking->texts[i]) + 1;
  char *area = calloc (1, bytes);
  if (area == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  taking->place = map_in_copy (taking, 0, bytes, error);
  bool ok = taking->place != 0 && give_maps (taking, error);
  if (ok)
    {
      lay_out (taking, area, taking->place);
      ok = write_to_copy (taking, taking->place, area, bytes, error);
    }
  free (area);
  return ok ? GCG_OK : error->status;
}

/* --- read from here --- */

/* What the copy does not have; the caller frees its items.  NULL items: no memory. */
static struct gcg__memory_buffers
list_hidden (const struct standing *standing)
{
  uint32_t n = standing->hidden != NULL ? standing->n_ranges : 0;
  struct gcg__memory_buffer *items = calloc (n + 1, sizeof *items);
  const char *at = standing->hidden;
  for (uint32_t i = 0; items != NULL && i < n; i++)
    {
      const struct range *range = &standing->ranges[i];
      items[i] = (struct gcg__memory_buffer){ range->low, at, range->high - range->low };
      at += items[i].n;
    }
  return (struct gcg__memory_buffers){ items, n };
}

/* Reads the snapshot from the memory of the copy, or of the process, which stands. */
static enum gcg_status
read_snapshot (struct taking *taking, struct gcg_error *error)
{
  const struct gcg__frozen *frozen = taking->frozen;
  const struct gcg__memory_buffers hidden = list_hidden (&taking->standing);
  struct gcg__agent_ask ask = { .root = taking->ask->root,
                                .calling = (pid_t)taking->walk.calling_tid,
                                .ends = taking->walk.calling_tid != 0 && taking->walk.goes_on == 0,
                                .description = taking->ask->description,
                                .program = taking->texts[EXE],
                                .command_line = taking->texts[COMMAND_LINE],
                                .status = taking->texts[STATUS],
                                .stat = taking->texts[STAT],
                                .smaps = taking->texts[SMAPS],
                                .requested_ns = taking->walk.requested_ns,
                                .monotonic_ns = gcg__clock_ns (CLOCK_MONOTONIC),
                                .realtime_ns = gcg__clock_ns (CLOCK_REALTIME) };
  if (hidden.items == NULL || !has_texts (taking, error))
    {
      free ((void *)hidden.items);
      return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
    }
  ask.stop_ns = frozen->copy != 0 ? frozen->stopped_ns - frozen->clone_ns
                                  : ask.monotonic_ns - frozen->since_ns;
  enum gcg_status status
      = gcg__read_frozen (frozen, taking->standing.mem, &hidden, &ask, &taking->snapshot, error);
  free ((void *)hidden.items);
  return status;
}

/* The same of the process; then it goes on. */
static enum gcg_status
read_standing (struct taking *taking, struct gcg_error *error)
{
  uint64_t since_ns = taking->frozen->since_ns;
  enum gcg_status status = read_snapshot (taking, error);
  if (status == GCG_OK)
    {
      age_births (&taking->standing);
      tell_standing (&taking->standing);
    }
  gcg__frozen_drop (taking->frozen);
  taking->frozen = NULL;
  taking->walk.pause_ns = gcg__clock_ns (CLOCK_MONOTONIC) - since_ns;
  return status;
}

/* --- what comes out --- */

/* Opens the copy's descriptor FD. */
static enum gcg_status
open_snapshot (const struct taking *taking, int *fd, struct gcg_error *error)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/fd/%d", (int)taking->frozen->copy, (int)taking->walk.fd);
  *fd = open (path, O_RDONLY | O_CLOEXEC);
  return *fd >= 0 ? GCG_OK
                  : gcg__error_write (error, GCG_SYSTEM, "cannot open the snapshot: %s",
                                      strerror (errno));
}

/* Runs the walk in the copy. */
static enum gcg_status
walk (struct taking *taking, struct gcg_error *error)
{
  const uint64_t arguments[6] = { taking->place };
  uint64_t result = 0;
  enum gcg_status status
      = gcg__frozen_call (taking->frozen, taking->root.walk, arguments, &result, WALK_MS, error);
  if (status != GCG_OK)
    return status;
  if ((uint32_t)result != 0)
    return gcg__error_write (error, GCG_SYSTEM, "cannot write the snapshot: %s",
                             strerror ((int)(uint32_t)result));
  if (gcg__frozen_read (taking->frozen, taking->place, &taking->walk, sizeof taking->walk)
      != (ssize_t)sizeof taking->walk)
    return gcg__error_write (error, GCG_SYSTEM, "cannot read the copy: %s", strerror (errno));
  return GCG_OK;
}

/* Runs the walk in the copy and opens what it has written. */
static enum gcg_status
walk_copy (struct taking *taking, int *fd, struct gcg_error *error)
{
  struct gcg__walk *order = &taking->walk;
  order->monotonic_ns = gcg__clock_ns (CLOCK_MONOTONIC);
  order->realtime_ns = gcg__clock_ns (CLOCK_REALTIME);
  order->pause_ns = taking->frozen->stopped_ns;
  order->stop_ns = taking->frozen->stopped_ns - taking->frozen->clone_ns;
  enum gcg_status status = prepare (taking, error);
  if (status == GCG_OK)
    status = walk (taking, error);
  if (status == GCG_OK)
    status = open_snapshot (taking, fd, error);
  return status;
}

/* The number, as the process sees it, of the thread that ends it; 0: none. */
static pid_t
ending_thread (const struct taking *taking)
{
  const struct gcg__frozen *frozen = taking->frozen;
  for (size_t i = 0; i < frozen->n_threads && taking->ask->ending_pointer != 0; i++)
    if (frozen->threads[i].thread_pointer == taking->ask->ending_pointer)
      return frozen->threads[i].own_tid;
  return taking->ask->ending_tid;
}

/* All of it, with the process's memory open. */
static enum gcg_status
take (struct taking *taking, int *fd, struct gcg_error *error)
{
  const struct gcg__outside_ask *ask = taking->ask;
  struct gcg__walk *order = &taking->walk;
  order->requested_ns = gcg__clock_ns (CLOCK_MONOTONIC);
  enum gcg_status status = read_root (taking, error);
  if (status == GCG_OK)
    {
      read_texts (taking);
      status = copy (taking, error);
    }
  if (status == GCG_OK)
    status = place_asking (taking, error);
  if (status == GCG_OK)
    {
      order->goes_on = ask->asking_tid != 0;
      order->calling_tid = (uint32_t)(order->goes_on ? ask->asking_tid : ending_thread (taking));
    }
  if (status == GCG_OK && taking->frozen->copy == 0)
    status = read_standing (taking, error);
  if (ask->released != NULL)
    ask->released (ask->context, status == GCG_OK);
  if (status != GCG_OK)
    return status;
  if (taking->snapshot == NULL && taking->root.walk != 0)
    return walk_copy (taking, fd, error);
  if (taking->snapshot == NULL)
    {
      order->pause_ns = taking->frozen->stopped_ns;
      status = read_snapshot (taking, error);
    }
  return status == GCG_OK ? gcg__read_save (taking->snapshot, order->pause_ns, fd, error) : status;
}

enum gcg_status
gcg__outside_take (const struct gcg__outside_ask *ask, int *fd, struct gcg_error *error)
{
  struct taking taking = { .ask = ask };
  taking.standing.ask = ask;
  taking.standing.root = &taking.root;
  taking.standing.mem = gcg__proc_open_memory (ask->pid, O_RDWR);
  if (taking.standing.mem < 0)
    {
      enum gcg_status status
          = errno == ENOENT || errno == ESRCH
                ? gcg__error_write (error, GCG_NOT_FOUND, "there is no process %d", (int)ask->pid)
                : gcg__error_write (error, GCG_DISABLED, "process %d may not be traced: %s",
                                    (int)ask->pid, strerror (errno));
      if (ask->released != NULL)
        ask->released (ask->context, false);
      return status;
    }
  enum gcg_status status = take (&taking, fd, error);
  gcg__frozen_drop (taking.frozen);
  gcg__agent_snapshot_free (taking.snapshot);
  forget_standing (&taking.standing);
  for (int i = 0; i < N_TEXTS; i++)
    free (taking.texts[i]);
  close (taking.standing.mem);
  return status;
}
