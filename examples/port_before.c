/* port_before.c -- a small program as they are: a calculator with malloc and free, and its leaks.
 *
 * It parses "name = expression", keeps a table of symbols and a list of what was defined before,
 * so that "undo" works.  Who frees what is the usual muddle: an expression's nodes point to their
 * parent and to the symbols they use, symbols point to their definition, a redefinition forgets
 * the old nodes when the undo list is cut short.  It leaks, some of it in cycles.
 *
 * examples/port_after.c is this file with malloc and its kin replaced by GC_MALLOC and its kin,
 * and nothing else (make check compares them): now nothing leaks, and gcglass shows what did and
 * in which cycles.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/example.h"

enum
{
  UNDO_DEPTH = 8
};

struct node
{
  char operator; /* + - * /, or 0: a number or a symbol */
  double number;
  struct symbol *symbol;
  struct node *left, *right, *parent;
};

struct symbol
{
  char *name;
  struct node *definition;
  struct symbol *next;
};

struct undo
{
  struct symbol *symbol;
  struct node *definition;
  struct undo *older;
};

static struct symbol *symbols;
static struct undo *undo_list;
static const char *rest; /* of the line that is being parsed */

static struct symbol *
symbol_lookup (const char *name)
{
  for (struct symbol *symbol = symbols; symbol; symbol = symbol->next)
    if (strcmp (symbol->name, name) == 0)
      return symbol;
  struct symbol *symbol = malloc (sizeof (struct symbol));
  symbol->name = strdup (name);
  symbol->definition = NULL;
  symbol->next = symbols;
  symbols = symbol;
  return symbol;
}

static struct node *
node_new (char operator, struct node * left, struct node *right)
{
  struct node *node = calloc (1, sizeof (struct node));
  node->operator= operator;
  node->left = left;
  node->right = right;
  if (left)
    left->parent = node;
  if (right)
    right->parent = node;
  return node;
}

static void
skip_space (void)
{
  while (*rest == ' ')
    rest++;
}

static struct node *
parse_word (void)
{
  struct node *node = node_new (0, NULL, NULL);
  if (isalpha ((unsigned char)*rest))
    {
      size_t length = strspn (rest, "abcdefghijklmnopqrstuvwxyz0123456789");
      char *name = strndup (rest, length);
      node->symbol = symbol_lookup (name);
      free (name);
      rest += length;
    }
  else
    {
      char *end;
      node->number = strtod (rest, &end);
      rest = end;
    }
  skip_space ();
  return node;
}

/* Left to right, * and / before + and -. */
static struct node *
parse_expression (int products_only)
{
  const char *operators = products_only ? "*/" : "+-";
  struct node *left = products_only ? parse_word () : parse_expression (1);
  while (*rest && strchr (operators, *rest))
    {
      char operator= * rest++;
      skip_space ();
      left = node_new (operator, left, products_only ? parse_word () : parse_expression (1));
    }
  return left;
}

static double
evaluate (const struct node *node)
{
  if (!node)
    return 0;
  if (!node->operator)
    return node->symbol ? evaluate (node->symbol->definition) : node->number;
  double left = evaluate (node->left), right = evaluate (node->right);
  switch (node->operator)
    {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      return left / right;
    }
}

/* Keeps the UNDO_DEPTH youngest; what the others hold is forgotten: a leak. */
static void
undo_remember (struct symbol *symbol)
{
  struct undo *undo = malloc (sizeof (struct undo));
  undo->symbol = symbol;
  undo->definition = symbol->definition;
  undo->older = undo_list;
  undo_list = undo;
  for (int i = 1; undo && i < UNDO_DEPTH; i++)
    undo = undo->older;
  if (undo && undo->older)
    {
      free (undo->older);
      undo->older = NULL;
    }
}

static void
undo_last (void)
{
  struct undo *undo = undo_list;
  if (!undo)
    return;
  undo->symbol->definition = undo->definition;
  undo_list = undo->older;
  free (undo);
}

static void
execute (const char *line)
{
  rest = line;
  if (strcmp (line, "undo") == 0)
    {
      undo_last ();
      return;
    }
  struct symbol *symbol = parse_word ()->symbol;
  rest++; /* = */
  skip_space ();
  undo_remember (symbol);
  symbol->definition = parse_expression (0);
}

int
main (int argc, char **argv)
{
  struct example example;
  char line[80];
  example_begin (&example, argc, argv);
  for (int i = 0; i < 400; i++)
    {
      snprintf (line, sizeof line, "x%d = %d * %d + %d", i % 10, i, i + 1, i % 7);
      execute (line);
      snprintf (line, sizeof line, "sum = x%d + x%d - 2 * x%d", i % 10, (i + 3) % 10, (i + 7) % 10);
      execute (line);
      if (i % 5 == 0)
        execute ("undo");
    }
  execute ("sum = x1 + x2");
  printf ("sum = %g\n", evaluate (symbol_lookup ("sum")->definition));
  return example_end (&example, NULL);
}
