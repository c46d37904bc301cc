/* cases.c -- heaps of all shapes, of which something is lost: cases.test says what.
 *
 * The shapes and sizes are those that leak checkers are commonly tried with.  Static variables hold
 * what is not lost.
 */
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "case.h"

static void *volatile held, *volatile held_too, *volatile roots[6], *volatile small[1024];

static void ALONE
lost (void)
{
  case_block (1337);
}

static void ALONE
lost_many (void)
{
  for (int i = 0; i < 1000; i++)
    case_block (1);
}

static void ALONE
large (void)
{
  case_block (32 << 20);
}

static void ALONE
nothing_lost (void)
{
  void *volatile block = malloc (0);
  block = NULL;
  (void)block;
}

static void ALONE
nothing_held (void)
{
  held = malloc (0);
}

static void ALONE
freed (void)
{
  free (case_block (1337));
}

static void ALONE
freed_by_realloc (void)
{
  void *volatile block = case_block (100);
  block = realloc (block, 0);
}

static void ALONE
resized (void)
{
  held = realloc (case_block (100), 5000);
}

static void ALONE
resized_and_lost (void)
{
  void *volatile block = realloc (case_block (100), 5000);
  block = realloc (block, 4900);
}

/* A buffer that grows holds 100 blocks all over and is freed; the next one grows to half of that,
   and is written to no further than it began. */
static void ALONE
regrown (void)
{
  const size_t step = 50000;
  for (size_t steps = 40; steps >= 20; steps -= 20)
    {
      void *volatile *buffer = NULL;
      for (size_t n = 1; n <= steps; n++)
        {
          buffer = realloc ((void *)buffer, n * step);
          for (size_t i = (n - 1) * step / 8; steps == 40 && i < n * step / 8; i++)
            buffer[i] = i < 100 ? case_block (16) : buffer[i % 100];
          if (steps == 20 && n == 1)
            memset ((void *)buffer, 0, step);
        }
      held = (void *)buffer;
      if (steps == 40)
        free ((void *)buffer);
    }
}

/* A block of one page and more that begins where others end. */
static void ALONE
aligned (void)
{
  held = memalign (1 << 20, 100);
  held_too = memalign (64, 100);
}

static void ALONE
aligned_and_lost (void)
{
  void *volatile block = memalign (1 << 16, 100);
  block = memalign (8192, 5000);
  block = memalign (256, 1000);
  (void)block;
}

static void ALONE
copies_lost (void)
{
  char *volatile text = strdup ("eleven bytes");
  text = strndup ("eleven bytes", 4);
  text = NULL;
  (void)text;
}

/* --- Pointers to this and that place of a block. */

static void ALONE
interior (void)
{
  held = (char *)case_block (1337) + 100;
}

static void ALONE
last_byte (void)
{
  held = (char *)case_block (1337) + 1336;
}

static void ALONE
past_the_end (void)
{
  held = (char *)case_block (128) + 128;
}

static void ALONE
further_past (void)
{
  held = (char *)case_block (129) + 130;
}

static void ALONE
before_the_start (void)
{
  held = (char *)case_block (128) - 1;
}

static void ALONE
at_odd_address (void)
{
  static volatile char bytes[64];
  void *block = case_block (1337);
  memcpy ((char *)bytes + 3, &block, sizeof block);
}

static void ALONE
hidden (void)
{
  held = (void *)~(uintptr_t)case_block (1337);
}

/* --- Structures of two pointers. */

struct node
{
  struct node *volatile next, *volatile other;
};

static struct node *ALONE
make_node (struct node *next, struct node *other)
{
  struct node *node = calloc (1, sizeof *node);
  node->next = next;
  node->other = other;
  return node;
}

static struct node *
inside (struct node *node)
{
  return (struct node *)(void *)((char *)node + 8);
}

static struct node *ALONE
make_ring (int n)
{
  struct node *first = make_node (NULL, NULL), *last = first;
  for (int i = 1; i < n; i++)
    last = last->next = make_node (NULL, NULL);
  last->next = first;
  return first;
}

static void ALONE
self_loop (void)
{
  void **block = case_block (1337);
  memset (block, 0, 1337);
  block[0] = block;
}

static void ALONE
two_rings_as_one (struct node *a, struct node *b)
{
  a->other = b;
  b->other = a;
}

/* Six rings of three: two linked both ways, two one way, two alone. */
static void ALONE
rings (void)
{
  two_rings_as_one (make_ring (3), make_ring (3));
  make_ring (3)->other = make_ring (3);
  make_ring (3);
  make_ring (3);
}

/* The same as one, whatever links them besides. */
static void ALONE
ring_with_chords (void)
{
  struct node *node = make_ring (100);
  for (int i = 0; i < 100; i++, node = node->next)
    node->other = node->next->next->next;
}

