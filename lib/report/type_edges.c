/* type_edges.c -- see type_edges.h.
 *
 * Pointers are counted by field and type at the other end.  Elements of arrays count as one field:
 * where the type is known its layout says what repeats.  Where it is not, the offset stands for the
 * field, and everything from MOST_OFFSET on for one.
 *
 * Objects are walked in order, so only the look at the other end of a pointer is a jump, of 4 bytes
 * an object.  The table of counts is bounded; pairs that do not fit are dropped; only the rarest
 * pairs are affected.
 */
#include <config.h>

#include "report/type_edges.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/root_text.h"

#define MOST_OFFSET UINT64_C (512)
#define MOST_ROWS   200u
#define TABLE_SLOTS (1u << 14)
#define TABLE_FULL  (TABLE_SLOTS / 2)
#define LAYOUTS     1024u

/* --- Which objects. */

bool
gcg__subject_find (const struct gcg__model *model, const char *name, struct gcg__subject *subject)
{
  const struct gcg__histogram *h = model->histogram;
  *subject = (struct gcg__subject){ .model = model, .name = name, .group = GCG__NONE };
  for (uint32_t g = 0; g < model->types->n_groups; g++)
    if (strcmp (model->types->groups[g].name, name) == 0)
      {
        subject->group = g;
        subject->which = GCG__SUBJECT_GROUP;
        return true;
      }
  if (strcmp (name, "untagged") == 0 && h->n_untagged > 0)
    subject->which = GCG__SUBJECT_UNTAGGED;
  for (uint32_t u = 0; u < h->n_untagged; u++)
    {
      char scratch[GCG__TYPE_SCRATCH];
      gcg__types_untagged (h->untagged[u].slot_bytes, h->untagged[u].kind, scratch);
      if (strcmp (scratch, name) != 0)
        continue;
      subject->which = h->untagged[u].slot_bytes > 0 ? GCG__SUBJECT_SIZE : GCG__SUBJECT_REST;
      subject->slot_bytes = h->untagged[u].slot_bytes;
      subject->kind = h->untagged[u].kind;
    }
  return subject->which != GCG__SUBJECT_NONE;
}

bool
gcg__subject_has (const struct gcg__subject *subject, const struct gcg__object *object)
{
  const struct gcg__histogram *h = subject->model->histogram;
  if (subject->model->types->group_of_object[object->id] != subject->group)
    return false;
  switch (subject->which)
    {
    case GCG__SUBJECT_GROUP:
    case GCG__SUBJECT_UNTAGGED:
      return true;
    case GCG__SUBJECT_SIZE:
      return object->slot_bytes == subject->slot_bytes && object->kind == subject->kind;
    case GCG__SUBJECT_REST:
      for (uint32_t u = 0; u < h->n_untagged; u++)
        if (h->untagged[u].slot_bytes == object->slot_bytes && h->untagged[u].kind == object->kind)
          return false;
      return true;
    default:
      return false;
    }
}

/* --- Counts. */

struct row
{
  uint64_t type;  /* gcg__model_type_key of the other end; of a root its variable's address */
  uint64_t field; /* offset, by which repetitions are one */
  uint64_t bytes; /* of what is pointed to */
  uint64_t count;
  uint64_t object_bytes; /* of one object that has the field: to name it */
  uint32_t example;      /* id of an object at the other end; root: index into roots */
  bool repeats;          /* the field stands for all elements */
};

struct table
{
  struct row *rows;
  uint32_t *slots; /* index into rows + 1 */
  uint32_t n;
};

static bool
table_init (struct table *table)
{
  table->rows = malloc (TABLE_FULL * sizeof *table->rows);
  table->slots = calloc (TABLE_SLOTS, sizeof *table->slots);
  table->n = 0;
  return table->rows != NULL && table->slots != NULL;
}

static void
table_fini (struct table *table)
{
  free (table->rows);
  free (table->slots);
}

