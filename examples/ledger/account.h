/* account.h -- accounts, and what was transferred from each. */
#ifndef LEDGER_ACCOUNT_H
#define LEDGER_ACCOUNT_H

struct transfer
{
  struct account *from, *to;
  long amount;
  struct transfer *earlier; /* from the same account */
};

struct account
{
  char *name;
  long balance;
  struct transfer *last; /* from this account */
  struct account *next;
};

/* The account called NAME, opened when there is none. */
struct account *account_find (const char *name);

/* All accounts, the newest first. */
struct account *account_first (void);

void account_transfer (struct account *from, struct account *to, long amount);

/* Takes the account called NAME out of the list and returns 1; 0 when there is none. */
int account_close (const char *name);

/* Frees all that are left. */
void account_end (void);

/* Prints what ACCOUNT has. */
void statement_print (const struct account *account);

#endif
