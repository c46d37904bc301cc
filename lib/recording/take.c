/* take.c -- checks records and takes them in.
 *
 * A record may come from anywhere, with its checksum right and every number a lie: each count is
 * compared with the bytes that are there, each string and frame with what it indexes, before
 * anything is kept.  Sums cannot overflow: counts are 32 bits, sizes of elements small.
 */
#include "recording/internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum gcg_status
gcg__recording_fail (struct gcg_error *error, enum gcg_status status, const char *format, ...)
{
  if (error != NULL)
    {
      va_list arguments;
      va_start (arguments, format);
      error->status = status;
      vsnprintf (error->text, sizeof error->text, format, arguments);
      va_end (arguments);
    }
  return status;
}

static enum gcg_status
damaged (struct gcg_error *error, const char *what)
{
  return gcg__recording_fail (error, GCG_CORRUPT, "damaged recording: %s", what);
}

static enum gcg_status
no_memory (struct gcg_error *error)
{
  return gcg__recording_fail (error, GCG_NO_MEMORY, "no memory for a recording");
}

/* Is USED all of a payload of BYTES but for its padding, which is zero? */
static bool
fills (const char *payload, uint64_t used, uint64_t bytes)
{
  if (used > bytes || bytes - used > 7)
    return false;
  for (uint64_t i = used; i < bytes; i++)
    if (payload[i])
      return false;
  return true;
}

/* Do the N bytes of strings begin and end as strings do? */
static bool
are_strings (const char *strings, uint32_t n)
{
  return n > 0 && strings[0] == '\0' && strings[n - 1] == '\0';
}

static bool
is_string (const char *strings, uint32_t n, gcg__string string)
{
  return string < n && strnlen (strings + string, GCG__STRING_MAX + 1) <= GCG__STRING_MAX;
}

static uint64_t
kept_bytes (const struct gcg__recording *recording)
{
  return recording->n_sites * (uint64_t)sizeof *recording->sites
         + recording->n_frames * sizeof *recording->frames + recording->n_strings;
}

/* Appends STRINGS; sets *BASE to what is to be added to their offsets. */
static void
add_strings (struct gcg__recording *recording, const char *strings, uint32_t n, uint32_t *base)
{
  *base = (uint32_t)recording->n_strings;
  memcpy (recording->strings + recording->n_strings, strings, n);
  recording->n_strings += n;
}

static gcg__string
rebased (gcg__string string, uint32_t base)
{
  return string ? string + base : 0;
}

static enum gcg_status
take_process (struct gcg__recording *recording, const void *payload, uint64_t bytes,
              struct gcg_error *error)
{
  const struct gcg__record_process *process = payload;
  const char *strings = (const char *)(process + 1);
  uint32_t base;

  if (bytes < sizeof *process
      || !fills (payload, sizeof *process + (uint64_t)process->string_bytes, bytes)
      || !are_strings (strings, process->string_bytes)
      || !is_string (strings, process->string_bytes, process->program)
      || process->command_line >= process->string_bytes
      || !is_string (strings, process->string_bytes, process->agent_version) || process->pid == 0)
    return damaged (error, "PROCESS");
  if (recording->process.pid != 0)
    return recording->process.pid == process->pid ? GCG_OK
                                                  : damaged (error, "records of two processes");
  if (kept_bytes (recording) + process->string_bytes > GCG__SITE_BYTES_MAX)
    return damaged (error, "too many strings");
  if (!gcg__recording_reserve_sites (recording, 0, 0, process->string_bytes))
    return no_memory (error);
  add_strings (recording, strings, process->string_bytes, &base);
  recording->process = *process;
  recording->process.program = rebased (process->program, base);
  recording->process.command_line = rebased (process->command_line, base);
  recording->process.agent_version = rebased (process->agent_version, base);
  return GCG_OK;
}

/* Modules that have gone stay where no other has come: sites may have been made in them. */
static uint32_t
keep_gone (const struct gcg__recording *recording, struct gcg__module *modules, uint32_t n)
{
  uint32_t new = n;
  for (uint32_t i = 0; i < recording->n_modules; i++)
    {
      const struct gcg__module *old = &recording->modules[i];
      bool gone = true;
      for (uint32_t j = 0; j < new &&gone; j++)
        gone = old->high <= modules[j].low || modules[j].high <= old->low;
      if (gone)
        modules[n++] = *old;
    }
  return n;
}

#define MODULES_MAX 65536u

static enum gcg_status
take_modules (struct gcg__recording *recording, const void *payload, uint64_t bytes,
              struct gcg_error *error)
{
  const struct gcg__record_modules *record = payload;
  const struct gcg__module *given = (const void *)(record + 1);
  const char *strings;
  uint32_t base;

