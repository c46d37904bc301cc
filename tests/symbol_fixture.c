/* symbol_fixture.c -- a program that knows its own symbols, compiled in many ways by symbol.test.
 *
 * Prints, one per line with tabs between, where it is loaded and facts about itself: addresses with
 * the frames that are there, offsets (by offsetof) with their field paths, variables, size
 * expressions with their types.  symbol_check reads that and asks lib/symbol.
 */
#define _GNU_SOURCE
#include "symbol_fixture.h"

#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __clang__
#define NOINLINE __attribute__ ((noinline))
#else
#define NOINLINE __attribute__ ((noinline, noclone))
#endif
#define INLINE static inline __attribute__ ((always_inline))
/* Keeps a call from becoming a jump. */
#define NO_TAIL_CALL __asm__ volatile("")
#define STRING(x)    STRING_ (x)
#define STRING_(x)   #x

NOINLINE void
fact_frames (const char *format, ...)
{
  va_list arguments;
  printf ("frames\t%p\t", __builtin_return_address (0));
  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  putchar ('\n');
}

NOINLINE void
fact_field (const char *type, size_t bytes, size_t offset, const char *path)
{
  printf ("field\t%s\t%zu\t%zu\t%s\n", type, bytes, offset,
          path == NULL      ? "?"
          : path[0] == '\0' ? "="
                            : path);
}

NOINLINE void
fact_size (const char *type, size_t bytes)
{
  printf ("size\t%s\t%zu\n", type, bytes);
}

NOINLINE void
fact_data (const void *address, const char *name, size_t offset)
{
  printf ("data\t%p\t%s\t%zu\n", address, name != NULL ? name : "?", offset);
}

NOINLINE void *
fact_make (const char *type, const char *expression, size_t bytes, const char *function,
           const char *file, int line)
{
  printf ("expression\t%s\t%s\t%s\t%d\t%s\n", expression, function, file, line,
          type != NULL ? type : "?");
  return calloc (1, bytes);
}

/* Addresses. */

NOINLINE static void
plain_function (void)
{
  fact_frames ("plain_function:%d", __LINE__);
  NO_TAIL_CALL;
}

INLINE void
innermost (int middle_line, int outer_line)
{
  fact_frames ("innermost:%d|middle:%d|outer:%d", __LINE__, middle_line, outer_line);
  NO_TAIL_CALL;
}

INLINE void
middle (int outer_line)
{
  innermost (__LINE__, outer_line);
}

NOINLINE static void
outer (int n)
{
  for (int i = 0; i < n; i++)
    if (i % 3 == 0)
      middle (__LINE__);
}

/* The same function inlined twice side by side: the calls must not be mixed up. */
INLINE void
twice (int caller_line)
{
  fact_frames ("twice:%d|caller_of_twice:%d", __LINE__, caller_line);
  NO_TAIL_CALL;
}

NOINLINE static void
caller_of_twice (void)
{
  twice (__LINE__);
  twice (__LINE__);
}

#ifndef __clang__
/* A function in a function (GNU C), which calls through no pointer. */
NOINLINE static void
holder_of_nested (int n)
{
  auto NOINLINE void nested (void);
  void nested (void)
  {
    fact_frames ("nested:%d", n > 0 ? __LINE__ : 0);
    NO_TAIL_CALL;
  }
  nested ();
}
#endif

/* Field paths. */

enum colour
{
  RED,
  GREEN
};
typedef struct node node_t;
typedef node_t *node_pointer;
typedef struct
{
  void *first, *second;
} pair_t;
typedef int (*handler_t) (void *);

struct everything
{
  char tag;
  uint16_t small;
  struct node *next;
  const struct node *const constant;
  node_pointer by_typedef;
  handler_t handler;
  pair_t pair;
  pair_t pairs[3];
  struct
  {
    int kind;
    struct node *owner;
  } inner;
  struct /* anonymous */
  {
    struct node *hidden;
    union
    {
      long number;
      struct node *either;
      char bytes[16];
    };
  };
  union
  {
    char text[24];
    struct
    {
      long length;
      char *data;
    } heap;
  } string;
  struct node *matrix[2][3];
  unsigned int bit_a : 3;
  unsigned int bit_b : 11;
  unsigned int bit_c : 18;
  enum colour colour;
  double real;
  long double wide;
  struct node embedded;
  _Atomic (struct node *) atomic;
  unsigned long long mask : 40;
  uint8_t raw[16];
  struct
  {
    struct
    {
      pair_t deep[2];
    } level[2];
  } nest;
  void *last;
};

