/* source.c -- <gcglass/malloc.h>: every redirected function leaves the right file, line, function,
 * type and size in a snapshot, and behaves as the C library's.
 *
 * Compiled with -include gcglass/malloc.h and the folder of first headers, so before any header of
 * the system, and linked with libgcglass-malloc.  The snapshot is looked into by address.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "snapshot/snapshot.h"
#include "tests/agent/tap.h"

#ifndef malloc
#error "the macros are gone"
#endif

struct node
{
  struct node *next;
  char name[24];
};

/* What stands in a frame of its own, which is gone afterwards. */
#define APART __attribute__ ((noinline, noclone))

/* A block that was made: where, and what it is to be. */
struct made
{
  const void *block;
  const char *what, *type, *expression;
  size_t bytes;
  unsigned line;
};
static struct made made[64];
static unsigned n_made;

static void
note (const void *block, const char *what, const char *type, const char *expression, size_t bytes,
      unsigned line)
{
  made[n_made++] = (struct made){ block, what, type, expression, bytes, line };
}

/* CALL is one of the functions: its result is a block of BYTES.  TYPE "": only EXPRESSION is known.
 */
#define MADE(what, call, type, expression, bytes)                                                  \
  note (call, what, type, expression, bytes, __LINE__)

/* So that nothing is known of it when this is compiled. */
static size_t volatile three = 3;

static int
print_to (char **to, const char *format, ...)
{
  va_list arguments;
  int n;
  va_start (arguments, format);
  n = vasprintf (to, format, arguments), note (*to, "vasprintf", "char[]", "to", 7, __LINE__);
  va_end (arguments);
  return n;
}

static void APART
make_blocks (void)
{
  struct node *node;
  size_t n = three, room = 0;
  void *aligned = NULL;
  char *text;
  int *numbers;

  MADE ("malloc", malloc (sizeof (struct node)), "struct node", "sizeof (struct node)", 32);
  MADE ("malloc of a star", node = malloc (sizeof *node), "", "sizeof *node", 32);
  MADE ("malloc of bytes", malloc (n + 4), "", "n + 4", 7);
  MADE ("malloc of nothing", malloc (0), "", "0", 0);
  MADE ("malloc of a large one", malloc (3000000), "", "3000000", 3000000);
  MADE ("calloc", calloc (n, sizeof (int)), "int[]", "n * sizeof (int)", 12);
  MADE ("calloc of a sum", calloc (n + 1, sizeof *node), "", "(n + 1) * sizeof *node", 128);
  MADE ("calloc one", calloc (1, sizeof (struct node)), "struct node", "sizeof (struct node)", 32);
  MADE ("calloc reversed", calloc (sizeof (short), n), "short[]", "sizeof (short) * n", 6);
  numbers = malloc (n * sizeof *numbers);
  MADE ("realloc", realloc (numbers, 1000 * sizeof (int)), "int[]", "1000 * sizeof (int)", 4000);
  MADE ("realloc of nothing yet", realloc (NULL, 5), "", "5", 5);
  text = malloc (100);
  MADE ("realloc where it is", realloc (text, 101), "", "101", 101);
  MADE ("reallocarray", reallocarray (NULL, n, sizeof (long)), "long[]", "n * sizeof (long)", 24);
  MADE ("aligned_alloc", aligned_alloc (256, 512), "", "512", 512);
  MADE ("memalign", memalign (64, sizeof (struct node)), "struct node", "sizeof (struct node)", 32);
  MADE ("memalign of pages", memalign (16384, 100), "", "100", 100);
  MADE ("posix_memalign", (posix_memalign (&aligned, 128, 10 * n), aligned), "", "10 * n", 30);
  MADE ("valloc", valloc (200), "", "200", 200);
  MADE ("pvalloc", pvalloc (200), "", "200", 4096);
  MADE ("strdup", strdup ("four"), "char[]", "\"four\"", 5);
  MADE ("strndup", strndup ("four", 2), "char[]", "\"four\"", 3);
  MADE ("strdup in strdup", strdup (strdup ("twice")), "char[]", "strdup (\"twice\")", 6);
  MADE ("wcsdup", wcsdup (L"wide"), "wchar_t[]", "L\"wide\"", 20);
  MADE ("asprintf", (asprintf (&text, "%d+%d", 12, 34) == 5 ? text : NULL), "char[]", "&text", 6);
  print_to (&text, "%s", "vprint");
  MADE ("realpath", realpath ("/usr/..", NULL), "char[]", "\"/usr/..\"", 2);
  MADE ("canonicalize_file_name", canonicalize_file_name ("/"), "char[]", "\"/\"", 2);
  MADE ("getcwd", getcwd (NULL, 4096), "char[]", "4096", 4096);

  FILE *file = tmpfile ();
  fputs ("a line\nanother;more", file);
  rewind (file);
  text = NULL;
  getline (&text, &room, file), note (text, "getline", "char[]", "&text", room, __LINE__);
  text = NULL;
  room = 0;
  getdelim (&text, &room, ';', file), note (text, "getdelim", "char[]", "&text", room, __LINE__);
  fclose (file);
}