/* The row like WANTED, made when there is room, else NULL. */
static struct row *
table_row (struct table *table, const struct row *wanted)
{
  uint64_t hash = (wanted->type * UINT64_C (0x9e3779b97f4a7c15)) ^ wanted->field << 1;
  hash *= UINT64_C (0xff51afd7ed558ccd);
  uint32_t at = (uint32_t)(hash >> 40) % TABLE_SLOTS;
  for (; table->slots[at] != 0; at = (at + 1) % TABLE_SLOTS)
    {
      struct row *row = &table->rows[table->slots[at] - 1];
      if (row->type == wanted->type && row->field == wanted->field
          && row->repeats == wanted->repeats)
        return row;
    }
  if (table->n == TABLE_FULL)
    return NULL;
  table->rows[table->n] = *wanted;
  table->slots[at] = ++table->n;
  return &table->rows[table->n - 1];
}

static int
row_compare (const void *a, const void *b)
{
  const struct row *x = a, *y = b;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  if (x->field != y->field)
    return x->field < y->field ? -1 : 1;
  return (x->type > y->type) - (x->type < y->type);
}

/* --- Fields. */

/* Layouts of a type and size asked for lately. */
struct known_layout
{
  struct gcg__pointers pointers;
  uint64_t bytes;
  uint32_t group; /* plus 1, 0: empty */
};

struct edges
{
  const struct gcg__subject *subject;
  const struct gcg__model *model;
  struct known_layout *layouts; /* [LAYOUTS] */
  uint32_t *bytes; /* [n_objects] requested, UINT32_MAX: at least that; pointers lead anywhere, and
                      unpacking an object there takes ten times as long as reading this */
  uint64_t *members; /* a bit for each object: one of the subject's */
  bool alive;        /* some of them are reachable: words of dead objects hold none of those */
  struct table referents, referrers, roots;
};

/* The bytes of GROUP's type that OBJECT has. */
static uint64_t
typed_bytes (const struct edges *edges, uint32_t group, const struct gcg__object *object)
{
  if (object->site != GCG__SITE_NONE)
    return object->requested_bytes;
  return gcg__symbols_type_size (edges->model->symbols, edges->model->types->groups[group].type);
}

/* The pointers in OBJECT, NULL when its type is not known. */
static const struct gcg__pointers *
layout_of (struct edges *edges, const struct gcg__object *object)
{
  const uint32_t group = edges->model->types->group_of_object[object->id];
  const char *type = group != GCG__NONE ? edges->model->types->groups[group].type : NULL;
  if (type == NULL)
    return NULL;
  struct known_layout *known
      = &edges->layouts[(group * 31 + object->requested_bytes / 8) % LAYOUTS];
  if (known->group != group + 1 || known->bytes != object->requested_bytes)
    {
      known->group = group + 1;
      known->bytes = object->requested_bytes;
      (void)gcg__symbols_pointers (edges->model->symbols, type, typed_bytes (edges, group, object),
                                   &known->pointers);
    }
  return known->pointers.fit != GCG__FIT_NOT ? &known->pointers : NULL;
}

/* Sets ROW's field to what stands at OFFSET of OBJECT. */
static void
set_field (struct edges *edges, const struct gcg__object *object, uint64_t offset, struct row *row)
{
  const struct gcg__pointers *layout = layout_of (edges, object);
  const struct gcg__pointer *item = layout != NULL ? gcg__pointers_at (layout, offset) : NULL;
  row->object_bytes = object->requested_bytes;
  row->repeats = false;
  row->field = offset;
  if (layout != NULL && layout->element > 0 && layout->fit != GCG__FIT_PART)
    {
      row->field = offset % layout->element;
      row->object_bytes = layout->element;
    }
  if (item != NULL && item->count > 1)
    {
      row->repeats = true;
      row->field = item->offset;
    }
  else if (layout == NULL && offset >= MOST_OFFSET)
    {
      row->repeats = true;
      row->field = MOST_OFFSET;
    }
}

/* Adds the name of ROW's field in an object of GROUP. */
static void
field_text (const struct edges *edges, uint32_t group, const struct row *row,
            struct gcg__buffer *out)
{
  const char *type = group != GCG__NONE ? edges->model->types->groups[group].type : NULL;
  char field[256];
  gcg__buffer_clear (out);
  if (type == NULL
      || !gcg__symbols_field (edges->model->symbols, type, row->object_bytes, row->field, field,
                              sizeof field))
    {
      gcg__buffer_format (out, "+%llu%s", (unsigned long long)row->field,
                          row->repeats ? " and further on" : "");
      return;
    }
  size_t n = strlen (field);
  if (row->repeats && n >= 3 && strcmp (field + n - 3, "[0]") == 0)
    strcpy (field + n - 3, "[]");
  gcg__buffer_clean (out, field);
}

