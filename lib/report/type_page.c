/* type_page.c -- the page /tracker/type/NAME: all that is known of one type.
 *
 * What is alive, how old it is and what it is connected with is the snapshot's; how many there have
 * been, how many died and how old they became, and the chart are the recording's.  The two name
 * sites alike but for what inference found out, which only a snapshot can: so a site is the type's
 * if the snapshot says so, or, when the snapshot does not know the site, if the recording does.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/object_table.h"
#include "report/type_edges.h"

#define MOST_SITES 100u

/* What the page is about. */
struct type_page
{
  const struct gcg__model *model;
  const struct gcg__timeline *timeline; /* NULL: no samples */
  const char *name;
  struct gcg__subject subject;
  bool in_snapshot;
  const struct gcg__type_row *row; /* NULL: no object in the snapshot */
  bool *recorded;                  /* [recording->n_sites]: the type's; NULL without TIMELINE */
};

/* Whether the recording's SITE has objects of the type. */
static bool
is_recorded (const struct type_page *page, uint32_t site)
{
  const struct gcg__types *types
      = gcg__timeline_is_of (page->timeline, page->model->snapshot) ? page->model->types : NULL;
  if (page->in_snapshot && page->subject.which != GCG__SUBJECT_GROUP)
    return site == GCG__SITE_NONE && page->subject.which == GCG__SUBJECT_UNTAGGED;
  if (page->in_snapshot && types != NULL && site > 0 && site < types->n_sites)
    return strcmp (types->groups[types->group_of_site[site]].name, page->name) == 0;
  return strcmp (
             gcg__timeline_group_name (page->timeline, gcg__timeline_group (page->timeline, site)),
             page->name)
         == 0;
}

/* Finds what PAGE->name means.  Errors: GCG_NOT_FOUND, GCG_NO_MEMORY. */
static enum gcg_status
find_type (struct type_page *page, struct gcg_error *error)
{
  bool known = page->in_snapshot = gcg__subject_find (page->model, page->name, &page->subject);
  for (uint32_t i = 0; i < page->model->n_type_rows; i++)
    if (strcmp (page->model->type_rows[i].name, page->name) == 0)
      page->row = &page->model->type_rows[i];
  if (page->timeline != NULL && page->timeline->types == NULL)
    page->timeline = NULL;
  if (page->timeline != NULL)
    {
      const uint32_t n = page->timeline->recording->n_sites;
      page->recorded = calloc (n + (size_t)1, sizeof *page->recorded);
      if (page->recorded == NULL)
        return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a type's sites");
      for (uint32_t s = 0; s < n; s++)
        known |= page->recorded[s] = is_recorded (page, s);
    }
  return known ? GCG_OK : gcg__error_write (error, GCG_NOT_FOUND, "There is no such type.");
}

static const struct gcg__type *
group_of (const struct type_page *page)
{
  return page->in_snapshot && page->subject.group != GCG__NONE
             ? &page->model->types->groups[page->subject.group]
             : NULL;
}

/* --- From the recording. */

struct recorded
{
  uint64_t live_count, live_bytes, made_count, made_bytes;
  uint64_t died_count; /* of all that were made or there when counting began, not alive any more */
  uint64_t by_age[GCG__AGE_BUCKETS];
  bool samples, lifetimes;
};

/* Returns how many objects of the type existed when counting began: alive in the first sample, but
   not counted as made. */
static uint64_t
count_from_before (const struct type_page *page)
{
  const struct gcg__sample *first = page->timeline->recording->samples[0];
  uint64_t live = 0, made = 0;
  for (uint32_t i = 0; i < first->n_changes; i++)
    if (page->recorded[first->changes[i].site])
      {
        live += first->changes[i].live_count;
        made += first->changes[i].made_count;
      }
  return live > made ? live - made : 0;
}

