/* json_assert.c -- says whether assertions hold for a JSON document; for tests written in shell.
 *
 *   json_assert FILE ASSERTION...        FILE "-" is the standard input
 *
 *   cycles==1                            a member of the document, compared with a JSON value
 *   'types[0].name=="struct node"'       an element of an array
 *   'types[name="struct node"].count>=9' the first element whose member NAME is that string
 *   'types.length>2'                     elements of an array, members of an object, bytes of a
 * string 'sites[0].file=~"\\.c$"'             extended regular expression 'error?==null' a ? after
 * a path: what is not there counts as null
 *
 * Operators: == != < <= > >= =~.  Numbers compare as numbers, strings by ==, != and =~, true,
 * false and null by == and !=.  Exit status 0: all hold.  1: some do not, each reported on the
 * standard output as a TAP comment with the value that was found.  2: wrong usage or no JSON.
 */
#include <config.h>

#include <ctype.h>
#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum operator
{
  EQUAL,
  NOT_EQUAL,
  LESS,
  LESS_OR_EQUAL,
  GREATER,
  GREATER_OR_EQUAL,
  MATCHES
};

/* Longer ones first: "<=" begins with "<". */
static const struct
{
  const char *text;
  enum operator operator;
} OPERATORS[]
    = { { "==", EQUAL },   { "!=", NOT_EQUAL }, { "<=", LESS_OR_EQUAL }, { ">=", GREATER_OR_EQUAL },
        { "=~", MATCHES }, { "<", LESS },       { ">", GREATER } };

static void __attribute__ ((noreturn, format (printf, 1, 2))) fail (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  fputs ("json_assert: ", stderr);
  vfprintf (stderr, format, arguments);
  fputc ('\n', stderr);
  va_end (arguments);
  exit (2);
}

/* The operator that ends the path which begins at TEXT; brackets and strings are skipped. */
static const char *
find_operator (const char *text, enum operator* operator, size_t * length)
{
  bool string = false, bracket = false;
  for (const char *p = text; *p; p++)
    {
      if (*p == '"')
        string = !string;
      else if (!string && (*p == '[' || *p == ']'))
        bracket = *p == '[';
      else if (!string && !bracket)
        for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++)
          if (strncmp (p, OPERATORS[i].text, strlen (OPERATORS[i].text)) == 0)
            {
              *operator= OPERATORS[i].operator;
              *length = strlen (OPERATORS[i].text);
              return p;
            }
    }
  fail ("no operator in \"%s\"", text);
}

/* The bracket that closes the one at OPEN. */
static char *
find_bracket (char *open)
{
  bool string = false;
  for (char *p = open; *p; p++)
    if (*p == '"')
      string = !string;
    else if (!string && *p == ']')
      return p;
  fail ("a [ without a ]");
}

/* The element of ARRAY that "[SELECTOR]" means, NULL when there is none. */
static json_t *
select_element (json_t *array, const char *selector)
{
  const char *equals = strchr (selector, '=');
  if (!equals)
    {
      char *end;
      size_t index = strtoul (selector, &end, 10);
      if (end == selector || *end)
        fail ("[%s] is neither a number nor name=\"text\"", selector);
      return json_array_get (array, index);
    }
  size_t value_length = strlen (equals + 1);
  if (value_length < 2 || equals[1] != '"' || equals[value_length] != '"')
    fail ("[%s]: the text must stand in quotes", selector);
  char *name = strndup (selector, (size_t)(equals - selector));
  size_t i;
  json_t *element, *found = NULL;
  json_array_foreach (array, i, element)
  {
    const char *text = json_string_value (json_object_get (element, name));
    if (text && strlen (text) == value_length - 2
        && strncmp (text, equals + 2, value_length - 2) == 0)
      {
        found = element;
        break;
      }
  }
  free (name);
  return found;
}

