/* tracker.c -- memory over time: /api/tracker, the list of samples, the chart of one type.
 *
 * A chart has at most as many points as it is asked for, picked evenly among the samples of its
 * range.  Samples are kept as changes, so the whole recording is walked for each answer: once to
 * see which types are the biggest at those points, once to take their figures.  That is linear in
 * the changes, some milliseconds for a thousand samples.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define TYPES_DEFAULT  8u
#define POINTS_DEFAULT 300u

/* Sums by group as of one sample after the other. */
struct walk
{
  const struct gcg__timeline *timeline;
  struct gcg__sample_site *now; /* [n_sites] */
  uint64_t *bytes, *count;      /* [groups] */
  uint32_t next;                /* index of the sample to come */
};

static bool
walk_init (struct walk *walk, const struct gcg__timeline *timeline)
{
  uint32_t groups = gcg__timeline_groups (timeline);
  *walk = (struct walk){ .timeline = timeline };
  walk->now = calloc (timeline->recording->n_sites, sizeof *walk->now);
  walk->bytes = calloc (groups, sizeof *walk->bytes);
  walk->count = calloc (groups, sizeof *walk->count);
  return walk->now != NULL && walk->bytes != NULL && walk->count != NULL;
}

static void
walk_fini (struct walk *walk)
{
  free (walk->now);
  free (walk->bytes);
  free (walk->count);
}

/* On to the sample with INDEX. */
static void
walk_to (struct walk *walk, uint32_t index)
{
  for (; walk->next <= index; walk->next++)
    {
      const struct gcg__sample *sample = walk->timeline->recording->samples[walk->next];
      for (uint32_t i = 0; i < sample->n_changes; i++)
        {
          const struct gcg__sample_site *change = &sample->changes[i];
          struct gcg__sample_site *now = &walk->now[change->site];
          uint32_t group = gcg__timeline_group (walk->timeline, change->site);
          walk->bytes[group] += change->live_bytes - now->live_bytes;
          walk->count[group] += change->live_count - now->live_count;
          *now = *change;
        }
    }
}

/* The samples of a chart. */
struct points
{
  uint32_t *index; /* [n], caller frees */
  uint32_t n;
};

/* Picks at most MOST samples from number FROM to TO (0: from the first, to the last). */
static bool
pick_points (const struct gcg__recording *recording, uint64_t from, uint64_t to, uint32_t most,
             struct points *points)
{
  uint32_t first = from > 0 ? gcg__recording_find (recording, from) : 0;
  uint32_t end = to > 0 ? gcg__recording_find (recording, to) : recording->n_samples;
  if (to > 0 && end < recording->n_samples && recording->samples[end]->head.number == to)
    end++;
  uint32_t m = end > first ? end - first : 0;
  points->n = m < most ? m : most;
  points->index = calloc (points->n + (size_t)1, sizeof *points->index);
  if (points->index == NULL)
    return false;
  for (uint32_t i = 0; i < points->n; i++)
    points->index[i] = points->n == 1 ? first + m - 1
                                      : first + (uint32_t)((uint64_t)i * (m - 1) / (points->n - 1));
  return true;
}

static void
write_head (const struct gcg__sample *sample, struct gcg__json *json)
{
  const struct gcg__record_sample *head = &sample->head;
  gcg__json_unsigned (json, "number", head->number);
  gcg__json_unsigned (json, "unix_ms", head->realtime_ns / 1000000);
  gcg__json_string (json, "description", sample->description);
  gcg__json_bool (json, "snapshot", (head->flags & GCG__SAMPLE_SNAPSHOT) != 0);
  gcg__json_unsigned (json, "collections", head->collections);
  gcg__json_unsigned (json, "heap_bytes", head->heap_bytes);
  gcg__json_unsigned (json, "resident_bytes", head->resident_bytes);
  gcg__json_unsigned (json, "virtual_bytes", head->virtual_bytes);
}

void
gcg__sample_members (const struct gcg__recording *recording, uint32_t index,
                     struct gcg__live_sum live, struct gcg__json *json)
{
  const struct gcg__sample *sample = recording->samples[index];
  const struct gcg__sample *next
      = index + 1 < recording->n_samples ? recording->samples[index + 1] : NULL;
  write_head (sample, json);
  gcg__json_unsigned (json, "live_bytes", live.bytes);
  gcg__json_unsigned (json, "live_count", live.count);
  /* A sample says what the one before it cost. */
  if (next != NULL && next->head.number == sample->head.number + 1)
    gcg__json_unsigned (json, "cost_ns", next->head.cost_ns);
  else
    gcg__json_null (json, "cost_ns");
}

