/* heaps.c -- random heaps of malloc'd blocks, and a slow and obvious judgement of each.
 *
 * Runs with gcglass preloaded, started by heaps_judge.c: for each seed it makes a heap, saves a
 * snapshot, writes a line with what is right, waits for a byte, and frees everything.  What it
 * knows of its blocks it knows complemented, in static data, so that it keeps nothing itself.  What
 * points where is found by looking at every word of every block and comparing it with every block:
 * links that are left of what was freed, and lead to what was made there since, are links.
 *
 * Sizes are from 0 to 200,000 bytes; words point to the start, into, to the end of blocks, further
 * past it, before it, or are hidden, or stand at odd addresses; blocks are freed, moved, aligned.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gcglass/gcglass.h>

#include "case.h"

#define MOST  256 /* blocks */
#define ROOTS 48
#define WORDS (MOST / 64)

extern __typeof__ (gcg_save) gcg_save __attribute__ ((weak));

static struct
{
  uintptr_t hidden; /* its address, complemented */
  size_t bytes;
} blocks[MOST];
static unsigned n_blocks;
static volatile uintptr_t roots[ROOTS];
static uint64_t state;

static uint64_t
draw (uint64_t below)
{
  state = state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
  return (state >> 33) % below;
}

static size_t
draw_size (void)
{
  switch (draw (12))
    {
    case 0:
      return draw (16);
    case 1:
    case 2:
      return 16 + draw (2100);
    case 3:
      return 2000 + draw (60); /* where small ones end */
    case 4:
      return 2100 + draw (7000);
    case 5:
      return draw (3) ? 4096 * (1 + draw (3)) - draw (20) : draw (200001);
    default:
      return 8 + draw (120);
    }
}

static void ALONE
make_block (void)
{
  size_t bytes = draw_size ();
  void *block;
  switch (draw (6))
    {
    case 0:
      block = calloc (1, bytes);
      break;
    case 1:
      block = realloc (malloc (draw (5000) + 1), bytes ? bytes : 1);
      bytes = bytes ? bytes : 1;
      break;
    case 2:
      block = memalign ((size_t)16 << draw (12), bytes);
      break;
    default:
      block = malloc (bytes);
    }
  if (block == NULL)
    abort ();
  memset (block, 0, bytes);
  blocks[n_blocks].hidden = ~(uintptr_t)block;
  blocks[n_blocks++].bytes = bytes;
}

/* A word that leads to block TO, or nearly does. */
static uintptr_t
draw_word (unsigned to)
{
  uintptr_t start = ~blocks[to].hidden;
  size_t bytes = blocks[to].bytes;
  switch (draw (12))
    {
    case 0:
    case 1:
      return start + (bytes ? draw (bytes) : 0);
    case 2:
      return start + bytes;
    case 3:
      return start + bytes + 1 + draw (7);
    case 4:
      return start - 1 - draw (8);
    case 5:
      return ~start;
    case 6:
      return state; /* a number */
    default:
      return start;
    }
}

static void ALONE
link_block (unsigned from, unsigned to)
{
  size_t bytes = blocks[from].bytes, at;
  uintptr_t word = draw_word (to);
  if (bytes < 8)
    return;
  at = draw (bytes / 8) * 8;
  if (draw (16) == 0 && at + 16 <= bytes)
    at += 1 + draw (7);
  memcpy ((char *)~blocks[from].hidden + at, &word, sizeof word);
}

static void ALONE
make_heap (void)
{
  unsigned n = 1 + (unsigned)draw (MOST * 3 / 4), degree = (unsigned)draw (4);
  for (unsigned i = 0; i < n; i++)
    make_block ();
  for (unsigned i = 0; i < n * degree / 2; i++)
    link_block ((unsigned)draw (n), (unsigned)draw (n));
  for (uint64_t rings = draw (4); rings > 0; rings--)
    {
      unsigned first = (unsigned)draw (n), last = first;
      for (uint64_t left = draw (6); left > 0; left--)
        {
          unsigned next = (unsigned)draw (n);
          link_block (last, next);
          last = next;
        }
      link_block (last, first);
    }
  for (uint64_t left = draw (ROOTS / 3); left > 0; left--)
    roots[draw (ROOTS)] = draw_word ((unsigned)draw (n));
  for (uint64_t left = draw (n / 4 + 1); left > 0; left--)
    {
      unsigned i = (unsigned)draw (n_blocks);
      free ((void *)~blocks[i].hidden);
      blocks[i] = blocks[--n_blocks];
    }
  for (uint64_t left = draw (n / 4 + 1); left > 0 && n_blocks < MOST; left--)
    make_block ();
}

/* --- The judgement. */

static struct
{
  uint64_t any[MOST][WORDS], start[MOST][WORDS]; /* who points to whom, and to whose start */
  uint64_t closure[MOST][WORDS];
  bool reached[MOST], reached_by_start[MOST];
} judged;

#define BIT(set, i)     ((set)[(i) / 64] >> (i) % 64 & 1)
#define SET_BIT(set, i) ((set)[(i) / 64] |= UINT64_C (1) << (i) % 64)

