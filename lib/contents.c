/* contents.c -- see contents.h. */
#include "contents.h"

#include <stdlib.h>
#include <string.h>

static bool are_wanted;

void
gcg__contents_want (void)
{
  __atomic_store_n (&are_wanted, true, __ATOMIC_RELAXED);
}

void
gcg__contents_want_if_asked (void)
{
  const char *value = secure_getenv ("GCGLASS_CONTENTS");
  if (value && strcmp (value, "1") == 0)
    gcg__contents_want ();
}

bool
gcg__contents_are_wanted (void)
{
  return __atomic_load_n (&are_wanted, __ATOMIC_RELAXED);
}

uint64_t
gcg__contents_place (void)
{
  return (uintptr_t)&are_wanted;
}
