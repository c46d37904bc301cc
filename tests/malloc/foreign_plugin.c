/* foreign_plugin.c -- what foreign.c loads with RTLD_DEEPBIND: its malloc is the C library's own.
 */
#include <stdlib.h>
#include <string.h>

char *plugin_make (size_t bytes);
void plugin_take (char *block);
void plugin_lose (void);

static char *kept;

static void __attribute__ ((constructor)) begin (void)
{
  free (strdup ("before all else"));
  kept = malloc (500);
}

static void __attribute__ ((destructor)) end (void) { free (kept); }

char *
plugin_make (size_t bytes)
{
  char *block = malloc (bytes);
  return memcpy (block, "plugin", 7);
}

void
plugin_take (char *block)
{
  free (block);
}

void
plugin_lose (void)
{
  char *volatile block = calloc (123, 1);
  block = strdup ("lost");
  block = NULL;
  (void)block;
}