struct flexible
{
  size_t n;
  struct node *items[];
};
struct old_flexible
{
  struct node *owner;
  struct node *items[1];
};
union either
{
  struct node *node;
  double number;
};
struct __attribute__ ((packed)) packed
{
  char tag;
  struct node *next;
  short number;
};

/* Compilers describe only the types that something has. */
struct everything everything_object;
struct flexible *flexible_object;
struct old_flexible *old_flexible_object;
struct packed packed_object;

#define FIELD(type, field)                                                                         \
  fact_field (STRING (type), sizeof (type), offsetof (type, field), STRING (field))

static void
everything_facts (void)
{
#define E(field) FIELD (struct everything, field)
  E (tag);
  E (small);
  E (next);
  E (constant);
  E (by_typedef);
  E (handler);
  E (pair.first);
  E (pair.second);
  E (pairs[0].first);
  E (pairs[0].second);
  E (pairs[1].first);
  E (pairs[2].second);
  E (inner.kind);
  E (inner.owner);
  E (hidden);
  E (either);
  E (string.heap.data);
  E (matrix[0][0]);
  E (matrix[0][1]);
  E (matrix[0][2]);
  E (matrix[1][0]);
  E (matrix[1][2]);
  E (colour);
  E (real);
  E (wide);
  E (embedded.next);
  E (embedded.value);
  E (embedded.children[0]);
  E (embedded.children[3]);
  E (atomic);
  E (raw[0]);
  E (raw[8]);
  E (raw[15]);
  E (nest.level[0].deep[0].first);
  E (nest.level[0].deep[1].second);
  E (nest.level[1].deep[0].second);
  E (nest.level[1].deep[1].first);
  E (last);
#undef E
  const size_t size = sizeof (struct everything);
  fact_size ("struct everything", size);
  fact_field ("struct everything", size, 1, NULL); /* padding */
  fact_field ("struct everything", size, offsetof (struct everything, next) + 4, "next+4");
  fact_field ("struct everything", size, offsetof (struct everything, inner) + 4, NULL);
  /* In a union the pointer is what the collector has found, unless none begins there. */
  fact_field ("struct everything", size, offsetof (struct everything, bytes) + 8, "bytes[8]");
  fact_field ("struct everything", size, offsetof (struct everything, string),
              "string.heap.length");
  fact_field ("struct everything", size, offsetof (struct everything, string) + 16,
              "string.text[16]");
  const size_t bits = offsetof (struct everything, colour) - 4;
  fact_field ("struct everything", size, bits, "bit_a");
  fact_field ("struct everything", size, bits + 1, "bit_b");
  fact_field ("struct everything", size, bits + 3, "bit_c");
  fact_field ("struct everything", size, offsetof (struct everything, atomic) + 8, "mask");
  fact_field ("struct everything", size, size, NULL);
}

