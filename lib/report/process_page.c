/* process_page.c -- the page /process: the memory of the process, the collector's settings and
 * figures, the modules, the threads; and /threads, the threads alone.
 *
 * The memory's figures are those of now while the process lives; all else is as of the snapshot.
 */
#include <config.h>

#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/process.h"

#define TEXT_BYTES 32

static void
write_setting (struct gcg__json *json, const char *name, const char *value, const char *meaning)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", name);
  gcg__json_string (json, "value", value);
  gcg__json_string (json, "meaning", meaning);
  gcg__json_end (json);
}

static const char *
yes_no (bool yes)
{
  return yes ? "yes" : "no";
}

static void
write_settings (const struct gcg__info *info, struct gcg__json *json)
{
  char markers[TEXT_BYTES], divisor[TEXT_BYTES];
  snprintf (markers, sizeof markers, "%u", info->parallel_markers);
  snprintf (divisor, sizeof divisor, "%llu", (unsigned long long)info->free_space_divisor);
  gcg__json_array (json, "settings");
  write_setting (json, "all_interior_pointers", yes_no (info->flags & GCG__INFO_INTERIOR),
                 "a word that points into an object, not only to its start, keeps it");
  write_setting (json, "incremental", yes_no (info->flags & GCG__INFO_INCREMENTAL),
                 "marking is done in small steps between allocations");
  write_setting (json, "finalize_on_demand", yes_no (info->flags & GCG__INFO_ON_DEMAND),
                 "finalizers run only when the program calls GC_invoke_finalizers");
  write_setting (json, "java_finalization", yes_no (info->flags & GCG__INFO_JAVA),
                 "what finalizable objects point to may be finalized with them, in any order");
  write_setting (json, "free_space_divisor", divisor,
                 "the larger, the smaller the heap and the more often it is collected");
  write_setting (json, "parallel_markers", markers, "threads that mark besides the collecting one");
  gcg__json_end (json);
}

static void
write_statistic (struct gcg__json *json, const char *name, const char *unit, uint64_t value,
                 const char *meaning)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", name);
  gcg__json_unsigned (json, "value", value);
  gcg__json_string (json, "unit", unit);
  gcg__json_string (json, "meaning", meaning);
  gcg__json_end (json);
}

static void
write_statistics (const struct gcg__snapshot *s, struct gcg__json *json)
{
  const struct gcg__info *info = s->info;
  uint64_t worst = 0;
  for (uint32_t i = 0; i < s->n_collections; i++)
    worst = s->collections[i].pause_ns > worst ? s->collections[i].pause_ns : worst;
  gcg__json_array (json, "statistics");
  write_statistic (json, "collections", "count", info->collections, "since the program started");
  write_statistic (json, "heap", "bytes", info->heap_bytes, "of the collector's heap, all in all");
  write_statistic (json, "free", "bytes", info->free_bytes, "free in it");
  write_statistic (json, "unmapped", "bytes", info->unmapped_bytes,
                   "of it given back to the system");
  write_statistic (json, "from_system", "bytes", info->from_os_bytes, "ever taken from the system");
  write_statistic (json, "since_collection", "bytes", info->since_gc_bytes,
                   "allocated since the collection before");
  write_statistic (json, "allocated", "bytes", info->allocated_bytes, "allocated ever");
  write_statistic (json, "non_gc", "bytes", info->non_gc_bytes,
                   "in uncollectable objects and what counts as such");
  write_statistic (json, "longest_pause", "ns", worst, "of the last collections, at most 512");
  gcg__json_end (json);
}

static void
write_modules (const struct gcg__snapshot *s, struct gcg__json *json)
{
  gcg__json_array (json, "modules");
  for (uint32_t i = 0; i < s->n_modules; i++)
    {
      const struct gcg__module *module = &s->modules[i];
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

/* Where THREAD was, the innermost frame that has a name; NULL: not known. */
static const char *
top_of (const struct gcg__model *model, const struct gcg__thread *thread)
{
  const struct gcg__frame *frames;
  if (thread->pc == 0)
    return NULL;
  uint32_t n = gcg__symbols_frames (model->symbols, thread->pc, false, &frames);
  for (uint32_t i = 0; i < n; i++)
    if (frames[i].function[0] != '\0' && !gcg__types_own_module (frames[i].module))
      return frames[i].function;
  return NULL;
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
      roots += (region->kind == GCG__REGION_STACK || region->kind == GCG__REGION_REGISTERS)
               && region->index == index;
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
  gcg__json_string (json, "top", top_of (model, thread));
}

static void
write_thread (const struct gcg__model *model, uint32_t index, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__thread_members (model, index, json);
  gcg__json_end (json);
}

enum gcg_status
gcg__process_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                   const struct gcg__process_text *live, struct gcg__json *json,
                   struct gcg_error *error)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__info *info = s->info;
  char version[TEXT_BYTES];
  (void)error;
  snprintf (version, sizeof version, "%u.%u.%u", info->gc_version >> 16,
            info->gc_version >> 8 & 255, info->gc_version & 255);
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__process_write (live != NULL ? live->status : s->strings + info->proc_status,
                      live != NULL ? live->stat : s->strings + info->proc_stat, json);
  gcg__process_write_smaps (live != NULL ? live->smaps : NULL, json);
  gcg__json_string (json, "program", s->strings + info->program);
  gcg__json_string (json, "command_line", s->strings + info->command_line);
  gcg__json_string (json, "agent_version", s->strings + info->agent_version);
  gcg__json_bool (json, "preloaded", info->flags & GCG__INFO_PRELOADED);
  gcg__json_object (json, "collector");
  gcg__json_string (json, "version", version);
  write_settings (info, json);
  write_statistics (s, json);
  gcg__json_end (json);
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
  struct gcg__table table = { &threads, columns, is_wanted, model->snapshot->n_threads };
  struct gcg__chosen chosen;
  enum gcg_status status = gcg__query_choose (query, &table, &chosen, error);
  if (status != GCG_OK)
    return status;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__json_unsigned (json, "total", chosen.total);
  gcg__json_unsigned (json, "offset", query->offset);
  gcg__json_unsigned (json, "limit", query->limit);
  gcg__json_array (json, "rows");
  for (uint32_t i = 0; i < chosen.n; i++)
    write_thread (model, chosen.rows[i], json);
  gcg__json_end (json);
  gcg__json_end (json);
  free (chosen.rows);
  return GCG_OK;
}
