/* expression.c -- what type a size expression means: "n * sizeof (*list->head)".
 *
 * A macro keeps the argument that stood in the source.  A small recursive-descent parser reads the
 * part of C that sizes are written in: sums and products, sizeof of expressions and of types,
 * dereference, index, member, address, cast.  A size remembers the type it is of and whether it was
 * multiplied:
 *
 *   sizeof *p, n * sizeof *p          objects of that type, one or several
 *   sizeof *h + n * sizeof *e         a header and what follows it: the header's type
 *   sizeof *a + sizeof *b, a ? b : c,
 *   f (sizeof *a), quotients          nothing certain
 *
 * Names are variables where the expression stands (scope.c), else types.  Nesting is limited to
 * MAX_NESTING, which bounds the stack; whatever the parser does not know makes the whole unknown.
 * Answers, negative ones too, are kept by the question.
 */
#include "config.h"

#include "symbol/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAX_NESTING    48u
#define MAX_EXPRESSION 1024u
#define MAX_WORD       128u

enum kind
{
  UNKNOWN, /* some number that is not a size */
  TYPED,   /* a value of a known type */
  SIZE,    /* sizeof one */
  SIZES    /* a multiple of it */
};

struct value
{
  enum kind kind;
  Dwarf_Die type;      /* addr NULL: void, or NAME says */
  uint32_t pointers;   /* to it */
  uint32_t skip;       /* dimensions of an array type that have been indexed away */
  char name[MAX_WORD]; /* a type written out that no debug information describes */
};

struct parser
{
  const struct gcg__place *place;
  const char *next;
  uint32_t nesting;
  bool failed;
};

struct question
{
  struct question *next_hash;
  const char *text;   /* expression, function, file, each with its NUL */
  const char *answer; /* NULL: none */
  size_t bytes;
  uint32_t line;
};

static struct value parse_sum (struct parser *parser);
static struct value parse_unary (struct parser *parser);

static struct value
fail (struct parser *parser)
{
  parser->failed = true;
  return (struct value){ .kind = UNKNOWN };
}

static void
skip_space (struct parser *parser)
{
  while (isspace ((unsigned char)*parser->next))
    parser->next++;
}

static bool
take (struct parser *parser, const char *token)
{
  skip_space (parser);
  const size_t length = strlen (token);
  if (strncmp (parser->next, token, length) != 0)
    return false;
  parser->next += length;
  return true;
}

static size_t
word_here (struct parser *parser)
{
  size_t n = 0;
  skip_space (parser);
  if (isdigit ((unsigned char)*parser->next))
    return 0;
  while (isalnum ((unsigned char)parser->next[n]) || parser->next[n] == '_')
    n++;
  return n;
}

static bool
take_word (struct parser *parser, char word[MAX_WORD])
{
  const size_t n = word_here (parser);
  if (n == 0 || n >= MAX_WORD)
    return false;
  memcpy (word, parser->next, n);
  word[n] = '\0';
  parser->next += n;
  return true;
}

static bool
take_keyword (struct parser *parser, const char *keyword)
{
  const size_t n = word_here (parser);
  if (n != strlen (keyword) || strncmp (parser->next, keyword, n) != 0)
    return false;
  parser->next += n;
  return true;
}

/* What VALUE, a pointer or array, points to. */
static struct value
dereference (struct parser *parser, struct value value)
{
  Dwarf_Die die;
  uint64_t counts[GCG__MAX_DIMENSIONS];
  if (value.kind != TYPED)
    return fail (parser);
  if (value.pointers > 0)
    {
      value.pointers--;
      return value;
    }
  if (value.type.addr == NULL || !gcg__die_peel (&value.type, &die))
    return fail (parser);
  if (dwarf_tag (&die) == DW_TAG_array_type)
    {
      if (value.skip + 1 < gcg__die_dimensions (&die, counts))
        {
          value.type = die;
          value.skip++;
          return value;
        }
    }
  else if (!gcg__die_is_pointer (&die))
    return fail (parser);
  value.skip = 0;
  if (!gcg__die_target (&die, DW_AT_type, &value.type))
    value.type.addr = NULL;
  return value;
}

