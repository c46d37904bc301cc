/* type.c -- what a type's name means: its layouts.
 *
 * One name may stand for several layouts: a header changed between two libraries, two source files
 * that each have their own "struct node".  All distinct ones are kept, distinguished by a signature
 * over their members, the main program's first; the caller that asks about a field also knows the
 * object's size and picks (field.c).  Modules are searched one after the other and only as far as
 * needed: mostly the main program has the answer, and no library's debug information is read at
 * all.
 *
 * Every answer is kept by the name as asked, the unknown ones too.
 */
#include "config.h"

#include "symbol/internal.h"

#include <string.h>

/* Structures whose last members are structures. */
#define MAX_DEPTH             64u
#define MAX_SIGNATURE_MEMBERS 4096u
/* A name that has more distinct layouts than this is not worth telling apart. */
#define MAX_SHAPES 16u

/* What two definitions must have in common to be the same layout. */
static uint64_t
shape_signature (Dwarf_Die *peeled, uint64_t bytes)
{
  struct gcg__member member = { 0 };
  const int tag = dwarf_tag (peeled);
  uint64_t hash = gcg__hash (gcg__hash (0, &bytes, sizeof bytes), &tag, sizeof tag);
  if (!gcg__die_is_aggregate (peeled))
    return hash;
  for (uint32_t i = 0; i < MAX_SIGNATURE_MEMBERS && gcg__die_member (peeled, &member); i++)
    {
      const uint64_t place[] = { member.low_bit, member.high_bit };
      hash = gcg__hash (hash, place, sizeof place);
      if (member.name != NULL)
        hash = gcg__hash (hash, member.name, strlen (member.name));
    }
  return hash;
}

/* Whether an aggregate's last member is an array that the object may continue: "[]", "[0]", "[1]".
 */
static bool
shape_is_open (Dwarf_Die *peeled)
{
  Dwarf_Die die = *peeled;
  uint64_t counts[GCG__MAX_DIMENSIONS];
  for (uint32_t depth = 0; depth < MAX_DEPTH; depth++)
    {
      struct gcg__member member = { 0 }, last = { 0 };
      if (!gcg__die_is_aggregate (&die))
        return depth > 0 && dwarf_tag (&die) == DW_TAG_array_type
               && gcg__die_dimensions (&die, counts) > 0
               && (counts[0] == GCG__NO_COUNT || counts[0] <= 1);
      while (gcg__die_member (&die, &member))
        if (last.die.addr == NULL || member.low_bit >= last.low_bit)
          last = member;
      if (last.die.addr == NULL || last.bit_field || !gcg__die_peel (&last.type, &die))
        return false;
    }
  return false;
}

/* Adds the layout of DIE to the end of TYPE's unless it is there. */
static void
type_add_shape (struct gcg__symbols *symbols, struct gcg__type *type, struct gcg__image *image,
                const Dwarf_Die *die)
{
  Dwarf_Die peeled = *die;
  uint64_t bytes;
  uint32_t n = 0;
  if (!gcg__die_peel (&peeled, &peeled))
    return;
  if (gcg__die_flag (&peeled, DW_AT_declaration)
      && !gcg__type_definition (symbols, &peeled, &peeled))
    return;
  if (!gcg__die_size (&peeled, &bytes))
    return;
  const uint64_t signature = shape_signature (&peeled, bytes);
  struct gcg__shape **end = &type->shapes;
  for (; *end != NULL; end = &(*end)->next)
    if ((*end)->signature == signature || ++n == MAX_SHAPES)
      return;
  struct gcg__shape *shape = gcg__pool_take (&symbols->pool, sizeof *shape);
  if (shape == NULL)
    return;
  *shape = (struct gcg__shape){ .image = image,
                                .die = peeled,
                                .bytes = bytes,
                                .signature = signature,
                                .open = shape_is_open (&peeled) };
  *end = shape;
}

/* Adds the layouts that TYPE's words have in one module. */
static void
type_search (struct gcg__symbols *symbols, struct gcg__type *type, struct gcg__image *image,
             bool inner)
{
  const struct gcg__spelling *spelling = &type->spelling;
  const struct gcg__name *name = NULL;
  const char *text = spelling->text;
  while ((name = gcg__names_find (symbols, image, inner, spelling->kind, text, name)) != NULL)
    type_add_shape (symbols, type, image, &name->die);
  if (spelling->keyword)
    return;
  for (int kind = GCG__NAME_STRUCT; kind <= GCG__NAME_ENUM; kind++)
    while ((name = gcg__names_find (symbols, image, inner, (enum gcg__name_kind)kind, text, name))
           != NULL)
      if (name->bare)
        type_add_shape (symbols, type, image, &name->die);
}

