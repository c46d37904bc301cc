/* field.c -- what stands at an offset of a type: "children[3].owner".
 *
 * Goes down from the type to the member that holds the byte, element by element and member by
 * member.  In a union several members do; all are followed, in the order of the declaration, and
 * the best is kept: the caller has found a pointer there, so a pointer that begins exactly at the
 * byte wins over an integer of a pointer's size, that over anything else.  The ways still to go are
 * a queue of bounded length, not recursion, and each is cut off at a bounded depth.
 *
 * An object larger than its type is an array of it if its size is a multiple, unless the type ends
 * in an open array ("[]", and "[0]" or "[1]" as written before C99), which then continues to the
 * object's end.  Where the object's size contradicts the type, or two layouts of one name disagree
 * and neither the size nor the module decides, nothing is said: a wrong name is worse than "+16".
 *
 * Answers are kept by layout and offset.
 */
#include "config.h"

#include "symbol/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WAYS   512u
#define MAX_STEPS  4096u
#define MAX_DEPTH  32u
#define PATH_BYTES 224u
/* Kept answers; a heap of huge structures must not fill the memory with their fields' names. */
#define MAX_ANSWERS (1u << 20)

enum quality
{
  NOTHING,
  SOMETHING,
  WORD,
  POINTER
};

struct way
{
  Dwarf_Die type;
  uint64_t offset; /* in it */
  uint16_t depth;
  bool open; /* an array at its end goes on */
  char path[PATH_BYTES];
};

struct gcg__field_work
{
  struct way ways[MAX_WAYS];
  uint32_t first, n; /* used as a ring */
  enum quality quality;
  char best[PATH_BYTES];
};

/* Queues TYPE at OFFSET, named by the way's PATH and what FORMAT says is new. */
static struct way *
work_add (struct gcg__field_work *work, const struct way *from, const Dwarf_Die *type,
          uint64_t offset)
{
  if (work->n == MAX_WAYS || from->depth == MAX_DEPTH)
    return NULL;
  struct way *way = &work->ways[(work->first + work->n++) % MAX_WAYS];
  *way = (struct way){ .type = *type, .offset = offset, .depth = (uint16_t)(from->depth + 1) };
  strcpy (way->path, from->path);
  return way;
}

static bool
path_append (char path[PATH_BYTES], const char *separator, const char *text)
{
  const size_t used = strlen (path);
  const int n = snprintf (path + used, PATH_BYTES - used, "%s%s", used > 0 ? separator : "", text);
  return n >= 0 && (size_t)n < PATH_BYTES - used;
}

static void
work_drop_last (struct gcg__field_work *work)
{
  work->n--;
}

/* A way that ends: at a pointer, a number, or an array or structure of unknown contents. */
static void
work_finish (struct gcg__field_work *work, const struct way *way, enum quality quality)
{
  if (way->offset > 0)
    quality = SOMETHING;
  if (quality <= work->quality)
    return;
  char path[PATH_BYTES], inside[24];
  strcpy (path, way->path);
  if (way->offset > 0)
    {
      snprintf (inside, sizeof inside, "+%llu", (unsigned long long)way->offset);
      if (!path_append (path, "", inside))
        return;
    }
  strcpy (work->best, path);
  work->quality = quality;
}

/* Whether MEMBER, which begins at or before the byte, can hold it although it ends before: an open
   array, or an aggregate that ends in one. */
static bool
member_is_open (struct gcg__member *member)
{
  Dwarf_Die peeled;
  uint64_t counts[GCG__MAX_DIMENSIONS];
  if (member->bit_field || !gcg__die_peel (&member->type, &peeled))
    return false;
  if (dwarf_tag (&peeled) == DW_TAG_array_type)
    return gcg__die_dimensions (&peeled, counts) > 0
           && (counts[0] == GCG__NO_COUNT || counts[0] <= 1);
  return gcg__die_is_aggregate (&peeled);
}

/* Follows the members of an aggregate that hold the byte. */
static void
work_members (struct gcg__field_work *work, const struct way *way, Dwarf_Die *aggregate)
{
  struct gcg__member member = { 0 };
  uint64_t last = 0;
  while (gcg__die_member (aggregate, &member))
    if (member.low_bit > last)
      last = member.low_bit;
  member = (struct gcg__member){ 0 };
  while (gcg__die_member (aggregate, &member))
    {
      const uint64_t bit = way->offset * 8;
      const bool is_last = member.low_bit == last;
      /* A bit-field holds every byte that it has a bit in. */
      const uint64_t low = member.bit_field ? member.low_bit / 8 * 8 : member.low_bit;
      const bool holds = bit >= low && bit < member.high_bit;
      const bool continues
          = !holds && way->open && is_last && bit >= low && member_is_open (&member);
      if (!holds && !continues)
        continue;
      struct way *next = work_add (work, way, &member.type, member.bit_field ? 0 : (bit - low) / 8);
      if (next == NULL)
        return;
      next->open = way->open && is_last;
      if (member.name != NULL && !path_append (next->path, ".", member.name))
        work_drop_last (work);
      else if (member.bit_field)
        {
          work_finish (work, next, SOMETHING);
          work_drop_last (work);
        }
    }
}