static void
sum_recorded (const struct type_page *page, struct recorded *sum)
{
  *sum = (struct recorded){ .samples = false };
  if (page->timeline == NULL || page->timeline->recording->n_samples == 0)
    return;
  const struct gcg__recording *r = page->timeline->recording;
  sum->samples = true;
  sum->lifetimes = (r->samples[r->n_samples - 1]->head.flags & GCG__SAMPLE_LIFETIMES) != 0;
  for (uint32_t s = 0; s < r->n_sites; s++)
    {
      if (!page->recorded[s])
        continue;
      sum->live_count += r->now[s].live_count;
      sum->live_bytes += r->now[s].live_bytes;
      sum->made_count += r->now[s].made_count;
      sum->made_bytes += r->now[s].made_bytes;
      for (uint32_t age = 0; age < GCG__AGE_BUCKETS; age++)
        sum->by_age[age] += r->deaths[s].by_age[age];
    }
  const uint64_t ever = sum->made_count + count_from_before (page);
  sum->died_count = ever > sum->live_count ? ever - sum->live_count : 0;
}

/* The ages in collections that bucket I holds: 0, 1, 2 to 3, 4 to 7, ...; the last has no end. */
static uint64_t
bucket_from (uint32_t i)
{
  return i == 0 ? 0 : UINT64_C (1) << (i - 1);
}

static uint32_t
bucket_of (uint64_t age)
{
  const uint32_t bucket = age == 0 ? 0 : 64 - (uint32_t)__builtin_clzll (age);
  return bucket < GCG__AGE_BUCKETS ? bucket : GCG__AGE_BUCKETS - 1;
}

static void
write_bucket (uint32_t i, const char *from, const char *to, struct gcg__json *json)
{
  gcg__json_unsigned (json, from, bucket_from (i));
  if (i + 1 < GCG__AGE_BUCKETS)
    gcg__json_unsigned (json, to, bucket_from (i + 1) - 1);
  else
    gcg__json_null (json, to);
}

