/* symbol_frames.c -- prints the frames at addresses of one file, to be compared with addr2line.
 *
 *   symbol_frames FILE < addresses
 *
 * Addresses are those in the file, hexadecimal, one per line.  For each one line:
 * "0x1234 function file:line|function file:line", innermost first, "??" for what is unknown.
 */
#include "config.h"

#include "symbol/symbol.h"
#include "tests/modules.h"

#include <stdio.h>
#include <stdlib.h>

static const char *
or_unknown (const char *text)
{
  return text[0] != '\0' ? text : "??";
}

int
main (int argc, char **argv)
{
  struct modules *modules = modules_new ();
  struct gcg__symbols *symbols;
  struct gcg_error error;
  char line[64];
  char *path = argc == 2 ? realpath (argv[1], NULL) : NULL;
  if (path == NULL || !modules_add_file (modules, path, path, 0))
    {
      fprintf (stderr, "symbol_frames: wants an ELF file\n");
      return 2;
    }
  if (gcg__symbols_new (modules_snapshot (modules), &symbols, &error) != GCG_OK)
    {
      fprintf (stderr, "symbol_frames: %s\n", error.text);
      return 2;
    }
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      const struct gcg__frame *frames;
      const uint64_t address = strtoull (line, NULL, 16);
      const uint32_t n = gcg__symbols_frames (symbols, address, false, &frames);
      printf ("0x%jx ", (uintmax_t)address);
      for (uint32_t i = 0; i < n; i++)
        printf ("%s%s %s:%u", i > 0 ? "|" : "", or_unknown (frames[i].function),
                or_unknown (frames[i].file), frames[i].line);
      putchar ('\n');
    }
  gcg__symbols_free (symbols);
  modules_free (modules);
  free (path);
  return 0;
}