  if (bytes < sizeof *record || record->n > MODULES_MAX
      || !fills (payload,
                 sizeof *record + record->n * sizeof *given + (uint64_t)record->string_bytes,
                 bytes))
    return damaged (error, "MODULES");
  strings = (const char *)(given + record->n);
  if (!are_strings (strings, record->string_bytes))
    return damaged (error, "strings of MODULES");
  for (uint32_t i = 0; i < record->n; i++)
    if (!is_string (strings, record->string_bytes, given[i].path)
        || !is_string (strings, record->string_bytes, given[i].build_id))
      return damaged (error, "string of a module");
  if (kept_bytes (recording) + record->string_bytes > GCG__SITE_BYTES_MAX
      || recording->n_modules + record->n > 2 * MODULES_MAX)
    return damaged (error, "too many modules");
  struct gcg__module *modules
      = calloc (recording->n_modules + (size_t)record->n + 1, sizeof *modules);
  if (modules == NULL || !gcg__recording_reserve_sites (recording, 0, 0, record->string_bytes))
    {
      free (modules);
      return no_memory (error);
    }
  add_strings (recording, strings, record->string_bytes, &base);
  for (uint32_t i = 0; i < record->n; i++)
    {
      modules[i] = given[i];
      modules[i].path = rebased (given[i].path, base);
      modules[i].build_id = rebased (given[i].build_id, base);
    }
  recording->n_modules = keep_gone (recording, modules, record->n);
  free (recording->modules);
  recording->modules = modules;
  recording->module_changes++;
  return GCG_OK;
}

static bool
is_site (const struct gcg__site *site, const char *strings, uint32_t n_strings, uint32_t n_frames)
{
  return (site->kind == GCG__SITE_MACRO || site->kind == GCG__SITE_STACK)
         && is_string (strings, n_strings, site->file)
         && is_string (strings, n_strings, site->function)
         && is_string (strings, n_strings, site->expression)
         && is_string (strings, n_strings, site->type) && site->n_frames <= GCG__FRAMES_MAX
         && site->first_frame <= n_frames && site->n_frames <= n_frames - site->first_frame;
}

/* Appends the sites of RECORD from its I on. */
static void
add_sites (struct gcg__recording *recording, const struct gcg__record_sites *record, uint32_t i)
{
  const struct gcg__site *given = (const void *)(record + 1);
  const uint64_t *frames = (const void *)(given + record->n);
  const char *strings = (const char *)(frames + record->n_frames);
  uint32_t base;

  add_strings (recording, strings, record->string_bytes, &base);
  /* Before the first frame there is nothing to copy to. */
  if (record->n_frames > 0)
    memcpy (recording->frames + recording->n_frames, frames, record->n_frames * sizeof *frames);
  for (; i < record->n; i++)
    {
      struct gcg__site *site = &recording->sites[recording->n_sites++];
      *site = given[i];
      site->file = rebased (given[i].file, base);
      site->function = rebased (given[i].function, base);
      site->expression = rebased (given[i].expression, base);
      site->type = rebased (given[i].type, base);
      site->first_frame += (uint32_t)recording->n_frames;
    }
  recording->n_frames += record->n_frames;
}

static enum gcg_status
take_sites (struct gcg__recording *recording, const void *payload, uint64_t bytes,
            struct gcg_error *error)
{
  const struct gcg__record_sites *record = payload;
  const struct gcg__site *given = (const void *)(record + 1);
  const char *strings;
  uint32_t known;

  if (bytes < sizeof *record
      || !fills (payload,
                 sizeof *record + record->n * sizeof *given + record->n_frames * sizeof (uint64_t)
                     + (uint64_t)record->string_bytes,
                 bytes))
    return damaged (error, "SITES");
  strings = (const char *)(given + record->n) + record->n_frames * sizeof (uint64_t);
  if (!are_strings (strings, record->string_bytes) || record->first == 0
      || record->first > recording->n_sites || (uint64_t)record->first + record->n > GCG__SITES_MAX)
    return damaged (error, "numbers of SITES");
  for (uint32_t i = 0; i < record->n; i++)
    if (!is_site (&given[i], strings, record->string_bytes, record->n_frames))
      return damaged (error, "a site");
  known = recording->n_sites - record->first;
  if (known >= record->n)
    return GCG_OK;
  if (kept_bytes (recording) + bytes > GCG__SITE_BYTES_MAX)
    return damaged (error, "too many sites");
  if (!gcg__recording_reserve_sites (recording, record->n - known, record->n_frames,
                                     record->string_bytes))
    return no_memory (error);
  add_sites (recording, record, known);
  return GCG_OK;
}

