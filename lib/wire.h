/* wire.h -- the agent's sockets: names, peers, messages (protocol.h).  Nothing waits long. */
#ifndef GCG_WIRE_H
#define GCG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "protocol.h"

/* Of intervals, beside 0 = never. */
#define GCG__LEAST_INTERVAL_NS UINT64_C (10000000)
#define GCG__MOST_INTERVAL_NS  UINT64_C (1000000000000000)

/* Makes ADDRESS the abstract one called NAME; returns its length. */
socklen_t gcg__wire_address (struct sockaddr_un *address, const char *name);

/* A socket that listens on abstract NAME, or -1. */
int gcg__wire_listen (const char *name);

/* Returns whether the process at the other end of FD is this user's, or root's. */
bool gcg__wire_allowed (int fd);

/* A message of TYPE from this process. */
struct gcg__message gcg__wire_message (enum gcg__message_type type);

/* Sets its text, cut where there is no room. */
void gcg__wire_text (struct gcg__message *message, const char *text);

/* Sends MESSAGE with the descriptor ATTACHED (-1 = none); false: it has not been sent. */
bool gcg__wire_send (int fd, const struct gcg__message *message, int attached);

/* Sets *MESSAGE to the packet of N BYTES, its text terminated; false: these are not a message of
   this version, and *MESSAGE has no sense.  The other side may be anything. */
bool gcg__wire_read (struct gcg__message *message, const void *bytes, size_t n);

/* Receives one packet from FD, raw, with FLAGS of recv; 1: a message, 0: the end, or what is none,
   -1 with errno: nothing yet.  Descriptors that come with it are dropped by the kernel. */
int gcg__wire_receive (int fd, int flags, struct gcg__message *message);

/* Waits on FD for a message of TYPE, for PATIENCE_MS; others are dropped.  *ATTACHED is the
   descriptor that came with it, or -1; NULL: it is dropped.  System calls only.  False: the
   connection has ended, or the time is over. */
bool gcg__wire_await (int fd, enum gcg__message_type type, int patience_ms,
                      struct gcg__message *message, int *attached);

/* Writes ADDRESS to AT, 16 hexadecimal digits; returns what is behind them. */
char *gcg__wire_put_address (char *at, uint64_t address);

/* What MESSAGE, a SNAPSHOT with FLAG_COUNT, says of leaks. */
void gcg__wire_get_count (const struct gcg__message *message, uint64_t *objects, uint64_t *bytes);

/* The text of an interval in SAMPLING: seconds with a point, whatever the program's locale. Reading
   returns false for what is not one that can be set. */
void gcg__wire_put_interval (struct gcg__message *message, uint64_t ns);
bool gcg__wire_get_interval (const struct gcg__message *message, uint64_t *ns);

/* Connects FD, which does not wait, to abstract NAME.  Where too many want to, not for long: the
   program goes on without.  false with errno. */
bool gcg__wire_connect (int fd, const char *name);

#endif
