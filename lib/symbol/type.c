/* type.c -- types by name: the index of a module's names, and what a name as written means.
 *
 * A name such as "const struct node *[10]" is taken apart into dimensions, pointer or not, the
 * keyword and the words; the words of base types are put into one order, so that "unsigned long",
 * "long unsigned" and what compilers write into DWARF meet.
 *
 * The names of a module are read once, when the first type is asked for: definitions of types,
 * functions and variables at file, namespace and class level, sorted by hash.  Types inside
 * functions are read only when a name is not found otherwise, because that takes a walk through
 * everything.  One name may stand for several layouts: a header changed between two libraries, two
 * source files that each have their own "struct node".  All distinct layouts are kept, told apart
 * by a signature over their members, the main program's first; who asks about a field also knows
 * the object's size and picks (field.c).
 *
 * Every answer is kept by the name as asked, the unknown ones too.
 */
#include "config.h"

#include "symbol/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH             64u
#define MAX_SIGNATURE_MEMBERS 4096u
/* A name that has more distinct layouts than this is not worth telling apart. */
#define MAX_SHAPES 16u

/* A name taken apart. */
struct written
{
  enum gcg__name_kind kind;
  bool keyword; /* struct, union, enum or class stood before it */
  bool pointer;
  char text[GCG__NAME_BYTES];
  uint64_t dimensions[GCG__MAX_DIMENSIONS];
  uint32_t n_dimensions;
};

static const char *const base_words[]
    = { "unsigned", "signed", "long", "short", "int", "char", "double", "float", "_Complex" };
enum base_word
{
  UNSIGNED,
  SIGNED,
  LONG,
  SHORT,
  INT,
  CHAR,
  DOUBLE,
  FLOAT,
  COMPLEX,
  N_BASE_WORDS
};

static const char *const qualifiers[]
    = { "const",      "volatile", "restrict", "__const", "__volatile",
        "__restrict", "_Atomic",  "register", "static",  "__extension__" };

static bool
word_is (const char *word, size_t length, const char *expected)
{
  return strlen (expected) == length && memcmp (word, expected, length) == 0;
}

static bool
word_is_qualifier (const char *word, size_t length)
{
  for (size_t i = 0; i < sizeof qualifiers / sizeof *qualifiers; i++)
    if (word_is (word, length, qualifiers[i]))
      return true;
  return false;
}

static int
word_base (const char *word, size_t length)
{
  for (int i = 0; i < N_BASE_WORDS; i++)
    if (word_is (word, length, base_words[i]))
      return i;
  return -1;
}

bool
gcg__type_is_base_word (const char *text, size_t length)
{
  return word_base (text, length) >= 0 || word_is_qualifier (text, length)
         || word_is (text, length, "struct") || word_is (text, length, "union")
         || word_is (text, length, "enum") || word_is (text, length, "class")
         || word_is (text, length, "void") || word_is (text, length, "_Bool");
}

static size_t
word_length (const char *text)
{
  size_t n = 0;
  while (isalnum ((unsigned char)text[n]) || text[n] == '_' || text[n] == '$')
    n++;
  return n;
}

/* Writes the one spelling of a base type that has WORDS of each kind: "unsigned long". */
static void
base_spell (const unsigned int words[N_BASE_WORDS], char *text, size_t bytes)
{
  static const struct
  {
    enum base_word word;
    unsigned int least; /* how often it must be there */
  } order[] = { { UNSIGNED, 1 }, { COMPLEX, 1 }, { SHORT, 1 },  { LONG, 1 },
                { LONG, 2 },     { CHAR, 1 },    { DOUBLE, 1 }, { FLOAT, 1 } };
  size_t n = 0;
  /* "signed" says something of a char only. */
  if (words[SIGNED] && words[CHAR])
    n += (size_t)snprintf (text, bytes, "signed ");
  for (size_t i = 0; i < sizeof order / sizeof *order && n < bytes; i++)
    if (words[order[i].word] >= order[i].least)
      n += (size_t)snprintf (text + n, bytes - n, "%s ", base_words[order[i].word]);
  if (!words[SHORT] && !words[LONG] && !words[CHAR] && !words[DOUBLE] && !words[FLOAT])
    snprintf (text + n, bytes - n, "int");
  else
    text[n - 1] = '\0';
}

