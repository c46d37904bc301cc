/* holders.h -- the cases of holders.c that have threads: holders_threads.c. */
#ifndef TESTS_MALLOC_HOLDERS_H
#define TESTS_MALLOC_HOLDERS_H

#include <stddef.h>

#include "case.h"

extern const struct one_case holders_thread_cases[];
extern const size_t holders_n_thread_cases;

#endif