/* Finds the member NAME of AGGREGATE, in anonymous members and base classes too. */
static bool
find_member (struct gcg__symbols *symbols, Dwarf_Die *aggregate, const char *name, Dwarf_Die *type)
{
  Dwarf_Die waiting[MAX_NESTING], peeled;
  uint32_t n = 0;
  waiting[n++] = *aggregate;
  for (uint32_t i = 0; i < n; i++)
    {
      struct gcg__member member = { 0 };
      while (gcg__die_member (&waiting[i], &member))
        {
          if (member.name != NULL && strcmp (member.name, name) == 0)
            {
              *type = member.type;
              return true;
            }
          if (member.name == NULL && n < MAX_NESTING && gcg__die_peel (&member.type, &peeled)
              && gcg__die_is_aggregate (&peeled)
              && gcg__type_definition (symbols, &peeled, &peeled))
            waiting[n++] = peeled;
        }
    }
  return false;
}

static struct value
member_of (struct parser *parser, struct value value, const char *name)
{
  Dwarf_Die die;
  if (value.kind != TYPED || value.pointers > 0 || value.type.addr == NULL
      || !gcg__die_peel (&value.type, &die))
    return fail (parser);
  /* A C++ reference is what it refers to. */
  if (gcg__die_is_pointer (&die) && dwarf_tag (&die) != DW_TAG_pointer_type
      && (!gcg__die_target (&die, DW_AT_type, &die) || !gcg__die_peel (&die, &die)))
    return fail (parser);
  if (!gcg__die_is_aggregate (&die) || !gcg__type_definition (parser->place->symbols, &die, &die)
      || !find_member (parser->place->symbols, &die, name, &value.type))
    return fail (parser);
  value.skip = 0;
  return value;
}

/* Whether a type's name stands here: after "(" of a cast or a sizeof. */
static bool
type_is_here (struct parser *parser)
{
  char word[MAX_WORD];
  Dwarf_Die unused;
  const char *start = parser->next;
  bool is_type = false;
  if (take_word (parser, word))
    {
      is_type = gcg__spelling_is_type_word (word, strlen (word));
      if (!is_type && !gcg__scope_variable (parser->place, word, &unused))
        {
          /* A lone name, perhaps with stars, that no variable has. */
          skip_space (parser);
          is_type = *parser->next == ')' || *parser->next == '*';
          struct gcg__type *type = is_type ? gcg__type_find (parser->place->symbols, word) : NULL;
          is_type = type != NULL && gcg__type_is_known (parser->place->symbols, type);
        }
    }
  parser->next = start;
  return is_type;
}

/* A type's name up to the ")" that closes it, which is taken. */
static struct value
parse_type (struct parser *parser)
{
  struct value value = { .kind = TYPED };
  const size_t length = strcspn (parser->next, ")");
  char text[MAX_WORD];
  size_t end = length;
  if (parser->next[length] != ')' || memchr (parser->next, '(', length) != NULL
      || length >= sizeof text)
    return fail (parser);
  memcpy (text, parser->next, length);
  text[length] = '\0';
  parser->next += length + 1;
  while (end > 0 && (text[end - 1] == '*' || isspace ((unsigned char)text[end - 1])))
    value.pointers += text[--end] == '*';
  text[end] = '\0';
  memcpy (value.name, text, end + 1);
  struct gcg__type *type = gcg__type_find (parser->place->symbols, text);
  const struct gcg__shape *shape
      = type != NULL ? gcg__type_shape (parser->place->symbols, type, NULL) : NULL;
  if (shape != NULL && type->spelling.n_dimensions == 0)
    value.type = shape->die;
  return value;
}

/* A parenthesised list of arguments that says nothing, unless it hides a size. */
static struct value
parse_arguments (struct parser *parser)
{
  if (take (parser, ")"))
    return (struct value){ .kind = UNKNOWN };
  do
    if (parse_sum (parser).kind >= SIZE)
      return fail (parser);
  while (take (parser, ","));
  return take (parser, ")") ? (struct value){ .kind = UNKNOWN } : fail (parser);
}

static struct value
parse_primary (struct parser *parser)
{
  char word[MAX_WORD];
  struct value value = { .kind = UNKNOWN };
  skip_space (parser);
  if (isdigit ((unsigned char)*parser->next))
    {
      while (isalnum ((unsigned char)*parser->next) || *parser->next == '.')
        parser->next++;
      return value;
    }
  if (take (parser, "("))
    {
      value = parse_sum (parser);
      return take (parser, ")") ? value : fail (parser);
    }
  if (!take_word (parser, word))
    return fail (parser);
  if (gcg__scope_variable (parser->place, word, &value.type))
    value.kind = TYPED;
  return value;
}