/* --- The walk. */

static void
count (struct table *table, struct row *wanted, uint64_t bytes)
{
  wanted->count = wanted->bytes = 0;
  struct row *row = table_row (table, wanted);
  if (row == NULL)
    return;
  row->count++;
  row->bytes += bytes;
}

/* Sets *TYPE to what object ID is; returns its bytes. */
static uint64_t
target_of (const struct edges *edges, uint32_t id, uint64_t *type)
{
  struct gcg__object object;
  *type = edges->model->types->group_of_object[id];
  if (*type != GCG__NONE && edges->bytes[id] != UINT32_MAX)
    return edges->bytes[id];
  gcg__snapshot_object (edges->model->snapshot, id, &object);
  *type = gcg__model_type_key (edges->model, &object);
  return object.requested_bytes;
}

/* The pointers of the object that WALK stands at. */
static void
count_object (struct edges *edges, const struct gcg__object_walk *walk)
{
  const uint32_t id = walk->object.id;
  const bool own = edges->members[id / 64] >> id % 64 & 1;
  struct gcg__edge_walk edge = gcg__edges_here (walk);
  while (gcg__next_edge (&edge))
    {
      const bool to_own = edges->members[edge.target / 64] >> edge.target % 64 & 1;
      struct row row;
      if (!own && !to_own)
        continue;
      set_field (edges, &walk->object, edge.offset, &row);
      if (own)
        {
          row.example = edge.target;
          count (&edges->referents, &row, target_of (edges, edge.target, &row.type));
        }
      if (to_own && !(edges->alive && edges->model->analysis->reached[id] == 0))
        {
          row.type = gcg__model_type_key (edges->model, &walk->object);
          row.example = id;
          count (&edges->referrers, &row, 0);
        }
    }
}

static void
count_roots (struct edges *edges)
{
  const struct gcg__snapshot *s = edges->model->snapshot;
  for (uint64_t i = 0; i < s->n_roots; i++)
    {
      const uint32_t id = s->roots[i].object;
      const struct gcg__region *region = &s->regions[s->roots[i].region];
      uint64_t offset = 0;
      const char *name;
      if (!(edges->members[id / 64] >> id % 64 & 1))
        continue;
      struct row row = { .example = (uint32_t)i, .field = region->kind };
      if (region->kind == GCG__REGION_STATIC)
        {
          (void)gcg__symbols_data (edges->model->symbols, s->roots[i].address, &name, &offset);
          row.type = s->roots[i].address - offset;
        }
      else if (gcg__region_of_thread (region))
        row.type = region->index;
      else
        row.type = s->roots[i].region;
      count (&edges->roots, &row, 0);
    }
}

/* --- JSON. */

static void
write_type (const struct edges *edges, const char *key, uint32_t id, struct gcg__json *json)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (edges->model->snapshot, id, &object);
  gcg__json_string (json, key, gcg__types_of (edges->model->types, &object, scratch));
}

