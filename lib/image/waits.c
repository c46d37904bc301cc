/* waits.c -- see waits.h. */
#include <config.h>

#include "image/waits.h"

#include <string.h>

#include "image/limit.h"
#include "image/stop.h"
#include "image/vma.h"

#define MS INT64_C (1000000)
/* By how much the scheduler's clock may be ahead of CLOCK_MONOTONIC, which is slewed by at most
   1 in 2,000; a part of what it says. */
#define SLEW_PART 1024

static struct gcg__wait *
place (struct gcg__waits *waits, pid_t tid)
{
  return &waits->table[(unsigned)tid % GCG__WAITS];
}

void
gcg__waits_begin (struct gcg__waits *waits)
{
  waits->look++;
  waits->libc_low = waits->libc_high = 0;
}

/* Reads where the C library's code is. */
static void
find_libc (struct gcg__waits *waits, pid_t pid)
{
  struct gcg__vmas vmas;
  waits->libc_low = waits->libc_high = 1; /* nowhere */
  if (gcg__vmas_read (pid, &vmas, NULL) != GCG_OK)
    return;
  for (size_t i = 0; i < vmas.n; i++)
    {
      const struct gcg__vma *vma = &vmas.items[i];
      const char *slash = strrchr (vma->name, '/');
      if (vma->is_file && vma->is_executable && slash != NULL
          && (strncmp (slash, "/libc.so.", 9) == 0 || strncmp (slash, "/libc-2.", 8) == 0))
        {
          waits->libc_low = vma->low;
          waits->libc_high = vma->high;
        }
    }
  gcg__vmas_fini (&vmas);
}

void
gcg__waits_look (struct gcg__waits *waits, pid_t pid, pid_t tid,
                 const struct gcg__proc_status *status)
{
  struct gcg__wait *wait = place (waits, tid);
  struct gcg__wait found
      = { .tid = tid, .look = waits->look, .n_switches = status->n_switches, .note_ns = -1 };
  long call;
  uint64_t sp, pc;
  if (status->state != 'S' || !gcg__proc_call (pid, tid, &call, &sp, &pc) || !gcg__limit_has (call)
      || !gcg__proc_ran (pid, tid, &found.started, &found.cpu))
    return;
  if (wait->tid == tid && wait->started == found.started && wait->n_switches == found.n_switches
      && wait->since_ns != 0)
    {
      wait->look = waits->look;
      return;
    }
  uint64_t n_switches;
  if (!gcg__proc_note (pid, tid, &found.note_ns, &n_switches) || n_switches != found.n_switches)
    found.note_ns = -1;
  if (waits->libc_high == 0)
    find_libc (waits, pid);
  found.is_in_libc = pc >= waits->libc_low && pc < waits->libc_high;
  *wait = found;
}

struct gcg__wait *
gcg__waits_woken (struct gcg__waits *waits, pid_t pid, pid_t tid,
                  const struct gcg__proc_status *status)
{
  struct gcg__wait *wait = place (waits, tid);
  uint64_t started, n_switches;
  int64_t note_ns;
  int cpu;
  /* It has given up its processor once more, for the stop. */
  if (wait->tid != tid || wait->look != waits->look || status->n_switches != wait->n_switches + 1)
    return NULL;
  if (wait->since_ns != 0)
    return wait;
  wait->since_ns = gcg__now_ns ();
  if (wait->note_ns >= 0 && gcg__proc_ran (pid, tid, &started, &cpu) && cpu == wait->cpu
      && gcg__proc_note (pid, tid, &note_ns, &n_switches) && note_ns > wait->note_ns)
    {
      int64_t waited_ns = note_ns - wait->note_ns;
      waited_ns -= waited_ns / SLEW_PART + MS;
      wait->since_ns -= waited_ns > 0 ? waited_ns : 0;
    }
  return wait;
}

struct gcg__wait *
gcg__waits_found (struct gcg__waits *waits, pid_t pid, pid_t tid,
                  const struct gcg__proc_status *status, uint64_t pc)
{
  struct gcg__wait *wait = place (waits, tid);
  *wait = (struct gcg__wait){ .tid = tid,
                              .look = waits->look,
                              .n_switches = status->n_switches - 1,
                              .note_ns = -1,
                              .since_ns = gcg__now_ns () };
  if (!gcg__proc_ran (pid, tid, &wait->started, &wait->cpu))
    return NULL;
  if (waits->libc_high == 0)
    find_libc (waits, pid);
  wait->is_in_libc = pc >= waits->libc_low && pc < waits->libc_high;
  return wait;
}

void
gcg__waits_resume (struct gcg__waits *waits, pid_t tid, const struct gcg__proc_status *status)
{
  struct gcg__wait *wait = place (waits, tid);
  if (wait->tid == tid && wait->look == waits->look)
    wait->n_switches = status->n_switches + 1;
}