static struct value
parse_postfix (struct parser *parser)
{
  struct value value = parse_primary (parser);
  char word[MAX_WORD];
  while (!parser->failed)
    {
      if (take (parser, "["))
        {
          (void)parse_sum (parser);
          if (!take (parser, "]"))
            return fail (parser);
          value = dereference (parser, value);
        }
      else if (take (parser, "->"))
        {
          value = dereference (parser, value);
          if (parser->failed || !take_word (parser, word))
            return fail (parser);
          value = member_of (parser, value, word);
        }
      else if (take (parser, "."))
        {
          if (!take_word (parser, word))
            return fail (parser);
          value = member_of (parser, value, word);
        }
      else if (take (parser, "("))
        value = parse_arguments (parser);
      else
        break;
    }
  return value;
}

static struct value
parse_sizeof (struct parser *parser)
{
  struct value value;
  const char *start = parser->next;
  if (take (parser, "("))
    {
      if (type_is_here (parser))
        value = parse_type (parser);
      else
        {
          /* "(" may only begin the expression: sizeof (*p)->q. */
          parser->next = start;
          value = parse_unary (parser);
        }
    }
  else
    value = parse_unary (parser);
  if (value.kind != TYPED)
    return fail (parser);
  value.kind = SIZE;
  return value;
}

static struct value
parse_unary_inside (struct parser *parser)
{
  struct value value;
  const char *start = parser->next;
  if (take_keyword (parser, "sizeof"))
    return parse_sizeof (parser);
  if (take (parser, "*"))
    return dereference (parser, parse_unary (parser));
  if (take (parser, "&"))
    {
      value = parse_unary (parser);
      if (value.kind != TYPED || value.skip > 0)
        return fail (parser);
      value.pointers++;
      return value;
    }
  if (take (parser, "-") || take (parser, "+") || take (parser, "~") || take (parser, "!"))
    {
      value = parse_unary (parser);
      return value.kind >= SIZE ? fail (parser) : (struct value){ .kind = UNKNOWN };
    }
  if (take (parser, "("))
    {
      if (type_is_here (parser))
        {
          const struct value type = parse_type (parser);
          value = parse_unary (parser);
          /* A size stays one: (size_t) sizeof *p. */
          return value.kind >= SIZE ? value : type;
        }
      parser->next = start;
    }
  return parse_postfix (parser);
}

static struct value
parse_unary (struct parser *parser)
{
  if (parser->failed || parser->nesting == MAX_NESTING)
    return fail (parser);
  parser->nesting++;
  const struct value value = parse_unary_inside (parser);
  parser->nesting--;
  return value;
}

static struct value
parse_product (struct parser *parser)
{
  struct value left = parse_unary (parser);
  while (!parser->failed)
    {
      const bool times = take (parser, "*");
      if (!times && !take (parser, "/") && !take (parser, "%"))
        break;
      struct value right = parse_unary (parser);
      if (left.kind < SIZE && right.kind < SIZE)
        left = (struct value){ .kind = UNKNOWN };
      else if (!times || (left.kind >= SIZE && right.kind >= SIZE))
        return fail (parser);
      else
        {
          left = left.kind >= SIZE ? left : right;
          left.kind = SIZES;
        }
    }
  return left;
}

/* Writes the name of the type that VALUE is, or is the size of. */
static bool
value_name (struct value *value, char *text, size_t bytes)
{
  if (value->type.addr != NULL && value->name[0] == '\0')
    return gcg__spelling_of (&value->type, value->pointers, value->skip, text, bytes);
  char stars[MAX_NESTING + 2] = " ";
  if (value->pointers > MAX_NESTING || (value->name[0] == '\0' && value->pointers == 0))
    return false;
  memset (stars + 1, '*', value->pointers);
  const int n = snprintf (text, bytes, "%s%s", value->name[0] != '\0' ? value->name : "void",
                          value->pointers > 0 ? stars : "");
  return n >= 0 && (size_t)n < bytes;
}

static bool
same_type (struct value *a, struct value *b)
{
  char first[GCG__NAME_BYTES], second[GCG__NAME_BYTES];
  return value_name (a, first, sizeof first) && value_name (b, second, sizeof second)
         && strcmp (first, second) == 0;
}

