/* spelling.c -- how the types of C are written, both ways.
 *
 * Reading takes a name such as "const struct node *[10]" apart into dimensions, pointer or not, the
 * keyword and the words.  The words of base types are put into one order, so that "unsigned long",
 * "long unsigned int" (gcc's DWARF) and "unsigned long" (clang's) meet; qualifiers say nothing
 * about layout and are dropped.  Writing makes such a name from DWARF.  What the one writes the
 * other reads.
 */
#include "config.h"

#include "symbol/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Types that lead to types: pointers, arrays, qualifiers. */
#define MAX_DEPTH 64u

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
gcg__spelling_is_type_word (const char *text, size_t length)
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

bool
gcg__spelling_words (const char *text, size_t length, struct gcg__spelling *spelling)
{
  unsigned int words[N_BASE_WORDS] = { 0 }, others = 0, bases = 0;
  size_t n = 0;
  spelling->kind = GCG__NAME_PLAIN;
  spelling->keyword = false;
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
      else if (others == 0 && !spelling->keyword
               && (word_is (text + i, word, "struct") || word_is (text + i, word, "class")))
        spelling->kind = GCG__NAME_STRUCT, spelling->keyword = true;
      else if (others == 0 && !spelling->keyword && word_is (text + i, word, "union"))
        spelling->kind = GCG__NAME_UNION, spelling->keyword = true;
      else if (others == 0 && !spelling->keyword && word_is (text + i, word, "enum"))
        spelling->kind = GCG__NAME_ENUM, spelling->keyword = true;
      else if (others > 0 && word_is_qualifier (text + i, word))
        ; /* "node_t const" */
      else
        {
          word = word > 0 ? word : 1;
          if (n + word + 2 > sizeof spelling->text)
            return false;
          /* Words that touched punctuation ("a::b", "v<int, 2>") keep doing so. */
          if (n > 0 && i > 0 && isspace ((unsigned char)text[i - 1]))
            spelling->text[n++] = ' ';
          memcpy (spelling->text + n, text + i, word);
          n += word;
          others++;
        }
      i += word;
    }
  spelling->text[n] = '\0';
  if (bases > 0 && others == 0 && !spelling->keyword)
    base_spell (words, spelling->text, sizeof spelling->text);
  else if (bases > 0 && others == 0)
    return false;
  return spelling->text[0] != '\0';
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

bool
gcg__spelling_parse (const char *text, struct gcg__spelling *spelling)
{
  *spelling = (struct gcg__spelling){ .kind = GCG__NAME_PLAIN };
  size_t length = trimmed (text, strlen (text));
  /* "void (*) (int)", "int (*)[4]": a pointer, whatever it points to. */
  if (strstr (text, "(*") != NULL)
    return spelling->pointer = true;
  while (length > 0 && text[length - 1] == ']')
    {
      uint64_t count;
      if (spelling->n_dimensions == GCG__MAX_DIMENSIONS || !take_dimension (text, &length, &count))
        return false;
      memmove (spelling->dimensions + 1, spelling->dimensions,
               spelling->n_dimensions++ * sizeof *spelling->dimensions);
      spelling->dimensions[0] = count;
      length = trimmed (text, length);
    }
  for (;;)
    {
      size_t word = 0;
      while (word < length && word_length (text + length - word - 1) > word)
        word++;
      if (length > 0 && (text[length - 1] == '*' || text[length - 1] == '&'))
        spelling->pointer = true, length--;
      else if (word > 0 && word < length && word_is_qualifier (text + length - word, word))
        length -= word;
      else
        break;
      length = trimmed (text, length);
    }
  return length > 0 && (spelling->pointer || gcg__spelling_words (text, length, spelling));
}

/* Writes the name of what is not an array. */
static bool
plain_name (Dwarf_Die *type, char *text, size_t bytes)
{
  const char *keyword = "", *name = dwarf_diename (type);
  struct gcg__spelling words;
  if (name == NULL)
    return false;
  if (dwarf_tag (type) == DW_TAG_base_type && gcg__spelling_words (name, strlen (name), &words))
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
gcg__spelling_of (Dwarf_Die *type, uint32_t pointers, uint32_t skip, char *text, size_t bytes)
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