struct gcg__live_sum *
gcg__sample_sums (const struct gcg__recording *recording)
{
  struct gcg__live_sum sum = { 0, 0 };
  struct gcg__live_sum *sums = calloc (recording->n_samples + (size_t)1, sizeof *sums);
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now);
  if (sums == NULL || now == NULL)
    {
      free (sums);
      free (now);
      return NULL;
    }
  for (uint32_t i = 0; i < recording->n_samples; i++)
    {
      const struct gcg__sample *sample = recording->samples[i];
      for (uint32_t k = 0; k < sample->n_changes; k++)
        {
          const struct gcg__sample_site *change = &sample->changes[k];
          sum.count += change->live_count - now[change->site].live_count;
          sum.bytes += change->live_bytes - now[change->site].live_bytes;
          now[change->site] = *change;
        }
      sums[i] = sum;
    }
  free (now);
  return sums;
}

/* What stands below the types in the chart. */
enum rest
{
  REST_TYPES,
  REST_HEAP,
  REST_DATA,
  REST_CODE,
  REST_STACK,
  REST_SHARED,
  REST_GCGLASS,
  N_RESTS
};
static const struct
{
  const char *key, *name;
} rests[N_RESTS] = {
  { "types", "Other types" }, { "heap", "Rest of the heap" }, { "data", "Data" },
  { "code", "Code" },         { "stack", "Stack" },           { "shared", "Shared memory" },
  { "gcglass", "gcglass" },
};

static uint64_t
less (uint64_t a, uint64_t b)
{
  return a > b ? a - b : 0;
}

/* Takes up to BYTES from *LEFT and returns how many. */
static uint64_t
take (uint64_t bytes, uint64_t *left)
{
  const uint64_t taken = bytes < *left ? bytes : *left;
  *left -= taken;
  return taken;
}

/* The layers of HEAD's memory when types hold LIVE bytes, the chosen ones SHOWN of them.  With the
   types they are what is resident.  Heap, stack and our own memory count with all that is mapped,
   of which some may never have been touched: so each is limited to what is left, those most surely
   resident first.  Only types that are themselves not all resident (never written to, or swapped
   out) can make the sum larger. */
static void
split_memory (const struct gcg__record_sample *head, uint64_t live, uint64_t shown,
              uint64_t values[N_RESTS])
{
  uint64_t left = less (head->resident_bytes, live);
  uint64_t files = head->shared_bytes < left ? head->shared_bytes : left;
  left -= files;
  values[REST_TYPES] = less (live, shown);
  values[REST_GCGLASS] = take (head->own_bytes, &left);
  values[REST_STACK] = take (head->stack_bytes, &left);
  values[REST_HEAP] = take (less (head->heap_bytes, live), &left);
  values[REST_DATA] = left;
  values[REST_CODE] = take (head->code_bytes + head->library_bytes, &files);
  values[REST_SHARED] = files;
}

/* The chart of /api/tracker. */
struct chart
{
  struct points points;
  uint32_t *groups; /* the biggest types, biggest first */
  uint32_t n_groups;
  uint64_t *values; /* [n_groups + N_RESTS][points.n] */
};

struct ranked
{
  uint64_t bytes;
  uint32_t group;
};

static int
ranked_compare (const void *a, const void *b)
{
  const struct ranked *x = a, *y = b;
  if (x->bytes != y->bytes)
    return x->bytes < y->bytes ? 1 : -1;
  return (x->group > y->group) - (x->group < y->group);
}

/* Sets the at most MOST groups that have the most bytes at any point. */
static bool
rank_groups (struct chart *chart, const struct gcg__timeline *timeline, uint32_t most)
{
  uint32_t n = timeline->types->n_groups;
  struct ranked *ranked = calloc (n + (size_t)1, sizeof *ranked);
  struct walk walk;
  bool ok = walk_init (&walk, timeline) && ranked != NULL;
  for (uint32_t g = 0; ok && g < n; g++)
    ranked[g].group = g;
  for (uint32_t i = 0; ok && i < chart->points.n; i++)
    {
      walk_to (&walk, chart->points.index[i]);
      for (uint32_t g = 0; g < n; g++)
        if (walk.bytes[g] > ranked[g].bytes)
          ranked[g].bytes = walk.bytes[g];
    }
  if (ok)
    {
      qsort (ranked, n, sizeof *ranked, ranked_compare);
      while (chart->n_groups < most && chart->n_groups < n && ranked[chart->n_groups].bytes > 0)
        chart->n_groups++;
      chart->groups = calloc (chart->n_groups + (size_t)1, sizeof *chart->groups);
      ok = chart->groups != NULL;
    }
  for (uint32_t i = 0; ok && i < chart->n_groups; i++)
    chart->groups[i] = ranked[i].group;
  walk_fini (&walk);
  free (ranked);
  return ok;
}

