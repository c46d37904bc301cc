/* record.c -- see record.h.
 *
 * The texts are gathered with what a capture gathers them with (freeze.h), in a scratch structure
 * whose columns are unmapped again.
 */
#include "record.h"

#include <string.h>

#include "agent.h"
#include "freeze/freeze.h"
#include "freeze/maps.h"
#include "freeze/words.h"
#include "recording/encode.h"
#include "site.h"

void *
gcg__record_begin (struct column *out, uint64_t bytes)
{
  int error = 0;
  char *record = column_reserve_stopped (out, 1, gcg__record_room (bytes), &error);
  return record ? gcg__record_payload (record) : NULL;
}

void
gcg__record_end (struct column *out, enum gcg__record_code code, uint64_t bytes)
{
  out->n += gcg__record_seal ((char *)out->data + out->n, code, bytes);
}

static void
scratch_new (struct gcg__freeze *scratch)
{
  memset (scratch, 0, sizeof *scratch);
  COLUMN_PUSH (COLUMN (scratch, STRINGS), char, 0, &scratch->error);
}

static void
scratch_fini (struct gcg__freeze *scratch)
{
  for (int i = 0; i < GCG__N_SECTIONS; i++)
    column_fini_stopped (&scratch->columns[i]);
  column_fini_stopped (&scratch->maps);
}

/* Copies COLUMN to AT; returns what is behind it. */
static char *
put (char *at, const struct column *column)
{
  uint64_t bytes = column->n * column->element_bytes;
  if (bytes)
    memcpy (at, column->data, bytes);
  return at + bytes;
}

bool
gcg__record_process (struct column *out)
{
  struct gcg__freeze scratch;
  struct gcg__info info = { 0 };
  const struct column *strings = COLUMN (&scratch, STRINGS);
  bool ok = false;

  scratch_new (&scratch);
  scratch.pid = getpid ();
  gcg__freeze_program_stopped (&scratch, &info);
  uint64_t bytes = sizeof (struct gcg__record_process) + strings->n;
  struct gcg__record_process *record = scratch.error ? NULL : gcg__record_begin (out, bytes);
  if (record)
    {
      *record = (struct gcg__record_process){ .pid = info.pid,
                                              .flags = info.flags,
                                              .page_bytes = info.page_bytes,
                                              .machine = info.machine,
                                              .start_monotonic_ns = gcg__agent_start_ns (),
                                              .start_realtime_ns = raw_now (CLOCK_REALTIME)
                                                                   - (raw_now (CLOCK_MONOTONIC)
                                                                      - gcg__agent_start_ns ()),
                                              .program = info.program,
                                              .command_line = info.command_line,
                                              .agent_version = info.agent_version,
                                              .string_bytes = (uint32_t)strings->n };
      put ((char *)(record + 1), strings);
      gcg__record_end (out, GCG__RECORD_PROCESS, bytes);
      ok = true;
    }
  scratch_fini (&scratch);
  return ok;
}

static void
no_root (struct gcg__freeze *freeze, uint32_t module, uint64_t low, uint64_t high)
{
  (void)freeze;
  (void)module;
  (void)low;
  (void)high;
}

bool
gcg__record_modules (struct column *out)
{
  struct gcg__freeze scratch;
  const struct column *modules = COLUMN (&scratch, MODULES), *strings = COLUMN (&scratch, STRINGS);
  bool ok = false;

  scratch_new (&scratch);
  gcg__maps_read_stopped (&scratch);
  gcg__modules_stopped (&scratch, no_root);
  uint64_t bytes
      = sizeof (struct gcg__record_modules) + modules->n * sizeof (struct gcg__module) + strings->n;
  struct gcg__record_modules *record = scratch.error ? NULL : gcg__record_begin (out, bytes);
  if (record)
    {
      *record = (struct gcg__record_modules){ (uint32_t)modules->n, (uint32_t)strings->n };
      put (put ((char *)(record + 1), modules), strings);
      gcg__record_end (out, GCG__RECORD_MODULES, bytes);
      ok = true;
    }
  scratch_fini (&scratch);
  return ok;
}

bool
gcg__record_sites (struct column *out, uint32_t first, uint32_t end)
{
  struct gcg__freeze scratch;
  const struct column *sites = COLUMN (&scratch, SITES), *frames = COLUMN (&scratch, FRAMES);
  const struct column *strings = COLUMN (&scratch, STRINGS);
  bool ok = false;

  if (first >= end)
    return true;
  scratch_new (&scratch);
  for (uint32_t id = first; id < end; id++)
    gcg__freeze_site_stopped (&scratch, id, true);
  uint64_t bytes = sizeof (struct gcg__record_sites) + sites->n * sizeof (struct gcg__site)
                   + frames->n * sizeof (uint64_t) + strings->n;
  struct gcg__record_sites *record = scratch.error ? NULL : gcg__record_begin (out, bytes);
  if (record)
    {
      *record = (struct gcg__record_sites){ first, end - first, (uint32_t)frames->n,
                                            (uint32_t)strings->n };
      put (put (put ((char *)(record + 1), sites), frames), strings);
      gcg__record_end (out, GCG__RECORD_SITES, bytes);
      ok = true;
    }
  scratch_fini (&scratch);
  return ok;
}