static void
object_facts (void)
{
  const size_t node = sizeof (struct node);
  /* Names as people write them. */
  fact_field ("node_t", node, 0, "next");
  fact_field ("const struct node", node, 0, "next");
  fact_field ("  struct   node  ", node, 0, "next");
  fact_field ("struct node const", node, 0, "next");
  fact_field ("volatile node_t", node, 40, "children[3]");
  fact_size ("node_t", node);
  fact_size ("pair_t", sizeof (pair_t));
  fact_size ("union either", sizeof (union either));
  fact_size ("enum colour", sizeof (enum colour));
  fact_size ("unsigned long", sizeof (long));
  fact_size ("long unsigned int", sizeof (long));
  fact_size ("unsigned", sizeof (int));
  fact_size ("unsigned char", 1);
  fact_size ("struct node *", sizeof (void *));
  fact_size ("struct node[10]", 10 * node);
  fact_size ("struct node [2][0x3]", 6 * node);
  fact_size ("struct node *[5]", 5 * sizeof (void *));
  fact_size ("struct nowhere", 0);
  fact_size ("everything", 0); /* C: not without "struct" */
  /* Arrays of it. */
  fact_field ("struct node", 10 * node, 7 * node, "[7].next");
  fact_field ("struct node", 10 * node, 7 * node + 24, "[7].children[1]");
  fact_field ("struct node[10]", 10 * node, 3 * node, "[3].next");
  fact_field ("struct node[2][5]", 10 * node, 7 * node + 16, "[1][2].children[0]");
  fact_field ("struct node[5]", 10 * node, 7 * node, "[1][2].next");
  fact_field ("struct node *", 80, 24, "[3]");
  fact_field ("struct node *", 8, 0, "");
  fact_field ("struct node *[10]", 80, 16, "[2]");
  fact_field ("struct node **", 16, 8, "[1]");
  fact_field ("void (*) (int)", 8, 0, "");
  fact_field ("long", 8, 0, "");
  fact_field ("long", 800, 792, "[99]");
  fact_field ("union either", 8, 0, "node");
  fact_field ("pair_t", 64, 40, "[2].second");
  fact_field ("struct packed", 11, 1, "next");
  fact_field ("struct packed", 22, 12, "[1].next");
  /* Sizes that are no multiple: the first is there, what follows is unknown. */
  fact_field ("pair_t", 24, 8, "second");
  fact_field ("pair_t", 24, 16, NULL);
  /* The library has a smaller one of this name: either might be meant. */
  fact_field ("struct node", node + 8, 0, NULL);
  fact_field ("struct node", node - 8, 0, NULL);
  fact_field ("struct nowhere", 16, 8, NULL);
  /* Arrays at the end that go on. */
  fact_field ("struct flexible", 48, 0, "n");
  fact_field ("struct flexible", 48, 8, "items[0]");
  fact_field ("struct flexible", 48, 40, "items[4]");
  fact_field ("struct flexible", 8, 0, "n");
  fact_field ("struct old_flexible", 16, 8, "items[0]");
  fact_field ("struct old_flexible", 16 + 5 * 8, 32, "items[3]");
  fact_field ("struct old_flexible", 48, 40, "items[4]");
  /* Declared here, defined elsewhere. */
  fact_field ("struct opaque", opaque_size (), opaque_size () - 8, "secret");
  fact_size ("struct opaque", opaque_size ());
  struct only_here
  {
    struct node *a, *b;
  } local = { 0 };
  fact_field ("struct only_here", sizeof local, offsetof (struct only_here, b), "b");
}

/* The other file has an "ambiguous" of the same size and a "by_size" of another. */
struct ambiguous
{
  struct node *wrong, *right;
};
struct by_size
{
  struct node *large, *larger, *largest;
};

static void
name_facts (void)
{
  struct ambiguous ambiguous = { 0 };
  struct by_size by_size = { 0 };
  fact_field ("struct ambiguous", sizeof ambiguous, 0, NULL);
  fact_field ("struct ambiguous", sizeof ambiguous, 8, "right");
  fact_field ("struct by_size", sizeof by_size, 16, "largest");
}

/* Variables. */

struct node *global_node;
static long static_counters[16];
const int constant_number = 42;

static void
data_facts (void)
{
  static struct node *in_function;
  fact_data (&global_node, "global_node", 0);
  fact_data (&static_counters[3], "static_counters", 24);
  fact_data (&constant_number, "constant_number", 0);
  in_function = global_node;
  fact_data (&stdout, "stdout", 0);
  __asm__ volatile("" : : "r"(in_function) : "memory");
}

/* Size expressions. */

struct list
{
  struct node *head;
  pair_t pairs[4];
  struct list *next;
  struct opaque *hidden;
  struct
  {
    union either *inside;
  };
  node_t **table;
  int (*grid)[4];
};