static struct value
parse_sum_inside (struct parser *parser)
{
  struct value left = parse_product (parser);
  while (!parser->failed)
    {
      const bool plus = take (parser, "+");
      if (!plus && (strncmp (parser->next, "->", 2) == 0 || !take (parser, "-")))
        break;
      struct value right = parse_product (parser);
      if (right.kind < SIZE)
        {
          if (left.kind < SIZE)
            left = (struct value){ .kind = UNKNOWN };
        }
      else if (left.kind < SIZE)
        {
          if (!plus)
            return fail (parser);
          left = right;
        }
      else if (plus && left.kind != right.kind)
        left = left.kind == SIZE ? left : right;
      else if (plus && !same_type (&left, &right))
        return fail (parser);
    }
  return left;
}

static struct value
parse_sum (struct parser *parser)
{
  if (parser->failed || parser->nesting == MAX_NESTING)
    return fail (parser);
  parser->nesting++;
  const struct value value = parse_sum_inside (parser);
  parser->nesting--;
  return value;
}

/* The answer for one place, or false. */
static bool
place_type (const struct gcg__place *place, const char *expression, char *text, size_t bytes)
{
  struct parser parser = { .place = place, .next = expression };
  struct value value = parse_sum (&parser);
  skip_space (&parser);
  return !parser.failed && *parser.next == '\0' && value.kind >= SIZE
         && value_name (&value, text, bytes);
}

/* The answer that every matching function gives, in the pool; NULL when they differ. */
static const char *
expression_resolve (struct gcg__symbols *symbols, const char *expression, const char *function,
                    const char *file, uint32_t line)
{
  struct gcg__place places[GCG__MAX_PLACES];
  char answer[GCG__NAME_BYTES], other[GCG__NAME_BYTES];
  const uint32_t n = gcg__scope_places (symbols, function, file, line, places);
  if (n == 0 || !place_type (&places[0], expression, answer, sizeof answer))
    return NULL;
  for (uint32_t i = 1; i < n; i++)
    if (!place_type (&places[i], expression, other, sizeof other) || strcmp (answer, other) != 0)
      return NULL;
  return gcg__pool_text (&symbols->pool, answer, strlen (answer));
}

/* The remembered question, made and answered if it is new. */
static struct question *
question_find (struct gcg__symbols *symbols, const char *expression, const char *function,
               const char *file, uint32_t line)
{
  const size_t lengths[] = { strlen (expression) + 1, strlen (function) + 1, strlen (file) + 1 };
  const size_t bytes = lengths[0] + lengths[1] + lengths[2];
  uint64_t hash = gcg__hash (line, expression, lengths[0]);
  hash = gcg__hash (gcg__hash (hash, function, lengths[1]), file, lengths[2]);
  struct question *known = gcg__table_find (&symbols->expressions, hash, line);
  for (; known != NULL; known = known->next_hash)
    if (known->line == line && known->bytes == bytes && strcmp (known->text, expression) == 0
        && strcmp (known->text + lengths[0], function) == 0
        && strcmp (known->text + lengths[0] + lengths[1], file) == 0)
      return known;
  struct question *question = gcg__pool_take (&symbols->pool, sizeof *question);
  char *text = gcg__pool_take (&symbols->pool, bytes);
  if (question == NULL || text == NULL)
    return NULL;
  memcpy (text, expression, lengths[0]);
  memcpy (text + lengths[0], function, lengths[1]);
  memcpy (text + lengths[0] + lengths[1], file, lengths[2]);
  *question = (struct question){ .text = text, .bytes = bytes, .line = line };
  if (lengths[0] <= MAX_EXPRESSION)
    question->answer = expression_resolve (symbols, expression, function, file, line);
  question->next_hash = gcg__table_find (&symbols->expressions, hash, line);
  gcg__table_set (&symbols->expressions, hash, line, question);
  return question;
}

const char *
gcg__symbols_expression_type (struct gcg__symbols *symbols, const char *expression,
                              const char *function, const char *file, uint32_t line)
{
  pthread_mutex_lock (&symbols->lock);
  const struct question *question = question_find (symbols, expression, function, file, line);
  const char *answer = question != NULL ? question->answer : NULL;
  pthread_mutex_unlock (&symbols->lock);
  return answer;
}
