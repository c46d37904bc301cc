/* report.c -- a fuzz target (driver.c): whatever the checker of snapshots accepts can be analysed
 * and reported, in every format.
 *
 * The first byte of an input chooses an imaginary heap (report_heaps.h), the second what is written
 * of it, the rest is a list of changes to its snapshot (change.h), which stays in memory.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/leaks.h"
#include "report/report.h"
#include "tests/columns.h"
#include "tests/fuzz/change.h"
#include "tests/fuzz/target.h"
#include "tests/report_heaps.h"

uint64_t fuzz_accepted;

static const struct
{
  const char *name;
  uint32_t n;
} heaps[] = { { "mix", 0 },  { "leaks", 3 }, { "observer", 0 }, { "tree", 6 },
              { "star", 5 }, { "ring", 4 },  { "list", 4 },     { "clean", 2 } };
enum
{
  N_HEAPS = sizeof heaps / sizeof *heaps,
  N_OUTPUTS = 9
};

/* Only lack of memory, and objects that do not exist, may make a report fail. */
static void
expect (enum gcg_status status)
{
  if (status != GCG_OK && status != GCG_NO_MEMORY && status != GCG_NOT_FOUND
      && status != GCG_UNSUPPORTED)
    abort ();
}

/* Output number HOW as JSON. */
static enum gcg_status
write_json (struct gcg__model *model, unsigned how, struct gcg_error *error)
{
  struct gcg__frame_state frame;
  struct gcg__query query;
  struct gcg__json json;
  gcg__frame_init (&frame, model);
  gcg__query_init (&query);
  gcg__json_init (&json, NULL, NULL);
  enum gcg_status status = how == 0   ? gcg__overview_page (model, &frame, NULL, &json, error)
                           : how == 1 ? gcg__types_page (model, &frame, &query, &json, error)
                           : how == 2 ? gcg__garbage_page (model, &frame, &query, &json, error)
                           : how == 3 ? gcg__component_page (model, &frame, 1, &query, &json, error)
                           : how == 4 ? gcg__summary_write (model, &json, error)
                                      : gcg__export_json (model, 0, false, &json, error);
  gcg__json_fini (&json);
  return status;
}

static enum gcg_status
write_text (struct gcg__model *model, bool picture, struct gcg_error *error)
{
  struct gcg__text_options options = { "x", 10, false };
  struct gcg__dot_options drawn = { 1, false, 0 };
  struct gcg__buffer out;
  uint32_t nodes;
  gcg__buffer_init (&out, NULL, NULL);
  enum gcg_status status = picture ? gcg__dot_write (model, &drawn, &out, &nodes, error)
                                   : gcg__text_write (model, &options, &out, error);
  gcg__buffer_fini (&out);
  return status;
}

static enum gcg_status
write_leaks (struct gcg__model *model, struct gcg_error *error)
{
  static const struct gcg__rules no_rules;
  static const struct gcg__baseline no_baseline;
  struct gcg__leak_report *report;
  enum gcg_status status
      = gcg__leak_report_new (model, &no_rules, &no_baseline, NULL, &report, error);
  if (status != GCG_OK)
    return status;
  struct gcg__leak_text_options options = { .name = "x" };
  struct gcg__buffer out;
  struct gcg__json json;
  gcg__buffer_init (&out, NULL, NULL);
  gcg__json_init (&json, NULL, NULL);
  status = gcg__leak_text_write (report, &options, &out, error);
  if (status == GCG_OK)
    status = gcg__leak_json_write (report, &json, error);
  gcg__json_fini (&json);
  gcg__buffer_fini (&out);
  gcg__leak_report_free (report);
  return status;
}

static void
report (struct gcg__model *model, unsigned how)
{
  struct gcg_error error;
  if (how < 6)
    expect (write_json (model, how, &error));
  else if (how < 8)
    expect (write_text (model, how == 7, &error));
  else
    expect (write_leaks (model, &error));
}

static struct gcg__snapshot *
sound_heap (unsigned which)
{
  static struct gcg__snapshot *sound[N_HEAPS];
  if (!sound[which])
    {
      struct heap *heap = report_heap (heaps[which].name, heaps[which].n);
      sound[which] = heap_snapshot (heap);
      heap_free (heap);
    }
  return sound[which];
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct columns columns;
  struct gcg__snapshot view, *snapshot;
  struct gcg__model *model;
  struct gcg_error error;
  if (size < 2)
    return 0;
  columns_load (&columns, sound_heap (data[0] % N_HEAPS));
  changes_apply (&columns, data + 2, size - 2);
  if (columns_check (&columns, &view) && (snapshot = malloc (sizeof *snapshot)) != NULL)
    {
      fuzz_accepted++;
      *snapshot = view; /* has no map to give back */
      enum gcg_status status = gcg__model_new (snapshot, &model, &error);
      expect (status);
      if (status == GCG_OK)
        {
          report (model, data[1] % N_OUTPUTS);
          gcg__model_free (model);
        }
      else
        gcg__snapshot_close (snapshot);
    }
  columns_free (&columns);
  return 0;
}
