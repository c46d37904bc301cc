/* semantics.c -- what a program of the collector's may rely on, checked by itself.
 *
 * Compiled twice: against <gc.h>, and (-DTRACKED) against <gcglass/gc.h>.  Either prints the same,
 * alone, under the preload object, and with snapshots taken every 100 ms.  Conservative retention
 * is legal: a few objects of each 20,000 may stay.
 */
#ifdef TRACKED
#include <gcglass/gc.h>
#else
#include <gc.h>
#endif

#include <gc/gc_mark.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MANY 20000
#define FEW  50

struct item
{
  uint64_t number;
  char text[40];
  struct item *next;
};

static int n_finalized, n_wrong;
static void *links[MANY]; /* hidden: cleared by the collector */
static void *volatile sink;

static void
item_fill (struct item *item, uint64_t number)
{
  item->number = number;
  snprintf (item->text, sizeof item->text, "item %llu", (unsigned long long)number);
}

static int
item_is (const struct item *item, uint64_t number)
{
  char text[40];
  snprintf (text, sizeof text, "item %llu", (unsigned long long)number);
  return item->number == number && strcmp (item->text, text) == 0;
}

static void
on_final (void *object, void *data)
{
  struct item *item = object;
  struct item *made = GC_MALLOC (sizeof (struct item));

  n_wrong += !item_is (item, (uintptr_t)data) || made->number != 0 || made->next != NULL;
  item_fill (made, item->number);
  sink = made;
  n_finalized++;
}

static void __attribute__ ((noinline)) make_finalizable (void)
{
  for (uintptr_t i = 0; i < MANY; i++)
    {
      struct item *item = GC_MALLOC (sizeof (struct item));
      item_fill (item, i);
      GC_REGISTER_FINALIZER_NO_ORDER (item, on_final, (void *)i, 0, 0);
    }
}

static void __attribute__ ((noinline)) make_linked (void)
{
  for (uintptr_t i = 0; i < MANY; i++)
    {
      struct item *item = GC_MALLOC_ATOMIC (sizeof (struct item));
      item_fill (item, i);
      links[i] = (void *)GC_HIDE_POINTER (item);
      GC_GENERAL_REGISTER_DISAPPEARING_LINK (&links[i], item);
    }
}

static int
count_links (void)
{
  int n = 0;
  for (int i = 0; i < MANY; i++)
    n += links[i] != NULL;
  return n;
}

/* Sizes up and down, contents kept, what is new of a cleared kind is zero. */
static int __attribute__ ((noinline)) resize (void)
{
  int wrong = 0;

  for (size_t i = 1; i < 400; i++)
    {
      size_t n = i;
      unsigned char *bytes = GC_MALLOC (n);
      memset (bytes, (int)i, n);
      for (int step = 0; step < 24; step++)
        {
          size_t to = (n * 7 + i * 13 + (size_t)step * 101) % 9000 + 1, kept = n < to ? n : to;
          bytes = GC_REALLOC (bytes, to);
          for (size_t at = 0; at < kept; at++)
            wrong += bytes[at] != (unsigned char)i;
          for (size_t at = kept; at < to; at++)
            wrong += bytes[at] != 0;
          memset (bytes, (int)i, to);
          n = to;
        }
      if (i % 2)
        GC_FREE (bytes);
    }
  return wrong;
}

static int
fresh_is_zero (void)
{
  int wrong = 0;
  for (size_t n = 1; n < 3000; n += 7)
    {
      unsigned char *bytes = GC_MALLOC (n);
      for (size_t i = 0; i < n; i++)
        wrong += bytes[i] != 0;
      memset (bytes, 0xff, n);
      wrong += GC_base (bytes) != (void *)bytes || GC_size (bytes) < n;
      if (n % 3 == 0)
        GC_FREE (bytes);
    }
  return wrong;
}

static int
text_copies (void)
{
  int wrong = 0;
  for (int i = 0; i < 1000; i++)
    {
      char text[64], *copy, *part;
      snprintf (text, sizeof text, "%d strings", i * 7919);
      copy = GC_STRDUP (text);
      part = GC_STRNDUP (text, 3);
      wrong += strcmp (copy, text) != 0 || strncmp (part, text, 3) != 0 || strlen (part) > 3;
    }
  return wrong;
}

/* Something held, something dropped: what is held stays whole. */
static int __attribute__ ((noinline)) churn (void)
{
  static struct item *held[1000];
  int wrong = 0;

  for (uint64_t i = 0; i < 2000000; i++)
    {
      struct item *item = GC_MALLOC (sizeof (struct item));
      item->number = i;
      if (i % 100 == 0)
        {
          struct item *old = held[i / 100 % 1000];
          wrong += old && old->number % 100 != 0;
          item->next = old;
          if (old)
            old->next = NULL;
          held[i / 100 % 1000] = item;
        }
    }
  return wrong;
}

/* libgc now and then gives a slot one granule larger. */
static size_t
least_size (void *(*make) (size_t), size_t bytes)
{
  size_t least = SIZE_MAX, size, kind_size;
  for (int i = 0; i < 20; i++)
    {
      void *object = make (bytes);
      size = GC_size (object);
      (void)GC_get_kind_and_size (object, &kind_size);
      if (kind_size < size)
        size = kind_size;
      memset (object, 0xff, size);
      least = size < least ? size : least;
    }
  return least;
}

static void *
make_normal (size_t bytes)
{
  return GC_MALLOC (bytes);
}

static void *
make_atomic (size_t bytes)
{
  return GC_MALLOC_ATOMIC (bytes);
}

static void *
make_uncollectable (size_t bytes)
{
  return GC_MALLOC_UNCOLLECTABLE (bytes);
}

/* GC_size is that of libgc alone. */
static void
slot_sizes (void)
{
  static const size_t requests[]
      = { 0,   1,   7,    8,    9,    15,   16,   17,   23,   24,   31,   32,   100,
          112, 500, 2031, 2032, 2047, 2048, 2100, 4000, 4079, 4095, 4096, 5000, 100000 };
  printf ("sizes");
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
    printf (" %zu:%zu,%zu,%zu", requests[i], least_size (make_normal, requests[i]),
            least_size (make_atomic, requests[i]), least_size (make_uncollectable, requests[i]));
  printf ("\n");
}

int
main (void)
{
  GC_INIT ();
  slot_sizes ();
  make_finalizable ();
  make_linked ();
  for (int round = 0; round < 20 && (n_finalized < MANY - FEW || count_links () > FEW); round++)
    {
      GC_gcollect ();
      GC_invoke_finalizers ();
    }
  printf ("finalized: %s\n", n_finalized >= MANY - FEW && n_finalized <= MANY ? "all" : "not all");
  printf ("intact in their finalizers: %s\n", n_wrong ? "no" : "yes");
  printf ("links gone: %s\n", count_links () <= FEW ? "all" : "not all");
  printf ("resized wrong: %d\n", resize ());
  printf ("fresh wrong: %d\n", fresh_is_zero ());
  printf ("copied wrong: %d\n", text_copies ());
  printf ("churned wrong: %d\n", churn ());
  return 0;
}
