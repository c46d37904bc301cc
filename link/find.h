/* find.h -- the agent's root structure in a process that has no connection with us. */
#ifndef GCG_LINK_FIND_H
#define GCG_LINK_FIND_H

#include <stdint.h>
#include <sys/types.h>

/* The address of gcg__agent_root (lib/agent_root.h) in process PID; 0: no agent that can be looked
   at from outside is in it, or its files cannot be read. */
uint64_t gcg__outside_find (pid_t pid);

#endif
