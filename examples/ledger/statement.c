#define _GNU_SOURCE
#include "account.h"

#include <stdio.h>
#include <stdlib.h>

void
statement_print (const struct account *account)
{
  char *line;
  unsigned transfers = 0;
  for (const struct transfer *transfer = account->last; transfer != NULL;
       transfer = transfer->earlier)
    transfers++;
  if (asprintf (&line, "%-12s %8ld %4u transfers", account->name, account->balance, transfers) < 0)
    return;
  /* Accounts that nothing has happened to are of no interest, and their line is forgotten. */
  if (account->balance == 0 && transfers == 0)
    return;
  puts (line);
  free (line);
}
