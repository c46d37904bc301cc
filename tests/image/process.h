/* process.h -- a program that is looked at from outside while it waits: started, asked what it has
 * printed, stopped by plain ptrace. */
#ifndef TESTS_IMAGE_PROCESS_H
#define TESTS_IMAGE_PROCESS_H

#include <stdio.h>

#include "image/freeze.h"

#define PROCESS_FACTS 512

struct process
{
  pid_t pid;
  int input;    /* it ends when this is closed */
  FILE *output; /* what it prints */
  struct process_fact
  {
    char name[512];
    uint64_t value;
  } facts[PROCESS_FACTS];
  size_t n_facts;
  struct gcg__frozen_thread threads[64]; /* once it is stopped, by id */
  size_t n_threads;
};

/* Starts ARGUMENTS and reads lines of a name and a number in hexadecimal up to "ready"; false: it
   does not start. */
bool process_start (struct process *process, char *const arguments[]);

/* The value of the fact NAME; fails the test when there is none. */
uint64_t process_fact (const struct process *process, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Waits until thread TID is in a read of descriptor 0, or, with GONE, is no more. */
void process_await (const struct process *process, pid_t tid, bool gone);

/* Waits until the main thread has ended, and others have not. */
void process_await_end_of_main (const struct process *process);

/* Stops all threads and notes their registers. */
void process_stop (struct process *process);

/* Lets it go, and waits for its end; returns its wait status. */
int process_end (struct process *process);

/* Index of thread TID, or UINT32_MAX. */
uint32_t process_thread (const struct process *process, pid_t tid);

#endif
