/* target.h -- what the programs that are frozen have in common; see target.c. */
#ifndef GCG_TESTS_IMAGE_TARGET_H
#define GCG_TESTS_IMAGE_TARGET_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define TARGET_GOOD   7
#define TARGET_LONG_S 300

extern volatile int is_over;

/* Prints that the work can begin. */
void ready (void);
/* Waits for the end of standard input, which sets is_over. */
void until_over (void);
/* Prints WHAT and returns the exit status. */
int verdict (int is_good, const char *what);
pthread_t start (void *(*function) (void *), void *argument);
/* In TARGET_LONG_S seconds. */
struct timespec later (clockid_t clock);
/* The set of SIGNAL; 0: the empty one. */
sigset_t one_signal (int signal);

/* waits.c: threads in sixteen kinds of waits, none of which may end, and one of OTHER (may be
   NULL). */
int waits (void *(*other) (void *));

/* limited.c: threads in calls with a time limit; prints "all are over" when it has passed for
   all. */
int limited (void);

#endif
