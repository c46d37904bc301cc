/* options.c -- see options.h. */
#include <config.h>

#include "tools/options.h"

#include <stdlib.h>
#include <string.h>

#include "tools/command.h"

#define MOST_OPTIONS 64
#define LONGEST_WORD 40
#define HELP_COLUMN  25
#define HELP_END     92

const struct command_option *
options_each (const struct command *self, struct options_place *at)
{
  while (self->options != NULL && self->options[at->table] != NULL)
    {
      const struct command_option *option = &self->options[at->table][at->row];
      if (option->help != NULL)
        {
          at->row++;
          return option;
        }
      at->table++;
      at->row = 0;
    }
  return NULL;
}

const struct command_option *
options_find (const struct command *self, const char *name)
{
  struct options_place at = { 0, 0 };
  const struct command_option *option;
  while ((option = options_each (self, &at)) != NULL)
    if (option->name != NULL && strcmp (option->name, name) == 0)
      return option;
  return NULL;
}

/* Does the option have a short form? */
static bool
is_short (const struct command_option *option)
{
  return option->name != NULL && option->value > ' ' && option->value < 0x7f;
}

/* --- Nearness --- */

static int
least (int a, int b)
{
  return a < b ? a : b;
}

/* How many letters are left out, added, changed, or swapped with the next one. */
static int
distance (const char *a, const char *b)
{
  int rows[3][LONGEST_WORD + 1];
  int n = (int)strlen (b), m = (int)strlen (a);
  if (n > LONGEST_WORD || m > LONGEST_WORD)
    return LONGEST_WORD;
  for (int j = 0; j <= n; j++)
    rows[0][j] = j;
  for (int i = 1; i <= m; i++)
    {
      int *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
      row[0] = i;
      for (int j = 1; j <= n; j++)
        {
          row[j] = least (least (above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = least (row[j], twice[j - 2] + 1);
        }
    }
  return rows[m % 3][n];
}

const char *
options_nearest (const char *wrong, const char *(*next) (void *context), void *context)
{
  const char *word, *nearest = NULL;
  int most = (int)(strlen (wrong) + 2) / 3, least_distance = most + 1;
  while ((word = next (context)) != NULL)
    {
      int d = distance (wrong, word);
      /* A correct beginning counts as near. */
      if (strlen (wrong) >= 3 && strncmp (word, wrong, strlen (wrong)) == 0)
        d = 1;
      if (d < least_distance)
        {
          least_distance = d;
          nearest = word;
        }
    }
  return nearest;
}

struct walk
{
  const struct command *command;
  struct options_place at;
};

static const char *
next_name (void *context)
{
  struct walk *walk = context;
  const struct command_option *option;
  while ((option = options_each (walk->command, &walk->at)) != NULL)
    if (option->name != NULL)
      return option->name;
  return NULL;
}

/* --- What is wrong --- */

/* Another command that has the option NAME; NULL: none. */
static const struct command *
owner_of (const char *name)
{
  for (const struct command *const *c = commands; *c != NULL; c++)
    if (!(*c)->hidden && options_find (*c, name) != NULL)
      return *c;
  return NULL;
}

/* Returns the option NAME, or the only one with that prefix; *MORE: another one with it. */
static const struct command_option *
match (const struct command *self, const char *name, const struct command_option **more)
{
  struct options_place at = { 0, 0 };
  const struct command_option *option, *found = options_find (self, name);
  *more = NULL;
  while (found == NULL && (option = options_each (self, &at)) != NULL)
    if (option->name != NULL && strncmp (option->name, name, strlen (name)) == 0)
      {
        found = option;
        while ((option = options_each (self, &at)) != NULL && *more == NULL)
          if (option->name != NULL && strncmp (option->name, name, strlen (name)) == 0)
            *more = option;
      }
  return found;
}

static void
say_unknown (const struct command *self, const char *name)
{
  const struct command *owner = owner_of (name);
  struct walk walk = { .command = self };
  const char *nearest = options_nearest (name, next_name, &walk);
  if (owner != NULL)
    command_misuse (self, "--%s is an option of gcglass %s, not of %s", name, owner->name,
                    self->name);
  else if (nearest != NULL)
    command_misuse (self, "--%s is no option (did you mean --%s?)", name, nearest);
  else
    command_misuse (self, "--%s is no option", name);
}

/* Reports what is wrong with the long option TEXT. */
static void
say_long (const struct command *self, const char *text)
{
  char name[LONGEST_WORD + 1];
  const struct command_option *more, *option;
  snprintf (name, sizeof name, "%.*s", (int)strcspn (text, "="), text);
  option = match (self, name, &more);
  if (option == NULL)
    say_unknown (self, name);
  else if (more != NULL)
    command_misuse (self, "--%s can be --%s or --%s", name, option->name, more->name);
  else if (option->argument == NULL)
    command_misuse (self, "--%s takes no argument, but %s was given", option->name,
                    text + strcspn (text, "=") + 1);
  else
    command_misuse (self, "--%s lacks its argument, %s", option->name, option->argument);
}

static void
say_short (const struct command *self, int letter)
{
  struct options_place at = { 0, 0 };
  const struct command_option *option;
  while ((option = options_each (self, &at)) != NULL)
    if (is_short (option) && option->value == letter)
      {
        command_misuse (self, "-%c lacks its argument, %s", letter, option->argument);
        return;
      }
  command_misuse (self, "-%c is no option", letter);
}

/* --- Reading --- */

static struct option longs[MOST_OPTIONS + 1];
static char shorts[2 * MOST_OPTIONS + 2];

/* What getopt_long is given. */
static void
make_tables (const struct command *self)
{
  struct options_place at = { 0, 0 };
  const struct command_option *option;
  size_t n = 0, m = 0;
  if (self->program)
    shorts[m++] = '+';
  while ((option = options_each (self, &at)) != NULL && n < MOST_OPTIONS)
    {
      if (option->name == NULL)
        continue;
      bool argument = option->argument != NULL;
      longs[n++] = (struct option){ option->name, argument ? required_argument : no_argument, NULL,
                                    option->value };
      if (is_short (option))
        shorts[m++] = (char)option->value;
      if (is_short (option) && argument)
        shorts[m++] = ':';
    }
  longs[n] = (struct option){ NULL, 0, NULL, 0 };
  shorts[m] = '\0';
}

/* Reports what is wrong with the option that getopt_long has refused. */
static void
say_wrong (const struct command *self, char **argv)
{
  /* In a word of several short options optind stands at that still, and this is the one before. */
  const char *text = argv[optind - 1];
  const struct command_option *more, *option;
  char name[LONGEST_WORD + 1];
  snprintf (name, sizeof name, "%.*s", (int)strcspn (text, "="), text);
  option = strncmp (name, "--", 2) == 0 ? match (self, name + 2, &more) : NULL;
  if (strncmp (name, "--", 2) == 0 && (optopt == 0 || (option != NULL && option->value == optopt)))
    say_long (self, text + 2);
  else
    say_short (self, optopt);
}

int
options_next (const struct command *self, int argc, char **argv)
{
  static const struct command *made_for;
  if (made_for != self)
    make_tables (self);
  made_for = self;
  opterr = 0; /* a misused option is reported in gcglass's own words */
  int value = getopt_long (argc, argv, shorts, longs, NULL);
  if (value == '?')
    say_wrong (self, argv);
  return value;
}

/* --- Help --- */

/* TEXT from COLUMN on, folded. */
static void
print_folded (FILE *to, int column, const char *text)
{
  while (*text != '\0')
    {
      int n = (int)strlen (text), room = HELP_END - HELP_COLUMN;
      if (n > room)
        for (n = room; n > 0 && text[n] != ' '; n--)
          ;
      fprintf (to, "%*s%.*s\n", HELP_COLUMN - column, "", n, text);
      text += n;
      text += strspn (text, " ");
      column = 0;
    }
}

void
options_print (const struct command *self, FILE *to)
{
  struct options_place at = { 0, 0 };
  const struct command_option *option;
  while ((option = options_each (self, &at)) != NULL)
    {
      char left[80], letter[8] = "";
      if (option->name == NULL)
        {
          fprintf (to, "\n%s\n", option->help);
          continue;
        }
      if (is_short (option))
        snprintf (letter, sizeof letter, "-%c, ", option->value);
      int n = snprintf (left, sizeof left, "  %s--%s%s%s", letter, option->name,
                        option->argument != NULL ? "=" : "",
                        option->argument != NULL ? option->argument : "");
      fputs (left, to);
      if (n >= HELP_COLUMN)
        {
          fputc ('\n', to);
          n = 0;
        }
      print_folded (to, n, option->help);
    }
}