/* Goes into the element of an array that holds the byte. */
static void
work_element (struct gcg__field_work *work, const struct way *way, Dwarf_Die *array)
{
  uint64_t counts[GCG__MAX_DIMENSIONS], element, stride;
  Dwarf_Die type;
  const uint32_t n = gcg__die_dimensions (array, counts);
  if (n == 0 || !gcg__die_target (array, DW_AT_type, &type) || !gcg__die_size (&type, &element)
      || element == 0)
    {
      work_finish (work, way, SOMETHING);
      return;
    }
  struct way *next = work_add (work, way, &type, way->offset % element);
  if (next == NULL)
    return;
  uint64_t index = way->offset / element;
  for (uint32_t i = 0; i < n; i++)
    {
      char text[24];
      stride = 1;
      for (uint32_t k = i + 1; k < n; k++)
        if (counts[k] == GCG__NO_COUNT || __builtin_mul_overflow (stride, counts[k], &stride))
          stride = 0;
      const bool fits
          = stride > 0
            && (way->open || counts[i] == GCG__NO_COUNT || i > 0 || index / stride < counts[i]);
      if (fits)
        snprintf (text, sizeof text, "[%llu]", (unsigned long long)(index / stride));
      if (!fits || !path_append (next->path, "", text))
        {
          work_drop_last (work);
          return;
        }
      index %= stride;
    }
}

/* Goes one step on WAY. */
static void
work_step (struct gcg__symbols *symbols, struct gcg__field_work *work, struct way *way)
{
  Dwarf_Die die;
  uint64_t bytes = 0;
  if (!gcg__die_peel (&way->type, &die))
    return;
  if (gcg__die_is_aggregate (&die))
    {
      if (gcg__type_definition (symbols, &die, &die))
        work_members (work, way, &die);
    }
  else if (dwarf_tag (&die) == DW_TAG_array_type)
    work_element (work, way, &die);
  else if (gcg__die_is_pointer (&die))
    work_finish (work, way, POINTER);
  else
    work_finish (work, way,
                 gcg__die_size (&die, &bytes) && bytes == sizeof (uint64_t) ? WORD : SOMETHING);
}

/* Finds what stands at OFFSET of SHAPE, whose last array goes on if OPEN.  The path is in the
   result's best. */
static bool
shape_resolve (struct gcg__symbols *symbols, const struct gcg__shape *shape, uint64_t offset,
               bool open)
{
  if (symbols->field_work == NULL)
    symbols->field_work = malloc (sizeof *symbols->field_work);
  struct gcg__field_work *work = symbols->field_work;
  if (work == NULL)
    return false;
  work->first = work->n = 0;
  work->quality = NOTHING;
  work->best[0] = '\0';
  const struct way none = { .path = "" };
  struct way *start = work_add (work, &none, &shape->die, offset);
  start->open = open;
  for (uint32_t step = 0; step < MAX_STEPS && work->n > 0 && work->quality < POINTER; step++)
    {
      struct way way = work->ways[work->first];
      work->first = (work->first + 1) % MAX_WAYS;
      work->n--;
      work_step (symbols, work, &way);
    }
  return work->quality > NOTHING;
}

/* The same, remembered: the path, or NULL when nothing stands there. */
static const char *
shape_field (struct gcg__symbols *symbols, const struct gcg__shape *shape, uint64_t offset,
             bool open)
{
  static const char none[] = "?";
  const uint64_t key = (uintptr_t)shape + open; /* shapes are aligned: the low bit is free */
  const char *known = gcg__table_find (&symbols->fields, key, offset);
  if (known == NULL)
    {
      known = none;
      if (shape_resolve (symbols, shape, offset, open))
        known = gcg__pool_text (&symbols->pool, symbols->field_work->best,
                                strlen (symbols->field_work->best));
      if (known == NULL)
        return NULL;
      if (symbols->fields.used < MAX_ANSWERS)
        gcg__table_set (&symbols->fields, key, offset, (void *)known);
    }
  return known == none ? NULL : known;
}

/* Writes the indices before the field and takes them off *OFFSET.  OPEN says whether the element is
   larger than its size says.  Returns the length, or -1 when OFFSET is not in an element. */
