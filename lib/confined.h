/* confined.h -- a program that restricts its own system calls (seccomp) to less than the agent
 * needs: a filter may kill it for one that it does not make itself.
 *
 * The wrappers of syscall and prctl see it ask for that.  They say so to gcglass (CONFINE) while
 * that is still possible; from then on the agent makes no system call in this process but those of
 * its allocator that the C library's makes as well: mapping memory.  Handlers of signals are not
 * kept waiting, locks are waited for by turning.  gcglass looks at the root structure now and then:
 * the thread that ends the program says so there, and waits there for the answer.
 *
 * A filter that was asked for by a system call instruction of the program's own is not seen.
 */
#ifndef GCG_CONFINED_H
#define GCG_CONFINED_H

#include <stdbool.h>

/* Written by the wrappers, in any thread. */
extern bool gcg__confined;

/* The program has said itself who may trace it (PR_SET_PTRACER). */
extern bool gcg__names_tracer;

#endif
