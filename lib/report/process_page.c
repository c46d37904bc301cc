/* process_page.c -- the page /process: the memory of the process, the collector's settings and
 * figures, the modules, the threads; and /threads, the threads alone.
 *
 * The memory's figures are those of now while the process lives; all else is as of the snapshot.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "report/collector.h"
#include "report/process.h"

#define MOST_OWN_CALLS 8u /* looked at for one that is not gcglass's */

static void
write_modules (const struct gcg__snapshot *s, struct gcg__json *json)
{
  gcg__json_array (json, "modules");
  for (uint32_t i = 0; i < s->n_modules; i++)
    {
      const struct gcg__module *module = &s->modules[i];
      if (module->low >= GCG__UNLOADED_LOW)
        continue;
      const char *path = s->strings + module->path, *slash = strrchr (path, '/');
      gcg__json_object (json, NULL);
      gcg__json_string (json, "name", slash != NULL ? slash + 1 : path);
      gcg__json_string (json, "path", path);
      gcg__json_address (json, "base", module->base);
      gcg__json_address (json, "low", module->low);
      gcg__json_address (json, "high", module->high);
      gcg__json_string (json, "build_id", s->strings + module->build_id);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

/* proc(5), state letters. */
static const char *
state_text (uint32_t state)
{
  switch (state)
    {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "waiting for a device";
    case 'T':
      return "stopped";
    case 't':
      return "stopped by a debugger";
    case 'Z':
      return "ended";
    case 'I':
      return "idle";
    default:
      return "unknown";
    }
}

/* The innermost function with a name in the frames at PC; NULL: none, *OWN: they are gcglass's. */
static const char *
named_at (const struct gcg__model *model, uint64_t pc, bool return_address, bool *own)
{
  const struct gcg__frame *frames;
  const uint32_t n = gcg__symbols_frames (model->symbols, pc, return_address, &frames);
  *own = n > 0 && gcg__types_own_module (frames[0].module);
  for (uint32_t i = 0; i < n && !*own; i++)
    if (frames[i].function[0] != '\0')
      return frames[i].function;
  return NULL;
}

/* Where thread INDEX was: its innermost call, or, if that is into gcglass, the innermost one with a
   name that is not; NULL: not known. */
static const char *
top_of (const struct gcg__model *model, uint32_t index)
{
  struct gcg__call calls[MOST_OWN_CALLS];
  const struct gcg__thread *thread = &model->snapshot->threads[index];
  bool own = false;
  const char *name = NULL;
  if (thread->pc != 0)
    name = named_at (model, thread->pc, false, &own);
  if (!own || thread->flags & GCG__THREAD_AGENT)
    return name;
  const uint32_t n = gcg__symbols_calls (model->symbols, index, calls, MOST_OWN_CALLS);
  for (uint32_t i = 0; i < n && name == NULL; i++)
    name = named_at (model, calls[i].pc, calls[i].return_address, &own);
  return name;
}

void
gcg__thread_members (const struct gcg__model *model, uint32_t index, struct gcg__json *json)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__thread *thread = &s->threads[index];
  char letter[2] = { thread->state < 128 ? (char)thread->state : '?', '\0' };
  uint64_t roots = 0;
  for (uint64_t i = 0; i < s->n_roots; i++)
    {
      const struct gcg__region *region = &s->regions[s->roots[i].region];
      roots += gcg__region_of_thread (region) && region->index == index;
    }
  gcg__json_unsigned (json, "id", thread->tid);
  gcg__json_string (json, "name", s->strings + thread->name);
  gcg__json_string (json, "state", letter);
  gcg__json_string (json, "state_text", state_text (thread->state));
  gcg__json_bool (json, "registered",
                  thread->flags & (GCG__THREAD_STOPPED | GCG__THREAD_COLLECTING));
  gcg__json_bool (json, "collecting", thread->flags & GCG__THREAD_COLLECTING);
  gcg__json_bool (json, "agent", thread->flags & GCG__THREAD_AGENT);
  gcg__json_unsigned (json, "stack_bytes", thread->stack_high - thread->stack_low);
  gcg__json_unsigned (json, "roots", roots);
  gcg__json_string (json, "top", top_of (model, index));
}

static void
write_thread (const struct gcg__model *model, uint32_t index, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__thread_members (model, index, json);
  gcg__json_end (json);
}

/* The text of smaps_rollup that the snapshot holds, or NULL. */
static const char *
kept_smaps (const struct gcg__snapshot *s)
{
  return s->statistics != NULL && s->statistics->smaps != 0 ? gcg__text (s, s->statistics->smaps)
                                                            : NULL;
}

enum gcg_status
gcg__process_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                   const struct gcg__process_text *live, struct gcg__json *json,
                   struct gcg_error *error)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__info *info = s->info;
  (void)error;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__process_write (live != NULL ? live->status : s->strings + info->proc_status,
                      live != NULL ? live->stat : s->strings + info->proc_stat, json);
  gcg__process_write_smaps (live != NULL ? live->smaps : kept_smaps (s), json);
  gcg__json_string (json, "program", s->strings + info->program);
  gcg__json_string (json, "command_line", s->strings + info->command_line);
  gcg__json_string (json, "agent_version", s->strings + info->agent_version);
  gcg__json_bool (json, "preloaded", info->flags & GCG__INFO_PRELOADED);
  gcg__collector_write (model, json);
  write_modules (s, json);
  gcg__json_array (json, "threads");
  for (uint32_t i = 0; i < s->n_threads; i++)
    write_thread (model, i, json);
  gcg__json_end (json);
  gcg__json_end (json);
  return GCG_OK;
}

/* The table of threads as the query sees it. */
struct thread_table
{
  const struct gcg__model *model;
  const struct gcg__query *query;
};

static const struct gcg__thread *
thread_of (const void *table, uint32_t row)
{
  return &((const struct thread_table *)table)->model->snapshot->threads[row];
}

static uint64_t
id_key (const void *table, uint32_t row)
{
  return thread_of (table, row)->tid;
}

static uint64_t
stack_key (const void *table, uint32_t row)
{
  return thread_of (table, row)->stack_high - thread_of (table, row)->stack_low;
}

static bool
is_wanted (const void *table, uint32_t row)
{
  const struct thread_table *t = table;
  const struct gcg__snapshot *s = t->model->snapshot;
  return gcg__query_match (t->query->q, s->strings + s->threads[row].name);
}

enum gcg_status
gcg__threads_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                   const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  static const struct gcg__table_column columns[]
      = { { "id", id_key, false }, { "stack_bytes", stack_key, true }, { NULL, NULL, false } };
  struct thread_table threads = { model, query };
  struct gcg__table table = {
    .table = &threads, .columns = columns, .wanted = is_wanted, .n_rows = model->snapshot->n_threads
  };
  struct gcg__chosen chosen;
  enum gcg_status status = gcg__query_choose (query, &table, &chosen, error);
  if (status != GCG_OK)
    return status;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__frame_window (query, chosen.total, json);
  gcg__json_array (json, "rows");
  for (uint32_t i = 0; i < chosen.n; i++)
    write_thread (model, chosen.rows[i], json);
  gcg__json_end (json);
  gcg__json_end (json);
  free (chosen.rows);
  return GCG_OK;
}
