/* lookup.c -- see lookup.h. */
#include "lookup.h"

#include <dlfcn.h>
#include <stddef.h>

/* FOUND, or NULL without a word of it in dlerror. */
static void *
quietly (void *found)
{
  if (!found)
    dlerror ();
  return found;
}

void *
gcg__lookup_next (const char *name)
{
  return quietly (dlsym (RTLD_NEXT, name));
}

void *
gcg__lookup_private (const char *name)
{
  return quietly (dlvsym (RTLD_DEFAULT, name, "GLIBC_PRIVATE"));
}
