/* listen.h -- the socket at which gcglass snapshot PID finds this process: an abstract name
 * (GCG__AGENT_NAME).  For the agent's thread.
 */
#ifndef GCG_LISTEN_H
#define GCG_LISTEN_H

/* Returns a listening socket, or -1: another process has the name yet. */
int gcg__listen_begin (void);

/* Tries again where *FD is -1 and it is time for that.  WAIT: ms until something else is due, or
   -1; returns the same with the next try. */
int gcg__listen_again (int *fd, int wait);

#endif
