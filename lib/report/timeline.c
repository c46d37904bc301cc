/* timeline.c -- see timeline.h. */
#include <config.h>

#include "report/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

#define NAMING_SHARE 20 /* naming may take one part in so many of the time */

/* A snapshot of what RECORDING knows of sites and modules, copied: what is made from it stays good
   when more comes. */
struct view
{
  struct gcg__snapshot snapshot;
  struct gcg__info info;
};

static void *
copy (const void *from, uint64_t n, size_t bytes)
{
  void *to = malloc (n * bytes + 1);
  if (to != NULL && n > 0)
    memcpy (to, from, n * bytes);
  return to;
}

static void
view_free (struct gcg__snapshot *snapshot)
{
  if (snapshot == NULL)
    return;
  free ((void *)(uintptr_t)snapshot->strings);
  free ((void *)(uintptr_t)snapshot->sites);
  free ((void *)(uintptr_t)snapshot->frames);
  free ((void *)(uintptr_t)snapshot->modules);
  free (snapshot); /* the first member of struct view */
}

static struct gcg__snapshot *
view_new (const struct gcg__recording *recording)
{
  struct view *view = calloc (1, sizeof *view);
  if (view == NULL)
    return NULL;
  const struct gcg__record_process *process = &recording->process;
  view->info = (struct gcg__info){ .pid = process->pid,
                                   .flags = process->flags,
                                   .page_bytes = process->page_bytes,
                                   .machine = process->machine,
                                   .program = process->program,
                                   .command_line = process->command_line,
                                   .agent_version = process->agent_version };
  struct gcg__snapshot *s = &view->snapshot;
  s->info = &view->info;
  s->strings = copy (recording->strings, recording->n_strings, 1);
  s->sites = copy (recording->sites, recording->n_sites, sizeof *s->sites);
  s->frames = copy (recording->frames, recording->n_frames, sizeof *s->frames);
  s->modules = copy (recording->modules, recording->n_modules, sizeof *s->modules);
  s->n_strings = recording->n_strings;
  s->n_sites = recording->n_sites;
  s->n_frames = recording->n_frames;
  s->n_modules = recording->n_modules;
  if (s->strings != NULL && s->sites != NULL && s->frames != NULL && s->modules != NULL)
    return s;
  view_free (s);
  return NULL;
}

