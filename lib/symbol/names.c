/* names.c -- the index of a module's names: what is defined under a name.
 *
 * Read once per module, when the first name is asked for: definitions of types, functions and
 * variables at file, namespace and class level, in C++ under their qualified names, too.  Types
 * inside functions are an index of their own that is read only when a name is not found otherwise,
 * because that takes a walk through everything; so are variables by their address.  An index is an
 * array sorted by hash; entries of one name keep the order of the debug information.
 */
#include "config.h"

#include "symbol/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Namespaces, classes, functions and blocks in one another. */
#define MAX_DEPTH 64u

static uint64_t
name_hash (enum gcg__name_kind kind, const char *text)
{
  return gcg__hash ((uint64_t)kind + 1, text, strlen (text));
}

static bool
names_add (struct gcg__names *names, enum gcg__name_kind kind, const char *text, bool bare,
           const Dwarf_Die *die)
{
  if (names->n == names->room)
    {
      const size_t room = names->room ? names->room * 2 : 256;
      struct gcg__name *items = reallocarray (names->items, room, sizeof *items);
      if (items == NULL)
        return false;
      names->items = items;
      names->room = room;
    }
  names->items[names->n] = (struct gcg__name){ .hash = name_hash (kind, text),
                                               .text = text,
                                               .die = *die,
                                               .order = (uint32_t)names->n,
                                               .kind = (uint8_t)kind,
                                               .bare = bare };
  names->n++;
  return true;
}

static int
name_compare (const void *left, const void *right)
{
  const struct gcg__name *a = left, *b = right;
  if (a->hash != b->hash)
    return a->hash < b->hash ? -1 : 1;
  return (a->order > b->order) - (a->order < b->order);
}

/* The kind of name that a DIE defines, or -1. */
static int
die_kind (Dwarf_Die *die)
{
  switch (dwarf_tag (die))
    {
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
      return gcg__die_flag (die, DW_AT_declaration) ? -1 : GCG__NAME_STRUCT;
    case DW_TAG_union_type:
      return gcg__die_flag (die, DW_AT_declaration) ? -1 : GCG__NAME_UNION;
    case DW_TAG_enumeration_type:
      return gcg__die_flag (die, DW_AT_declaration) ? -1 : GCG__NAME_ENUM;
    case DW_TAG_typedef:
    case DW_TAG_base_type:
      return GCG__NAME_PLAIN;
    case DW_TAG_subprogram:
      /* Instances of an abstract function have no name of their own: that one is found. */
      return gcg__die_flag (die, DW_AT_declaration) || dwarf_hasattr (die, DW_AT_abstract_origin)
                 ? -1
                 : GCG__NAME_FUNCTION;
    case DW_TAG_variable:
      return GCG__NAME_VARIABLE;
    default:
      return -1;
    }
}

struct walk
{
  struct gcg__symbols *symbols;
  struct gcg__names *names;
  bool inner;                   /* only types inside functions */
  struct gcg__image *variables; /* only variables that have an address, into this one's */
  bool cxx;                     /* of the unit being walked */
};

/* Remembers DIE under its name and, in namespace or class PREFIX, its qualified one. */
static bool
walk_add (struct walk *walk, Dwarf_Die *die, int kind, const char *prefix)
{
  struct gcg__spelling words;
  const char *text = dwarf_diename (die);
  const bool is_function = kind == GCG__NAME_FUNCTION || kind == GCG__NAME_VARIABLE;
  if (kind < 0 || text == NULL || (walk->inner && is_function))
    return true;
  if (dwarf_tag (die) == DW_TAG_base_type && gcg__spelling_words (text, strlen (text), &words)
      && strcmp (words.text, text) != 0)
    text = gcg__pool_text (&walk->symbols->pool, words.text, strlen (words.text));
  if (text == NULL || !names_add (walk->names, (enum gcg__name_kind)kind, text, walk->cxx, die))
    return false;
  if (prefix == NULL || is_function)
    return true;
  char full[GCG__NAME_BYTES];
  const int n = snprintf (full, sizeof full, "%s::%s", prefix, text);
  if (n < 0 || (size_t)n >= sizeof full)
    return true;
  text = gcg__pool_text (&walk->symbols->pool, full, (size_t)n);
  return text != NULL && names_add (walk->names, (enum gcg__name_kind)kind, text, walk->cxx, die);
}

