/* door.h -- answers gcglass snapshot PID and gcglass sample PID in the place of a process that has
 * no thread of ours: under the name at which its agent would listen (lib/protocol.h).
 *
 * So both reach the process where only its ancestors may trace it, and samples are compared with
 * the ones before, which are kept here.
 *
 * Threads: each door has one, which serves one client at a time.
 */
#ifndef GCG_LINK_DOOR_H
#define GCG_LINK_DOOR_H

#include <stdint.h>
#include <sys/types.h>

struct gcg__door;

/* Listens for process PID, whose root structure is at ROOT.  NULL: there is no memory, or another
   process listens already; then clients look at the process themselves. */
struct gcg__door *gcg__door_open (pid_t pid, uint64_t root);

/* Listens no more; who is being served still is.  NULL is harmless. */
void gcg__door_close (struct gcg__door *door);

#endif
