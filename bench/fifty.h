/* fifty.h -- a program of 50 types: 8 threads that replace random ones of 1,000,000 objects. */
#ifndef GCG_BENCH_FIFTY_H
#define GCG_BENCH_FIFTY_H

#include <stdint.h>

enum
{
  FIFTY_TYPES = 50,
  FIFTY_THREADS = 8,
  FIFTY_OBJECTS = 1000000
};

/* Allocates an object of type i: struct type10 ... type59, of 18 to 67 bytes. */
extern void *(*const fifty_makers[FIFTY_TYPES]) (void);

/* The objects, [FIFTY_OBJECTS]. */
extern void **fifty_objects;

uint32_t fifty_random (uint64_t *state);

/* Initialises the collector, with a heap that need not grow. */
void fifty_init (void);

/* Makes the objects, then FIFTY_THREADS threads that replace them for ever.  DONE [FIFTY_THREADS *
   8]: how many each has replaced, a cache line each. */
void fifty_begin (volatile uint64_t *done);

/* How many all threads have replaced. */
uint64_t fifty_sum (const volatile uint64_t *done);

#endif