static json_t *
length_of (const json_t *value)
{
  if (json_is_string (value))
    return json_integer ((json_int_t)json_string_length (value));
  if (json_is_array (value))
    return json_integer ((json_int_t)json_array_size (value));
  if (json_is_object (value))
    return json_integer ((json_int_t)json_object_size (value));
  return NULL;
}

/* What PATH (cut up in the process) leads to from DOCUMENT: a new reference, or NULL. */
static json_t *
follow (json_t *document, char *path)
{
  json_t *value = json_incref (document);
  for (char *p = path; *p && value;)
    {
      json_t *next;
      char *name = p;
      if (*p == '[')
        {
          char *end = find_bracket (p);
          *end = '\0';
          next = json_incref (select_element (value, p + 1));
          p = end + 1;
        }
      else
        {
          p += strcspn (p, ".[");
          char after = *p;
          *p = '\0';
          next = json_incref (json_object_get (value, name));
          if (!next && strcmp (name, "length") == 0)
            next = length_of (value);
          *p = after;
        }
      if (*p == '.')
        p++;
      json_decref (value);
      value = next;
    }
  return value;
}

static bool
text_matches (const char *text, const char *pattern)
{
  regex_t regex;
  if (regcomp (&regex, pattern, REG_EXTENDED | REG_NOSUB))
    fail ("\"%s\" is not a regular expression", pattern);
  bool matches = regexec (&regex, text, 0, NULL, 0) == 0;
  regfree (&regex);
  return matches;
}

static bool
holds (const json_t *found, enum operator operator, const json_t * wanted)
{
  if (operator== MATCHES)
    return json_is_string (found) && json_is_string (wanted)
           && text_matches (json_string_value (found), json_string_value (wanted));
  if (json_is_number (found) && json_is_number (wanted))
    {
      double a = json_number_value (found), b = json_number_value (wanted);
      switch (operator)
        {
        case EQUAL:
          return a == b;
        case NOT_EQUAL:
          return a != b;
        case LESS:
          return a < b;
        case LESS_OR_EQUAL:
          return a <= b;
        case GREATER:
          return a > b;
        default:
          return a >= b;
        }
    }
  if (operator== EQUAL)
    return json_equal (found, wanted);
  return operator== NOT_EQUAL && !json_equal (found, wanted);
}

/* Checks one assertion; reports on the standard output if it does not hold. */
static bool
check (json_t *document, const char *assertion)
{
  enum operator operator;
  size_t length;
  const char *at = find_operator (assertion, &operator, & length);
  const char *end = at;
  while (end > assertion && isspace ((unsigned char)end[-1]))
    end--;
  bool optional = end > assertion && end[-1] == '?';
  json_error_t error;
  json_t *wanted = json_loads (at + length, JSON_DECODE_ANY, &error);
  if (!wanted)
    fail ("\"%s\": what stands right of %.*s is no JSON", assertion, (int)length, at);
  char *path = strndup (assertion, (size_t)(end - assertion) - optional);
  json_t *found = follow (document, path);
  free (path);
  if (!found && optional)
    found = json_null ();
  bool ok = found && holds (found, operator, wanted);
  if (!ok)
    {
      char *text = found ? json_dumps (found, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
      printf ("# does not hold: %s   found: %.2000s\n", assertion, text ? text : "nothing there");
      free (text);
    }
  json_decref (found);
  json_decref (wanted);
  return ok;
}

int
main (int argc, char **argv)
{
  if (argc < 3)
    fail ("usage: json_assert FILE ASSERTION...");
  json_error_t error;
  json_t *document = strcmp (argv[1], "-") == 0
                         ? json_loadf (stdin, JSON_REJECT_DUPLICATES, &error)
                         : json_load_file (argv[1], JSON_REJECT_DUPLICATES, &error);
  if (!document)
    fail ("%s:%d: %s", argv[1], error.line, error.text);
  bool ok = true;
  for (int i = 2; i < argc; i++)
    ok &= check (document, argv[i]);
  json_decref (document);
  return ok ? 0 : 1;
}
