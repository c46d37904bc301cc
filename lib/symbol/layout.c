/* layout.c -- all fields of a type, all its pointers, and what they point to.
 *
 * field.c answers about one byte; here a type is walked once from its first member to its last,
 * with a stack of bounded depth in the place of recursion.  Of an array one element is walked:
 * whatever stands in it repeats at the element's distance.  A pointer inside arrays inside arrays
 * repeats in several ways at once; the longest stays a repetition, the others are written out.
 *
 * Both lists are kept by layout.  A name that has two layouts of which neither the object's size
 * nor the module decides has no pointers at all: guessing types from a wrong layout would spread.
 *
 * What a pointer points to is written in one way only, so that names can be compared: the tag of a
 * structure rather than a typedef for it, no qualifiers; characters, void and functions are "",
 * because any bytes may lie behind such pointers.
 */
#include "config.h"

#include "symbol/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH    32u
#define MAX_CHAIN    64u
#define MAX_REPEATS  4u
#define MAX_FIELDS   4096u
#define MAX_POINTERS 4096u

/* --- Names of what is pointed to. */

static const char *
intern (struct gcg__symbols *symbols, const char *text)
{
  const struct gcg__type *type = gcg__type_find (symbols, text);
  return type != NULL ? type->asked : "";
}

/* Whether memory behind a pointer to the base type DIE may hold anything. */
static bool
base_says_nothing (Dwarf_Die *die)
{
  uint64_t bytes, encoding;
  if (dwarf_tag (die) != DW_TAG_base_type)
    return false;
  return !gcg__die_size (die, &bytes) || bytes <= 1
         || (gcg__die_number (die, DW_AT_encoding, &encoding)
             && (encoding == DW_ATE_signed_char || encoding == DW_ATE_unsigned_char
                 || encoding == DW_ATE_UTF));
}

/* Writes the one name of TYPE, "" when it says nothing. */
static void
type_text (const Dwarf_Die *type, char text[GCG__NAME_BYTES])
{
  Dwarf_Die die = *type, alias;
  const char *name = NULL;
  size_t stars = 0;
  bool has_alias = false, known = false;
  text[0] = '\0';
  for (uint32_t i = 0; i < MAX_CHAIN; i++)
    {
      const int tag = dwarf_tag (&die);
      const bool is_pointer = gcg__die_is_pointer (&die);
      if (tag == DW_TAG_typedef)
        {
          alias = die;
          has_alias = true;
        }
      else if (is_pointer)
        {
          stars++;
          has_alias = false;
        }
      else if (tag != DW_TAG_const_type && tag != DW_TAG_volatile_type
               && tag != DW_TAG_restrict_type && tag != DW_TAG_atomic_type)
        {
          if ((stars > 0 || !base_says_nothing (&die)) && tag != DW_TAG_subroutine_type
              && tag != DW_TAG_array_type)
            known = gcg__spelling_of (&die, 0, 0, text, GCG__NAME_BYTES);
          break;
        }
      if (!gcg__die_target (&die, DW_AT_type, &die))
        {
          known = stars > 0;
          strcpy (text, "void");
          break;
        }
    }
  if (!known && has_alias && dwarf_tag (&die) != DW_TAG_base_type
      && dwarf_tag (&die) != DW_TAG_subroutine_type && (name = dwarf_diename (&alias)) != NULL
      && strlen (name) < GCG__NAME_BYTES / 2)
    {
      strcpy (text, name);
      known = strcmp (text, "void") != 0;
    }
  size_t n = known ? strlen (text) : 0;
  if (n + stars + 2 > GCG__NAME_BYTES)
    n = stars = 0;
  if (n > 0 && stars > 0)
    {
      text[n++] = ' ';
      memset (text + n, '*', stars);
      n += stars;
    }
  text[n] = '\0';
}

const char *
gcg__layout_pointee (struct gcg__symbols *symbols, Dwarf_Die *pointer)
{
  Dwarf_Die target;
  char text[GCG__NAME_BYTES];
  if (!gcg__die_target (pointer, DW_AT_type, &target))
    return "";
  type_text (&target, text);
  return text[0] != '\0' ? intern (symbols, text) : "";
}

