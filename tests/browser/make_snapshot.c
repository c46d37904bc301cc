/* make_snapshot.c -- writes the snapshots that the browser test looks at: make_snapshot FILE
 * [ATTACK]
 *
 * An imaginary heap with one of everything that a page can show:
 *   RING nodes in a ring through ordered finalizers: too big to draw whole, too long to tell whole
 *   struct session -> struct user -> struct session, both finalized, with BUFFERS buffers behind
 *   an object that points to itself and has a type name which is an attack
 *   a chain of two, SINGLES single objects, TYPES live types of growing size
 * With ATTACK a small one in which every text that a program can choose is ATTACK.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/heap.h"

enum
{
  RING = 400,
  BUFFERS = 5,
  SINGLES = 60,
  TYPES = 120,
  LIST = 100
};

static void
add_ring (struct heap *heap)
{
  uint32_t site = heap_site (heap, "struct node", "ring.c", 7, "ring_add");
  uint32_t first = heap_object (heap, 40, GCG__KIND_NORMAL, site), last = first;
  heap_finalizer (heap, first, GCG__FINALIZER_ORDERED);
  for (int i = 1; i < RING; i++)
    {
      uint32_t node = heap_object (heap, 40, GCG__KIND_NORMAL, site);
      heap_finalizer (heap, node, GCG__FINALIZER_ORDERED);
      heap_edge (heap, last, 8, node);
      last = node;
    }
  heap_edge (heap, last, 8, first);
}

static void
add_session (struct heap *heap)
{
  uint32_t session_site = heap_site (heap, "struct session", "session.c", 88, "session_open");
  uint32_t user_site = heap_site (heap, "struct user", "user.c", 12, "user_new");
  uint32_t buffer_site = heap_site (heap, "struct buffer", "buffer.c", 31, "buffer_new");
  uint32_t session = heap_object (heap, 120, GCG__KIND_NORMAL, session_site);
  uint32_t user = heap_object (heap, 56, GCG__KIND_NORMAL, user_site);
  heap_edge (heap, session, 16, user);
  heap_edge (heap, user, 24, session);
  heap_finalizer (heap, session, GCG__FINALIZER_ORDERED);
  heap_finalizer (heap, user, GCG__FINALIZER_ORDERED);
  for (int i = 0; i < BUFFERS; i++)
    heap_edge (heap, session, 32 + 8 * (uint64_t)i,
               heap_object (heap, 1000 + 100 * (uint64_t)i, GCG__KIND_ATOMIC, buffer_site));
}

static void
add_attack (struct heap *heap)
{
  uint32_t site = heap_site (heap, "</script><img src=x onerror=alert(1)>", "\"onload=alert(1).c",
                             1, "javascript:alert(1)");
  uint32_t object = heap_object (heap, 200, GCG__KIND_NORMAL, site);
  heap_edge (heap, object, 0, object);
  const char contents[] = "</pre><script>alert(1)</script>\xe2\x80\xae";
  heap_contents (heap, object, contents, sizeof contents);
}

static void
add_the_rest (struct heap *heap)
{
  uint32_t link = heap_site (heap, "struct link", "chain.c", 3, "chain_add");
  uint32_t single = heap_site (heap, "struct single", "single.c", 9, "single_new");
  heap_edge (heap, heap_object (heap, 24, GCG__KIND_NORMAL, link), 0,
             heap_object (heap, 24, GCG__KIND_NORMAL, link));
  for (uint64_t i = 0; i < SINGLES; i++)
    heap_object (heap, 16 + 8 * (i % 4), GCG__KIND_NORMAL, single);
  for (uint32_t i = 0; i < TYPES; i++)
    {
      char type[32];
      snprintf (type, sizeof type, "struct live_%03u", (unsigned)i);
      uint32_t site = heap_site (heap, type, "live.c", 100 + i, "live_new");
      uint32_t object = heap_object (heap, 16 + 16 * (uint64_t)i, GCG__KIND_NORMAL, site);
      heap_root (heap, object);
      /* A list with a last element of its own. */
      for (uint32_t k = 0; i == 0 && k <= LIST; k++)
        {
          uint32_t next = heap_object (
              heap, 16, GCG__KIND_NORMAL,
              k < LIST ? site : heap_site (heap, "struct last", "live.c", 99, "last_new"));
          heap_edge (heap, object, 8, next);
          object = next;
        }
    }
}

static void
add_attacks_only (struct heap *heap, const char *attack)
{
  uint32_t site = heap_site (heap, attack, attack, 1, attack);
  uint32_t first = heap_object (heap, 200, GCG__KIND_NORMAL, site);
  uint32_t second = heap_object (heap, 300, GCG__KIND_NORMAL, site);
  heap_edge (heap, first, 0, second);
  heap_edge (heap, second, 8, first);
  heap_finalizer (heap, first, GCG__FINALIZER_ORDERED);
  heap_finalizer (heap, second, GCG__FINALIZER_ORDERED);
  /* No type: the place stands in its place. */
  heap_root (heap,
             heap_object (heap, 100, GCG__KIND_NORMAL, heap_site (heap, NULL, attack, 1, attack)));
  heap_contents (heap, first, attack, strnlen (attack, GCG__PREVIEW_BYTES));
  heap_contents (heap, second, attack, strnlen (attack, GCG__PREVIEW_BYTES));
  heap_process (heap, attack, attack, attack, "");
}

/* Copies all of FROM to the file PATH; false with errno set. */
static bool
copy_to (int from, const char *path)
{
  int to = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (to < 0 || lseek (from, 0, SEEK_SET) < 0)
    return false;
  char buffer[65536];
  ssize_t n;
  while ((n = read (from, buffer, sizeof buffer)) > 0)
    for (ssize_t done = 0, w; done < n; done += w)
      if ((w = write (to, buffer + done, (size_t)(n - done))) < 0)
        return false;
  return n == 0 && close (to) == 0;
}

int
main (int argc, char **argv)
{
  if (argc < 2 || argc > 3)
    {
      fprintf (stderr, "usage: make_snapshot FILE [ATTACK]\n");
      return 2;
    }
  struct heap *heap = heap_new ();
  if (argc == 3)
    add_attacks_only (heap, argv[2]);
  else
    {
      add_ring (heap);
      add_session (heap);
      add_attack (heap);
      add_the_rest (heap);
    }
  int file = heap_write (heap);
  heap_free (heap);
  if (!copy_to (file, argv[1]))
    {
      perror (argv[1]);
      return 1;
    }
  close (file);
  return 0;
}
