/* packet.h -- packets between gcglass and the agent (protocol.h), on either side. */
#ifndef GCG_BASE_PACKET_H
#define GCG_BASE_PACKET_H

#include <stdbool.h>
#include <stddef.h>

/* Sends the N BYTES over socket FD as one packet, with the descriptor ATTACHED, -1: none.  Neither
   waits nor raises SIGPIPE.  Any thread.  false with errno: it has not been sent. */
bool gcg__packet_send (int fd, const void *bytes, size_t n, int attached)
    __attribute__ ((warn_unused_result));

#endif
