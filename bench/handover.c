/* handover.c -- blocks that one thread allocates and another frees: a load like Larson's server.
 *
 * Each thread has a table of blocks, in which it puts a new one in the place of one that chance
 * picks, again and again.  Then it ends, and its table goes to another thread's successor, which
 * frees what it did not allocate (Larson and Krishnan, Memory allocation for long-running server
 * applications, 1998).  2 million blocks of 8 to 500 bytes.  Written for this bench.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum
{
  THREADS = 4,
  GENERATIONS = 10,
  SLOTS = 2000,
  REPLACED = 50000 /* by each thread */
};

struct table
{
  unsigned char *blocks[SLOTS];
  uint64_t random, sum;
};

static void *
work (void *data)
{
  struct table *table = data;
  for (int i = 0; i < REPLACED; i++)
    {
      table->random = table->random * 6364136223846793005u + 1442695040888963407u;
      uint32_t chance = (uint32_t)(table->random >> 33);
      unsigned char **slot = &table->blocks[chance % SLOTS];
      if (*slot)
        table->sum += **slot;
      free (*slot);
      *slot = malloc (8 + chance / SLOTS % 493);
      **slot = (unsigned char)i;
    }
  return NULL;
}

int
main (void)
{
  static struct table tables[THREADS];
  pthread_t threads[THREADS];
  uint64_t sum = 0;
  for (int i = 0; i < THREADS; i++)
    tables[i].random = (uint64_t)i;
  for (int generation = 0; generation < GENERATIONS; generation++)
    {
      for (int i = 0; i < THREADS; i++)
        if (pthread_create (&threads[i], NULL, work, &tables[(i + generation) % THREADS]))
          return 1;
      for (int i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    }
  for (int i = 0; i < THREADS; i++)
    {
      sum += tables[i].sum;
      for (int k = 0; k < SLOTS; k++)
        free (tables[i].blocks[k]);
    }
  printf ("%d blocks, sum %llu\n", THREADS * GENERATIONS * REPLACED, (unsigned long long)sum);
  return 0;
}
