/* target.h -- what a fuzz target is to its driver (driver.c, or libFuzzer). */
#ifndef GCG_TESTS_FUZZ_TARGET_H
#define GCG_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Takes any bytes, aborts where a promise does not hold.  Returns 0. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* How many inputs came past the checks, in targets that define it: a search of which most inputs
   are refused at once finds little. */
extern uint64_t fuzz_accepted __attribute__ ((weak));

#endif
