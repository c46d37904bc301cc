/* wire.h -- the agent's sockets: names, peers, messages (protocol.h).  Nothing waits long. */
#ifndef GCG_WIRE_H
#define GCG_WIRE_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "protocol.h"

/* Makes ADDRESS the abstract one called NAME; returns its length. */
socklen_t gcg__wire_address (struct sockaddr_un *address, const char *name);

/* Returns whether the process at the other end of FD is this user's, or root's. */
bool gcg__wire_allowed (int fd);

/* A message of TYPE from this process. */
struct gcg__message gcg__wire_message (enum gcg__message_type type);

/* Sets its text, cut where there is no room. */
void gcg__wire_text (struct gcg__message *message, const char *text);

/* Sends MESSAGE with the descriptor ATTACHED (-1 = none); false: it has not been sent. */
bool gcg__wire_send (int fd, const struct gcg__message *message, int attached);

/* Connects FD, which does not wait, to abstract NAME.  Where too many want to, not for long: the
   program goes on without.  false with errno. */
bool gcg__wire_connect (int fd, const char *name);

#endif
