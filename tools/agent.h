/* agent.h -- asking a process that runs the agent: for gcglass snapshot and gcglass sample.
 *
 * Abstract socket names can be squatted: the listener must be the process that was asked for, or
 * one that has started it, and this user's or root's.
 */
#ifndef GCG_TOOLS_AGENT_H
#define GCG_TOOLS_AGENT_H

#include <stdint.h>

#include "gcglass/error.h"
#include "tools/command.h"

#define AGENT_TIMEOUT 60u
#define AGENT_COLLECT 256 /* what options_next returns for --collect */

/* The arguments of both commands. */
struct agent_arguments
{
  uint32_t pid, timeout;
  const char *output, *description;
  uint32_t top; /* gcglass sample alone */
  bool collect; /* gcglass snapshot alone: the collector is to say what is garbage */
  bool help;
};

/* Reads the arguments of SELF; 0, or an exit status after a message. */
int agent_parse (const struct command *self, int argc, char **argv,
                 struct agent_arguments *arguments);

/* Asks for what TYPE (GCG__CAPTURE, GCG__SAMPLE) asks for.  On GCG_OK *FD is what was sent, the
   caller's to close.  Errors: GCG_NOT_FOUND: no such process; GCG_NO_COLLECTOR: it does not listen;
   GCG_DISABLED: it is another user's, or may not be stopped; GCG_BUSY: a debugger has it;
   GCG_TIMEOUT; GCG_SYSTEM; those of the agent. */
enum gcg_status agent_ask (const struct agent_arguments *arguments, uint16_t type, int *fd,
                           struct gcg_error *error);

#endif