static struct gcg__snapshot *
save_and_open (void)
{
  struct gcg__snapshot *snapshot = NULL;
  struct gcg_error error;
  char path[64];
  snprintf (path, sizeof path, "/tmp/gcglass-source.%d.gcsnap", (int)getpid ());
  if (gcg_save (path, &error) != GCG_OK || gcg__snapshot_open (path, &snapshot, &error) != GCG_OK)
    printf ("# %s\n", error.text);
  unlink (path);
  return snapshot;
}

/* Is what SNAPSHOT says of MADE right? */
static bool
is_right (const struct gcg__snapshot *snapshot, const struct made *block)
{
  struct gcg__object object;
  uint64_t offset;
  uint32_t id;

  if (!gcg__snapshot_find (snapshot, (uintptr_t)block->block, &id, &offset))
    return false;
  gcg__snapshot_object (snapshot, id, &object);
  const struct gcg__site *site = &snapshot->sites[object.site];
  bool right = strstr (gcg__text (snapshot, site->file), "source.c") && site->line == block->line
               && site->kind == GCG__SITE_MACRO
               && strcmp (gcg__text (snapshot, site->type), block->type) == 0
               && strcmp (gcg__text (snapshot, site->expression), block->expression) == 0
               && object.requested_bytes - offset == block->bytes;
  if (!right)
    printf (
        "# %s:%u (%s), type \"%s\", size \"%s\", %llu bytes; wanted line %u, \"%s\", \"%s\", %zu\n",
        gcg__text (snapshot, site->file), site->line, gcg__text (snapshot, site->function),
        gcg__text (snapshot, site->type), gcg__text (snapshot, site->expression),
        (unsigned long long)(object.requested_bytes - offset), block->line, block->type,
        block->expression, block->bytes);
  return right;
}

/* How many callers are known of the block made for WHAT. */
static unsigned
frames_of (const struct gcg__snapshot *snapshot, const char *what)
{
  struct gcg__object object;
  uint64_t offset;
  uint32_t id;

  for (unsigned i = 0; i < n_made; i++)
    if (strcmp (made[i].what, what) == 0
        && gcg__snapshot_find (snapshot, (uintptr_t)made[i].block, &id, &offset))
      {
        gcg__snapshot_object (snapshot, id, &object);
        return snapshot->sites[object.site].n_frames;
      }
  return UINT32_MAX;
}

static void APART
test_places (void)
{
  struct gcg__snapshot *snapshot;

  make_blocks ();
  snapshot = save_and_open ();
  for (unsigned i = 0; i < n_made && snapshot; i++)
    tap_ok (is_right (snapshot, &made[i]), "%s", made[i].what);
  tap_ok (snapshot && frames_of (snapshot, "malloc of bytes") >= 2,
          "what says nothing of a type has its callers");
  tap_ok (snapshot && frames_of (snapshot, "malloc of a star") == 0,
          "what says something does not need them");
  gcg__snapshot_close (snapshot);
}

