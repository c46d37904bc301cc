/* heaps.h -- tests/malloc/heaps.c, with the agent for malloc: it makes random heaps, and waits
 * after each.
 */
#ifndef TESTS_IMAGE_HEAPS_H
#define TESTS_IMAGE_HEAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "image/image.h"

struct heaps
{
  pid_t pid;
  FILE *output;
  int input;
  char path[4096]; /* of the snapshots that it takes of itself */
  char line[512];  /* what it says of its heap */
};

/* Starts it, for N heaps, with contents of blocks in its snapshots, which are made of raw dumps. */
void heaps_start (struct heaps *heaps, unsigned n);

/* Until the first heap is there, or the next, and it waits; false: there are no more. */
bool heaps_next (struct heaps *heaps);

/* Until it waits. */
void heaps_await (const struct heaps *heaps);

/* Ends it; returns its wait status. */
int heaps_end (struct heaps *heaps);

/* The address of the root structure in IMAGE of it; 0: there is none. */
uint64_t heaps_root (const struct gcg__memory_image *image);

#endif