static void
write_deaths (const struct recorded *recorded, struct gcg__json *json)
{
  uint32_t n = GCG__AGE_BUCKETS;
  if (!recorded->lifetimes)
    {
      gcg__json_null (json, "deaths");
      return;
    }
  while (n > 0 && recorded->by_age[n - 1] == 0)
    n--;
  gcg__json_array (json, "deaths");
  for (uint32_t i = 0; i < n; i++)
    {
      gcg__json_object (json, NULL);
      write_bucket (i, "age_from", "age_to", json);
      gcg__json_unsigned (json, "count", recorded->by_age[i]);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

/* --- From the snapshot. */

/* What one walk over the type's objects finds. */
struct found
{
  struct gcg__totals ages[GCG__AGE_BUCKETS];
  uint64_t *bytes_of_site; /* [n_sites] */
};

static void
walk_objects (const struct type_page *page, struct found *found)
{
  struct gcg__object_walk walk = gcg__objects (page->model->snapshot);
  while (page->row != NULL && gcg__next_object (&walk))
    {
      const struct gcg__object *object = &walk.object;
      if (!gcg__subject_has (&page->subject, object))
        continue;
      found->bytes_of_site[object->site] += object->requested_bytes + 1;
      if (!(object->flags & GCG__OBJECT_TAGGED) || !(object->flags & GCG__OBJECT_MARKED)
          || gcg__model_is_malloc (page->model))
        continue;
      struct gcg__totals *age = &found->ages[bucket_of (gcg__object_age (page->model, object))];
      age->objects++;
      age->bytes += object->requested_bytes;
    }
}

static void
write_ages (const struct found *found, struct gcg__json *json)
{
  uint32_t n = GCG__AGE_BUCKETS;
  while (n > 0 && found->ages[n - 1].objects == 0)
    n--;
  gcg__json_array (json, "ages");
  for (uint32_t i = 0; i < n; i++)
    {
      gcg__json_object (json, NULL);
      write_bucket (i, "from", "to", json);
      gcg__json_unsigned (json, "count", found->ages[i].objects);
      gcg__json_unsigned (json, "bytes", found->ages[i].bytes);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

/* The sites with most bytes of the type, most first. */
static void
write_sites (const struct type_page *page, struct found *found, struct gcg__json *json)
{
  const uint32_t n_sites = page->model->types->n_sites;
  uint32_t best[MOST_SITES], n = 0;
  for (uint32_t s = 1; s < n_sites; s++)
    {
      const uint64_t bytes = found->bytes_of_site[s];
      uint32_t at = n;
      if (bytes == 0)
        continue;
      while (at > 0 && found->bytes_of_site[best[at - 1]] < bytes)
        at--;
      if (at == MOST_SITES)
        continue;
      n += n < MOST_SITES;
      memmove (&best[at + 1], &best[at], (n - at - 1) * sizeof best[0]);
      best[at] = s;
    }
  gcg__json_array (json, "sites");
  for (uint32_t i = 0; i < n; i++)
    gcg__site_row (page->model, best[i], NULL, json);
  gcg__json_end (json);
}

static void
write_fields (const struct type_page *page, struct gcg__json *json)
{
  const struct gcg__type *group = group_of (page);
  const struct gcg__count *count = page->row != NULL ? &page->row->count : NULL;
  const struct gcg__type_field *fields = NULL;
  uint32_t n = 0;
  if (group != NULL && group->type != NULL)
    n = gcg__symbols_fields (
        page->model->symbols, group->type,
        count != NULL && count->min_bytes == count->max_bytes ? count->min_bytes : 0, &fields);
  gcg__json_array (json, "fields");
  for (uint32_t i = 0; i < n; i++)
    {
      gcg__json_object (json, NULL);
      gcg__json_unsigned (json, "offset", fields[i].offset);
      gcg__json_unsigned (json, "bit_offset", fields[i].bit_offset);
      gcg__json_unsigned (json, "bits", fields[i].bits);
      gcg__json_unsigned (json, "depth", fields[i].depth);
      gcg__json_string (json, "name", fields[i].name);
      gcg__json_string (json, "type", fields[i].type);
      gcg__json_unsigned (json, "bytes", fields[i].bytes);
      gcg__json_string (
          json, "pointee",
          fields[i].pointee != NULL && fields[i].pointee[0] != '\0' ? fields[i].pointee : NULL);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

/* --- The whole. */

static void
write_head (const struct type_page *page, const struct recorded *recorded, struct gcg__json *json)
{
  const struct gcg__type *group = group_of (page);
  const struct gcg__count *count = page->row != NULL ? &page->row->count : NULL;
  const uint64_t declared = group != NULL && group->type != NULL
                                ? gcg__symbols_type_size (page->model->symbols, group->type)
                                : 0;
  gcg__json_object (json, "type");
  gcg__json_string (json, "name", page->name);
  gcg__json_bool (json, "inferred", group != NULL && group->basis == GCG__BASIS_INFERRED);
  gcg__json_string (json, "from", group != NULL ? group->from : NULL);
  gcg__json_bool (json, "by_site", group == NULL || group->basis == GCG__BASIS_SITE);
  if (declared > 0)
    gcg__json_unsigned (json, "declared_bytes", declared);
  else
    gcg__json_null (json, "declared_bytes");
  if (count != NULL)
    gcg__json_totals (json, "alive", count->all.objects - count->garbage.objects,
                      count->all.bytes - count->garbage.bytes);
  else
    gcg__json_totals (json, "alive", page->in_snapshot ? 0 : recorded->live_count,
                      page->in_snapshot ? 0 : recorded->live_bytes);
  gcg__json_totals (json, "garbage", count != NULL ? count->garbage.objects : 0,
                    count != NULL ? count->garbage.bytes : 0);
  if (recorded->samples)
    gcg__json_totals (json, "registered", recorded->made_count, recorded->made_bytes);
  else
    gcg__json_null (json, "registered");
  if (recorded->samples)
    {
      gcg__json_object (json, "died");
      gcg__json_unsigned (json, "count", recorded->died_count);
      gcg__json_end (json);
    }
  else
    gcg__json_null (json, "died");
  if (count != NULL)
    {
      gcg__json_real (json, "average", (double)count->all.bytes / (double)count->all.objects);
      gcg__json_unsigned (json, "minimal", count->min_bytes);
      gcg__json_unsigned (json, "maximal", count->max_bytes);
    }
  else
    {
      gcg__json_null (json, "average");
      gcg__json_null (json, "minimal");
      gcg__json_null (json, "maximal");
    }
  gcg__json_end (json);
}

/* Writes what the snapshot records of the type's objects as a JSON object; caller frees *TEXT. */
static enum gcg_status
describe_objects (const struct type_page *page, char **text, size_t *bytes, struct gcg_error *error)
{
  struct gcg__json json;
  struct found found = { .bytes_of_site = calloc (page->model->types->n_sites + (size_t)1,
                                                  sizeof *found.bytes_of_site) };
  enum gcg_status status;
  gcg__json_init (&json, NULL, NULL);
  if (found.bytes_of_site == NULL)
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a type");
  else
    {
      gcg__json_object (&json, NULL);
      walk_objects (page, &found);
      write_fields (page, &json);
      write_sites (page, &found, &json);
      write_ages (&found, &json);
      status = gcg__type_edges_write (&page->subject, &json, error);
      gcg__json_end (&json);
    }
  free (found.bytes_of_site);
  if (status == GCG_OK && (*text = gcg__json_take (&json, bytes, error)) == NULL)
    status = GCG_NO_MEMORY;
  gcg__json_fini (&json);
  return status;
}

/* The same, made for the first reader and kept for the next. */
static enum gcg_status
write_objects (const struct type_page *page, struct gcg__json *json, struct gcg_error *error)
{
  struct gcg__buffer key;
  struct gcg__kept *kept = page->model->kept;
  const struct gcg__kept_item *item = NULL;
  char *text;
  size_t bytes = 0;
  gcg__buffer_init (&key, NULL, NULL);
  gcg__buffer_format (&key, "type\n%s", page->name);
  enum gcg_status status = gcg__buffer_status (&key, error);
  if (status == GCG_OK && (item = gcg__kept_get (kept, gcg__buffer_string (&key))) == NULL
      && (status = describe_objects (page, &text, &bytes, error)) == GCG_OK
      && (item = gcg__kept_add (kept, gcg__buffer_string (&key), text, bytes)) == NULL)
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a type");
  gcg__buffer_fini (&key);
  if (item != NULL)
    {
      /* Without its braces. */
      gcg__json_members (json, (const char *)item->data + 1, item->bytes - 2);
      gcg__kept_put (kept, item);
    }
  return status;
}

static enum gcg_status
write_page (const struct type_page *page, struct gcg__json *json, struct gcg_error *error)
{
  struct recorded recorded;
  enum gcg_status status = GCG_OK;
  sum_recorded (page, &recorded);
  write_head (page, &recorded, json);
  if (recorded.samples)
    status = gcg__timeline_type_chart (page->timeline, page->recorded, json, error);
  else
    gcg__json_null (json, "chart");
  if (status != GCG_OK)
    return status;
  write_deaths (&recorded, json);
  return write_objects (page, json, error);
}

enum gcg_status
gcg__type_page (const struct gcg__model *model, const struct gcg__timeline *timeline,
                const struct gcg__frame_state *frame, const char *name, struct gcg__json *json,
                struct gcg_error *error)
{
  struct type_page page = { .model = model, .timeline = timeline, .name = name };
  enum gcg_status status = find_type (&page, error);
  if (status == GCG_OK)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      status = write_page (&page, json, error);
      gcg__json_end (json);
    }
  free (page.recorded);
  return status;
}

enum gcg_status
gcg__type_exists (const struct gcg__model *model, const struct gcg__timeline *timeline,
                  const char *name, struct gcg_error *error)
{
  struct type_page page = { .model = model, .timeline = timeline, .name = name };
  enum gcg_status status = find_type (&page, error);
  free (page.recorded);
  return status;
}

enum gcg_status
gcg__type_instances_page (const struct gcg__model *model, const struct gcg__timeline *timeline,
                          const struct gcg__frame_state *frame, const char *name,
                          const struct gcg__query *query, struct gcg__json *json,
                          struct gcg_error *error)
{
  struct type_page page = { .model = model, .timeline = timeline, .name = name };
  struct gcg__query instances = *query;
  enum gcg_status status = find_type (&page, error);
  free (page.recorded);
  if (status != GCG_OK)
    return status;
  instances.type = name;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  status = gcg__object_table_write (model, NULL, page.row != NULL ? model->snapshot->n_objects : 0,
                                    &instances, json, error);
  gcg__json_end (json);
  return status;
}
