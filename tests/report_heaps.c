/* report_heaps.c -- see report_heaps.h. */
#include "config.h"

#include "tests/report_heaps.h"

#include <stdlib.h>
#include <string.h>

const char *const hostile_names[] = {
  "</script><script>alert(1)</script>",
  "a\" URL=\"javascript:alert(1)\" x=\"",
  "<<table><tr><td>html</td></tr></table>>",
  "back\\slash \\N \\G \\",
  "line\nbreak\r\ttab",
  "\033[31mred\033]0;title\007",
  "\xff\xfe invalid \xc3( \xe2\x82 utf-8 \xed\xa0\x80",
  "bidi \xe2\x80\xae txt.exe",
  "&lt;&#x22; &amp;quot;",
  "%s%n%x",
  "../../etc/passwd",
  "struct caf\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x92\xa3",
  NULL,
};

static void
draw_clean (struct heap *heap, uint32_t n)
{
  uint32_t site = heap_site (heap, "struct node", "clean.c", 3, "grow");
  for (uint32_t i = 0; i < n; i++)
    heap_root (heap, heap_object (heap, 24, GCG__KIND_NORMAL, site));
}

/* struct view -> struct document -> struct subscription -> struct view, and two captions. */
static uint32_t
draw_observer (struct heap *heap)
{
  uint32_t view_site = heap_site (heap, "struct view", "observer.c", 86, "view_open");
  uint32_t document_site = heap_site (heap, "struct document", "observer.c", 77, "document_open");
  uint32_t subscription_site
      = heap_site (heap, "struct subscription", "observer.c", 91, "view_open");
  uint32_t text_site = heap_site (heap, "char[]", "observer.c", 71, "label");
  uint32_t view = heap_object (heap, 24, GCG__KIND_NORMAL, view_site);
  uint32_t document = heap_object (heap, 40, GCG__KIND_NORMAL, document_site);
  uint32_t subscription = heap_object (heap, 16, GCG__KIND_NORMAL, subscription_site);
  uint32_t caption = heap_object (heap, 12, GCG__KIND_ATOMIC, text_site);
  uint32_t title = heap_object (heap, 13, GCG__KIND_ATOMIC, text_site);
  heap_edge (heap, view, 0, document);
  heap_edge (heap, view, 8, caption);
  heap_edge (heap, document, 16, subscription);
  heap_edge (heap, document, 0, title);
  heap_edge (heap, subscription, 8, view);
  heap_finalizer (heap, view, GCG__FINALIZER_ORDERED);
  heap_birth (heap, subscription, 2);
  return document;
}

static void
draw_list (struct heap *heap, uint32_t n)
{
  uint32_t site = heap_site (heap, "struct item", "list.c", 46, "new_item");
  uint32_t last = 0;
  for (uint32_t i = 0; i < n; i++)
    {
      uint32_t item = heap_object (heap, 24, GCG__KIND_NORMAL, site);
      heap_finalizer (heap, item, GCG__FINALIZER_ORDERED);
      if (i > 0)
        {
          heap_edge (heap, last, 0, item);
          heap_edge (heap, item, 8, last);
        }
      last = item;
    }
}

static uint32_t
next_random (uint64_t *state)
{
  *state = *state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
  return (uint32_t)(*state >> 33);
}

static void
draw_ring (struct heap *heap, uint32_t n)
{
  uint32_t site = heap_site (heap, "struct node", "ring.c", 7, "ring_add");
  uint32_t *order = malloc (n * sizeof *order);
  uint64_t state = n;
  if (order == NULL)
    abort ();
  for (uint32_t i = 0; i < n; i++)
    order[i] = heap_object (heap, 32, GCG__KIND_NORMAL, site);
  for (uint32_t i = n - 1; i > 0; i--)
    {
      uint32_t k = next_random (&state) % (i + 1), other = order[k];
      order[k] = order[i];
      order[i] = other;
    }
  for (uint32_t i = 0; i < n; i++)
    {
      heap_edge (heap, order[i], 0, order[(i + 1) % n]);
      heap_edge (heap, order[i], 8, order[next_random (&state) % n]);
    }
  free (order);
}

