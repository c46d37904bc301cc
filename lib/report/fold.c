/* fold.c -- see fold.h.  Cost: each edge of the component once, a sort of its leaves. */
#include <config.h>

#include "report/fold.h"

#include <stdlib.h>

#include "report/buffer.h"
#include "base/error.h"

#define MAX_OBJECTS (1u << 20)
/* An object with more edges than this has its leaves distinguished by type only. */
#define MAX_NAMED_EDGES 4096u

/* FNV-1a of the field's name without its indices: digits in brackets, and offsets. */
static uint64_t
hash_field (const char *text)
{
  uint64_t hash = UINT64_C (0xcbf29ce484222325);
  bool index = text[0] == '+';
  for (; *text != '\0'; text++)
    {
      if (*text == '[')
        index = true;
      else if (*text == ']')
        index = false;
      if (!index || *text < '0' || *text > '9')
        hash = (hash ^ (unsigned char)*text) * UINT64_C (0x100000001b3);
    }
  return hash;
}

static bool
is_leaf (const struct gcg__analysis *a, uint32_t object)
{
  return a->out_first[object] == a->out_first[object + 1]
         && a->in_first[object] + 1 == a->in_first[object + 1];
}

static int
kind_compare (const void *a, const void *b)
{
  const struct gcg__leaf *x = a, *y = b;
  if (x->parent != y->parent)
    return x->parent < y->parent ? -1 : 1;
  if (x->type != y->type)
    return x->type < y->type ? -1 : 1;
  if (x->field != y->field)
    return x->field < y->field ? -1 : 1;
  return (x->object > y->object) - (x->object < y->object);
}

static int
object_compare (const void *a, const void *b)
{
  const struct gcg__leaf *x = a, *y = b;
  return (x->object > y->object) - (x->object < y->object);
}

/* Appends the leaves that PARENT points to. */
static void
add_leaves (struct gcg__fold *fold, const struct gcg__model *model, uint32_t parent,
            struct gcg__buffer *field)
{
  const struct gcg__analysis *a = model->analysis;
  bool named = a->out_first[parent + 1] - a->out_first[parent] <= MAX_NAMED_EDGES;
  struct gcg__object from;
  gcg__snapshot_object (model->snapshot, parent, &from);
  struct gcg__edge_walk walk = gcg__edges_of (model->snapshot, parent);
  while (gcg__next_edge (&walk))
    {
      if (!is_leaf (a, walk.target))
        continue;
      struct gcg__object to;
      gcg__snapshot_object (model->snapshot, walk.target, &to);
      gcg__buffer_clear (field);
      if (named)
        gcg__model_field (model, &from, walk.offset, field);
      fold->leaves[fold->n++] = (struct gcg__leaf){
        .object = walk.target,
        .parent = parent,
        .type = gcg__model_type_key (model, &to),
        .field = hash_field (gcg__buffer_string (field)),
        .bytes = to.requested_bytes,
      };
    }
}

/* Makes the first leaf of each kind the leader of its like.  The leaves are in order of kind
   before and in order of object afterwards. */
static void
find_leaders (struct gcg__fold *fold)
{
  struct gcg__leaf *leader = NULL;
  for (uint32_t i = 0; i < fold->n; i++)
    {
      struct gcg__leaf *leaf = &fold->leaves[i];
      uint64_t bytes = leaf->bytes;
      leaf->bytes = 0;
      if (leader != NULL && leader->parent == leaf->parent && leader->type == leaf->type
          && leader->field == leaf->field)
        {
          leader->n_alike++;
          leader->bytes += bytes;
        }
      else
        leader = leaf;
      leaf->leader = leader->object;
    }
  qsort (fold->leaves, fold->n, sizeof *fold->leaves, object_compare);
}

enum gcg_status
gcg__fold_init (struct gcg__fold *fold, const struct gcg__model *model, uint32_t component,
                struct gcg_error *error)
{
  const struct gcg__analysis *a = model->analysis;
  const struct gcg__component *c = &a->components[component];
  const uint32_t *members = &a->members[c->first_member];
  *fold = (struct gcg__fold){ .leaves = NULL };
  if (c->n_objects > MAX_OBJECTS)
    return GCG_OK;
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n_objects; i++)
    n += is_leaf (a, members[i]);
  fold->leaves = malloc ((n + (size_t)1) * sizeof *fold->leaves);
  if (fold->leaves == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for %u leaves", n);
  struct gcg__buffer field;
  gcg__buffer_init (&field, NULL, NULL);
  for (uint32_t i = 0; i < c->n_objects; i++)
    if (a->out_first[members[i]] != a->out_first[members[i] + 1])
      add_leaves (fold, model, members[i], &field);
  enum gcg_status status = gcg__buffer_status (&field, error);
  gcg__buffer_fini (&field);
  if (status != GCG_OK)
    {
      gcg__fold_fini (fold);
      return status;
    }
  qsort (fold->leaves, fold->n, sizeof *fold->leaves, kind_compare);
  find_leaders (fold);
  return GCG_OK;
}

void
gcg__fold_fini (struct gcg__fold *fold)
{
  free (fold->leaves);
  *fold = (struct gcg__fold){ .leaves = NULL };
}

static const struct gcg__leaf *
find_leaf (const struct gcg__fold *fold, uint32_t object)
{
  struct gcg__leaf key = { .object = object };
  return fold->n == 0 ? NULL : bsearch (&key, fold->leaves, fold->n, sizeof key, object_compare);
}

bool
gcg__fold_hides (const struct gcg__fold *fold, uint32_t object)
{
  const struct gcg__leaf *leaf = find_leaf (fold, object);
  return leaf != NULL && leaf->leader != object;
}

struct gcg__totals
gcg__fold_into (const struct gcg__fold *fold, uint32_t object)
{
  const struct gcg__leaf *leaf = find_leaf (fold, object);
  if (leaf == NULL || leaf->leader != object)
    return (struct gcg__totals){ 0 };
  return (struct gcg__totals){ leaf->n_alike, leaf->bytes };
}