/* The site of BLOCK's line, 0 when its place is a call stack. */
static unsigned
line_of (const struct gcg__snapshot *snapshot, const void *block, uint64_t *bytes)
{
  struct gcg__object object;
  uint64_t offset;
  uint32_t id;

  *bytes = UINT64_MAX;
  if (!gcg__snapshot_find (snapshot, (uintptr_t)block, &id, &offset))
    return UINT32_MAX;
  gcg__snapshot_object (snapshot, id, &object);
  *bytes = object.requested_bytes;
  return snapshot->sites[object.site].kind == GCG__SITE_MACRO ? snapshot->sites[object.site].line
                                                              : 0;
}

static char pool[1000];
static size_t taken;

static void *
take (size_t n)
{
  taken += n;
  return pool;
}

static void *
give_nothing (const char *text)
{
  (void)text;
  return NULL;
}

/* Members and pointers that have the names of the functions, and the functions' addresses. */
struct memory
{
  void *(*malloc) (size_t n);
  void *(*realloc) (void *old, size_t n);
  void *(*strdup) (const char *text);
  void (*free) (void *block);
};

static void APART
test_names (void)
{
  struct memory memory = { malloc, realloc, give_nothing, free }, *at = &memory;
  void *(*volatile by_address) (size_t) = malloc;
  void (*volatile release) (void *) = free;
  char *(*volatile copy) (const char *) = strdup;
  void *blocks[6], *freed = malloc (10);
  uint64_t bytes[6];
  unsigned lines[6], line = __LINE__ + 1;
  blocks[0] = at->malloc (71);
  blocks[1] = memory.realloc (blocks[0], 72000);
  blocks[2] = by_address (73);
  blocks[3] = (malloc)(74);
  blocks[4] = copy ("by address");
  memory.malloc = take;
  tap_ok (at->malloc (75) == pool && taken == 75, "a member called malloc is called");
  tap_ok (at->strdup ("x") == NULL, "a member called strdup is called");
  blocks[5] = by_address (76);
  at->free (freed);
  release (blocks[4]);

  struct gcg__snapshot *snapshot = save_and_open ();
  for (int i = 0; i < 6 && snapshot; i++)
    lines[i] = line_of (snapshot, blocks[i], &bytes[i]);
  tap_ok (snapshot && lines[1] == line + 1 && bytes[1] == 72000,
          "a member that is realloc gives the line of its call");
  tap_ok (snapshot && lines[2] == 0 && bytes[2] == 73 && lines[3] == 0 && bytes[3] == 74,
          "malloc by its address, and in parentheses, gives the call stack");
  tap_ok (snapshot && lines[5] == 0 && bytes[5] == 76,
          "a place that a member did not take is not another's");
  tap_ok (by_address == malloc && release == free, "the functions' addresses are what they are");
  gcg__snapshot_close (snapshot);
  for (int i = 1; i < 6; i++)
    if (i != 4)
      free (blocks[i]);
}

/* What fails, fails as it does without us. */
static void APART
test_failure (void)
{
  size_t volatile huge = SIZE_MAX / 2 + 2;
  void *kept = malloc (3), *unset = kept;
  void *volatile block; /* else a compiler may take it that there is a block, and leave it out */
  int status;

  errno = 0;
  block = malloc (huge);
  tap_ok (!block && errno == ENOMEM, "malloc of too much: ENOMEM");
  errno = 0;
  block = calloc (huge, 16);
  tap_ok (!block && errno == ENOMEM, "calloc of too much: ENOMEM");
  errno = 0;
  tap_ok (!realloc (kept, huge) && errno == ENOMEM, "realloc of too much: ENOMEM");
  errno = 0;
  tap_ok (!reallocarray (kept, huge, 4) && errno == ENOMEM, "reallocarray of too much: ENOMEM");
  errno = 0;
  status = posix_memalign (&unset, 24, 10);
  tap_ok (status == EINVAL && errno == 0 && unset == kept, "posix_memalign, odd alignment: EINVAL");
  errno = 0;
  status = posix_memalign (&unset, 32, huge);
  tap_ok (status == ENOMEM && errno == ENOMEM && unset == kept,
          "posix_memalign of too much: ENOMEM");
  errno = 0;
  tap_ok (!realpath ("/does not exist/x", NULL) && errno == ENOENT, "realpath of nothing: ENOENT");
  errno = 0;
  tap_ok (!getcwd (NULL, 1) && errno == ERANGE, "getcwd with no room: ERANGE");
  errno = 0;
  tap_ok (getline (NULL, NULL, stdin) == -1 && errno == EINVAL, "getline into nothing: EINVAL");
  errno = 7;
  free (strdup ("x"));
  free (kept);
  tap_ok (errno == 7, "success leaves errno alone");
}