/* The same for a type written out: NAME without its last SKIP stars. */
static const char *
written_type (struct gcg__symbols *symbols, const char *name, size_t skip)
{
  char base[GCG__NAME_BYTES], text[GCG__NAME_BYTES];
  size_t length = strcspn (name, "["), stars = 0;
  if (strstr (name, "(*") != NULL || length >= sizeof base)
    return "";
  memcpy (base, name, length);
  for (;; length--)
    if (length > 0 && base[length - 1] == '*')
      stars++;
    else if (length == 0 || base[length - 1] != ' ')
      break;
  base[length] = '\0';
  if (stars < skip || length == 0)
    return "";
  stars -= skip;
  struct gcg__type *type = gcg__type_find (symbols, base);
  const struct gcg__shape *shape = type != NULL ? gcg__type_shape (symbols, type, NULL) : NULL;
  strcpy (text, base);
  if (shape != NULL && !base_says_nothing ((Dwarf_Die *)&shape->die))
    {
      type_text (&shape->die, text);
      if (text[0] == '\0')
        strcpy (text, base);
    }
  else if (stars == 0 && (shape != NULL || strcmp (base, "void") == 0))
    return "";
  size_t n = strlen (text);
  if (n + stars + 2 > sizeof text)
    return "";
  if (stars > 0)
    {
      text[n++] = ' ';
      memset (text + n, '*', stars);
      text[n + stars] = '\0';
    }
  return intern (symbols, text);
}

const char *
gcg__symbols_type_name (struct gcg__symbols *symbols, const char *name)
{
  pthread_mutex_lock (&symbols->lock);
  const char *text = written_type (symbols, name, 0);
  pthread_mutex_unlock (&symbols->lock);
  return text;
}

/* --- The walk. */

struct repeat
{
  uint64_t stride, count; /* GCG__NO_COUNT: to the object's end */
};

/* A structure that is being walked. */
struct level
{
  Dwarf_Die aggregate;
  const char *name; /* as pointers to it are written */
  struct gcg__member member;
  uint64_t base;     /* bytes from the object's start */
  uint64_t last_bit; /* where its last member begins */
  struct repeat repeats[MAX_REPEATS];
  uint32_t n_repeats;
  bool last; /* nothing comes after it */
};

struct walk
{
  struct gcg__symbols *symbols;
  struct level levels[MAX_DEPTH];
  uint32_t depth;
  bool wants_fields;
  struct gcg__type_field *fields;
  struct gcg__pointer *pointers;
  size_t n_fields, room_fields, n_pointers, room_pointers;
  bool failed; /* out of memory, or too much: there is no list */
};

static bool
make_room (void **items, size_t n, size_t *room, size_t most, size_t bytes)
{
  if (n < *room)
    return true;
  const size_t more = *room > 0 ? *room * 2 : 32;
  void *grown = n < most ? reallocarray (*items, more, bytes) : NULL;
  if (grown == NULL)
    return false;
  *items = grown;
  *room = more;
  return true;
}

static void
add_pointer (struct walk *walk, uint64_t offset, const struct repeat *repeat, const char *to)
{
  const char *in = walk->depth > 0 ? walk->levels[walk->depth - 1].name : "";
  if (!make_room ((void **)&walk->pointers, walk->n_pointers, &walk->room_pointers, MAX_POINTERS,
                  sizeof *walk->pointers))
    {
      walk->failed = true;
      return;
    }
  walk->pointers[walk->n_pointers++]
      = (struct gcg__pointer){ .offset = offset,
                               .stride = repeat != NULL ? repeat->stride : sizeof (uint64_t),
                               .count = repeat != NULL ? repeat->count : 1,
                               .to = to,
                               .in = in };
}

/* Adds the pointer at OFFSET that REPEATS repeat: the longest of them stays one, the others are
   written out, as an odometer counts. */
