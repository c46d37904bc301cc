/* random.h -- numbers that look random, the same for the same seed on every machine. */
#ifndef GCG_TESTS_RANDOM_H
#define GCG_TESTS_RANDOM_H

#include <stdint.h>

/* The next number; *STATE is the seed at first.  splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t
random_next (uint64_t *state)
{
  uint64_t z = *state += UINT64_C (0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* A number from 0 to N - 1; 0 when N is 0. */
static inline uint64_t
random_below (uint64_t *state, uint64_t n)
{
  return n > 0 ? random_next (state) % n : 0;
}

#endif
