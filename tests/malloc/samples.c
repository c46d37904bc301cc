/* samples.c -- samples of a program that uses malloc: what is alive and what was made, by type.
 *
 *   samples FILE    prints what the last sample in the recording FILE must say, one assertion a
 * line
 *
 * Counting begins in the middle of the program's life, while threads allocate, free, and make
 * pages of their blocks unreadable; their blocks are gone or counted at the end.
 */
#include <gcglass/malloc.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS  20000
#define SLOTS   500

struct early
{
  struct early *next;
};

struct late
{
  struct late *next;
  char bytes[100];
};

struct moving
{
  char bytes[3];
};

struct named
{
  int x;
};

static struct early *early;
static struct late *late[THREADS];
static bool volatile is_over;

static void *
work (void *number)
{
  unsigned me = (unsigned)(uintptr_t)number, state = me + 1, n = 0;
  void *slots[SLOTS] = { NULL };
  char *locked = memalign (4096, 65536);

  for (unsigned round = 0; round < ROUNDS || !is_over; round++)
    {
      void **slot;
      state = state * 1103515245 + 12345;
      slot = &slots[(state >> 8) % SLOTS];
      if (state >> 16 & 1)
        *slot = realloc (*slot, (state >> 17) % 3000 * sizeof (struct moving));
      else
        {
          free (*slot);
          *slot = malloc ((state >> 17) % 3000 * sizeof (struct moving));
        }
      mprotect (locked, 65536, round % 2 ? PROT_NONE : PROT_READ | PROT_WRITE);
      if (round % 100 == 0 && n < 100)
        {
          struct late *new = calloc (1, sizeof (struct late));
          new->next = late[me];
          late[me] = new;
          n++;
        }
    }
  mprotect (locked, 65536, PROT_READ | PROT_WRITE);
  free (locked);
  for (int i = 0; i < SLOTS; i++)
    free (slots[i]);
  return NULL;
}

int
main (int argc, char **argv)
{
  pthread_t threads[THREADS];
  struct gcg_error error;
  void *named, *ignored;
  int status = 0;

  for (int i = 0; i < 20000; i++)
    {
      struct early *new = malloc (sizeof (struct early));
      new->next = early;
      early = new;
    }
  for (uintptr_t i = 0; i < THREADS; i++)
    pthread_create (&threads[i], NULL, work, (void *)i);
  usleep (10000);
  for (int i = 0; i < 3; i++)
    status |= gcg_sample ("under way", &error) != GCG_OK;
  for (int i = 0; i < 15000; i++)
    {
      struct early *old = early;
      early = old->next;
      free (old);
    }
  is_over = true;
  for (int i = 0; i < THREADS; i++)
    pthread_join (threads[i], NULL);
  named = malloc (40);
  gcg_track (named, "struct named", NULL);
  ignored = strdup ("ignored");
  gcg_ignore (ignored, NULL);
  if (fork () == 0)
    {
      early = malloc (10);
      _exit (gcg_sample ("the child's", NULL) != GCG_OK);
    }
  wait (&argc);
  status |= argc || gcg_save_recording (argv[1], &error) != GCG_OK;
  printf ("5000 struct early\n%d struct late\n1 struct named\n1 char[]\n", THREADS * 100);
  return status;
}