/* Frames of the call stack of a block that is made by malloc's address, three calls deep. */
static unsigned APART
stack_depth (void)
{
  void *(*volatile by_address) (size_t) = malloc;
  void *block = by_address (123);
  struct gcg__snapshot *snapshot = save_and_open ();
  struct gcg__object object;
  uint64_t offset;
  uint32_t id;
  unsigned n = 0;

  if (snapshot && gcg__snapshot_find (snapshot, (uintptr_t)block, &id, &offset))
    {
      gcg__snapshot_object (snapshot, id, &object);
      n = snapshot->sites[object.site].n_frames;
    }
  gcg__snapshot_close (snapshot);
  free (block);
  return n;
}

/* The pages of this program, from within. */
static void APART
test_server (void)
{
  struct gcg_options options
      = { .size = sizeof options, .port = -1, .quiet = 1, .every = -1, .stack_depth = 2 };
  struct gcg_server *server = NULL;
  struct gcg_error error = { .text = "" };
  unsigned before = stack_depth ();
  enum gcg_status status = gcg_start_in_background (&options, &server, &error);

  tap_ok (status == GCG_OK && strncmp (gcg_url (server), "http://", 7) == 0,
          "a server is started from within: %s", status == GCG_OK ? "it has a URL" : error.text);
  tap_ok (before > 2 && stack_depth () == 2, "and says how deep call stacks are to be");
  gcg_stop (server);
}

/* --- What is leaked. */

static size_t
leaks (size_t *bytes)
{
  size_t objects = SIZE_MAX;
  struct gcg_error error;
  if (gcg_check_leaks (&objects, bytes, &error) != GCG_OK)
    printf ("# %s\n", error.text);
  return objects;
}

/* Drops a ring of N nodes, in a frame of its own that is overwritten afterwards. */
static void APART
drop_ring (unsigned n, bool ignored)
{
  struct node *first = malloc (sizeof (struct node)), *last = first;
  for (unsigned i = 1; i < n; i++)
    last = last->next = malloc (sizeof (struct node));
  last->next = first;
  if (ignored && gcg_ignore (last->name + 3, NULL) != GCG_OK)
    printf ("# not ignored\n");
}

