/* histogram.c -- counts by type and by site.
 *
 * One walk over the objects.  Objects of no group are distinguished by slot size and kind, which
 * are their block's: blocks are sorted by the two first, so that an object's row is one array
 * access away, and the 64 rows with most bytes are kept.
 *
 * The result owns one arena, in which it lies.  Cost: O(objects + blocks), 16 bytes per block.
 */
#include "config.h"

#include "analysis/analysis.h"

#include "analysis/arena.h"
#include "analysis/sort.h"

#define MAX_UNTAGGED 64

struct result
{
  struct gcg__histogram histogram; /* first: a pointer to it is a pointer to this */
  struct gcg__arena arena;
};

/* The rows of untagged objects before the biggest are chosen. */
struct rows
{
  struct gcg__untagged *list;
  uint32_t *of_block; /* [n_blocks] */
  uint32_t n;
};

static void
histogram_count (struct gcg__count *count, const struct gcg__object *object)
{
  uint64_t bytes = object->requested_bytes;
  if (count->all.objects == 0 || bytes < count->min_bytes)
    count->min_bytes = bytes;
  if (bytes > count->max_bytes)
    count->max_bytes = bytes;
  count->all.objects++;
  count->all.bytes += bytes;
  if ((object->flags & GCG__OBJECT_MARKED) == 0)
    {
      count->garbage.objects++;
      count->garbage.bytes += bytes;
    }
}

/* Adds FROM to COUNT. */
static void
histogram_add (struct gcg__count *count, const struct gcg__count *from)
{
  if (from->all.objects == 0)
    return;
  if (count->all.objects == 0 || from->min_bytes < count->min_bytes)
    count->min_bytes = from->min_bytes;
  if (from->max_bytes > count->max_bytes)
    count->max_bytes = from->max_bytes;
  count->all.objects += from->all.objects;
  count->all.bytes += from->all.bytes;
  count->garbage.objects += from->garbage.objects;
  count->garbage.bytes += from->garbage.bytes;
}

/* One row for each slot size and kind.  false: out of memory. */
static bool
histogram_rows (const struct gcg__snapshot *snapshot, struct gcg__arena *scratch, struct rows *rows)
{
  uint32_t n = snapshot->n_blocks;
  uint64_t *slot_bytes = gcg__arena_array (scratch, n, sizeof *slot_bytes);
  uint64_t *kind = gcg__arena_array (scratch, n, sizeof *kind);
  uint32_t *order = gcg__arena_array (scratch, n, sizeof *order);
  uint32_t *spare = gcg__arena_array (scratch, n, sizeof *spare);
  rows->of_block = gcg__arena_array (scratch, n, sizeof *rows->of_block);
  if (slot_bytes == NULL || kind == NULL || order == NULL || spare == NULL
      || rows->of_block == NULL)
    return false;
  for (uint32_t b = 0; b < n; b++)
    {
      order[b] = b;
      slot_bytes[b] = snapshot->blocks[b].slot_bytes;
      kind[b] = snapshot->blocks[b].kind;
    }
  gcg__sort_descending (order, n, kind, spare);
  gcg__sort_descending (order, n, slot_bytes, spare);

  rows->n = 0;
  for (uint32_t i = 0; i < n; i++)
    {
      if (i == 0 || slot_bytes[order[i]] != slot_bytes[order[i - 1]]
          || kind[order[i]] != kind[order[i - 1]])
        rows->n++;
      rows->of_block[order[i]] = rows->n - 1;
    }
  rows->list = gcg__arena_array (scratch, rows->n, sizeof *rows->list);
  if (rows->list == NULL)
    return false;
  for (uint32_t b = 0; b < n; b++)
    {
      rows->list[rows->of_block[b]].slot_bytes = slot_bytes[b];
      rows->list[rows->of_block[b]].kind = snapshot->blocks[b].kind;
    }
  return true;
}

/* The biggest rows, and one more for the rest.  false: out of memory. */
static bool
histogram_choose (const struct rows *rows, struct gcg__arena *scratch, struct gcg__arena *arena,
                  struct gcg__histogram *histogram)
{
  uint64_t *bytes = gcg__arena_array (scratch, rows->n, sizeof *bytes);
  uint32_t *order = gcg__arena_array (scratch, rows->n, sizeof *order);
  uint32_t *spare = gcg__arena_array (scratch, rows->n, sizeof *spare);
  histogram->untagged = gcg__arena_array (arena, MAX_UNTAGGED + 1, sizeof *histogram->untagged);
  if (bytes == NULL || order == NULL || spare == NULL || histogram->untagged == NULL)
    return false;
  uint32_t n = 0;
  for (uint32_t r = 0; r < rows->n; r++)
    if (rows->list[r].count.all.objects > 0)
      {
        order[n++] = r;
        bytes[r] = rows->list[r].count.all.bytes;
      }
  gcg__sort_descending (order, n, bytes, spare);
  histogram->n_untagged = n > MAX_UNTAGGED ? MAX_UNTAGGED + 1 : n;
  for (uint32_t i = 0; i < n; i++)
    if (i < MAX_UNTAGGED)
      histogram->untagged[i] = rows->list[order[i]];
    else
      histogram_add (&histogram->untagged[MAX_UNTAGGED].count, &rows->list[order[i]].count);
  return true;
}

/* Fills RESULT.  false: out of memory. */
static bool
histogram_fill (struct result *result, const struct gcg__snapshot *snapshot,
                const uint32_t *group_of_object, uint32_t n_groups, struct gcg__arena *scratch)
{
  struct gcg__histogram *histogram = &result->histogram;
  struct gcg__arena *arena = &result->arena;
  struct rows rows;
  histogram->by_group = gcg__arena_array (arena, n_groups, sizeof *histogram->by_group);
  histogram->by_site = gcg__arena_array (arena, snapshot->n_sites, sizeof *histogram->by_site);
  if (histogram->by_group == NULL || histogram->by_site == NULL
      || !histogram_rows (snapshot, scratch, &rows))
    return false;
  histogram->n_groups = n_groups;
  histogram->n_sites = snapshot->n_sites;

  struct gcg__object_walk walk = gcg__objects (snapshot);
  while (gcg__next_object (&walk))
    {
      const struct gcg__object *object = &walk.object;
      histogram_count (&histogram->by_site[object->site], object);
      const uint32_t group = group_of_object[object->id];
      histogram_count (group != GCG__NONE ? &histogram->by_group[group]
                                          : &rows.list[rows.of_block[object->block]].count,
                       object);
    }
  return histogram_choose (&rows, scratch, arena, histogram);
}

enum gcg_status
gcg__histogram_new (const struct gcg__snapshot *snapshot, const uint32_t *group_of_object,
                    uint32_t n_groups, struct gcg__histogram **histogram, struct gcg_error *error)
{
  struct gcg__arena arena, scratch;
  gcg__arena_init (&arena);
  gcg__arena_init (&scratch);
  struct result *result = gcg__arena_array (&arena, 1, sizeof *result);
  if (result == NULL)
    goto fail_memory;
  result->arena = arena;
  if (!histogram_fill (result, snapshot, group_of_object, n_groups, &scratch))
    {
      arena = result->arena;
      goto fail_memory;
    }
  gcg__arena_fini (&scratch);
  *histogram = &result->histogram;
  return GCG_OK;

fail_memory:
  gcg__arena_fini (&scratch);
  gcg__arena_fini (&arena);
  return gcg__no_memory (error, "counting types and sites");
}

void
gcg__histogram_free (struct gcg__histogram *histogram)
{
  if (histogram != NULL)
    gcg__arena_fini (&((struct result *)histogram)->arena);
}