static void ALONE
ring_that_is_held (void)
{
  held = make_ring (3);
}

/* A ring, what leads to it and what it leads to. */
static void ALONE
ring_between (void)
{
  struct node *ring = make_ring (3);
  make_node (ring, NULL);
  ring->other = make_node (make_node (NULL, NULL), NULL);
}

/* Seven nodes; two of the inner ones lost with what is below them. */
static void ALONE
tree (void)
{
  struct node *root = make_node (NULL, NULL);
  root->next = make_node (make_node (NULL, NULL), make_node (NULL, NULL));
  root->other = make_node (make_node (NULL, NULL), NULL);
  root->next->next->next = make_node (NULL, NULL);
  held = root;
  root->other = NULL;
  root->next->next = NULL;
}

/* Two lost blocks that point to a third: one leader each, one is indirect. */
static void ALONE
shared (void)
{
  struct node *below = make_node (NULL, NULL);
  make_node (below, NULL);
  make_node (below, NULL);
}

/* A lost block points to one that is held: that is not lost through it. */
static void ALONE
lost_points_to_held (void)
{
  held = make_node (NULL, NULL);
  make_node (held, NULL);
}

/* All ways from a root to one block or two, by start and by interior. */
static void ALONE
chains (void)
{
  struct node *volatile none;
  roots[0] = make_node (NULL, NULL);
  roots[1] = make_node (make_node (NULL, NULL), NULL);
  none = make_node (NULL, NULL);
  none = make_node (make_node (NULL, NULL), NULL);
  roots[2] = inside (make_node (NULL, NULL));
  roots[3] = make_node (inside (make_node (NULL, NULL)), NULL);
  roots[4] = inside (make_node (make_node (NULL, NULL), NULL));
  roots[5] = inside (make_node (inside (make_node (NULL, NULL)), NULL));
  none = make_node (inside (make_node (NULL, NULL)), NULL);
  none = NULL;
  (void)none;
}

/* A list so long that following it by recursion overflows the stack. */
static void ALONE
long_list (void)
{
  struct node *volatile list = NULL;
  for (int i = 0; i < 200000; i++)
    list = make_node (list, NULL);
  list = NULL;
}

/* --- Pages that cannot be read. */

static void ALONE
lock_page (const char *within)
{
  uintptr_t page = (uintptr_t)within & ~(uintptr_t)4095;
  if (mprotect ((void *)page, 4096, PROT_NONE) != 0)
    abort ();
}

/* Two blocks full of pointers to themselves, the second held by its inside, with pages in the
   middle that cannot be read; on one of these stands the only pointer to a third. */
static void ALONE
locked (void)
{
  char **first = malloc (200000), **second = malloc (200000);
  for (int i = 0; i < 25000; i++)
    {
      first[i] = (char *)first;
      second[i] = (char *)second;
    }
  first[10000] = case_block (1000);
  held = first;
  held_too = (char *)second + 100000;
  lock_page ((char *)&first[10000]);
  lock_page ((char *)&second[20000]);
}

/* The same at the end of a block, where its tag is, and for small blocks. */
static void ALONE
locked_tags (void)
{
  char *block = memalign (4096, 8192 - 8);
  held = block;
  lock_page (block + 4096);
  for (int i = 0; i < 1024; i++)
    small[i] = malloc (100);
  lock_page (small[512]);
  small[512] = NULL;
}

static const struct one_case cases[] = {
  { "lost", lost },
  { "lost-many", lost_many },
  { "large", large },
  { "zero", nothing_lost },
  { "zero-held", nothing_held },
  { "freed", freed },
  { "realloc-zero", freed_by_realloc },
  { "regrown", regrown },
  { "resized", resized },
  { "resized-lost", resized_and_lost },
  { "aligned", aligned },
  { "aligned-lost", aligned_and_lost },
  { "copies", copies_lost },
  { "interior", interior },
  { "last-byte", last_byte },
  { "past", past_the_end },
  { "further-past", further_past },
  { "before", before_the_start },
  { "odd", at_odd_address },
  { "hidden", hidden },
  { "self", self_loop },
  { "rings", rings },
  { "chords", ring_with_chords },
  { "held-ring", ring_that_is_held },
  { "between", ring_between },
  { "tree", tree },
  { "shared", shared },
  { "points-to-held", lost_points_to_held },
  { "chains", chains },
  { "long-list", long_list },
  { "locked", locked },
  { "locked-tags", locked_tags },
};

int
main (int argc, char **argv)
{
  return case_run (cases, sizeof cases / sizeof *cases, argc > 1 ? argv[1] : "");
}