static void APART
wipe (void)
{
  char bytes[8192];
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* Leaked blocks whose addresses are kept where nothing is scanned. */
static volatile uintptr_t hidden[4];

static void APART
hide (int i, size_t n)
{
  hidden[i] = ~(uintptr_t)malloc (n);
}

static void APART
free_hidden (int i)
{
  free ((void *)~hidden[i]);
}

static enum gcg_status APART
ignore_hidden (int i)
{
  return gcg_ignore ((void *)~hidden[i], NULL);
}

static void APART
resize_hidden (int i, size_t n)
{
  hidden[i] = ~(uintptr_t)realloc ((void *)~hidden[i], n);
}

/* Before main, and before the constructors of whatever is initialised later. */
static enum gcg_status early_status = GCG_INVALID;
static void __attribute__ ((constructor)) early (void)
{
  gcg_disable ();
  gcg_enable ();
  early_status
      = gcg_ignore (NULL, NULL) == GCG_NOT_FOUND ? gcg_check_leaks (NULL, NULL, NULL) : GCG_INVALID;
}

static void *
count_in_thread (void *objects)
{
  *(size_t *)objects = leaks (NULL);
  return NULL;
}

static void APART
test_callers (void)
{
  size_t here = leaks (NULL), there = SIZE_MAX;
  pthread_t thread;

  tap_ok (early_status == GCG_OK, "the calls may be made in a constructor");
  pthread_create (&thread, NULL, count_in_thread, &there);
  pthread_join (thread, NULL);
  tap_ok (here == there, "another thread counts the same");
}

static void APART
test_count (void)
{
  size_t bytes, before_bytes, before = leaks (&before_bytes);

  drop_ring (5, false);
  wipe ();
  tap_ok (leaks (&bytes) == before + 5 && bytes == before_bytes + 5 * sizeof (struct node),
          "gcg_check_leaks counts a ring that was dropped");
  hide (0, 1337);
  wipe ();
  tap_ok (leaks (&bytes) == before + 6 && bytes == before_bytes + 5 * sizeof (struct node) + 1337,
          "and one block more");
  free_hidden (0);
  wipe ();
  tap_ok (leaks (NULL) == before + 5 && gcg_check_leaks (NULL, NULL, NULL) == GCG_OK,
          "and not when it has been freed");
}

static void APART
test_ignore (void)
{
  size_t before = leaks (NULL);
  struct gcg_error error = { .status = GCG_OK };
  void *block = malloc (50);

  drop_ring (4, true);
  wipe ();
  tap_ok (leaks (NULL) == before, "what an ignored block leads to is no leak");
  hide (1, 60);
  ignore_hidden (1);
  wipe ();
  tap_ok (leaks (NULL) == before, "an ignored block is no leak");
  resize_hidden (1, 6000);
  wipe ();
  tap_ok (leaks (NULL) == before, "nor when it has been resized");
  /* Freed, and allocated again at the same line: most likely in the same place. */
  for (int i = 0; i < 3; i++)
    {
      hide (2, 70);
      if (i < 2)
        {
          ignore_hidden (2);
          free_hidden (2);
        }
    }
  wipe ();
  tap_ok (leaks (NULL) == before + 1, "that a block was ignored goes when it is freed");
  free (block);
  tap_ok (gcg_ignore (block, &error) == GCG_NOT_FOUND && error.status == GCG_NOT_FOUND,
          "a freed block cannot be ignored: %s", error.text);
  tap_ok (gcg_ignore (NULL, NULL) == GCG_NOT_FOUND && gcg_ignore (&before, NULL) == GCG_NOT_FOUND,
          "nor can what is no block");
}

static void *
drop_in_thread (void *unused)
{
  (void)unused;
  drop_ring (3, false);
  wipe ();
  return NULL;
}

static void APART
test_disable (void)
{
  size_t before = leaks (NULL);
  pthread_t thread;

  gcg_enable (); /* nothing to enable */
  gcg_disable ();
  drop_ring (2, false);
  gcg_disable ();
  drop_ring (2, false);
  gcg_enable ();
  drop_ring (2, false);
  hide (3, 10);
  free (malloc (10));
  wipe ();
  tap_ok (leaks (NULL) == before,
          "what is allocated between gcg_disable and gcg_enable is no leak");
  pthread_create (&thread, NULL, drop_in_thread, NULL);
  pthread_join (thread, NULL);
  tap_ok (leaks (NULL) == before + 3, "what another thread allocates meanwhile is");
  gcg_enable ();
  drop_ring (7, false);
  wipe ();
  tap_ok (leaks (NULL) == before + 10, "what is allocated afterwards is");
}

/* A forked child has the same leaks, and a count of its own. */
static void APART
test_fork (void)
{
  size_t before = leaks (NULL);
  int status = -1;
  pid_t child = fork ();

  if (child == 0)
    {
      bool same = leaks (NULL) == before;
      drop_ring (6, false);
      wipe ();
      _exit (same && leaks (NULL) == before + 6 ? 0 : 1);
    }
  tap_ok (waitpid (child, &status, 0) == child && status == 0, "a child counts its own");
  tap_ok (leaks (NULL) == before, "and they are not the parent's");
}

int
main (void)
{
  test_places ();
  test_names ();
  test_failure ();
  test_server ();
  test_callers ();
  test_count ();
  test_ignore ();
  test_disable ();
  test_fork ();
  return tap_done ();
}