NOINLINE static struct list *
expression_facts (struct list *list, int n, node_t *nodes, char *text)
{
  struct node *p = MAKE ("struct node", sizeof *p);
  global_node = p;
  p = MAKE ("struct node", sizeof (*p));
  p->next = MAKE ("struct node", sizeof *p->next);
  p->next = MAKE ("struct node", sizeof (*p->next));
  p->next = MAKE ("struct node", sizeof (*p->next->next));
  list->head = MAKE ("struct node", n * sizeof *list->head);
  list->head = MAKE ("struct node", sizeof (*list->head) * n);
  list->head = MAKE ("struct node", sizeof *list->head * n + 1);
  list->head = MAKE ("struct node", (n + 1) * sizeof p[0]);
  list->head = MAKE ("struct node", (size_t)n * sizeof (struct node));
  list->head = MAKE ("struct node", (size_t)(sizeof *p));
  list->head = MAKE ("struct node", (sizeof (struct node)));
  list->head = MAKE ("struct node", sizeof (struct node) + n);
  nodes = MAKE ("node_t", sizeof *nodes);
  nodes = MAKE ("node_t", sizeof (node_t));
  list->table = MAKE ("node_t *", n * sizeof *list->table);
  list->table[0] = MAKE ("node_t", sizeof **list->table);
  list->table[0] = MAKE ("node_t", sizeof *list->table[0]);
  list->table[0] = MAKE ("node_t", sizeof (**list->table));
  list->next = MAKE ("struct list", sizeof (struct list));
  list->next = MAKE ("struct list", sizeof *list->next->next);
  list->next = MAKE ("struct list", sizeof (*list).next[0]);
  list->inside = MAKE ("union either", sizeof *list->inside);
  list->grid = MAKE ("int[4]", sizeof *list->grid);
  text = MAKE ("char", sizeof *text * n);
  text = MAKE ("char", sizeof (char) * (n + 1));
  void *any = MAKE ("pair_t", sizeof list->pairs[0]);
  any = MAKE ("pair_t[4]", sizeof list->pairs);
  any = MAKE ("pair_t", sizeof (list->pairs[n / 2]));
  any = MAKE ("struct list *", sizeof list);
  any = MAKE ("struct node *", sizeof (struct node *));
  any = MAKE ("struct node", sizeof *(struct node *)any);
  any = MAKE ("long", sizeof static_counters[0]);
  any = MAKE ("long[16]", sizeof static_counters);
  any = MAKE ("struct node", sizeof *global_node);
  any = MAKE ("struct node", sizeof *&*p);
  /* A header and what follows it. */
  any = MAKE ("struct list", sizeof *list + n * sizeof (struct node));
  any = MAKE ("struct list", n * sizeof *p + sizeof *list);
  any = MAKE ("struct list", sizeof *list + 16);
  /* Nothing certain. */
  any = MAKE (NULL, n);
  any = MAKE (NULL, 100);
  any = MAKE (NULL, sizeof *p + sizeof *list);
  any = MAKE (NULL, n > 1 ? sizeof *p : sizeof *list);
  any = MAKE (NULL, sizeof static_counters / sizeof static_counters[0]);
  any = MAKE (NULL, sizeof *p * sizeof *list);
  any = MAKE (NULL, (unsigned)atoi ("16") + 1);
  any = MAKE (NULL, sizeof *text << 4);
  __asm__ volatile("" : : "r"(any), "r"(text), "r"(nodes) : "memory");
  return list;
}

static struct list *shadowed;

/* One name, several variables: the line decides. */
NOINLINE static void
shadow_facts (int n)
{
  for (int i = 0; i < n; i++)
    {
      struct node *it = MAKE ("struct node", sizeof *it);
      fact_data (it, NULL, 0);
      free (it);
    }
  for (int i = 0; i < n; i++)
    {
      pair_t *it = MAKE ("pair_t", sizeof *it);
      fact_data (it, NULL, 0);
      {
        struct list *shadowed_too = MAKE ("struct list", sizeof *shadowed_too);
        pair_t *shadowed = MAKE ("pair_t", sizeof *shadowed);
        fact_data (shadowed_too, NULL, 0);
        fact_data (shadowed, NULL, 0);
        free (shadowed_too);
        free (shadowed);
      }
      free (it);
    }
  shadowed = MAKE ("struct list", sizeof *shadowed);
}

/* Everything here is inlined: there is only an abstract instance. */
INLINE struct node *
inlined_maker (int n)
{
  struct node *made = MAKE ("struct node", n * sizeof *made);
  return made;
}

static int
print_load (struct dl_phdr_info *info, size_t size, void *data)
{
  char path[4096];
  (void)size, (void)data;
  const ssize_t n = readlink ("/proc/self/exe", path, sizeof path - 1);
  path[n > 0 ? n : 0] = '\0';
  const char *name = info->dlpi_name[0] != '\0' ? info->dlpi_name : path;
  if (name[0] == '/')
    printf ("module\t%s\t%#jx\n", name, (uintmax_t)info->dlpi_addr);
  return 0;
}

int
main (void)
{
  struct list list = { 0 };
  char text[1] = "";
  dl_iterate_phdr (print_load, NULL);
  plain_function ();
  outer (1);
  caller_of_twice ();
#ifndef __clang__
  holder_of_nested (1);
#endif
  everything_facts ();
  object_facts ();
  name_facts ();
  data_facts ();
  expression_facts (&list, 3, NULL, text);
  shadow_facts (1);
  free (inlined_maker (2));
  other_facts ();
  library_facts ();
  return 0;
}