/* Writes the words of TEXT, LENGTH bytes, without qualifiers and in one spelling, and which keyword
   stood before them.  False when there is nothing left, or too much. */
static bool
words_normalise (const char *text, size_t length, struct written *written)
{
  unsigned int words[N_BASE_WORDS] = { 0 }, others = 0, bases = 0;
  size_t n = 0;
  written->kind = GCG__NAME_PLAIN;
  written->keyword = false;
  for (size_t i = 0; i < length;)
    {
      size_t word = word_length (text + i);
      const int base = word > 0 ? word_base (text + i, word) : -1;
      if (isspace ((unsigned char)text[i]))
        {
          i++;
          continue;
        }
      if (others == 0 && word_is_qualifier (text + i, word))
        ;
      else if (others == 0 && base >= 0)
        words[base]++, bases++;
      else if (others == 0 && !written->keyword
               && (word_is (text + i, word, "struct") || word_is (text + i, word, "class")))
        written->kind = GCG__NAME_STRUCT, written->keyword = true;
      else if (others == 0 && !written->keyword && word_is (text + i, word, "union"))
        written->kind = GCG__NAME_UNION, written->keyword = true;
      else if (others == 0 && !written->keyword && word_is (text + i, word, "enum"))
        written->kind = GCG__NAME_ENUM, written->keyword = true;
      else if (others > 0 && word_is_qualifier (text + i, word))
        ; /* "node_t const" */
      else
        {
          word = word > 0 ? word : 1;
          if (n + word + 2 > sizeof written->text)
            return false;
          /* Words that touched punctuation ("a::b", "v<int, 2>") keep doing so. */
          if (n > 0 && i > 0 && isspace ((unsigned char)text[i - 1]))
            written->text[n++] = ' ';
          memcpy (written->text + n, text + i, word);
          n += word;
          others++;
        }
      i += word;
    }
  written->text[n] = '\0';
  if (bases > 0 && others == 0 && !written->keyword)
    base_spell (words, written->text, sizeof written->text);
  else if (bases > 0 && others == 0)
    return false;
  return written->text[0] != '\0';
}

/* Takes "[10]" off the end of TEXT.  False when it is no number. */
static bool
take_dimension (const char *text, size_t *length, uint64_t *count)
{
  size_t open = *length;
  while (open > 0 && text[open - 1] != '[')
    open--;
  if (open == 0)
    return false;
  char *end;
  const char *digits = text + open;
  while (isspace ((unsigned char)*digits))
    digits++;
  *count = GCG__NO_COUNT;
  end = (char *)digits;
  if (isdigit ((unsigned char)*digits))
    *count = strtoull (digits, &end, 0);
  while (isspace ((unsigned char)*end) || *end == 'u' || *end == 'U' || *end == 'l' || *end == 'L')
    end++;
  *length = open - 1;
  return *end == ']';
}

static size_t
trimmed (const char *text, size_t length)
{
  while (length > 0 && isspace ((unsigned char)text[length - 1]))
    length--;
  return length;
}

/* Takes a type's name apart. */
static bool
written_parse (const char *text, struct written *written)
{
  *written = (struct written){ .kind = GCG__NAME_PLAIN };
  size_t length = trimmed (text, strlen (text));
  /* "void (*) (int)", "int (*)[4]": a pointer, whatever it points to. */
  if (strstr (text, "(*") != NULL)
    return written->pointer = true;
  while (length > 0 && text[length - 1] == ']')
    {
      uint64_t count;
      if (written->n_dimensions == GCG__MAX_DIMENSIONS || !take_dimension (text, &length, &count))
        return false;
      memmove (written->dimensions + 1, written->dimensions,
               written->n_dimensions++ * sizeof *written->dimensions);
      written->dimensions[0] = count;
      length = trimmed (text, length);
    }
  for (;;)
    {
      size_t word = 0;
      while (word < length && word_length (text + length - word - 1) > word)
        word++;
      if (length > 0 && (text[length - 1] == '*' || text[length - 1] == '&'))
        written->pointer = true, length--;
      else if (word > 0 && word < length && word_is_qualifier (text + length - word, word))
        length -= word;
      else
        break;
      length = trimmed (text, length);
    }
  return length > 0 && (written->pointer || words_normalise (text, length, written));
}

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
  bool inner; /* only types inside functions */
  bool cxx;   /* of the unit being walked */
};