static void
add_repeated (struct walk *walk, uint64_t offset, const struct repeat *repeats, uint32_t n,
              const char *to)
{
  uint64_t at[MAX_REPEATS] = { 0 }, total = 1;
  uint32_t longest = 0, turned = 0;
  if (n == 0)
    {
      add_pointer (walk, offset, NULL, to);
      return;
    }
  for (uint32_t i = 1; i < n; i++)
    if (repeats[i].count > repeats[longest].count)
      longest = i;
  for (uint32_t i = 0; i < n; i++)
    if (i != longest && __builtin_mul_overflow (total, repeats[i].count, &total))
      total = UINT64_MAX;
  if (total > MAX_POINTERS)
    {
      walk->failed = true;
      return;
    }
  for (uint64_t i = 0; i < total && !walk->failed; i++)
    {
      uint64_t here = offset;
      for (uint32_t k = 0; k < n; k++)
        here += at[k] * repeats[k].stride;
      add_pointer (walk, here, &repeats[longest], to);
      for (turned = 0; turned < n; turned++)
        if (turned != longest && ++at[turned] < repeats[turned].count)
          break;
        else if (turned != longest)
          at[turned] = 0;
    }
}

static const char *
field_type (struct walk *walk, Dwarf_Die *type)
{
  char text[GCG__NAME_BYTES];
  Dwarf_Die peeled;
  if (gcg__spelling_of (type, 0, 0, text, sizeof text))
    return intern (walk->symbols, text);
  if (!gcg__die_peel (type, &peeled))
    return "";
  switch (dwarf_tag (&peeled))
    {
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
      return "struct {...}";
    case DW_TAG_union_type:
      return "union {...}";
    case DW_TAG_enumeration_type:
      return "enum {...}";
    case DW_TAG_array_type:
      return "array";
    default:
      return gcg__die_is_pointer (&peeled) ? "pointer" : "";
    }
}

static void
add_field (struct walk *walk, struct gcg__member *member, uint64_t base, uint32_t depth)
{
  Dwarf_Die peeled;
  uint64_t bytes;
  if (walk->n_fields == MAX_FIELDS)
    return;
  if (!make_room ((void **)&walk->fields, walk->n_fields, &walk->room_fields, MAX_FIELDS,
                  sizeof *walk->fields))
    {
      walk->failed = true;
      return;
    }
  struct gcg__type_field *field = &walk->fields[walk->n_fields++];
  *field = (struct gcg__type_field){ .offset = base + member->low_bit / 8,
                                     .depth = depth,
                                     .name = member->name != NULL ? member->name : "",
                                     .type = field_type (walk, &member->type) };
  if (gcg__die_size (&member->type, &bytes))
    field->bytes = bytes;
  if (member->bit_field)
    {
      field->bit_offset = member->low_bit % 8;
      field->bits = (uint32_t)(member->high_bit - member->low_bit);
      field->bytes = (field->bit_offset + field->bits + 7) / 8;
    }
  else if (gcg__die_peel (&member->type, &peeled) && gcg__die_is_pointer (&peeled))
    field->pointee = gcg__layout_pointee (walk->symbols, &peeled);
}

/* Takes TYPE's dimensions off, adding to the N REPEATS.  False when it cannot be looked into. */
static bool
take_arrays (Dwarf_Die *type, bool last, struct repeat repeats[MAX_REPEATS], uint32_t *n)
{
  uint64_t counts[GCG__MAX_DIMENSIONS], stride;
  for (uint32_t i = 0; i < MAX_CHAIN && dwarf_tag (type) == DW_TAG_array_type; i++)
    {
      const uint32_t dimensions = gcg__die_dimensions (type, counts);
      Dwarf_Die element;
      uint64_t total = 1;
      if (dimensions == 0 || *n == MAX_REPEATS || !gcg__die_target (type, DW_AT_type, &element)
          || !gcg__die_size (&element, &stride) || stride == 0)
        return false;
      const bool open = counts[0] == GCG__NO_COUNT || (last && counts[0] <= 1);
      for (uint32_t k = open ? 1 : 0; k < dimensions; k++)
        if (counts[k] == GCG__NO_COUNT || __builtin_mul_overflow (total, counts[k], &total))
          return false;
      if (!open && total == 0)
        return false;
      repeats[(*n)++] = (struct repeat){ stride, open ? GCG__NO_COUNT : total };
      if (!gcg__die_peel (&element, type))
        return false;
      last = false;
    }
  return dwarf_tag (type) != DW_TAG_array_type;
}

