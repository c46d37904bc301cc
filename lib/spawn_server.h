/* spawn_server.h -- starting the server program without the profiled program noticing.
 *
 * The server, or attendant (attendant.h), is a grandchild: the child between has exit signal 0 (no
 * SIGCHLD, not seen by wait) and ends at once, so this process need not wait for the server.
 */
#ifndef GCG_SPAWN_H
#define GCG_SPAWN_H

#include "gcglass/error.h"

/* Starts "gcglass VERB --fd 3" with SOCKET as its descriptor 3, standard error kept, standard
   input and output on /dev/null, default signal dispositions, an empty mask, a session of its own
   and an environment without our variables.  The program is GCGLASS_SERVER, else the installed one,
   else gcglass in the PATH.  Errors: GCG_NO_SERVER (names what was looked for), GCG_SYSTEM. */
enum gcg_status gcg__spawn_server (const char *verb, int socket, struct gcg_error *error);

#endif
