/* model.c -- see model.h. */
#include <config.h>

#include "report/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Components with at least so many objects have their types counted beforehand: those of the
   others are counted when a page shows them. */
#define MANY_OBJECTS 4096u

/* Adds a count of GROUP to MIX, whose entries stay sorted, most first. */
static void
mix_insert (struct gcg__mix *mix, uint32_t group, uint32_t count)
{
  uint32_t at = mix->n;
  while (at > 0 && mix->top[at - 1].count < count)
    at--;
  if (at == GCG__TOP_TYPES)
    return;
  uint32_t last = mix->n < GCG__TOP_TYPES ? mix->n++ : GCG__TOP_TYPES - 1;
  memmove (&mix->top[at + 1], &mix->top[at], (last - at) * sizeof mix->top[0]);
  mix->top[at].group = group;
  mix->top[at].count = count;
}

/* Counts the types of COMPONENT in COUNTS, which has an entry for each group and one more for
   what is untagged, all 0, and is left so. */
static void
mix_count (const struct gcg__analysis *analysis, const struct gcg__types *types, uint32_t component,
           uint32_t *counts, struct gcg__mix *mix)
{
  const struct gcg__component *c = &analysis->components[component];
  const uint32_t *members = &analysis->members[c->first_member];
  *mix = (struct gcg__mix){ .component = component };
  for (uint32_t i = 0; i < c->n_objects; i++)
    {
      uint32_t group = types->group_of_object[members[i]];
      counts[group == GCG__NONE ? types->n_groups : group]++;
    }
  for (uint32_t i = 0; i < c->n_objects; i++)
    {
      uint32_t group = types->group_of_object[members[i]];
      if (group == GCG__NONE)
        group = types->n_groups;
      if (counts[group] == 0)
        continue;
      mix_insert (mix, group == types->n_groups ? GCG__NONE : group, counts[group]);
      counts[group] = 0;
    }
}

static enum gcg_status
model_count_mixes (struct gcg__model *model)
{
  const struct gcg__analysis *a = model->analysis;
  uint32_t n = 0;
  for (uint32_t c = 0; c < a->n_components; c++)
    n += a->components[c].n_objects >= MANY_OBJECTS;
  model->mixes = calloc (n + 1u, sizeof *model->mixes);
  uint32_t *counts = calloc (model->types->n_groups + 1u, sizeof *counts);
  if (model->mixes == NULL || counts == NULL)
    {
      free (counts);
      return GCG_NO_MEMORY;
    }
  for (uint32_t c = 0; c < a->n_components; c++)
    if (a->components[c].n_objects >= MANY_OBJECTS)
      mix_count (a, model->types, c, counts, &model->mixes[model->n_mixes++]);
  free (counts);
  return GCG_OK;
}

static int
type_row_compare (const void *a, const void *b)
{
  const struct gcg__type_row *x = a, *y = b;
  if (x->count.all.bytes != y->count.all.bytes)
    return x->count.all.bytes < y->count.all.bytes ? 1 : -1;
  return strcmp (x->name, y->name);
}

static enum gcg_status
model_list_types (struct gcg__model *model)
{
  const struct gcg__histogram *h = model->histogram;
  model->type_rows = calloc (h->n_groups + h->n_untagged + 1u, sizeof *model->type_rows);
  model->untagged_names = calloc (h->n_untagged + 1u, sizeof *model->untagged_names);
  if (model->type_rows == NULL || model->untagged_names == NULL)
    return GCG_NO_MEMORY;
  for (uint32_t g = 0; g < h->n_groups; g++)
    {
      const struct gcg__type *type = &model->types->groups[g];
      if (h->by_group[g].all.objects > 0)
        model->type_rows[model->n_type_rows++]
            = (struct gcg__type_row){ type->name, g, type->n_sites, h->by_group[g] };
    }
  for (uint32_t u = 0; u < h->n_untagged; u++)
    {
      gcg__types_untagged (h->untagged[u].slot_bytes, h->untagged[u].kind,
                           model->untagged_names[u]);
      model->type_rows[model->n_type_rows++]
          = (struct gcg__type_row){ model->untagged_names[u], GCG__NONE, 0, h->untagged[u].count };
    }
  qsort (model->type_rows, model->n_type_rows, sizeof *model->type_rows, type_row_compare);
  return GCG_OK;
}

