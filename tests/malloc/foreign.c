/* foreign.c -- a program whose blocks go between several allocators; foreign.test runs it.
 *
 *   deepbind PLUGIN   blocks go to and fro between it and a plugin with bindings of its own
 *   handle            the same with the functions of the C library that dlsym finds
 *   load PLUGIN       loads and unloads a plugin, begins and ends threads
 *   texts             frees what functions of the C library hand out
 *   lose              1,840 bytes in 22 blocks: seven rings of three, and one block
 *   jemalloc          uses what jemalloc has beside malloc; loses 77 bytes
 *   invalid WHAT      frees or enlarges what is no block
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>
#include <unistd.h>

#define NOINLINE __attribute__ ((noinline))
#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0 /* of another C library */
#endif

static void
check (bool good, const char *what)
{
  if (!good)
    printf ("wrong: %s\n", what);
}

/* A function of MODULE, or of any. */
#define FIND(module, name) ((__typeof__ (&name))dlsym (module, #name))

static int
exchange (void *module)
{
  __typeof__ (&malloc) theirs = FIND (module, malloc);
  __typeof__ (&free) let_go = FIND (module, free);
  __typeof__ (&realloc) enlarge = FIND (module, realloc);
  __typeof__ (&malloc_usable_size) size = FIND (module, malloc_usable_size);
  __typeof__ (&sbrk) move = FIND (module, sbrk);
  char *block = sbrk (4096);

  check (move (0) == block + 4096, "the break, as they have it");
  check (move (4096) == block + 4096 && sbrk (0) == block + 8192, "the break, as we have it");
  for (size_t bytes = 1; bytes < 3000000; bytes = 3 * bytes + 1)
    {
      free (theirs (bytes));
      let_go (malloc (bytes));
      let_go (strdup ("text"));
      block = realloc (memset (theirs (bytes), 7, bytes), 2 * bytes);
      check (block[bytes - 1] == 7 && size (block) >= 2 * bytes, "enlarged by us");
      block = enlarge (block, 3 * bytes);
      check (block[bytes - 1] == 7 && malloc_usable_size (block) >= 3 * bytes, "enlarged by them");
      free (block);
    }
  puts ("exchanged");
  return 0;
}

static NOINLINE int
deepbind (const char *name)
{
  void *plugin = dlopen (name, RTLD_NOW | RTLD_DEEPBIND);
  char *(*make) (size_t) = (char *(*)(size_t))dlsym (plugin, "plugin_make");
  void (*take) (char *) = (void (*) (char *))dlsym (plugin, "plugin_take");
  void (*lose) (void) = (void (*) (void))dlsym (plugin, "plugin_lose");
  char *block = make (20);

  puts (block);
  free (block);
  take (strdup ("mine"));
  take (malloc (100000));
  take (realloc (make (10), 5000));
  free (make (1000000));
  lose ();
  dlclose (plugin);
  return 0;
}

static void *
run (void *argument)
{
  return realloc (argument, 100);
}

static int
load (const char *name)
{
  for (int i = 0; i < 20; i++)
    {
      pthread_t thread;
      void *plugin = dlopen (name, RTLD_NOW), *block;
      check (pthread_create (&thread, NULL, run, malloc (10)) == 0
                 && pthread_join (thread, &block) == 0,
             "thread");
      free (block);
      dlclose (plugin);
      check (dlopen ("./nowhere.so", RTLD_NOW) == NULL && dlerror (), "dlerror");
    }
  puts ("loaded");
  return 0;
}

static int
texts (void)
{
  char *a = strdup ("hello"), *b = NULL, *line = NULL, *folder, *path;
  size_t room = 0;

  check (asprintf (&b, "%s world", a) == 11, "asprintf");
  puts (b);
  free (a);
  free (b);
  a = strndup ("hello", 2);
  free (a);
  path = realpath ("/", NULL);
  puts (path);
  free (path);
  folder = getcwd (NULL, 0);
  free (folder);
  check (getline (&line, &room, stdin) > 0, "getline");
  free (line);
  line = calloc (3, 5);
  check (line[0] == 0 && line[14] == 0, "calloc");
  line = realloc (line, 10000);
  free (line);
  check (posix_memalign ((void **)&line, 256, 10) == 0 && (uintptr_t)line % 256 == 0, "aligned");
  free (line);
  return 0;
}