enum gcg_status
gcg__timeline_new (struct gcg__recording *recording, struct gcg__timeline **result,
                   struct gcg_error *error)
{
  struct gcg__timeline *timeline = calloc (1, sizeof *timeline);
  if (timeline == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the samples");
  timeline->recording = recording;
  *result = timeline;
  return GCG_OK;
}

void
gcg__timeline_free (struct gcg__timeline *timeline)
{
  if (timeline == NULL)
    return;
  gcg__types_free (timeline->types);
  gcg__symbols_free (timeline->symbols);
  view_free (timeline->type_view);
  view_free (timeline->symbol_view);
  for (uint32_t i = 0; i < timeline->n_adopted; i++)
    free (timeline->adopted[i]);
  free (timeline->adopted);
  gcg__recording_free (timeline->recording);
  free (timeline);
}

bool
gcg__timeline_is_of (const struct gcg__timeline *timeline, const struct gcg__snapshot *snapshot)
{
  const struct gcg__record_process *process = &timeline->recording->process;
  return process->pid == snapshot->info->pid
         && process->start_monotonic_ns == snapshot->info->program_start_ns;
}

/* Makes ADOPTED as long as N. */
static bool
grow_adopted (struct gcg__timeline *timeline, uint32_t n)
{
  if (n <= timeline->n_adopted)
    return true;
  char **more = reallocarray (timeline->adopted, n, sizeof *more);
  if (more == NULL)
    return false;
  memset (more + timeline->n_adopted, 0, (n - timeline->n_adopted) * sizeof *more);
  timeline->adopted = more;
  timeline->n_adopted = n;
  return true;
}

void
gcg__timeline_adopt (struct gcg__timeline *timeline, const struct gcg__snapshot *snapshot,
                     const struct gcg__types *types, uint32_t number)
{
  bool changed = false;
  if (number == timeline->adopted_from || !gcg__timeline_is_of (timeline, snapshot)
      || !grow_adopted (timeline, types->n_sites))
    return;
  timeline->adopted_from = number;
  for (uint32_t s = 1; s < types->n_sites; s++)
    {
      const struct gcg__type *group = &types->groups[types->group_of_site[s]];
      if (group->basis != GCG__BASIS_INFERRED || group->type == NULL
          || (timeline->adopted[s] != NULL && strcmp (timeline->adopted[s], group->type) == 0))
        continue;
      free (timeline->adopted[s]);
      timeline->adopted[s] = strdup (group->type);
      changed = true;
    }
  if (changed)
    {
      gcg__types_free (timeline->types); /* to be found anew, at once */
      timeline->types = NULL;
    }
}

/* Opens the symbols of the modules there are now. */
static bool
update_symbols (struct gcg__timeline *timeline)
{
  struct gcg__symbols *symbols;
  if (timeline->symbols != NULL && timeline->module_changes == timeline->recording->module_changes)
    return true;
  struct gcg__snapshot *view = view_new (timeline->recording);
  if (view == NULL || gcg__symbols_new (view, &symbols, NULL) != GCG_OK)
    {
      view_free (view);
      return false;
    }
  /* Names borrow from symbols: those of before go as well. */
  gcg__types_free (timeline->types);
  timeline->types = NULL;
  gcg__symbols_free (timeline->symbols);
  view_free (timeline->symbol_view);
  timeline->symbols = symbols;
  timeline->symbol_view = view;
  timeline->module_changes = timeline->recording->module_changes;
  return true;
}

/* Gives the sites of VIEW, which say no type themselves, those that were adopted. */
static bool
apply_adopted (const struct gcg__timeline *timeline, struct gcg__snapshot *view)
{
  struct gcg__site *sites = (struct gcg__site *)(uintptr_t)view->sites;
  uint64_t n = view->n_strings;
  for (uint32_t s = 1; s < timeline->n_adopted && s < view->n_sites; s++)
    if (timeline->adopted[s] != NULL)
      n += strlen (timeline->adopted[s]) + 1;
  char *strings = realloc ((void *)(uintptr_t)view->strings, n);
  if (strings == NULL)
    return false;
  view->strings = strings;
  for (uint32_t s = 1; s < timeline->n_adopted && s < view->n_sites; s++)
    if (timeline->adopted[s] != NULL && sites[s].type == 0)
      {
        sites[s].type = (gcg__string)view->n_strings;
        strcpy (strings + view->n_strings, timeline->adopted[s]);
        view->n_strings += strlen (timeline->adopted[s]) + 1;
      }
  return true;
}

static bool
update_types (struct gcg__timeline *timeline)
{
  struct gcg__types *types;
  struct gcg__snapshot *view = view_new (timeline->recording);
  if (view == NULL || !apply_adopted (timeline, view)
      || gcg__types_new (view, timeline->symbols, &types, NULL) != GCG_OK)
    {
      view_free (view);
      return false;
    }
  gcg__types_free (timeline->types);
  view_free (timeline->type_view);
  timeline->types = types;
  timeline->type_view = view;
  return true;
}

enum gcg_status
gcg__timeline_update (struct gcg__timeline *timeline, struct gcg_error *error)
{
  const struct gcg__recording *recording = timeline->recording;
  uint64_t begin = gcg__clock_ns (CLOCK_MONOTONIC);
  bool same = timeline->types != NULL && timeline->types->n_sites == recording->n_sites
              && timeline->module_changes == recording->module_changes;
  if (same
      || (timeline->types != NULL && begin - timeline->named_ns < NAMING_SHARE * timeline->name_ns))
    return GCG_OK;
  if (!update_symbols (timeline) || !update_types (timeline))
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory while naming the samples' sites");
  timeline->named_ns = gcg__clock_ns (CLOCK_MONOTONIC);
  timeline->name_ns = timeline->named_ns - begin;
  return GCG_OK;
}

const char *
gcg__timeline_group_name (const struct gcg__timeline *timeline, uint32_t group)
{
  return group < timeline->types->n_groups ? timeline->types->groups[group].name : "untagged";
}
