/* confined.h -- a program that restricts its own system calls says in its root structure that it
 * ends (lib/confined.h): there it is looked at now and then, and answered.
 *
 * Threads: any.  Cost: a read and a write of a few bytes, some hundred times a second.
 */
#ifndef GCG_LINK_CONFINED_H
#define GCG_LINK_CONFINED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Waits a moment and looks at the root structure at address ROOT of MEMORY_FD, the
   process's memory.  Stores in
   *POINTER the thread pointer of the thread that ends the program and waits; 0: none.  False: the
   program has ended, or executed another one, or has no such structure. */
bool gcg__confined_look (int memory_fd, uint64_t root, uint64_t *pointer)
    __attribute__ ((warn_unused_result));

/* The thread that waits goes on. */
void gcg__confined_answer (int memory_fd, uint64_t root);

#endif
