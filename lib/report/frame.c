/* frame.c -- what the top of every page shows; see report.h. */
#include <config.h>

#include "report/report.h"

#include <string.h>

void
gcg__frame_snapshot_init (struct gcg__frame_snapshot *entry, const struct gcg__model *model,
                          uint32_t id, uint64_t now_unix_ms)
{
  const struct gcg__info *info = model->snapshot->info;
  uint64_t taken_ms = info->realtime_ns / 1000000;
  *entry = (struct gcg__frame_snapshot){
    .id = id,
    .description = gcg__text (model->snapshot, info->description),
    .taken_unix_ms = taken_ms,
    .collection = info->collections,
    .age_s = now_unix_ms > taken_ms ? (double)(now_unix_ms - taken_ms) / 1e3 : 0,
    .objects = model->analysis->all.objects,
    .bytes = model->analysis->all.bytes,
  };
}

void
gcg__frame_init (struct gcg__frame_state *frame, const struct gcg__model *model)
{
  const struct gcg__info *info = model->snapshot->info;
  const char *path = gcg__text (model->snapshot, info->program);
  const char *slash = strrchr (path, '/');
  uint64_t running_ns = info->monotonic_ns > info->program_start_ns
                            ? info->monotonic_ns - info->program_start_ns
                            : 0;
  *frame = (struct gcg__frame_state){
    .program = slash != NULL ? slash + 1 : path,
    .pid = info->pid,
    .state = "file",
    .running_s = (double)running_ns / 1e9,
    .ended_s = -1,
    .heap = info->flags & GCG__INFO_MALLOC ? "malloc" : "gc",
    .leaked_cycles = model->leaked_cycles,
  };
}

void
gcg__frame_snapshot_write (const struct gcg__frame_snapshot *entry, const char *key,
                           struct gcg__json *json)
{
  gcg__json_object (json, key);
  gcg__json_unsigned (json, "id", entry->id);
  gcg__json_string (json, "description", entry->description);
  gcg__json_unsigned (json, "taken_unix_ms", entry->taken_unix_ms);
  gcg__json_unsigned (json, "collection", entry->collection);
  gcg__json_real (json, "age_s", entry->age_s);
  gcg__json_unsigned (json, "objects", entry->objects);
  gcg__json_unsigned (json, "bytes", entry->bytes);
  gcg__json_end (json);
}

static void
write_exit (const struct gcg__frame_state *frame, struct gcg__json *json)
{
  if (frame->exit == GCG__EXIT_NONE)
    {
      gcg__json_null (json, "exit");
      return;
    }
  gcg__json_object (json, "exit");
  gcg__json_signed (json, frame->exit == GCG__EXIT_STATUS ? "status" : "signal", frame->exit_value);
  gcg__json_end (json);
}

void
gcg__frame_write (const struct gcg__frame_state *frame, struct gcg__json *json)
{
  gcg__json_object (json, "frame");
  gcg__json_string (json, "program", frame->program);
  gcg__json_unsigned (json, "pid", frame->pid);
  gcg__json_string (json, "state", frame->state);
  gcg__json_real (json, "running_s", frame->running_s);
  write_exit (frame, json);
  if (frame->ended_s >= 0)
    gcg__json_real (json, "ended_s", frame->ended_s);
  else
    gcg__json_null (json, "ended_s");
  gcg__json_string (json, "waiting", frame->waiting);
  gcg__json_string (json, "left_out", frame->left_out);
  gcg__json_bool (json, "stoppable", frame->stoppable);
  gcg__json_bool (json, "collects", frame->collects);
  gcg__json_string (json, "heap", frame->heap);
  gcg__json_unsigned (json, "leaked_cycles", frame->leaked_cycles);
  if (frame->waiting == NULL && frame->shown < frame->n_snapshots)
    gcg__frame_snapshot_write (&frame->snapshots[frame->shown], "snapshot", json);
  else
    gcg__json_null (json, "snapshot");
  gcg__json_array (json, "snapshots");
  for (uint32_t i = 0; i < frame->n_snapshots; i++)
    gcg__frame_snapshot_write (&frame->snapshots[i], NULL, json);
  gcg__json_end (json);
  gcg__json_end (json);
}

void
gcg__frame_page (const struct gcg__frame_state *frame, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__json_end (json);
}

void
gcg__frame_window (const struct gcg__query *query, uint64_t total, struct gcg__json *json)
{
  gcg__json_unsigned (json, "total", total);
  gcg__json_unsigned (json, "offset", query->offset);
  gcg__json_unsigned (json, "limit", query->limit);
}
