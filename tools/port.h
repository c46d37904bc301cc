/* port.h -- who listens on a port of this machine. */
#ifndef GCG_TOOLS_PORT_H
#define GCG_TOOLS_PORT_H

#include <stdbool.h>

/* Says in TEXT which process listens on PORT: "gcglass (process 4711)".  Returns false when that
   cannot be seen: it is another user's. */
bool port_holder (int port, char text[64]);

#endif