static void
model_count_leaks (struct gcg__model *model)
{
  for (uint32_t c = 0; c < model->analysis->n_cycles; c++)
    {
      enum gcg__verdict verdict = gcg__model_cycle_verdict (model, c);
      const struct gcg__cycle *cycle = &model->analysis->cycles[c];
      if (verdict == GCG__CYCLE)
        continue;
      model->leaked_cycles++;
      model->leaked_cycle_bytes
          += verdict == GCG__FINALIZATION_CYCLE ? cycle->kept.bytes : cycle->bytes;
    }
}

/* Frees all but the snapshot. */
static void
model_clear (struct gcg__model *model)
{
  for (uint32_t c = 0; model->paths != NULL && c < model->analysis->n_cycles; c++)
    {
      struct gcg__cycle_path *path = atomic_load (&model->paths[c]);
      if (path != NULL)
        gcg__cycle_path_fini (path);
      free (path);
    }
  free (model->paths);
  struct gcg__root_tree *tree = atomic_load (&model->root_tree);
  if (tree != NULL)
    gcg__root_tree_fini (tree);
  free (tree);
  if (model->kept != NULL)
    gcg__kept_fini (model->kept);
  free (model->kept);
  free (model->mixes);
  free (model->untagged_names);
  free (model->type_rows);
  gcg__histogram_free (model->histogram);
  gcg__types_free (model->types);
  gcg__symbols_free (model->symbols);
  gcg__analysis_free (model->analysis);
  free (model);
}

