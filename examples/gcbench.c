/* gcbench.c -- many short-lived trees beside a few long-lived ones: the classic load of a
 * collector.
 *
 * Written after the idea of John Ellis and Pete Kovac's GCBench: trees of growing depth are made
 * top down (a parent is filled with children) and bottom up (children first), and dropped, while
 * one deep tree and one large array of numbers stay.  Nothing leaks: the garbage page shows what
 * the last collection had not reclaimed yet, all of it in chains (trees), none of it in a cycle.
 * make bench compares this source compiled against <gcglass/gc.h> and against <gc.h>.
 */
#include <stdio.h>

#include <gcglass/gc.h>

#include "examples/example.h"

enum
{
  STRETCH_DEPTH = 16,
  LONG_LIVED_DEPTH = 15,
  ARRAY_LENGTH = 250000,
  MIN_DEPTH = 4,
  MAX_DEPTH = 14
};

struct tree
{
  struct tree *left, *right;
  int i, j;
};

static struct tree *long_lived;
static double *numbers;

static long
tree_size (int depth)
{
  return (1L << (depth + 1)) - 1;
}

/* Depth is at most STRETCH_DEPTH: recursion is fine. */
static void
tree_populate (struct tree *tree, int depth)
{
  if (depth == 0)
    return;
  tree->left = GC_MALLOC (sizeof (struct tree));
  tree->right = GC_MALLOC (sizeof (struct tree));
  tree_populate (tree->left, depth - 1);
  tree_populate (tree->right, depth - 1);
}

static struct tree *
tree_make (int depth)
{
  struct tree *left = depth ? tree_make (depth - 1) : NULL;
  struct tree *right = depth ? tree_make (depth - 1) : NULL;
  struct tree *tree = GC_MALLOC (sizeof (struct tree));
  tree->left = left;
  tree->right = right;
  return tree;
}

static long
tree_count (const struct tree *tree)
{
  return tree ? 1 + tree_count (tree->left) + tree_count (tree->right) : 0;
}

/* As many trees of each depth as make twice the stretch tree. */
static long
make_and_drop (int depth)
{
  long n = 2 * tree_size (STRETCH_DEPTH) / tree_size (depth);
  for (long i = 0; i < n; i++)
    {
      struct tree *tree = GC_MALLOC (sizeof (struct tree));
      tree_populate (tree, depth);
    }
  for (long i = 0; i < n; i++)
    tree_make (depth);
  return 2 * n;
}

static void
run (void)
{
  tree_make (STRETCH_DEPTH);
  long_lived = GC_MALLOC (sizeof (struct tree));
  tree_populate (long_lived, LONG_LIVED_DEPTH);
  numbers = GC_MALLOC_ATOMIC (ARRAY_LENGTH * sizeof (double));
  for (int i = 0; i < ARRAY_LENGTH; i++)
    numbers[i] = 1.0 / (i + 1);
  long dropped = 1;
  for (int depth = MIN_DEPTH; depth <= MAX_DEPTH; depth += 2)
    dropped += make_and_drop (depth);
  printf ("%ld trees dropped; the long-lived one has %ld nodes, the array ends with %g\n", dropped,
          tree_count (long_lived), numbers[ARRAY_LENGTH - 1]);
}

int
main (int argc, char **argv)
{
  struct example example;
  example_begin (&example, argc, argv);
  for (int i = 0; i < example.rounds; i++)
    run ();
  return example_end (&example, NULL);
}
