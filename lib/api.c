/* api.c -- the calls of gcglass/gcglass.h that need no server. */
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "ask.h"
#include "base/save.h"
#include "collector.h"
#include "control.h"
#include "fail.h"
#include "gc_calls.h"
#include "gcglass/gcglass.h"
#include "sample/sample.h"

#define CLEARED_WORDS 2048

/* Zeroes the stack that the calls after this one will use: what the program's earlier calls have
   left there, in places that ours do not write to, would be taken for pointers by the collector.
   Called first, from functions that have no more than saved registers on the stack. */
static void __attribute__ ((noinline)) clear_stack_below (void)
{
  uint64_t words[CLEARED_WORDS];
  memset (words, 0, sizeof words);
  __asm__ volatile("" : : "r"(words) : "memory");
}

static enum gcg_status __attribute__ ((noinline))
snapshot_now (const char *description, const ucontext_t *caller, struct gcg_error *error)
{
  uint32_t flags;
  int fd;
  enum gcg_status status = gcg__take (caller, description, &fd, &flags, error);

  if (status != GCG_OK)
    return status;
  gcg__control_publish (fd, description ? description : "", flags);
  close (fd);
  return GCG_OK;
}

enum gcg_status
gcg_snapshot (const char *description, struct gcg_error *error)
{
  ucontext_t here;

  clear_stack_below ();
  GCG__NOTE_CALLER (&here);
  return snapshot_now (description, &here, error);
}

static enum gcg_status __attribute__ ((noinline))
check_leaks_now (size_t *objects, size_t *bytes, const ucontext_t *caller, struct gcg_error *error)
{
  uint64_t n, sum;
  enum gcg_status status = gcg__count_leaks (caller, &n, &sum, error);

  if (status == GCG_OK && objects)
    *objects = n;
  if (status == GCG_OK && bytes)
    *bytes = sum;
  return status;
}

enum gcg_status
gcg_check_leaks (size_t *objects, size_t *bytes, struct gcg_error *error)
{
  ucontext_t here;

  clear_stack_below ();
  GCG__NOTE_CALLER (&here);
  return check_leaks_now (objects, bytes, &here, error);
}

enum gcg_status
gcg_sample (const char *description, struct gcg_error *error)
{
  return gcg__control_sample (description, 0, true, error);
}

static enum gcg_status __attribute__ ((noinline))
save_now (const char *path, const ucontext_t *caller, struct gcg_error *error)
{
  enum gcg_status status;
  int snapshot;

  if (!path || !*path)
    return gcg__fail (error, GCG_INVALID, "no file name to save to");
  status = gcg__take (caller, path, &snapshot, NULL, error);
  if (status != GCG_OK)
    return status;
  status = gcg__save_copy (snapshot, path, error);
  close (snapshot);
  return status;
}

enum gcg_status
gcg_save (const char *path, struct gcg_error *error)
{
  ucontext_t here;

  clear_stack_below ();
  GCG__NOTE_CALLER (&here);
  return save_now (path, &here, error);
}

enum gcg_status
gcg_save_recording (const char *path, struct gcg_error *error)
{
  enum gcg_status status;
  int log;

  if (!path || !*path)
    return gcg__fail (error, GCG_INVALID, "no file name to save to");
  status = gcg__control_sample ("saved", 0, true, error);
  if (status != GCG_OK)
    return status;
  log = gcg__sample_log (true);
  if (log < 0)
    return gcg__fail (error, GCG_NO_MEMORY, "no memory for the recording");
  status = gcg__save_copy (log, path, error);
  close (log);
  return status;
}

enum gcg_status
gcg_start_periodic_samples (double seconds, struct gcg_error *error)
{
  enum gcg_status status;

  if (!(seconds >= GCG__LEAST_INTERVAL && seconds <= GCG__MOST_INTERVAL))
    return gcg__fail (error, GCG_INVALID, "an interval is 0.01 to 1,000,000 seconds");
  status = gcg__control_start (error);
  if (status == GCG_OK)
    gcg__control_every (seconds);
  return status;
}

void
gcg_stop_periodic_samples (void)
{
  gcg__control_every (0);
}

enum gcg_status
gcg_add_roots (const void *area, size_t bytes, struct gcg_error *error)
{
  char *low = (char *)(uintptr_t)area;

  gcg__agent_ready ();
  if (!area || !bytes || (uintptr_t)area + bytes < (uintptr_t)area)
    return gcg__fail (error, GCG_INVALID, "no area: %zu bytes at %p", bytes, area);
  if (!gcg__collector_add_roots (low, low + bytes))
    return gcg__fail (error, GCG_NO_MEMORY, "there are %u root areas already", GCG__MOST_RANGES);
#ifndef GCG_MALLOC
  GCG__GC (add_roots) (low, low + bytes);
#endif
  return GCG_OK;
}

void
gcg_remove_roots (const void *area, size_t bytes)
{
  char *low = (char *)(uintptr_t)area;

  gcg__agent_ready ();
#ifndef GCG_MALLOC
  GCG__GC (remove_roots) (low, low + bytes);
#endif
  gcg__collector_remove_roots (low, low + bytes);
}