static void
draw_tree (struct heap *heap, uint32_t n)
{
  uint32_t site = heap_site (heap, "struct tree", "tree.c", 12, "tree_make");
  uint32_t *nodes = malloc (n * sizeof *nodes);
  if (nodes == NULL)
    abort ();
  for (uint32_t i = 0; i < n; i++)
    {
      nodes[i] = heap_object (heap, 24, GCG__KIND_NORMAL, site);
      if (i > 0)
        heap_edge (heap, nodes[(i - 1) / 2], i % 2 * 8, nodes[i]);
    }
  free (nodes);
}

static void
draw_star (struct heap *heap, uint32_t n)
{
  uint32_t table_site = heap_site (heap, "struct table", "star.c", 5, "table_new");
  uint32_t leaf_site = heap_site (heap, "struct leaf", "star.c", 9, "leaf_new");
  uint32_t table = heap_object (heap, 8 * n + 16, GCG__KIND_NORMAL, table_site);
  heap_edge (heap, table, 0, table);
  for (uint32_t i = 0; i < n; i++)
    heap_edge (heap, table, 8 + 8 * i, heap_object (heap, 32, GCG__KIND_ATOMIC, leaf_site));
}

static void
draw_hostile (struct heap *heap)
{
  uint32_t n = 0;
  uint32_t ids[32];
  for (; hostile_names[n] != NULL; n++)
    {
      const char *name = hostile_names[n];
      ids[n]
          = heap_object (heap, 24 + 8 * n, GCG__KIND_NORMAL, heap_site (heap, name, name, n, name));
    }
  char *name = malloc (GCG__STRING_MAX + 1);
  if (name == NULL)
    abort ();
  memset (name, 'x', GCG__STRING_MAX);
  name[GCG__STRING_MAX] = '\0';
  ids[n++] = heap_object (heap, 24, GCG__KIND_NORMAL, heap_site (heap, name, name, 1, name));
  free (name);
  /* No type: the place stands in its place. */
  ids[n++] = heap_object (heap, 24, GCG__KIND_NORMAL,
                          heap_site (heap, NULL, hostile_names[0], 1, hostile_names[1]));
  for (uint32_t i = 0; i < n; i++)
    heap_edge (heap, ids[i], 0, ids[(i + 1) % n]);
}

static void
draw_mix (struct heap *heap)
{
  uint32_t document = draw_observer (heap);
  uint32_t big = heap_site (heap, "char[]", "mix.c", 30, "read_all");
  heap_edge (heap, document, 24, heap_object (heap, 9000, GCG__KIND_ATOMIC, big));
  uint32_t chain_site = heap_site (heap, "struct link", "mix.c", 40, "chain");
  uint32_t first = heap_object (heap, 16, GCG__KIND_NORMAL, chain_site);
  heap_edge (heap, first, 8, heap_object (heap, 16, GCG__KIND_NORMAL, chain_site));
  uint32_t ring_site = heap_site (heap, "struct a", "mix.c", 50, "ring");
  uint32_t a = heap_object (heap, 16, GCG__KIND_NORMAL, ring_site);
  uint32_t b
      = heap_object (heap, 16, GCG__KIND_NORMAL, heap_site (heap, "struct b", "mix.c", 51, "ring"));
  heap_edge (heap, a, 0, b);
  heap_edge (heap, b, 8, a);
  uint32_t stack[] = { 0x1000, 0x2000 };
  uint64_t addresses[] = { stack[0], stack[1] };
  heap_object (heap, 100, GCG__KIND_NORMAL, heap_stack_site (heap, addresses, 2));
  heap_object (heap, 64, GCG__KIND_UNCOLLECTABLE,
               heap_site (heap, "struct lost", "mix.c", 60, "lose"));
  uint32_t live = heap_site (heap, "struct config", "mix.c", 70, "main");
  heap_root (heap, heap_object (heap, 200, GCG__KIND_NORMAL, live));
  for (int i = 0; i < 3; i++)
    heap_root (heap, heap_object (heap, 16, GCG__KIND_NORMAL, 0));
}

