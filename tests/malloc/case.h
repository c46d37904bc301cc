/* case.h -- programs that leak, or do not, one for each argument: what cases.c and holders.c share.
 *
 * Each makes what it makes in functions of its own, so that nothing is left in registers or on the
 * stack by accident.
 */
#ifndef TESTS_MALLOC_CASE_H
#define TESTS_MALLOC_CASE_H

#include <stddef.h>

#define ALONE __attribute__ ((noinline))

struct one_case
{
  const char *name;
  void (*function) (void);
};

/* A block of N bytes with text in it. */
void *case_block (size_t n);

/* Overwrites what calls before have left on the stack below. */
void case_clear_stack (void);

/* Runs the one of N CASES that is called NAME, and forgets its stack; returns what main is to. */
int case_run (const struct one_case *cases, size_t n, const char *name);

#endif
