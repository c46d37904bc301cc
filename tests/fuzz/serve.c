/* serve.c -- a fuzz target (driver.c): what gcglass serve reads of a SERVE is what its lines say.
 *
 * An input is the text of the message, cut or filled as there; a second reader, which goes through
 * it once for each key, must agree.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "server/server.h"
#include "tests/fuzz/target.h"
#include "tools/wishes.h"

uint64_t fuzz_accepted;

/* The value of the last line of KEY that has one, in *VALUE, not terminated, of *N bytes; NULL:
   there is none. */
static void
last_of (const char *text, const char *key, const char **value, size_t *n)
{
  size_t key_bytes = strlen (key);
  *value = NULL;
  *n = 0;
  for (const char *line = text;; line++)
    {
      size_t bytes = strcspn (line, "\n");
      if (bytes > key_bytes + 1 && memcmp (line, key, key_bytes) == 0 && line[key_bytes] == '=')
        {
          *value = line + key_bytes + 1;
          *n = bytes - key_bytes - 1;
        }
      line += bytes;
      if (*line == '\0')
        return;
    }
}

static void
check_text (const char *text, const char *key, const struct wishes *wishes, const char *found)
{
  const char *value;
  size_t n;
  last_of (text, key, &value, &n);
  if ((found == NULL) != (value == NULL))
    abort ();
  if (found == NULL)
    return;
  if (found < wishes->text || found >= wishes->text + sizeof wishes->text || strlen (found) != n
      || memcmp (found, value, n) != 0)
    abort ();
}

/* All were taken: so is each port a number. */
static void
check_all (const char *text, const struct wishes *wishes)
{
  const char *value;
  size_t n;
  check_text (text, "host", wishes, wishes->host);
  check_text (text, "token", wishes, wishes->token);
  check_text (text, "snapshot", wishes, wishes->snapshot);
  check_text (text, "templates", wishes, wishes->templates);
  last_of (text, "debug", &value, &n);
  if (wishes->debug != (value != NULL && !(n == 1 && *value == '0')))
    abort ();
  last_of (text, "port", &value, &n);
  if (wishes->port > 65535
      || wishes->port != (value ? strtoul (value, NULL, 10) : GCG__DEFAULT_PORT))
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct gcg_error error = { GCG_OK, "" };
  /* Alone in a block, so that the address sanitizer sees what reads beyond it. */
  struct wishes *wishes = malloc (sizeof *wishes);
  char *text = calloc (1, sizeof wishes->text);
  if (wishes == NULL || text == NULL)
    abort ();
  memcpy (text, data, size < sizeof wishes->text - 1 ? size : sizeof wishes->text - 1);
  enum gcg_status status = wishes_read (wishes, text, &error);
  if (status == GCG_OK)
    {
      fuzz_accepted++;
      check_all (text, wishes);
    }
  else if (status != GCG_INVALID || strncmp (error.text, "port ", 5) != 0)
    abort ();
  free (text);
  free (wishes);
  return 0;
}