/* Where variable DIE is in the image; false: not at one place, or not in this program at all. */
static bool
variable_address (Dwarf_Die *die, uint64_t *address)
{
  Dwarf_Attribute attribute, indexed;
  Dwarf_Op *steps;
  size_t n;
  if (dwarf_attr_integrate (die, DW_AT_location, &attribute) == NULL
      || dwarf_getlocation (&attribute, &steps, &n) != 0 || n != 1)
    return false;
  *address = steps[0].number;
  if (steps[0].atom == DW_OP_addrx || steps[0].atom == DW_OP_GNU_addr_index)
    return dwarf_getlocation_attr (&attribute, &steps[0], &indexed) == 0
           && dwarf_formaddr (&indexed, address) == 0;
  return steps[0].atom == DW_OP_addr;
}

/* Remembers where variable DIE is. */
static bool
walk_variable (struct walk *walk, Dwarf_Die *die)
{
  struct gcg__image *image = walk->variables;
  uint64_t address, bytes;
  Dwarf_Die type, *copy;
  if (dwarf_tag (die) != DW_TAG_variable || !variable_address (die, &address)
      || !gcg__die_target (die, DW_AT_type, &type) || !gcg__die_size (&type, &bytes) || bytes == 0)
    return true;
  copy = gcg__pool_take (&walk->symbols->pool, sizeof *copy);
  if (copy == NULL)
    return false;
  *copy = *die;
  address += image->bias;
  return address + bytes < address
         || gcg__spans_add (&image->variables, address, address + bytes, copy,
                            SIZE_MAX - image->variables.n);
}

/* What stands before the names inside DIE: NULL outside of namespaces and classes. */
static const char *
walk_prefix (struct walk *walk, Dwarf_Die *die, const char *prefix)
{
  char full[GCG__NAME_BYTES];
  const char *name = dwarf_diename (die);
  const int tag = dwarf_tag (die);
  if (name == NULL || tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block)
    return prefix;
  if (prefix == NULL)
    return name;
  const int n = snprintf (full, sizeof full, "%s::%s", prefix, name);
  if (n < 0 || (size_t)n >= sizeof full)
    return prefix;
  const char *text = gcg__pool_text (&walk->symbols->pool, full, (size_t)n);
  return text != NULL ? text : prefix;
}

/* Whether names are to be looked for inside DIE. */
static bool
walk_enters (const struct walk *walk, Dwarf_Die *die)
{
  switch (dwarf_tag (die))
    {
    case DW_TAG_namespace:
    case DW_TAG_module:
      return true;
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
      return walk->cxx && walk->variables == NULL;
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
      return walk->inner || walk->variables != NULL;
    default:
      return false;
    }
}

static bool
walk_unit (struct walk *walk, Dwarf_Die *unit)
{
  struct
  {
    Dwarf_Die die;
    const char *prefix;
    bool in_function;
  } stack[MAX_DEPTH];
  uint32_t depth = 0;
  const char *furthest = NULL;
  if (gcg__die_child (unit, &stack[0].die))
    {
      stack[0].prefix = NULL;
      stack[0].in_function = false;
      depth = 1;
    }
  while (depth > 0)
    {
      Dwarf_Die die = stack[depth - 1].die;
      const char *prefix = stack[depth - 1].prefix;
      const bool in_function = stack[depth - 1].in_function;
      if ((const char *)die.addr <= furthest) /* overlapping children: damaged */
        break;
      furthest = die.addr;
      if (!gcg__die_sibling (&die, &stack[depth - 1].die))
        depth--;
      if (walk->variables != NULL
              ? !walk_variable (walk, &die)
              : in_function == walk->inner && !walk_add (walk, &die, die_kind (&die), prefix))
        return false;
      if (depth < MAX_DEPTH && walk_enters (walk, &die) && gcg__die_child (&die, &stack[depth].die))
        {
          stack[depth].prefix = walk->variables == NULL ? walk_prefix (walk, &die, prefix) : NULL;
          stack[depth].in_function = in_function || dwarf_tag (&die) == DW_TAG_subprogram;
          depth++;
        }
    }
  return true;
}

