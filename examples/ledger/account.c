#include "account.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static struct account *accounts;

struct account *
account_first (void)
{
  return accounts;
}

struct account *
account_find (const char *name)
{
  struct account *account = accounts;
  while (account != NULL && strcmp (account->name, name) != 0)
    account = account->next;
  if (account == NULL)
    {
      account = malloc (sizeof *account);
      account->name = strdup (name);
      account->balance = 0;
      account->last = NULL;
      account->next = accounts;
      accounts = account;
    }
  return account;
}

void
account_transfer (struct account *from, struct account *to, long amount)
{
  struct transfer *transfer = new_memory (sizeof (struct transfer));
  transfer->from = from;
  transfer->to = to;
  transfer->amount = amount;
  transfer->earlier = from->last;
  from->last = transfer;
  from->balance -= amount;
  to->balance += amount;
}

static void
account_free (struct account *account)
{
  while (account->last != NULL)
    {
      struct transfer *transfer = account->last;
      account->last = transfer->earlier;
      free (transfer);
    }
  free (account->name);
  free (account);
}

int
account_close (const char *name)
{
  for (struct account **at = &accounts; *at != NULL; at = &(*at)->next)
    if (strcmp ((*at)->name, name) == 0)
      {
        struct account *account = *at;
        *at = account->next;
        account->next = NULL;
        /* Its transfers still point to it, so it is not freed here; nor is it anywhere else. */
        if (account->last == NULL)
          account_free (account);
        return 1;
      }
  return 0;
}

void
account_end (void)
{
  while (accounts != NULL)
    {
      struct account *account = accounts;
      accounts = account->next;
      account_free (account);
    }
}