/* Of malloc'd blocks: N pairs of struct parent and struct child, each with a name, that point to
   each other; a tree that was dropped, with a ring below it; what the program holds by its inside;
   what it ignores; what came from a call stack. */
static void
draw_leaks (struct heap *heap, uint32_t n)
{
  uint32_t parent_site = heap_site (heap, "struct parent", "family.c", 20, "parent_new");
  uint32_t child_site = heap_site (heap, "struct child", "family.c", 31, "child_new");
  uint32_t name_site = heap_site (heap, "char[]", "/src/lib/text.c", 12, "text_copy");
  heap_malloc (heap);
  for (uint32_t i = 0; i < n; i++)
    {
      uint32_t parent = heap_object (heap, 32, GCG__KIND_NORMAL, parent_site);
      uint32_t child = heap_object (heap, 24, GCG__KIND_NORMAL, child_site);
      heap_edge (heap, parent, 8, child);
      heap_edge (heap, child, 0, parent);
      heap_edge (heap, parent, 16, heap_object (heap, 10, GCG__KIND_NORMAL, name_site));
    }
  uint32_t tree_site = heap_site (heap, "struct tree", "tree.c", 7, "tree_new");
  uint32_t ring_site = heap_site (heap, "struct node", "ring.c", 9, "node_new");
  uint32_t root = heap_object (heap, 48, GCG__KIND_NORMAL, tree_site);
  uint32_t first = heap_object (heap, 16, GCG__KIND_NORMAL, ring_site), last = first;
  for (int i = 0; i < 2; i++)
    {
      uint32_t next = heap_object (heap, 16, GCG__KIND_NORMAL, ring_site);
      heap_edge (heap, last, 0, next);
      last = next;
    }
  heap_edge (heap, last, 0, first);
  heap_edge (heap, root, 0, first);
  heap_edge (heap, root, 8, heap_object (heap, 48, GCG__KIND_NORMAL, tree_site));
  const uint64_t addresses[] = { 0x1000, 0x2000 };
  heap_object (heap, 100, GCG__KIND_NORMAL, heap_stack_site (heap, addresses, 2));
  uint32_t kept_site = heap_site (heap, "struct config", "main.c", 70, "main");
  heap_root (heap, heap_object (heap, 200, GCG__KIND_NORMAL, kept_site));
  heap_root_at (heap, heap_object (heap, 64, GCG__KIND_NORMAL, kept_site), 0x7000,
                GCG__PLACE_INSIDE);
  heap_ignore (heap, heap_object (heap, 500, GCG__KIND_NORMAL, kept_site));
}

struct heap *
report_heap (const char *name, uint32_t n)
{
  struct heap *heap = heap_new ();
  if (strcmp (name, "clean") == 0)
    draw_clean (heap, n);
  else if (strcmp (name, "mix") == 0)
    draw_mix (heap);
  else if (strcmp (name, "observer") == 0)
    draw_observer (heap);
  else if (strcmp (name, "list") == 0)
    draw_list (heap, n);
  else if (strcmp (name, "ring") == 0)
    draw_ring (heap, n);
  else if (strcmp (name, "tree") == 0)
    draw_tree (heap, n);
  else if (strcmp (name, "star") == 0)
    draw_star (heap, n);
  else if (strcmp (name, "leaks") == 0)
    draw_leaks (heap, n);
  else if (strcmp (name, "hostile") == 0)
    draw_hostile (heap);
  else if (strcmp (name, "empty") != 0)
    {
      heap_free (heap);
      return NULL;
    }
  return heap;
}