const struct gcg__shape *
gcg__type_shape (struct gcg__symbols *symbols, struct gcg__type *type,
                 const struct gcg__shape *previous)
{
  const uint32_t n = symbols->n_images;
  if (!type->valid || type->spelling.pointer)
    return NULL;
  for (;;)
    {
      const struct gcg__shape *next = previous != NULL ? previous->next : type->shapes;
      const bool inner = type->searched >= n;
      /* Inside functions only when there is no such type outside of them. */
      if (next != NULL || type->searched == 2 * n || (inner && type->shapes != NULL))
        return next;
      type_search (symbols, type, symbols->by_order[type->searched % n], inner);
      type->searched++;
    }
}

bool
gcg__type_is_known (struct gcg__symbols *symbols, struct gcg__type *type)
{
  return type->valid && (type->spelling.pointer || gcg__type_shape (symbols, type, NULL) != NULL);
}

struct gcg__type *
gcg__type_find (struct gcg__symbols *symbols, const char *text)
{
  const size_t length = strlen (text);
  const uint64_t hash = gcg__hash (0, text, length);
  struct gcg__type *first = gcg__table_find (&symbols->types, hash, 0);
  for (struct gcg__type *type = first; type != NULL; type = type->next_hash)
    if (strcmp (type->asked, text) == 0)
      return type;
  struct gcg__type *type = gcg__pool_take (&symbols->pool, sizeof *type);
  char *asked = gcg__pool_text (&symbols->pool, text, length);
  if (type == NULL || asked == NULL)
    return NULL;
  type->asked = asked;
  type->valid = gcg__spelling_parse (text, &type->spelling);
  type->next_hash = first;
  return gcg__table_set (&symbols->types, hash, 0, type) ? type : NULL;
}

bool
gcg__type_definition (struct gcg__symbols *symbols, Dwarf_Die *die, Dwarf_Die *definition)
{
  if (!gcg__die_flag (die, DW_AT_declaration))
    {
      *definition = *die;
      return true;
    }
  const char *name = dwarf_diename (die);
  if (name == NULL)
    return false;
  const enum gcg__name_kind kind
      = dwarf_tag (die) == DW_TAG_union_type ? GCG__NAME_UNION : GCG__NAME_STRUCT;
  for (uint32_t i = 0; i < symbols->n_images; i++)
    {
      const struct gcg__name *found
          = gcg__names_find (symbols, symbols->by_order[i], false, kind, name, NULL);
      if (found != NULL)
        {
          *definition = found->die;
          return true;
        }
    }
  return false;
}

bool
gcg__layout_of (const struct gcg__type *type, uint64_t element, struct gcg__layout *layout)
{
  layout->element = layout->whole = element;
  for (uint32_t i = 0; i < type->spelling.n_dimensions; i++)
    if (type->spelling.dimensions[i] == GCG__NO_COUNT)
      {
        if (i > 0)
          return false;
      }
    else if (__builtin_mul_overflow (layout->whole, type->spelling.dimensions[i], &layout->whole))
      return false;
  return element > 0 && layout->whole > 0;
}

enum gcg__fit
gcg__layout_fit (const struct gcg__type *type, uint64_t element, bool open, uint64_t object_bytes)
{
  struct gcg__layout layout;
  if (!gcg__layout_of (type, element, &layout))
    return GCG__FIT_NOT;
  if (object_bytes == 0 || object_bytes == layout.whole)
    return GCG__FIT_EXACT;
  if (object_bytes < layout.whole)
    return GCG__FIT_NOT;
  return open || object_bytes % layout.whole == 0 ? GCG__FIT_MANY : GCG__FIT_PART;
}

const struct gcg__shape *
gcg__type_shape_for (struct gcg__symbols *symbols, struct gcg__type *type, uint64_t object_bytes)
{
  const struct gcg__shape *best = NULL, *shape = NULL;
  enum gcg__fit best_fit = GCG__FIT_NOT;
  /* A program without debug information may have another type of this name: then a library's must
     match to the byte. */
  const bool program_speaks
      = symbols->n_images > 0 && gcg__image_open_dwarf (symbols, symbols->by_order[0]);
  const enum gcg__fit least = program_speaks ? GCG__FIT_PART : GCG__FIT_EXACT;
  /* Not a module further than needed. */
  while ((best_fit < GCG__FIT_MANY || (shape->next != NULL && shape->next->image == best->image))
         && (shape = gcg__type_shape (symbols, type, shape)) != NULL)
    {
      const enum gcg__fit fit = gcg__layout_fit (type, shape->bytes, shape->open, object_bytes);
      if (fit > best_fit && (fit >= least || shape->image == symbols->by_order[0]))
        {
          best = shape;
          best_fit = fit;
        }
    }
  return best_fit == GCG__FIT_PART && type->shapes->next != NULL ? NULL : best;
}
