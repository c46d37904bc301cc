/* clock.h -- what a clock says, in nanoseconds. */
#ifndef GCG_BASE_CLOCK_H
#define GCG_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK, which exists on every Linux: CLOCK_MONOTONIC, CLOCK_REALTIME.  Any thread. */
static inline uint64_t
gcg__clock_ns (clockid_t clock)
{
  struct timespec now;
  clock_gettime (clock, &now);
  return (uint64_t)now.tv_sec * UINT64_C (1000000000) + (uint64_t)now.tv_nsec;
}

#endif
