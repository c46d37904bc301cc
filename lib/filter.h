/* filter.h -- what a filter of system calls, about to be installed, says of the agent's own calls.
 *
 * A filter is a program of classic BPF over the number, the architecture and the arguments of a
 * call (linux/filter.h; Documentation/userspace-api/seccomp_filter.rst), without loops.  Here it is
 * run for calls whose arguments are not known: one that looks at them does not allow them.
 *
 * Threads: any; no lock, no allocation, no system call.
 */
#ifndef GCG_FILTER_H
#define GCG_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* FILTER, which the kernel may refuse, allows system call NUMBER whatever its arguments. */
bool gcg__filter_allows (const struct sock_fprog *filter, long number);

#endif