/* Goes into TYPE at BASE bytes, under the N REPEATS. */
static void
walk_into (struct walk *walk, Dwarf_Die *type, uint64_t base, const struct repeat *above,
           uint32_t n, bool last)
{
  struct repeat repeats[MAX_REPEATS];
  Dwarf_Die die;
  if (!gcg__die_peel (type, &die))
    return;
  if (n > 0)
    memcpy (repeats, above, n * sizeof *repeats);
  if (!take_arrays (&die, last, repeats, &n))
    return;
  if (gcg__die_is_pointer (&die))
    {
      if (!walk->wants_fields)
        add_repeated (walk, base, repeats, n, gcg__layout_pointee (walk->symbols, &die));
      return;
    }
  if (!gcg__die_is_aggregate (&die) || walk->depth == MAX_DEPTH
      || !gcg__type_definition (walk->symbols, &die, &die))
    return;
  struct level *level = &walk->levels[walk->depth++];
  struct gcg__member member = { 0 };
  *level
      = (struct level){ .aggregate = die, .base = base, .n_repeats = n, .last = last, .name = "" };
  if (!walk->wants_fields)
    {
      char text[GCG__NAME_BYTES];
      type_text (&die, text);
      level->name = text[0] != '\0' ? intern (walk->symbols, text) : "";
    }
  if (n > 0)
    memcpy (level->repeats, repeats, n * sizeof *repeats);
  while (gcg__die_member (&die, &member))
    if (member.low_bit > level->last_bit)
      level->last_bit = member.low_bit;
}

/* Walks all of SHAPE.  OPEN: its last array goes on. */
static void
walk_shape (struct walk *walk, const struct gcg__shape *shape, bool open)
{
  const uint32_t most = 64 * MAX_FIELDS;
  Dwarf_Die start = shape->die;
  walk_into (walk, &start, 0, NULL, 0, open);
  for (uint32_t step = 0; step < most && walk->depth > 0 && !walk->failed; step++)
    {
      struct level *level = &walk->levels[walk->depth - 1];
      if (!gcg__die_member (&level->aggregate, &level->member))
        {
          walk->depth--;
          continue;
        }
      struct gcg__member *member = &level->member;
      const bool last = level->last && member->low_bit == level->last_bit;
      if (walk->wants_fields)
        add_field (walk, member, level->base, walk->depth - 1);
      if (!member->bit_field)
        walk_into (walk, &member->type, level->base + member->low_bit / 8, level->repeats,
                   level->n_repeats, last);
    }
  if (walk->depth > 0)
    walk->failed = true;
}

/* --- Pointers. */

/* What is kept of a layout. */
struct pointer_list
{
  struct gcg__pointer *items;
  uint32_t n_single, n;
};