/* Remembers DIE under its name and, in namespace or class PREFIX, its qualified one. */
static bool
walk_add (struct walk *walk, Dwarf_Die *die, int kind, const char *prefix)
{
  struct written words;
  const char *text = dwarf_diename (die);
  const bool is_function = kind == GCG__NAME_FUNCTION || kind == GCG__NAME_VARIABLE;
  if (kind < 0 || text == NULL || (walk->inner && is_function))
    return true;
  if (dwarf_tag (die) == DW_TAG_base_type && words_normalise (text, strlen (text), &words)
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
      return walk->cxx;
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
      return walk->inner;
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
      if (in_function == walk->inner && !walk_add (walk, &die, die_kind (&die), prefix))
        return false;
      if (depth < MAX_DEPTH && walk_enters (walk, &die) && gcg__die_child (&die, &stack[depth].die))
        {
          stack[depth].prefix = walk_prefix (walk, &die, prefix);
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

/* The first of KIND and TEXT in NAMES at or after index FROM, or NULL. */
static const struct gcg__name *
names_match (const struct gcg__names *names, size_t from, uint64_t hash, enum gcg__name_kind kind,
             const char *text)
{
  for (size_t i = from; i < names->n && names->items[i].hash == hash; i++)
    if (names->items[i].kind == kind && strcmp (names->items[i].text, text) == 0)
      return &names->items[i];
  return NULL;
}

static const struct gcg__name *
names_first (const struct gcg__names *names, enum gcg__name_kind kind, const char *text)
{
  const uint64_t hash = name_hash (kind, text);
  size_t low = 0, high = names->n;
  while (low < high)
    {
      const size_t middle = low + (high - low) / 2;
      if (names->items[middle].hash < hash)
        low = middle + 1;
      else
        high = middle;
    }
  return names_match (names, low, hash, kind, text);
}

static const struct gcg__name *
names_next (const struct gcg__names *names, const struct gcg__name *name)
{
  return names_match (names, (size_t)(name - names->items) + 1, name->hash,
                      (enum gcg__name_kind)name->kind, name->text);
}

const struct gcg__name *
gcg__type_names (struct gcg__symbols *symbols, struct gcg__image *image, enum gcg__name_kind kind,
                 const char *text, const struct gcg__name *previous)
{
  if (previous != NULL)
    return names_next (&image->names, previous);
  if (!image->names.built)
    names_build (symbols, image, &image->names);
  return names_first (&image->names, kind, text);
}

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

/* Adds the layouts that the words of WRITTEN have in one module. */
static void
type_search (struct gcg__symbols *symbols, struct gcg__type *type, struct gcg__image *image,
             const struct written *written, struct gcg__names *names)
{
  if (!names->built)
    names_build (symbols, image, names);
  const struct gcg__name *name = names_first (names, written->kind, written->text);
  for (; name != NULL; name = names_next (names, name))
    type_add_shape (symbols, type, image, &name->die);
  if (written->keyword)
    return;
  for (int kind = GCG__NAME_STRUCT; kind <= GCG__NAME_ENUM; kind++)
    {
      name = names_first (names, (enum gcg__name_kind)kind, written->text);
      for (; name != NULL; name = names_next (names, name))
        if (name->bare)
          type_add_shape (symbols, type, image, &name->die);
    }
}

static void
type_resolve (struct gcg__symbols *symbols, struct gcg__type *type)
{
  struct written written;
  if (!written_parse (type->asked, &written))
    return;
  memcpy (type->dimensions, written.dimensions, sizeof type->dimensions);
  type->n_dimensions = written.n_dimensions;
  type->pointer = written.pointer;
  if (written.pointer)
    {
      type->known = true;
      return;
    }
  for (uint32_t i = 0; i < symbols->n_images; i++)
    type_search (symbols, type, symbols->by_order[i], &written, &symbols->by_order[i]->names);
  for (uint32_t i = 0; i < symbols->n_images && type->shapes == NULL; i++)
    type_search (symbols, type, symbols->by_order[i], &written, &symbols->by_order[i]->inner_names);
  type->known = type->shapes != NULL;
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
  type_resolve (symbols, type);
  /* Resolving may have added others. */
  type->next_hash = gcg__table_find (&symbols->types, hash, 0);
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
          = gcg__type_names (symbols, symbols->by_order[i], kind, name, NULL);
      if (found != NULL)
        {
          *definition = found->die;
          return true;
        }
    }
  return false;
}

/* Writes the name of what is not an array. */
static bool
plain_name (Dwarf_Die *type, char *text, size_t bytes)
{
  const char *keyword = "", *name = dwarf_diename (type);
  struct written words;
  if (name == NULL)
    return false;
  if (dwarf_tag (type) == DW_TAG_base_type && words_normalise (name, strlen (name), &words))
    name = words.text;
  if (!gcg__die_is_cxx (type))
    switch (dwarf_tag (type))
      {
      case DW_TAG_structure_type:
        keyword = "struct ";
        break;
      case DW_TAG_union_type:
        keyword = "union ";
        break;
      case DW_TAG_enumeration_type:
        keyword = "enum ";
        break;
      default:
        break;
      }
  const int n = snprintf (text, bytes, "%s%s", keyword, name);
  return n >= 0 && (size_t)n < bytes;
}

bool
gcg__type_name (Dwarf_Die *type, uint32_t pointers, uint32_t skip, char *text, size_t bytes)
{
  Dwarf_Die die = *type;
  uint64_t counts[GCG__MAX_DIMENSIONS];
  char name[GCG__NAME_BYTES] = "", stars[17] = "", dimensions[200] = "";
  size_t n_stars = 0, n_dimensions = 0;
  if (pointers > sizeof stars - 1)
    return false;
  while (n_stars < pointers)
    stars[n_stars++] = '*';
  for (uint32_t i = 0; i < MAX_DEPTH; i++)
    {
      const int tag = dwarf_tag (&die);
      const bool is_void = tag == DW_TAG_pointer_type && !dwarf_hasattr (&die, DW_AT_type);
      if (tag == DW_TAG_pointer_type && n_stars < sizeof stars - 1)
        stars[n_stars++] = '*';
      else if (tag == DW_TAG_array_type)
        {
          /* A pointer to an array has no short name. */
          const uint32_t n = gcg__die_dimensions (&die, counts);
          if (n_stars > 0)
            return false;
          for (uint32_t k = i == 0 ? skip : 0; k < n; k++)
            n_dimensions += (size_t)snprintf (
                dimensions + n_dimensions, sizeof dimensions - n_dimensions,
                counts[k] == GCG__NO_COUNT ? "[]" : "[%llu]", (unsigned long long)counts[k]);
          if (n == 0 || n_dimensions > sizeof dimensions / 2)
            return false;
        }
      else if (tag != DW_TAG_const_type && tag != DW_TAG_volatile_type
               && tag != DW_TAG_restrict_type && tag != DW_TAG_atomic_type)
        {
          if (!plain_name (&die, name, sizeof name))
            return false;
          break;
        }
      if (is_void || !gcg__die_target (&die, DW_AT_type, &die))
        {
          if (n_stars == 0)
            return false;
          strcpy (name, "void");
          break;
        }
    }
  if (name[0] == '\0') /* a chain without end */
    return false;
  const int n = snprintf (text, bytes, "%s%s%s%s", name, n_stars ? " " : "", stars, dimensions);
  return n >= 0 && (size_t)n < bytes;
}

void
gcg__type_fini (struct gcg__image *image)
{
  free (image->names.items);
  free (image->inner_names.items);
}