enum gcg_status
gcg__model_new (struct gcg__snapshot *snapshot, struct gcg__model **result, struct gcg_error *error)
{
  enum gcg_status status = GCG_NO_MEMORY;
  struct gcg__model *model = calloc (1, sizeof *model);
  if (model == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  model->snapshot = snapshot;
  if ((status = gcg__analysis_new (snapshot, &model->analysis, error)) != GCG_OK
      || (status = gcg__symbols_new (snapshot, &model->symbols, error)) != GCG_OK
      || (status = gcg__types_new (snapshot, model->symbols, &model->types, error)) != GCG_OK
      || (status = gcg__histogram_new (snapshot, model->types->group_of_object,
                                       model->types->n_groups, &model->histogram, error))
             != GCG_OK)
    goto fail_parts;
  model->paths = calloc (model->analysis->n_cycles + (size_t)1, sizeof *model->paths);
  model->kept = malloc (sizeof *model->kept);
  if (model->kept != NULL)
    gcg__kept_init (model->kept);
  if (model->paths == NULL || model->kept == NULL || model_list_types (model) != GCG_OK
      || model_count_mixes (model) != GCG_OK)
    {
      status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory after the analysis");
      goto fail_parts;
    }
  model_count_leaks (model);
  *result = model;
  return GCG_OK;

fail_parts:
  model_clear (model);
  return status;
}

enum gcg_status
gcg__model_open (const char *path, struct gcg__model **model, struct gcg_error *error)
{
  struct gcg__snapshot *snapshot;
  enum gcg_status status = gcg__snapshot_open (path, &snapshot, error);
  if (status != GCG_OK)
    return status;
  status = gcg__model_new (snapshot, model, error);
  if (status != GCG_OK)
    gcg__snapshot_close (snapshot);
  return status;
}

void
gcg__model_free (struct gcg__model *model)
{
  if (model == NULL)
    return;
  struct gcg__snapshot *snapshot = model->snapshot;
  model_clear (model);
  gcg__snapshot_close (snapshot);
}

enum gcg_status
gcg__model_path (struct gcg__model *model, uint32_t cycle, const struct gcg__cycle_path **result,
                 struct gcg_error *error)
{
  struct gcg__cycle_path *known = atomic_load (&model->paths[cycle]);
  if (known != NULL)
    {
      *result = known;
      return GCG_OK;
    }
  struct gcg__cycle_path *path = malloc (sizeof *path);
  if (path == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the shortest cycle");
  enum gcg_status status = gcg__cycle_path (model->analysis, cycle, path, error);
  if (status != GCG_OK)
    {
      free (path);
      return status;
    }
  if (!atomic_compare_exchange_strong (&model->paths[cycle], &known, path))
    {
      gcg__cycle_path_fini (path);
      free (path);
      path = known;
    }
  *result = path;
  return GCG_OK;
}

enum gcg_status
gcg__model_root_tree (struct gcg__model *model, const struct gcg__root_tree **result,
                      struct gcg_error *error)
{
  struct gcg__root_tree *known = atomic_load (&model->root_tree);
  if (known == NULL)
    {
      struct gcg__root_tree *tree = malloc (sizeof *tree);
      if (tree == NULL)
        return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the ways from the roots");
      enum gcg_status status = gcg__root_tree_init (tree, model->analysis, error);
      if (status != GCG_OK)
        {
          free (tree);
          return status;
        }
      if (atomic_compare_exchange_strong (&model->root_tree, &known, tree))
        known = tree;
      else
        {
          gcg__root_tree_fini (tree);
          free (tree);
        }
    }
  *result = known;
  return GCG_OK;
}

static int
mix_compare (const void *key, const void *element)
{
  uint32_t component = *(const uint32_t *)key;
  const struct gcg__mix *mix = element;
  return (component > mix->component) - (component < mix->component);
}

enum gcg_status
gcg__model_mix (const struct gcg__model *model, uint32_t component, struct gcg__mix *mix,
                struct gcg_error *error)
{
  if (model->analysis->components[component].n_objects >= MANY_OBJECTS)
    {
      *mix = *(struct gcg__mix *)bsearch (&component, model->mixes, model->n_mixes,
                                          sizeof *model->mixes, mix_compare);
      return GCG_OK;
    }
  uint32_t *counts = calloc (model->types->n_groups + 1u, sizeof *counts);
  if (counts == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a component's types");
  mix_count (model->analysis, model->types, component, counts, mix);
  free (counts);
  return GCG_OK;
}

const char *
gcg__model_group_name (const struct gcg__model *model, uint32_t group)
{
  return group == GCG__NONE ? "untagged" : model->types->groups[group].name;
}

uint64_t
gcg__model_type_key (const struct gcg__model *model, const struct gcg__object *object)
{
  const uint32_t group = model->types->group_of_object[object->id];
  return group != GCG__NONE ? group
                            : UINT64_C (1) << 63 | object->slot_bytes << 8 | (object->kind & 0xff);
}

const char *
gcg__verdict_name (enum gcg__verdict verdict)
{
  static const char *const names[]
      = { "finalization cycle", "leaked cycle", "cycle", "chain", "single" };
  return names[verdict];
}

enum gcg__verdict
gcg__model_cycle_verdict (const struct gcg__model *model, uint32_t cycle)
{
  const struct gcg__cycle *c = &model->analysis->cycles[cycle];
  if (c->n_finalizers > 0)
    return GCG__FINALIZATION_CYCLE;
  enum gcg__verdict verdict = model->analysis->components[c->component].verdict;
  return verdict == GCG__LEAKED_CYCLE ? GCG__LEAKED_CYCLE : GCG__CYCLE;
}

const char *
gcg__model_function (const struct gcg__model *model, uint64_t address)
{
  const struct gcg__frame *frames;
  uint32_t n = gcg__symbols_frames (model->symbols, address, false, &frames);
  return n > 0 ? frames[n - 1].function : "";
}

const char *
gcg__finalizer_mode_name (uint32_t mode)
{
  static const char *const names[]
      = { "unknown", "ordered", "ignore self", "no order", "unreachable" };
  return names[mode <= GCG__FINALIZER_UNREACHABLE ? mode : 0];
}

void
gcg__model_field (const struct gcg__model *model, const struct gcg__object *object, uint64_t offset,
                  struct gcg__buffer *out)
{
  const uint32_t group = model->types->group_of_object[object->id];
  const char *type = group != GCG__NONE ? model->types->groups[group].type : NULL;
  uint64_t bytes = object->requested_bytes;
  /* An untagged object's type was inferred to fill its slot but for what was rounded up. */
  if (type != NULL && object->site == GCG__SITE_NONE)
    bytes = gcg__symbols_type_size (model->symbols, type);
  char field[256];
  if (type == NULL
      || !gcg__symbols_field (model->symbols, type, bytes, offset, field, sizeof field))
    {
      gcg__buffer_format (out, "+%llu", (unsigned long long)offset);
      return;
    }
  if (field[0] != '\0' && field[0] != '[')
    gcg__buffer_text (out, ".");
  gcg__buffer_clean (out, field);
}
