/* wishes.c -- see wishes.h. */
#include "config.h"

#include "tools/wishes.h"

#include <string.h>

#include "base/error.h"
#include "report/query.h"
#include "server/server.h"

static enum gcg_status
set (struct wishes *wishes, const char *key, const char *value, struct gcg_error *error)
{
  uint64_t port;
  if (strcmp (key, "host") == 0)
    wishes->host = value;
  else if (strcmp (key, "token") == 0)
    wishes->token = value;
  else if (strcmp (key, "snapshot") == 0)
    wishes->snapshot = value;
  else if (strcmp (key, "templates") == 0)
    wishes->templates = value;
  else if (strcmp (key, "debug") == 0)
    wishes->debug = strcmp (value, "0") != 0;
  else if (strcmp (key, "port") == 0)
    {
      if (!gcg__query_number (value, 0, 65535, &port))
        return gcg__error_write (error, GCG_INVALID, "port %s: ports are 0 to 65535", value);
      wishes->port = (uint32_t)port;
    }
  return GCG_OK;
}

enum gcg_status
wishes_read (struct wishes *wishes, const char *text, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  char *rest = wishes->text, *line;
  size_t n = strnlen (text, sizeof wishes->text - 1);
  *wishes = (struct wishes){ .port = GCG__DEFAULT_PORT };
  memcpy (wishes->text, text, n);
  while (status == GCG_OK && (line = strsep (&rest, "\n")) != NULL)
    {
      char *value = strchr (line, '=');
      if (value == NULL || value[1] == '\0')
        continue;
      *value++ = '\0';
      status = set (wishes, line, value, error);
    }
  return status;
}