static int
write_indices (const struct gcg__type *type, const struct gcg__layout *layout,
               uint64_t object_bytes, bool open, uint64_t *offset, char *text, size_t bytes)
{
  size_t n = 0;
  const bool many = !open && object_bytes > layout->whole && object_bytes % layout->whole == 0;
  const bool any = type->spelling.n_dimensions > 0 && type->spelling.dimensions[0] == GCG__NO_COUNT;
  if (open && type->spelling.n_dimensions == 0)
    return *offset < object_bytes ? 0 : -1;
  if (!many && !any && *offset >= layout->whole)
    return -1;
  if (many && !any)
    n += (size_t)snprintf (text, bytes, "[%llu]", (unsigned long long)(*offset / layout->whole));
  if (!any)
    *offset %= layout->whole;
  uint64_t index = *offset / layout->element, stride = layout->whole / layout->element;
  for (uint32_t i = 0; i < type->spelling.n_dimensions && n < bytes; i++)
    {
      if (type->spelling.dimensions[i] != GCG__NO_COUNT)
        stride /= type->spelling.dimensions[i];
      n += (size_t)snprintf (text + n, bytes - n, "[%llu]", (unsigned long long)(index / stride));
      index %= stride;
    }
  *offset %= layout->element;
  return n < bytes ? (int)n : -1;
}

/* Whether another layout of the same module fits as well as SHAPE and names OFFSET otherwise. */
static bool
shape_is_contradicted (struct gcg__symbols *symbols, const struct gcg__type *type,
                       const struct gcg__shape *shape, uint64_t object_bytes, uint64_t offset,
                       bool open, const char *path)
{
  const enum gcg__fit fit = gcg__layout_fit (type, shape->bytes, shape->open, object_bytes);
  for (const struct gcg__shape *other = shape->next; other != NULL; other = other->next)
    {
      if (other->image != shape->image
          || gcg__layout_fit (type, other->bytes, other->open, object_bytes) != fit)
        continue;
      const char *second
          = other->bytes == shape->bytes ? shape_field (symbols, other, offset, open) : NULL;
      if (second == NULL || strcmp (path, second) != 0)
        return true;
    }
  return false;
}

static bool
field_write (struct gcg__symbols *symbols, const char *name, uint64_t object_bytes, uint64_t offset,
             char *text, size_t bytes)
{
  struct gcg__layout layout;
  struct gcg__type *type = gcg__type_find (symbols, name);
  if (type == NULL || !type->valid)
    return false;
  const struct gcg__shape *shape = NULL;
  if (!type->spelling.pointer
      && (shape = gcg__type_shape_for (symbols, type, object_bytes)) == NULL)
    return false;
  const uint64_t element = type->spelling.pointer ? sizeof (uint64_t) : shape->bytes;
  if (!gcg__layout_of (type, element, &layout) || (object_bytes > 0 && object_bytes < layout.whole))
    return false;
  const bool open = shape != NULL && shape->open && object_bytes > layout.whole;
  const int n = write_indices (type, &layout, object_bytes, open, &offset, text, bytes);
  if (n < 0)
    return false;
  const size_t used = (size_t)n;
  if (shape == NULL)
    {
      if (offset > 0)
        snprintf (text + used, bytes - used, "+%llu", (unsigned long long)offset);
      return true;
    }
  const char *path = shape_field (symbols, shape, offset, open);
  if (path == NULL
      || shape_is_contradicted (symbols, type, shape, object_bytes, offset, open, path))
    return false;
  const bool dot = used > 0 && path[0] != '\0' && path[0] != '[' && path[0] != '+';
  snprintf (text + used, bytes - used, "%s%s", dot ? "." : "", path);
  return true;
}

bool
gcg__symbols_field (struct gcg__symbols *symbols, const char *type, uint64_t object_bytes,
                    uint64_t offset, char *text, size_t text_bytes)
{
  if (text_bytes == 0)
    return false;
  text[0] = '\0';
  pthread_mutex_lock (&symbols->lock);
  const bool known = field_write (symbols, type, object_bytes, offset, text, text_bytes);
  pthread_mutex_unlock (&symbols->lock);
  if (!known)
    snprintf (text, text_bytes, "+%llu", (unsigned long long)offset);
  return known;
}

uint64_t
gcg__symbols_type_size (struct gcg__symbols *symbols, const char *type)
{
  struct gcg__layout layout;
  uint64_t bytes = 0;
  pthread_mutex_lock (&symbols->lock);
  struct gcg__type *found = gcg__type_find (symbols, type);
  if (found != NULL && gcg__type_is_known (symbols, found))
    {
      const struct gcg__spelling *spelling = &found->spelling;
      const uint64_t element
          = spelling->pointer ? sizeof (uint64_t) : gcg__type_shape (symbols, found, NULL)->bytes;
      if (gcg__layout_of (found, element, &layout)
          && (spelling->n_dimensions == 0 || spelling->dimensions[0] != GCG__NO_COUNT))
        bytes = layout.whole;
    }
  pthread_mutex_unlock (&symbols->lock);
  return bytes;
}

void
gcg__field_fini (struct gcg__symbols *symbols)
{
  free (symbols->field_work);
}
