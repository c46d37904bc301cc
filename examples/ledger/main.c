/* ledger -- accounts and transfers between them, a command on each line of the standard input:
 *
 *   pay FROM TO AMOUNT
 *   open NAME
 *   close NAME
 *   print
 *
 * It leaks.  With a line of "close" an account goes out of the list and is never freed, because its
 * transfers point to it, and it to them: a leaked cycle.  The statement of an account that nothing
 * has happened to is made and not printed, nor freed.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"

static int
command (const char *line)
{
  char verb[8], one[64], two[64];
  long amount;
  int n = sscanf (line, "%7s %63s %63s %ld", verb, one, two, &amount);
  if (n == 4 && strcmp (verb, "pay") == 0)
    account_transfer (account_find (one), account_find (two), amount);
  else if (n == 2 && strcmp (verb, "open") == 0)
    account_find (one);
  else if (n == 2 && strcmp (verb, "close") == 0)
    return account_close (one);
  else if (n == 1 && strcmp (verb, "print") == 0)
    for (struct account *account = account_first (); account != NULL; account = account->next)
      statement_print (account);
  else
    return n <= 0;
  return 1;
}

int
main (void)
{
  char *line = NULL;
  size_t room = 0;
  int status = 0;
  while (getline (&line, &room, stdin) > 0)
    if (!command (line))
      {
        fprintf (stderr, "ledger: what is \"%.*s\"?\n", (int)strcspn (line, "\n"), line);
        status = 1;
      }
  free (line);
  account_end ();
  return status;
}
