/* outside.h -- this program looked at from outside, by a gcglass that may stop it: what the agent
 * says, and what it waits for.
 *
 * gcglass says in the environment that it can (GCGLASS_STOP=ptrace).  HELLO then brings the address
 * of the root structure (agent_root.h), and the answer, STOPS, says whether this process may be
 * stopped, and whether a thread is needed for anything else.  The thread that ends the program says
 * END and waits until a copy has been made; one that takes a sample says SAMPLE.  All else happens
 * without the agent.
 *
 * Functions that wait do so by system calls alone: they run at the program's end, in signal
 * handlers, and in children that have been forked.
 */
#ifndef GCG_OUTSIDE_H
#define GCG_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

/* Is everything read from outside?  In collector mode there are samples, and snapshots that only
   the collector can make: the agent has its thread. */
#ifdef GCG_MALLOC
#define GCG__OUTSIDE_ALL true
#else
#define GCG__OUTSIDE_ALL false
#endif

/* Some tenths of a second to some seconds. */
#define GCG__CONFINED_TURNS (UINT32_C (1) << 26)

/* GCGLASS_STOP in the environment, from which it is taken; NULL: not there.  Before the first
   connection. */
void gcg__outside_set (const char *way);

/* Can gcglass, as it has said there? */
bool gcg__outside_is_on (void);

/* False if the user wants this program to be looked at from inside: GCGLASS_STOP is "signals". */
bool gcg__outside_is_wanted (void);

/* Can this program be looked at from outside, by whom it lets? */
bool gcg__outside_has_root (void);

/* Adds the root to HELLO; the latter if there is one and gcglass can. */
void gcg__outside_describe (struct gcg__message *hello);
void gcg__outside_announce (struct gcg__message *hello);

/* Waits for the answer to HELLO on FD; true: no thread is needed. */
bool gcg__outside_greeted (int fd);

/* The calling thread ends the program: says so on FD and waits.  THREADED: the agent's thread reads
   FD, and hands the answer to gcg__outside_answered.  True: there is a copy. */
bool gcg__outside_end (int fd, bool threaded);
void gcg__outside_answered (const struct gcg__message *answer);

/* The program is about to restrict its own system calls: says so on FD. */
void gcg__outside_confine (int fd);

/* The same for a program that restricts its own system calls: says so in the root structure, and
   waits, by turning, as long as gcglass looks there. */
void gcg__outside_end_confined (void);

/* Asks for a snapshot on FD.  In a signal handler. */
void gcg__outside_check (int fd);

/* Asks for a sample on FD, described by DESCRIPTION, and waits until it has been read, for some
   seconds at most.  Not in a signal handler. */
void gcg__outside_sample (int fd, const char *description);

#endif