static int
pointer_compare (const void *a, const void *b)
{
  const struct gcg__pointer *x = a, *y = b;
  const bool x_repeats = x->count > 1, y_repeats = y->count > 1;
  if (x_repeats != y_repeats)
    return x_repeats - y_repeats;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

static const struct pointer_list *
shape_pointers (struct gcg__symbols *symbols, const struct gcg__shape *shape, bool open)
{
  const uint64_t key = (uintptr_t)shape;
  struct pointer_list *list = gcg__table_find (&symbols->pointers, key, open);
  struct walk *walk = NULL;
  if (list != NULL)
    return list;
  list = gcg__pool_take (&symbols->pool, sizeof *list);
  walk = calloc (1, sizeof *walk);
  if (list == NULL || walk == NULL)
    goto done;
  walk->symbols = symbols;
  walk_shape (walk, shape, open);
  if (!walk->failed && walk->n_pointers > 0)
    list->items = gcg__pool_take (&symbols->pool, walk->n_pointers * sizeof *list->items);
  if (list->items != NULL)
    {
      qsort (walk->pointers, walk->n_pointers, sizeof *walk->pointers, pointer_compare);
      memcpy (list->items, walk->pointers, walk->n_pointers * sizeof *list->items);
      list->n = (uint32_t)walk->n_pointers;
      while (list->n_single < list->n && list->items[list->n_single].count <= 1)
        list->n_single++;
    }
  gcg__table_set (&symbols->pointers, key, open, list);

done:
  if (walk != NULL)
    free (walk->pointers);
  free (walk);
  return list;
}

/* Whether another layout of the same module would do for the object as well. */
static bool
shape_has_rival (const struct gcg__type *type, const struct gcg__shape *shape,
                 uint64_t object_bytes)
{
  const enum gcg__fit fit = gcg__layout_fit (type, shape->bytes, shape->open, object_bytes);
  for (const struct gcg__shape *other = type->shapes; other != NULL; other = other->next)
    if (other != shape && other->image == shape->image
        && gcg__layout_fit (type, other->bytes, other->open, object_bytes) == fit)
      return true;
  return false;
}

/* An object that is an array of pointers, or one. */
static bool
pointer_pointers (struct gcg__symbols *symbols, const struct gcg__type *type, uint64_t object_bytes,
                  struct gcg__pointers *pointers)
{
  struct gcg__pointer *item = gcg__table_find (&symbols->pointers, (uintptr_t)type, 0);
  if (item == NULL)
    {
      item = gcg__pool_take (&symbols->pool, sizeof *item);
      if (item == NULL)
        return false;
      *item = (struct gcg__pointer){ .stride = sizeof (uint64_t),
                                     .count = UINT64_MAX,
                                     .to = written_type (symbols, type->asked, 1),
                                     .in = "" };
      gcg__table_set (&symbols->pointers, (uintptr_t)type, 0, item);
    }
  pointers->items = item;
  pointers->n = 1;
  pointers->fit = gcg__layout_fit (type, sizeof (uint64_t), false, object_bytes);
  return pointers->fit != GCG__FIT_NOT;
}

static bool
pointers_find (struct gcg__symbols *symbols, const char *name, uint64_t object_bytes,
               struct gcg__pointers *pointers)
{
  struct gcg__layout layout;
  struct gcg__type *type = gcg__type_find (symbols, name);
  if (type == NULL || !type->valid)
    return false;
  if (type->spelling.pointer)
    return pointer_pointers (symbols, type, object_bytes, pointers);
  const struct gcg__shape *shape = gcg__type_shape_for (symbols, type, object_bytes);
  if (shape == NULL || !gcg__layout_of (type, shape->bytes, &layout)
      || shape_has_rival (type, shape, object_bytes))
    return false;
  pointers->fit = gcg__layout_fit (type, shape->bytes, shape->open, object_bytes);
  const bool open = shape->open && (object_bytes == 0 || object_bytes > layout.whole)
                    && type->spelling.n_dimensions == 0;
  const struct pointer_list *list = shape_pointers (symbols, shape, open);
  if (list == NULL)
    return false;
  pointers->items = list->items;
  pointers->n_single = list->n_single;
  pointers->n = list->n;
  pointers->element = open ? 0 : layout.element;
  if (pointers->fit == GCG__FIT_PART)
    pointers->whole = layout.whole;
  return true;
}

bool
gcg__symbols_pointers (struct gcg__symbols *symbols, const char *type, uint64_t object_bytes,
                       struct gcg__pointers *pointers)
{
  *pointers = (struct gcg__pointers){ .whole = UINT64_MAX, .fit = GCG__FIT_NOT };
  pthread_mutex_lock (&symbols->lock);
  const bool known = pointers_find (symbols, type, object_bytes, pointers);
  pthread_mutex_unlock (&symbols->lock);
  if (!known)
    *pointers = (struct gcg__pointers){ .whole = UINT64_MAX, .fit = GCG__FIT_NOT };
  return known;
}

const struct gcg__pointer *
gcg__pointers_at (const struct gcg__pointers *pointers, uint64_t offset)
{
  const struct gcg__pointer *found = NULL;
  uint32_t low = 0, high = pointers->n_single;
  if (offset >= pointers->whole)
    return NULL;
  if (pointers->element > 0)
    offset %= pointers->element;
  while (low < high)
    {
      const uint32_t middle = low + (high - low) / 2;
      if (pointers->items[middle].offset < offset)
        low = middle + 1;
      else
        high = middle;
    }
  for (; low < pointers->n_single && pointers->items[low].offset == offset; low++)
    if (found != NULL && found->to != pointers->items[low].to)
      return NULL;
    else
      found = &pointers->items[low];
  for (uint32_t i = pointers->n_single; i < pointers->n; i++)
    {
      const struct gcg__pointer *item = &pointers->items[i];
      if (offset < item->offset || (offset - item->offset) % item->stride != 0
          || (offset - item->offset) / item->stride >= item->count)
        continue;
      if (found != NULL && found->to != item->to)
        return NULL;
      found = item;
    }
  return found;
}

/* --- Fields. */

struct field_list
{
  struct gcg__type_field *items;
  uint32_t n;
};

static const struct field_list *
shape_fields (struct gcg__symbols *symbols, const struct gcg__shape *shape)
{
  struct field_list *list = gcg__table_find (&symbols->field_lists, (uintptr_t)shape, 0);
  struct walk *walk = NULL;
  if (list != NULL)
    return list;
  list = gcg__pool_take (&symbols->pool, sizeof *list);
  walk = calloc (1, sizeof *walk);
  if (list == NULL || walk == NULL)
    goto done;
  walk->symbols = symbols;
  walk->wants_fields = true;
  walk_shape (walk, shape, shape->open);
  if (walk->n_fields > 0)
    list->items = gcg__pool_take (&symbols->pool, walk->n_fields * sizeof *list->items);
  if (list->items != NULL)
    {
      memcpy (list->items, walk->fields, walk->n_fields * sizeof *list->items);
      list->n = (uint32_t)walk->n_fields;
    }
  gcg__table_set (&symbols->field_lists, (uintptr_t)shape, 0, list);

done:
  if (walk != NULL)
    free (walk->fields);
  free (walk);
  return list;
}

uint32_t
gcg__symbols_fields (struct gcg__symbols *symbols, const char *name, uint64_t object_bytes,
                     const struct gcg__type_field **fields)
{
  uint32_t n = 0;
  *fields = NULL;
  pthread_mutex_lock (&symbols->lock);
  struct gcg__type *type = gcg__type_find (symbols, name);
  const struct gcg__shape *shape = type != NULL && type->valid && !type->spelling.pointer
                                       ? gcg__type_shape_for (symbols, type, object_bytes)
                                       : NULL;
  const struct field_list *list = shape != NULL ? shape_fields (symbols, shape) : NULL;
  if (list != NULL)
    {
      *fields = list->items;
      n = list->n;
    }
  pthread_mutex_unlock (&symbols->lock);
  return n;
}

/* --- Variables by address. */

bool
gcg__symbols_data_type (struct gcg__symbols *symbols, uint64_t address, struct gcg__data *data)
{
  Dwarf_Die die, type;
  char text[GCG__NAME_BYTES];
  *data = (struct gcg__data){ .name = "", .type = "", .file = "" };
  pthread_mutex_lock (&symbols->lock);
  struct gcg__image *image = gcg__symbols_image (symbols, address);
  const char *name = NULL;
  if (image != NULL && gcg__image_open_dwarf (symbols, image)
      && gcg__names_variable (symbols, image, address - image->module->base, &die, &data->offset)
      && gcg__die_target (&die, DW_AT_type, &type) && (name = dwarf_diename (&die)) != NULL)
    {
      data->name = name;
      data->file = gcg__die_file (&die, DW_AT_decl_file);
      if (!gcg__die_size (&type, &data->bytes))
        data->bytes = 0;
      if (gcg__spelling_of (&type, 0, 0, text, sizeof text))
        data->type = intern (symbols, text);
    }
  pthread_mutex_unlock (&symbols->lock);
  return name != NULL;
}