static bool
is_same (const struct gcg__sample_site *a, const struct gcg__sample_site *b)
{
  return a->live_count == b->live_count && a->live_bytes == b->live_bytes
         && a->made_count == b->made_count && a->made_bytes == b->made_bytes;
}

/* What RECORD changes, into CHANGES unless that is NULL; returns how much. */
static uint32_t
changes_of (const struct gcg__recording *recording, const struct gcg__record_sample *record,
            struct gcg__sample_site *changes)
{
  const struct gcg__sample_site *given = (const void *)(record + 1);
  uint32_t n = 0, i = 0;

  if (!(record->flags & GCG__SAMPLE_KEY))
    {
      for (; i < record->n_sites; i++)
        if (!is_same (&given[i], &recording->now[given[i].site]))
          {
            if (changes != NULL)
              changes[n] = given[i];
            n++;
          }
      return n;
    }
  for (uint32_t site = 0; site < recording->n_sites; site++)
    {
      struct gcg__sample_site of = { .site = site };
      if (i < record->n_sites && given[i].site == site)
        of = given[i++];
      if (is_same (&of, &recording->now[site]))
        continue;
      if (changes != NULL)
        changes[n] = of;
      n++;
    }
  return n;
}

static bool
is_sample (const struct gcg__recording *recording, const struct gcg__record_sample *record,
           uint64_t bytes)
{
  const struct gcg__sample_site *sites = (const void *)(record + 1);
  const struct gcg__sample_deaths *deaths;
  const char *description;

  if (bytes < sizeof *record
      || !fills ((const void *)record,
                 sizeof *record + record->n_sites * sizeof *sites
                     + record->n_deaths * sizeof *deaths + (uint64_t)record->description_bytes,
                 bytes))
    return false;
  deaths = (const void *)(sites + record->n_sites);
  description = (const char *)(deaths + record->n_deaths);
  if (record->description_bytes == 0 || record->description_bytes > GCG__STRING_MAX
      || strnlen (description, record->description_bytes) != record->description_bytes - 1)
    return false;
  for (uint32_t i = 0; i < record->n_sites; i++)
    if (sites[i].site >= recording->n_sites || (i > 0 && sites[i].site <= sites[i - 1].site))
      return false;
  for (uint32_t i = 0; i < record->n_deaths; i++)
    if (deaths[i].site >= recording->n_sites || (i > 0 && deaths[i].site <= deaths[i - 1].site))
      return false;
  return true;
}

static enum gcg_status
take_sample (struct gcg__recording *recording, const void *payload, uint64_t bytes,
             struct gcg_error *error)
{
  const struct gcg__record_sample *record = payload;
  const struct gcg__sample *last
      = recording->n_samples > 0 ? recording->samples[recording->n_samples - 1] : NULL;
  const struct gcg__sample_deaths *deaths;
  struct gcg__sample *sample;

  if (!is_sample (recording, record, bytes))
    return damaged (error, "a sample");
  if (last != NULL && record->number <= last->head.number)
    return GCG_OK;
  deaths = (const void *)((const struct gcg__sample_site *)(const void *)(record + 1)
                          + record->n_sites);
  sample = gcg__recording_new_sample (record, changes_of (recording, record, NULL),
                                      (const char *)(deaths + record->n_deaths));
  if (sample == NULL)
    return no_memory (error);
  changes_of (recording, record, sample->changes);
  if (!gcg__recording_add_sample (recording, sample))
    {
      free (sample);
      return no_memory (error);
    }
  for (uint32_t i = 0; i < record->n_deaths; i++)
    recording->deaths[deaths[i].site] = deaths[i];
  return GCG_OK;
}

static enum gcg_status
take_exit (struct gcg__recording *recording, const void *payload, uint64_t bytes,
           struct gcg_error *error)
{
  if (bytes != sizeof recording->exit)
    return damaged (error, "EXIT");
  memcpy (&recording->exit, payload, sizeof recording->exit);
  recording->ended = true;
  return GCG_OK;
}

enum gcg_status
gcg__recording_take (struct gcg__recording *recording, const struct gcg__record_head *head,
                     const void *payload, struct gcg_error *error)
{
  if (gcg__checksum (payload, head->bytes) != head->checksum)
    return damaged (error, "checksum of a record");
  switch (head->code)
    {
    case GCG__RECORD_PROCESS:
      return take_process (recording, payload, head->bytes, error);
    case GCG__RECORD_MODULES:
      return take_modules (recording, payload, head->bytes, error);
    case GCG__RECORD_SITES:
      return take_sites (recording, payload, head->bytes, error);
    case GCG__RECORD_SAMPLE:
      return take_sample (recording, payload, head->bytes, error);
    case GCG__RECORD_EXIT:
      return take_exit (recording, payload, head->bytes, error);
    default:
      return GCG_OK; /* a later minor addition */
    }
}
