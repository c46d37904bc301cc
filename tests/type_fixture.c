/* type_fixture.c -- a program that allocates everything through one function that knows sizes only:
   saves a snapshot to argv[1] while its structures stand. */
#include <stdio.h>
#include <string.h>

#include "gcglass/gc.h"
#include "gcglass/gcglass.h"

/* Whatever CFLAGS say: where variables are is to be known. */
#pragma GCC optimize(0)

struct item
{
  long value;
  struct item *next;
  char *label;
};

struct bucket
{
  struct item *first;
  long n;
};

struct table
{
  struct bucket *buckets;
  long size;
  double load, most;
};

struct tree
{
  struct tree *left, *right;
  struct item *item;
  long a, b;
};

struct forest
{
  long n;
  struct tree *trees[];
};

/* Two of one size that are taken for each other. */
struct cat
{
  struct cat *friend;
  long a[8];
};
struct dog
{
  struct dog *friend;
  long a[8];
};

static struct table *the_table;
struct forest *the_forest;
static struct cat *one_cat;
static struct dog *one_dog;
void *whatever;

static void *
allocate (size_t n)
{
  return GC_MALLOC (n);
}

static struct tree *
grow (int depth)
{
  if (depth == 0)
    return NULL;
  struct tree *tree = allocate (sizeof *tree);
  tree->left = grow (depth - 1);
  tree->right = grow (depth - 1);
  tree->item = allocate (sizeof *tree->item);
  return tree;
}

static void
fill_table (int n)
{
  the_table = allocate (sizeof *the_table);
  the_table->size = 64;
  the_table->buckets = allocate (64 * sizeof *the_table->buckets);
  for (int i = 0; i < n; i++)
    {
      struct item *item = allocate (sizeof *item);
      struct bucket *bucket = &the_table->buckets[i % 64];
      item->value = i;
      item->next = bucket->first;
      item->label = GC_MALLOC_ATOMIC (12);
      strcpy (item->label, "a label");
      bucket->first = item;
      bucket->n++;
    }
}

static __attribute__ ((noinline)) int
save (const char *path, int **grid)
{
  struct gcg_error error;
  if (gcg_save (path, &error) == GCG_OK)
    return grid[3] == NULL;
  fprintf (stderr, "%s\n", error.text);
  return 1;
}

int
main (int argc, char **argv)
{
  GC_INIT ();
  fill_table (1000);
  the_forest = allocate (sizeof *the_forest + 10 * sizeof the_forest->trees[0]);
  for (int i = 0; i < 10; i++)
    the_forest->trees[the_forest->n++] = grow (6);
  one_cat = allocate (sizeof *one_cat);
  one_dog = allocate (sizeof *one_dog);
  whatever = allocate (200);
  /* Nothing but this function's variable says what it is. */
  int **grid = allocate (16 * sizeof *grid);
  for (int i = 0; i < 16; i++)
    grid[i] = GC_MALLOC_ATOMIC (40);
  return argc == 2 ? save (argv[1], grid) : 2;
}