/* Walks all units of DWARF; a skeleton's are in its .dwo file. */
static bool
walk_units (struct walk *walk, Dwarf *dwarf)
{
  Dwarf_CU *cu = NULL;
  Dwarf_Die die, other;
  uint8_t type;
  while (dwarf_get_units (dwarf, cu, &cu, NULL, &type, &die, &other) == 0)
    {
      if (die.addr == NULL)
        continue;
      Dwarf_Die *unit = type == DW_UT_skeleton && other.addr != NULL ? &other : &die;
      walk->cxx = gcg__die_is_cxx (unit);
      if (!walk_unit (walk, unit))
        return false;
    }
  return true;
}

bool
gcg__names_variable (struct gcg__symbols *symbols, struct gcg__image *image, uint64_t address,
                     Dwarf_Die *die, uint64_t *offset)
{
  struct walk walk = { .symbols = symbols, .variables = image };
  if (!image->variables_built)
    {
      image->variables_built = true;
      if (gcg__image_open_dwarf (symbols, image))
        (void)walk_units (&walk, image->dwarf);
      gcg__spans_sort (&image->variables);
    }
  const struct gcg__span *span = gcg__spans_find (&image->variables, address, NULL);
  if (span == NULL)
    return false;
  *die = *(Dwarf_Die *)span->what;
  *offset = address - span->low;
  return true;
}

static void
names_build (struct gcg__symbols *symbols, struct gcg__image *image, struct gcg__names *names)
{
  struct walk walk = { .symbols = symbols, .names = names, .inner = names == &image->inner_names };
  names->built = true;
  if (!gcg__image_open_dwarf (symbols, image))
    return;
  /* What dwz moved out of several files lies in one of its own. */
  Dwarf *shared = dwarf_getalt (image->dwarf);
  if (walk_units (&walk, image->dwarf) && shared != NULL)
    (void)walk_units (&walk, shared);
  if (names->n > 0)
    qsort (names->items, names->n, sizeof *names->items, name_compare);
}

/* The index of the first entry in NAMES with HASH, or where it would be. */
static size_t
names_position (const struct gcg__names *names, uint64_t hash)
{
  size_t low = 0, high = names->n;
  while (low < high)
    {
      const size_t middle = low + (high - low) / 2;
      if (names->items[middle].hash < hash)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

const struct gcg__name *
gcg__names_find (struct gcg__symbols *symbols, struct gcg__image *image, bool inner,
                 enum gcg__name_kind kind, const char *text, const struct gcg__name *previous)
{
  struct gcg__names *names = inner ? &image->inner_names : &image->names;
  if (!names->built)
    names_build (symbols, image, names);
  const uint64_t hash = previous != NULL ? previous->hash : name_hash (kind, text);
  size_t i
      = previous != NULL ? (size_t)(previous - names->items) + 1 : names_position (names, hash);
  for (; i < names->n && names->items[i].hash == hash; i++)
    if (names->items[i].kind == kind && strcmp (names->items[i].text, text) == 0)
      return &names->items[i];
  return NULL;
}

void
gcg__names_fini (struct gcg__image *image)
{
  free (image->names.items);
  free (image->inner_names.items);
  gcg__spans_fini (&image->variables);
}