static bool
fill_values (struct chart *chart, const struct gcg__timeline *timeline)
{
  const struct gcg__recording *recording = timeline->recording;
  uint32_t n = chart->points.n, untagged = timeline->types->n_groups;
  struct walk walk;
  chart->values = calloc ((size_t)(chart->n_groups + N_RESTS) * n + 1, sizeof *chart->values);
  bool ok = walk_init (&walk, timeline) && chart->values != NULL;
  for (uint32_t i = 0; ok && i < n; i++)
    {
      uint64_t live = 0, shown = 0, rest[N_RESTS];
      walk_to (&walk, chart->points.index[i]);
      for (uint32_t g = 0; g < untagged; g++)
        live += walk.bytes[g];
      for (uint32_t k = 0; k < chart->n_groups; k++)
        {
          chart->values[(size_t)k * n + i] = walk.bytes[chart->groups[k]];
          shown += walk.bytes[chart->groups[k]];
        }
      split_memory (&recording->samples[chart->points.index[i]]->head, live, shown, rest);
      for (uint32_t k = 0; k < N_RESTS; k++)
        chart->values[(size_t)(chart->n_groups + k) * n + i] = rest[k];
    }
  walk_fini (&walk);
  return ok;
}

static void
write_series (const struct chart *chart, const struct gcg__timeline *timeline,
              struct gcg__json *json)
{
  gcg__json_array (json, "series");
  for (uint32_t k = 0; k < chart->n_groups + N_RESTS; k++)
    {
      bool type = k < chart->n_groups;
      const char *name = type ? gcg__timeline_group_name (timeline, chart->groups[k])
                              : rests[k - chart->n_groups].name;
      gcg__json_object (json, NULL);
      gcg__json_string (json, "key", type ? name : rests[k - chart->n_groups].key);
      gcg__json_string (json, "name", name);
      gcg__json_string (json, "kind", type ? "type" : rests[k - chart->n_groups].key);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

static void
write_points (const struct gcg__recording *recording, const struct points *points,
              struct gcg__json *json)
{
  gcg__json_array (json, "numbers");
  for (uint32_t i = 0; i < points->n; i++)
    gcg__json_unsigned (json, NULL, recording->samples[points->index[i]]->head.number);
  gcg__json_end (json);
  gcg__json_array (json, "unix_ms");
  for (uint32_t i = 0; i < points->n; i++)
    gcg__json_unsigned (json, NULL,
                        recording->samples[points->index[i]]->head.realtime_ns / 1000000);
  gcg__json_end (json);
}

static void
write_chart (const struct chart *chart, const struct gcg__recording *recording,
             struct gcg__json *json)
{
  gcg__json_object (json, "chart");
  write_points (recording, &chart->points, json);
  gcg__json_array (json, "descriptions");
  for (uint32_t i = 0; i < chart->points.n; i++)
    gcg__json_string (json, NULL, recording->samples[chart->points.index[i]]->description);
  gcg__json_end (json);
  gcg__json_array (json, "resident_bytes");
  for (uint32_t i = 0; i < chart->points.n; i++)
    gcg__json_unsigned (json, NULL,
                        recording->samples[chart->points.index[i]]->head.resident_bytes);
  gcg__json_end (json);
  gcg__json_array (json, "bytes");
  for (uint32_t k = 0; k < chart->n_groups + N_RESTS; k++)
    {
      gcg__json_array (json, NULL);
      for (uint32_t i = 0; i < chart->points.n; i++)
        gcg__json_unsigned (json, NULL, chart->values[(size_t)k * chart->points.n + i]);
      gcg__json_end (json);
    }
  gcg__json_end (json);
  gcg__json_end (json);
}

static void
write_sampling (const struct gcg__sampling *sampling, struct gcg__json *json)
{
  gcg__json_object (json, "sampling");
  gcg__json_bool (json, "possible", sampling->possible);
  gcg__json_real (json, "every_s", sampling->every_s);
  gcg__json_bool (json, "lifetimes", sampling->lifetimes);
  gcg__json_end (json);
}

void
gcg__sampling_page (const struct gcg__sampling *sampling, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  write_sampling (sampling, json);
  gcg__json_end (json);
}

static void
write_end (const struct gcg__recording *recording, const char *key, uint32_t index,
           const struct gcg__live_sum *sums, struct gcg__json *json)
{
  if (recording->n_samples == 0)
    {
      gcg__json_null (json, key);
      return;
    }
  gcg__json_object (json, key);
  gcg__sample_members (recording, index, sums[index], json);
  gcg__json_end (json);
}

enum gcg_status
gcg__last_sample_write (const struct gcg__timeline *timeline, struct gcg__json *json,
                        struct gcg_error *error)
{
  const struct gcg__recording *recording = timeline->recording;
  struct gcg__live_sum *sums = gcg__sample_sums (recording);
  if (sums == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a sample");
  if (recording->n_samples > 0)
    {
      gcg__json_object (json, NULL);
      write_end (recording, "sample", recording->n_samples - 1, sums, json);
      gcg__json_end (json);
    }
  free (sums);
  return recording->n_samples > 0 ? GCG_OK
                                  : gcg__error_write (error, GCG_NOT_FOUND, "There is no sample.");
}

enum gcg_status
gcg__tracker_page (const struct gcg__timeline *timeline, const struct gcg__sampling *sampling,
                   const struct gcg__frame_state *frame, const struct gcg__query *query,
                   struct gcg__json *json, struct gcg_error *error)
{
  const struct gcg__recording *recording = timeline->recording;
  struct chart chart = { 0 };
  struct gcg__live_sum *sums = gcg__sample_sums (recording);
  bool ok = sums != NULL
            && pick_points (recording, query->from, query->to,
                            query->points > 0 ? query->points : POINTS_DEFAULT, &chart.points)
            && rank_groups (&chart, timeline, query->types > 0 ? query->types : TYPES_DEFAULT)
            && fill_values (&chart, timeline);
  if (ok)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      write_sampling (sampling, json);
      gcg__json_unsigned (json, "total", recording->n_samples);
      write_end (recording, "first", 0, sums, json);
      write_end (recording, "last", recording->n_samples > 0 ? recording->n_samples - 1 : 0, sums,
                 json);
      write_series (&chart, timeline, json);
      write_chart (&chart, recording, json);
      gcg__json_end (json);
    }
  free (chart.values);
  free (chart.groups);
  free (chart.points.index);
  free (sums);
  return ok ? GCG_OK : gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the tracker");
}

/* Sums of the WANTED sites at each of POINTS: counts, then bytes; caller frees.  NULL: no memory.
 */
static uint64_t *
sum_sites (const struct gcg__recording *recording, const bool *wanted, const struct points *points)
{
  uint64_t *values = calloc (2 * (size_t)points->n + 1, sizeof *values);
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now);
  uint64_t count = 0, bytes = 0;
  uint32_t next = 0;
  for (uint32_t i = 0; values != NULL && now != NULL && i < points->n; i++)
    {
      for (; next <= points->index[i]; next++)
        {
          const struct gcg__sample *sample = recording->samples[next];
          for (uint32_t k = 0; k < sample->n_changes; k++)
            {
              const struct gcg__sample_site *change = &sample->changes[k];
              if (!wanted[change->site])
                continue;
              count += change->live_count - now[change->site].live_count;
              bytes += change->live_bytes - now[change->site].live_bytes;
              now[change->site] = *change;
            }
        }
      values[i] = count;
      values[points->n + i] = bytes;
    }
  if (now == NULL)
    {
      free (values);
      values = NULL;
    }
  free (now);
  return values;
}

enum gcg_status
gcg__timeline_type_chart (const struct gcg__timeline *timeline, const bool *wanted,
                          struct gcg__json *json, struct gcg_error *error)
{
  const struct gcg__recording *recording = timeline->recording;
  struct points points = { NULL, 0 };
  uint64_t *values = NULL;
  if (pick_points (recording, 0, 0, POINTS_DEFAULT, &points))
    values = sum_sites (recording, wanted, &points);
  const bool ok = values != NULL;
  if (ok)
    {
      gcg__json_object (json, "chart");
      write_points (recording, &points, json);
      for (uint32_t k = 0; k < 2; k++)
        {
          gcg__json_array (json, k == 0 ? "count" : "bytes");
          for (uint32_t i = 0; i < points.n; i++)
            gcg__json_unsigned (json, NULL, values[k * points.n + i]);
          gcg__json_end (json);
        }
      gcg__json_end (json);
    }
  free (values);
  free (points.index);
  return ok ? GCG_OK : gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a chart");
}
