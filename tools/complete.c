/* complete.c -- gcglass complete: completions of the last word of a command line.
 *
 * Hidden: the scripts in tools/completion/ call it with the words after "gcglass", the last one
 * possibly incomplete.  It prints one candidate a line, followed by a tab and a description, or a
 * line that begins with a colon and names a kind (options.h) that the shell completes by itself.
 */
#include <config.h>

#include "tools/command.h"

#include <stdlib.h>
#include <string.h>

#include "protocol.h"

/* Candidates begin with WORD; PREFIX stands before each. */
struct asked
{
  const char *prefix, *word;
  int prefix_bytes;
};

static void
offer (const struct asked *asked, const char *candidate, const char *what)
{
  if (strncmp (candidate, asked->word, strlen (asked->word)) != 0)
    return;
  printf ("%.*s%s", asked->prefix_bytes, asked->prefix, candidate);
  if (what != NULL)
    printf ("\t%.*s", (int)strcspn (what, ";:,"), what);
  putchar ('\n');
}

static void
offer_commands (const struct asked *asked)
{
  for (const struct command *const *c = commands; *c != NULL; c++)
    if (!(*c)->hidden)
      offer (asked, (*c)->name, (*c)->summary);
}

/* The processes that listen to gcglass snapshot and gcglass sample. */
static void
offer_processes (const struct asked *asked)
{
  char line[512], name[64], path[64], pid[16];
  static const char agent[] = "@gcglass/agent/";
  FILE *sockets = fopen ("/proc/net/unix", "re");
  while (sockets != NULL && fgets (line, sizeof line, sockets) != NULL)
    {
      const char *at = strstr (line, agent);
      /* The listening one alone: state 01 is unconnected. */
      if (at == NULL || strstr (line, " 01 ") == NULL)
        continue;
      snprintf (pid, sizeof pid, "%d", atoi (at + sizeof agent - 1));
      snprintf (path, sizeof path, "/proc/%s/comm", pid);
      FILE *comm = fopen (path, "re");
      bool is_there = comm != NULL && fgets (name, sizeof name, comm) != NULL;
      if (is_there)
        {
          name[strcspn (name, "\n")] = '\0';
          offer (asked, pid, name);
        }
      if (comm != NULL)
        fclose (comm);
    }
  if (sockets != NULL)
    fclose (sockets);
}

/* Offers WORDS: a list, or a kind. */
static void
offer_words (const struct asked *asked, const char *words)
{
  char word[64];
  if (words == NULL)
    return;
  if (strcmp (words, OPTION_COMMANDS) == 0)
    offer_commands (asked);
  else if (strcmp (words, OPTION_PROCESSES) == 0)
    offer_processes (asked);
  else if (words[0] == ':')
    puts (words);
  for (; words[0] != ':' && *words != '\0'; words += strspn (words, " "))
    {
      size_t n = strcspn (words, " ");
      snprintf (word, sizeof word, "%.*s", (int)n, words);
      offer (asked, word, NULL);
      words += n;
    }
}

static void
offer_options (const struct command *command, const struct asked *asked)
{
  struct options_place at = { 0, 0 };
  const struct command_option *option;
  char text[80];
  while ((option = options_each (command, &at)) != NULL)
    if (option->name != NULL)
      {
        snprintf (text, sizeof text, "--%s", option->name);
        offer (asked, text, option->help);
      }
}

/* Returns the option of COMMAND in TEXT if its argument is the next word, else NULL. */
static const struct command_option *
awaiting (const struct command *command, const char *text)
{
  struct options_place at = { 0, 0 };
  const struct command_option *option;
  if (text[0] != '-' || text[1] == '\0' || strchr (text, '=') != NULL)
    return NULL;
  if (text[1] == '-')
    option = options_find (command, text + 2);
  else
    while ((option = options_each (command, &at)) != NULL)
      if (option->name != NULL && option->value == text[1] && text[2] == '\0')
        break;
  return option != NULL && option->argument != NULL ? option : NULL;
}

/* The last of the N words of COMMAND. */
static void
complete_word (const struct command *command, int n, char **words)
{
  struct asked asked = { "", words[n - 1], 0 };
  const struct command_option *option = NULL;
  const char *equals = strchr (asked.word, '=');
  bool options = true;
  int operands = 0;
  for (int i = 0; i < n - 1; i++)
    if (option != NULL)
      option = NULL;
    else if (options && strcmp (words[i], "--") == 0)
      options = false;
    else if (!options || words[i][0] != '-')
      {
        operands++;
        options = options && !command->program;
      }
    else
      option = awaiting (command, words[i]);
  if (option != NULL)
    offer_words (&asked, option->words);
  else if (options && strncmp (asked.word, "--", 2) == 0 && equals != NULL)
    {
      char name[64];
      snprintf (name, sizeof name, "%.*s", (int)(equals - asked.word - 2), asked.word + 2);
      option = options_find (command, name);
      asked = (struct asked){ asked.word, equals + 1, (int)(equals + 1 - asked.word) };
      if (option != NULL)
        offer_words (&asked, option->words);
    }
  else if (options && asked.word[0] == '-')
    offer_options (command, &asked);
  else
    offer_words (&asked, command->program && operands > 0 ? OPTION_FILES : command->operands);
}

static int
complete (const struct command *self, int argc, char **argv)
{
  (void)self;
  const struct command *command = NULL;
  if (argc == 2)
    {
      struct asked asked = { "", argv[1], 0 };
      offer_commands (&asked);
      offer (&asked, "--help", "the list of commands");
      offer (&asked, "--version", "the version");
      return 0;
    }
  for (const struct command *const *c = commands; argc > 2 && *c != NULL; c++)
    if (strcmp ((*c)->name, argv[1]) == 0)
      command = *c;
  if (command != NULL)
    complete_word (command, argc - 2, argv + 2);
  return 0;
}

const struct command command_complete = {
  .name = "complete",
  .arguments = "WORD...",
  .summary = "Prints the completions of the last word",
  .hidden = true,
  .function = complete,
};
