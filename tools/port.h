/* port.h -- finds the process that listens on a port. */
#ifndef GCG_TOOLS_PORT_H
#define GCG_TOOLS_PORT_H

#include <stdbool.h>

/* Writes the process that listens on PORT to TEXT: "gcglass (process 4711)".  Returns false if it
   cannot be found, as with another user's process. */
bool port_holder (int port, char text[64]);

#endif
