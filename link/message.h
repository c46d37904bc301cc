/* message.h -- gcglass's side of the sockets on which agents speak (lib/protocol.h).
 *
 * Threads: any; two must not receive on one descriptor at a time.
 */
#ifndef GCG_LINK_MESSAGE_H
#define GCG_LINK_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol.h"

#define GCG__SOCKET_NAME_BYTES 64

/* A socket that listens on a new abstract name with 128 random bits, which is written to NAME; -1
   with errno. */
int gcg__link_socket (char name[GCG__SOCKET_NAME_BYTES]);

/* Receives one message on FD, waiting for it; *ATTACHED is the descriptor that came with it, or -1.
   False at the end of the connection and when it is not a message of ours. */
bool gcg__link_receive (int fd, struct gcg__message *message, int *attached);

/* Sends MESSAGE (its magic, version and pid are set here) without waiting. */
bool gcg__link_send (int fd, struct gcg__message *message);

/* The same with the file ATTACHED (borrowed; -1: none). */
bool gcg__link_send_file (int fd, struct gcg__message *message, int attached);

/* Returns whether process ANCESTOR is PID, or has started it, or who did. */
bool gcg__link_is_ancestor (pid_t ancestor, pid_t pid);

/* Returns whether the process at the other end of FD is this user's or root's, or one that we have
   started, which may have changed its user since. */
bool gcg__link_allows (int fd);

#endif
