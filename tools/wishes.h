/* wishes.h -- what the agent's SERVE asks for (lib/protocol.h). */
#ifndef GCG_TOOLS_WISHES_H
#define GCG_TOOLS_WISHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gcglass/error.h"
#include "protocol.h"

struct wishes
{
  char text[sizeof ((struct gcg__message *)NULL)->text];
  const char *host, *token, *snapshot, *templates; /* in it; NULL: not given */
  uint32_t port;
  bool debug;
};

/* Sets WISHES, which is not to be moved then, by the lines of TEXT: "key=value", the last of equal
   keys counts, unknown ones and empty values are ignored.  Errors: GCG_INVALID, of a port. */
enum gcg_status wishes_read (struct wishes *wishes, const char *text, struct gcg_error *error);

#endif