struct item
{
  struct item *next;
  long more[4];
};

static NOINLINE struct item *
item_new (void)
{
  return malloc (sizeof (struct item));
}

static NOINLINE int
lose (void)
{
  void *volatile block;
  for (int i = 0; i < 7; i++)
    {
      struct item *a = item_new (), *b = item_new (), *c = item_new ();
      a->next = b;
      b->next = c;
      c->next = a;
    }
  block = malloc (1000);
  block = NULL;
  (void)block;
  puts ("lost");
  return 0;
}

#define LG_ALIGN_8 8
#define ZERO       0x40

static NOINLINE int
jemalloc (void)
{
  void *(*make) (size_t, int) = (void *(*)(size_t, int))dlsym (RTLD_DEFAULT, "mallocx");
  void *(*enlarge) (void *, size_t, int)
      = (void *(*)(void *, size_t, int))dlsym (RTLD_DEFAULT, "rallocx");
  size_t (*stretch) (void *, size_t, size_t, int)
      = (size_t (*) (void *, size_t, size_t, int))dlsym (RTLD_DEFAULT, "xallocx");
  size_t (*size) (const void *, int)
      = (size_t (*) (const void *, int))dlsym (RTLD_DEFAULT, "sallocx");
  size_t (*would) (size_t, int) = (size_t (*) (size_t, int))dlsym (RTLD_DEFAULT, "nallocx");
  void (*let_go) (void *, int) = (void (*) (void *, int))dlsym (RTLD_DEFAULT, "dallocx");
  void (*let_go_sized) (void *, size_t, int)
      = (void (*) (void *, size_t, int))dlsym (RTLD_DEFAULT, "sdallocx");
  char *block = make (100, LG_ALIGN_8 | ZERO);
  void *volatile lost;

  free (make (100, 0));
  check ((uintptr_t)block % 256 == 0 && block[99] == 0, "mallocx");
  memset (block, 7, 100);
  block = enlarge (block, 1000, ZERO);
  check (block[99] == 7 && block[100] == 0 && block[999] == 0, "rallocx");
  block = enlarge (block, 5000, LG_ALIGN_8 | ZERO);
  check ((uintptr_t)block % 256 == 0 && block[99] == 7 && block[4999] == 0, "rallocx, aligned");
  check (size (block, 0) >= 5000 && would (5000, 0) >= 5000 && stretch (block, 5000, 0, 0) >= 5000,
         "sizes");
  block = realloc (block, 20000);
  check (block[99] == 7 && malloc_usable_size (block) >= 20000, "realloc");
  let_go (block, 0);
  let_go (strdup ("text"), 0);
  let_go_sized (malloc (33), 33, 0);
  block = enlarge (malloc (10), 70, 0);
  free (block);
  lost = make (77, 0);
  lost = NULL;
  (void)lost;
  puts ("jemalloc");
  return 0;
}

static int
invalid (const char *what)
{
  static char no_block[4096];
  char *block = malloc (64);

  puts ("invalid");
  fflush (stdout);
  if (strcmp (what, "static") == 0)
    free (no_block + 64);
  else if (strcmp (what, "inside") == 0)
    free (block + 16);
  else if (strcmp (what, "twice") == 0)
    {
      free (block);
      free (block);
    }
  else
    block = realloc (no_block + 64, 100);
  free (block);
  return 0;
}

int
main (int argc, char **argv)
{
  const char *how = argc > 1 ? argv[1] : "";

  if (strcmp (how, "deepbind") == 0)
    return deepbind (argv[2]);
  if (strcmp (how, "load") == 0)
    return load (argv[2]);
  if (strcmp (how, "handle") == 0)
    return exchange (dlopen ("libc.so.6", RTLD_NOW | RTLD_NOLOAD));
  if (strcmp (how, "texts") == 0)
    return texts ();
  if (strcmp (how, "lose") == 0)
    return lose ();
  if (strcmp (how, "jemalloc") == 0)
    return jemalloc ();
  if (strcmp (how, "invalid") == 0)
    return invalid (argv[2]);
  return 2;
}
