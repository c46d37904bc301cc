/* shown_library.c -- a library with data of all kinds: linked to the program shown.c, and, under
 * other names, loaded by it.  MODEL: of its thread-local data. */
#include "tests/image/shown.h"

static _Thread_local __attribute__ ((tls_model (MODEL))) long before[BEFORE], variable = 7;
static int data = 1, bss;
static const void *const relro[] = { &data, &bss };

void *
shown_library_tls (void)
{
  before[0]++;
  variable++;
  return &variable;
}

struct shown_data
shown_library_places (void)
{
  return (struct shown_data){ &data, &bss, relro };
}