static void
write_referents (struct edges *edges, struct gcg__buffer *text, struct gcg__json *json)
{
  struct table *table = &edges->referents;
  qsort (table->rows, table->n, sizeof *table->rows, row_compare);
  gcg__json_array (json, "referents");
  for (uint32_t i = 0; i < table->n && i < MOST_ROWS; i++)
    {
      const struct row *row = &table->rows[i];
      gcg__json_object (json, NULL);
      field_text (edges, edges->subject->group, row, text);
      gcg__json_string (json, "field", gcg__buffer_string (text));
      write_type (edges, "type", row->example, json);
      gcg__json_unsigned (json, "count", row->count);
      gcg__json_unsigned (json, "bytes", row->bytes);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

/* A root, or all those on one stack, in words. */
static void
root_text (const struct edges *edges, const struct row *row, struct gcg__buffer *out)
{
  const struct gcg__snapshot *s = edges->model->snapshot;
  struct gcg__root root = s->roots[row->example];
  const struct gcg__region *region = &s->regions[root.region];
  gcg__buffer_clear (out);
  if (gcg__region_of_thread (region))
    {
      gcg__buffer_text (out, region->kind == GCG__REGION_STACK ? "stack of thread "
                             : region->kind == GCG__REGION_TLS ? "thread-local data of thread "
                                                               : "registers of thread ");
      gcg__thread_text (edges->model, region->index, out);
      return;
    }
  if (region->kind == GCG__REGION_STATIC)
    root.address = row->type;
  gcg__root_text (edges->model, &root, out);
}

static void
write_referrers (struct edges *edges, struct gcg__buffer *text, struct gcg__json *json)
{
  struct table *table = &edges->referrers, *roots = &edges->roots;
  qsort (table->rows, table->n, sizeof *table->rows, row_compare);
  qsort (roots->rows, roots->n, sizeof *roots->rows, row_compare);
  gcg__json_array (json, "referrers");
  for (uint32_t i = 0; i < roots->n && i < MOST_ROWS; i++)
    {
      gcg__json_object (json, NULL);
      gcg__json_string (json, "kind", "root");
      root_text (edges, &roots->rows[i], text);
      gcg__json_string (json, "from", gcg__buffer_string (text));
      gcg__json_null (json, "field");
      gcg__json_unsigned (json, "count", roots->rows[i].count);
      gcg__json_end (json);
    }
  for (uint32_t i = 0; i < table->n && i < MOST_ROWS; i++)
    {
      const struct row *row = &table->rows[i];
      gcg__json_object (json, NULL);
      gcg__json_string (json, "kind", "object");
      write_type (edges, "from", row->example, json);
      field_text (edges, edges->model->types->group_of_object[row->example], row, text);
      gcg__json_string (json, "field", gcg__buffer_string (text));
      gcg__json_unsigned (json, "count", row->count);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

/* Sets the bits of the subject's objects, whether some are reachable, and the bytes of all. */
static void
find_members (struct edges *edges)
{
  struct gcg__object_walk walk = gcg__objects (edges->model->snapshot);
  while (gcg__next_object (&walk))
    {
      const uint64_t bytes = walk.object.requested_bytes;
      edges->bytes[walk.object.id] = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
      if (!gcg__subject_has (edges->subject, &walk.object))
        continue;
      edges->members[walk.object.id / 64] |= UINT64_C (1) << walk.object.id % 64;
      edges->alive = edges->alive || edges->model->analysis->reached[walk.object.id] != 0;
    }
}

enum gcg_status
gcg__type_edges_write (const struct gcg__subject *subject, struct gcg__json *json,
                       struct gcg_error *error)
{
  const struct gcg__model *model = subject->model;
  struct edges edges = { .subject = subject, .model = model };
  struct gcg__buffer text;
  edges.layouts = calloc (LAYOUTS, sizeof *edges.layouts);
  edges.members = calloc (model->snapshot->n_objects / 64 + (size_t)1, sizeof *edges.members);
  edges.bytes = malloc ((model->snapshot->n_objects + (size_t)1) * sizeof *edges.bytes);
  bool ok = table_init (&edges.referents) && edges.bytes != NULL;
  ok = table_init (&edges.referrers) && ok;
  ok = table_init (&edges.roots) && ok && edges.layouts != NULL && edges.members != NULL;
  if (ok)
    {
      struct gcg__object_walk walk = gcg__objects (model->snapshot);
      find_members (&edges);
      while (gcg__next_object (&walk))
        count_object (&edges, &walk);
      count_roots (&edges);
      gcg__buffer_init (&text, NULL, NULL);
      write_referents (&edges, &text, json);
      write_referrers (&edges, &text, json);
      gcg__buffer_fini (&text);
    }
  table_fini (&edges.roots);
  table_fini (&edges.referrers);
  table_fini (&edges.referents);
  free (edges.bytes);
  free (edges.members);
  free (edges.layouts);
  return ok ? GCG_OK
            : gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a type's pointers");
}