/* The block that WORD leads to, or -1; *AT_START: to its start. */
static int
target_of (uintptr_t word, bool *at_start)
{
  for (unsigned i = 0; i < n_blocks; i++)
    {
      uintptr_t start = ~blocks[i].hidden;
      if (word >= start && word - start <= blocks[i].bytes)
        {
          *at_start = word == start;
          return (int)i;
        }
    }
  return -1;
}

static void
find_links (void)
{
  bool at_start;
  for (unsigned i = 0; i < n_blocks; i++)
    for (size_t at = 0; at + 8 <= blocks[i].bytes; at += 8)
      {
        uintptr_t word = *(const uintptr_t *)(~blocks[i].hidden + at);
        int to = word ? target_of (word, &at_start) : -1;
        if (to < 0)
          continue;
        SET_BIT (judged.any[i], (unsigned)to);
        if (at_start)
          SET_BIT (judged.start[i], (unsigned)to);
      }
  for (unsigned r = 0; r < ROOTS; r++)
    {
      int to = target_of (roots[r], &at_start);
      if (to < 0)
        continue;
      judged.reached[to] = true;
      judged.reached_by_start[to] |= at_start;
    }
}

static void
spread (bool reached[MOST], uint64_t links[MOST][WORDS])
{
  for (bool changed = true; changed;)
    {
      changed = false;
      for (unsigned i = 0; i < n_blocks; i++)
        for (unsigned j = 0; reached[i] && j < n_blocks; j++)
          if (!reached[j] && BIT (links[i], j))
            reached[j] = changed = true;
    }
}

/* Warshall: who reaches whom among the lost. */
static void
close_over (void)
{
  memcpy (judged.closure, judged.any, sizeof judged.closure);
  for (unsigned k = 0; k < n_blocks; k++)
    for (unsigned i = 0; i < n_blocks; i++)
      if (BIT (judged.closure[i], k))
        for (unsigned w = 0; w < WORDS; w++)
          judged.closure[i][w] |= judged.closure[k][w];
}

/* Do lost I and J lie on a cycle together? */
static bool
is_same (unsigned i, unsigned j)
{
  return i == j || (BIT (judged.closure[i], j) && BIT (judged.closure[j], i));
}

struct amount
{
  uint64_t bytes;
  unsigned blocks;
};

static void
count (struct amount *amount, unsigned i)
{
  amount->bytes += blocks[i].bytes;
  amount->blocks++;
}

/* Counts lost block I. */
static void
judge_lost (unsigned i, struct amount amounts[8], unsigned *cycles)
{
  bool direct = true, led = false, first = true;
  for (unsigned j = 0; j < n_blocks; j++)
    {
      if (judged.reached[j] || j == i)
        continue;
      direct &= !BIT (judged.any[j], i);
      if (is_same (i, j))
        first &= blocks[j].hidden < blocks[i].hidden; /* the lowest address leads */
      else
        led |= BIT (judged.closure[j], i);
    }
  count (&amounts[2], i);
  count (&amounts[first && !led ? 3 : 4], i);
  count (&amounts[direct ? 5 : 6], i);
  *cycles += first && BIT (judged.closure[i], i);
}

/* Writes what is right: reachable, interior only, leaked, definite, indirect, direct,
   LeakSanitizer's indirect, cycles. */
static void ALONE
judge (uint64_t seed)
{
  struct amount amounts[8] = { { 0, 0 } };
  unsigned cycles = 0;
  char line[400];
  size_t n;

  memset (&judged, 0, sizeof judged);
  find_links ();
  spread (judged.reached, judged.any);
  spread (judged.reached_by_start, judged.start);
  close_over ();
  for (unsigned i = 0; i < n_blocks; i++)
    if (judged.reached[i])
      count (&amounts[judged.reached_by_start[i] ? 0 : 1], i);
    else
      judge_lost (i, amounts, &cycles);
  n = (size_t)snprintf (line, sizeof line, "%" PRIu64 ":", seed);
  for (int i = 0; i < 7; i++)
    n += (size_t)snprintf (line + n, sizeof line - n, " %" PRIu64 "/%u", amounts[i].bytes,
                           amounts[i].blocks);
  n += (size_t)snprintf (line + n, sizeof line - n, " %u\n", cycles);
  if (write (STDOUT_FILENO, line, n) != (ssize_t)n)
    abort ();
}

static void ALONE
free_all (void)
{
  while (n_blocks > 0)
    free ((void *)~blocks[--n_blocks].hidden);
  for (int i = 0; i < ROOTS; i++)
    roots[i] = 0;
}

int
main (int argc, char **argv)
{
  struct gcg_error error;
  char answer;
  if (argc != 4 || !gcg_save)
    {
      fprintf (stderr, "usage, with gcglass preloaded: heaps FIRST-SEED HEAPS SNAPSHOT\n");
      return 2;
    }
  for (uint64_t seed = strtoull (argv[1], NULL, 10), end = seed + strtoull (argv[2], NULL, 10);
       seed < end; seed++)
    {
      state = seed * UINT64_C (0x9e3779b97f4a7c15);
      make_heap ();
      case_clear_stack ();
      if (gcg_save (argv[3], &error) != GCG_OK)
        {
          fprintf (stderr, "%s\n", error.text);
          return 1;
        }
      judge (seed);
      if (read (STDIN_FILENO, &answer, 1) != 1)
        return 1;
      free_all ();
    }
  return 0;
}
