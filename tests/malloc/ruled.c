/* ruled.c -- loses 100 bytes in each of two functions, and has rules of its own about them, as
 * programs that are tested with LeakSanitizer have; for leaks_run.test.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

static void *volatile nowhere;

const char *gcg_default_suppressions (void);
const char *__lsan_default_suppressions (void);

const char *
gcg_default_suppressions (void)
{
  return "# ours\nleak:lose_ours\nleak:^nothing$\n";
}

const char *
__lsan_default_suppressions (void)
{
  return "leak:lose_theirs";
}

static void __attribute__ ((noinline, noclone)) lose_ours (void)
{
  nowhere = strdup ("ours");
  nowhere = NULL;
}

static void __attribute__ ((noinline, noclone)) lose_theirs (void)
{
  nowhere = strdup ("theirs");
  nowhere = NULL;
}

int
main (void)
{
  lose_ours ();
  lose_theirs ();
  return 0;
}
