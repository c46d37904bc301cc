/* cases.c -- programs that leak, or do not, one for each argument (cases.test says what is right).
 *
 * Structures and sizes are those that leak checkers are commonly tried with; each makes what it
 * makes in functions of its own, so that nothing is left in registers by accident.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define ALONE __attribute__ ((noinline))

static void *volatile bss_pointer;
static void *volatile data_pointer = (void *)1;
static volatile uintptr_t bss_words[1024];
static _Thread_local void *volatile thread_pointer;
static pthread_key_t keys[64];

/* A block of N bytes that nothing forgets by itself. */
static void *ALONE
make (size_t n)
{
  void *block = malloc (n);
  if (n > 0)
    memset (block, 'x', n);
  return block;
}

/* Overwrites what calls before have left on the stack below. */
static void ALONE
clear_stack (void)
{
  char bytes[16384];
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void ALONE
in_bss (void)
{
  bss_pointer = make (1337);
}

static void ALONE
in_data (void)
{
  data_pointer = make (1337);
}

static void ALONE
in_bss_words (void)
{
  for (int i = 0; i < 1024; i++)
    bss_words[i] = (uintptr_t)make (8);
}

static void ALONE
lost (void)
{
  make (1337);
}

static void ALONE
lost_many (void)
{
  for (int i = 0; i < 1000; i++)
    make (1);
}

static void ALONE
self_loop (void)
{
  void **block = make (1337);
  memset (block, 0, 1337);
  block[0] = block;
}

static void ALONE
at_odd_address (void)
{
  static volatile char bytes[64];
  void *block = make (1337);
  memcpy ((char *)bytes + 3, &block, sizeof block);
}

static void ALONE
interior (void)
{
  bss_pointer = (char *)make (1337) + 100;
}

static void ALONE
past_the_end (void)
{
  bss_pointer = (char *)make (128) + 128;
}

static void ALONE
before_the_start (void)
{
  bss_pointer = (char *)make (128) - 1;
}

static void ALONE
nothing_lost (void)
{
  void *volatile block = malloc (0);
  block = NULL;
  (void)block;
}

static void ALONE
freed_by_realloc (void)
{
  void *block = make (100);
  block = realloc (block, 0);
  (void)block;
}

static void ALONE
resized (void)
{
  char *block = make (100);
  bss_pointer = realloc (block, 5000);
}

static void ALONE
in_own_mapping (void)
{
  void **page = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[77] = make (1337);
}

static void ALONE
in_unmapped (void)
{
  void **page = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[77] = make (1337);
  munmap (page, 8192);
}

/* Four rings of three; two of them linked both ways, two one way; and a block beside each. */
struct ring
{
  struct ring *volatile next, *volatile other;
};

static struct ring *ALONE
make_ring (void)
{
  struct ring *first = calloc (1, sizeof *first), *last = first;
  for (int i = 0; i < 2; i++)
    {
      last->next = calloc (1, sizeof *last);
      last = last->next;
    }
  last->next = first;
  return first;
}

static void ALONE
rings (void)
{
  struct ring *a = make_ring (), *b = make_ring (), *c = make_ring (), *d = make_ring ();
  a->other = b; /* two that are one */
  b->other = a;
  c->other = d; /* one after the other */
}

/* A tree of which the root, a branch and two leaves below another are lost. */
struct tree
{
  struct tree *volatile left, *volatile right;
};

static void ALONE
tree (void)
{
  struct tree *volatile root = calloc (1, sizeof *root);
  root->left = calloc (1, sizeof *root);
  root->right = calloc (1, sizeof *root);
  root->left->left = calloc (1, sizeof *root);
}

static void ALONE
in_tls (void)
{
  thread_pointer = make (1337);
}

static void ALONE
in_keys (int first, int n)
{
  for (int i = 0; i < 64; i++)
    pthread_key_create (&keys[i], NULL);
  for (int i = first; i < first + n; i++)
    pthread_setspecific (keys[i], make (1337));
}

/* Threads that hold something and never end. */
static pthread_barrier_t ready;

static void
wait_for_ever (void)
{
  pthread_barrier_wait (&ready);
  for (;;)
    pause ();
}

static void *
hold_on_stack (void *unused)
{
  void *volatile block = make (1337);
  clear_stack ();
  wait_for_ever ();
  return block ? unused : NULL;
}

static void *
hold_in_tls (void *unused)
{
  in_tls ();
  clear_stack ();
  wait_for_ever ();
  return unused;
}

static void *
hold_in_key (void *unused)
{
  pthread_setspecific (keys[50], make (1337));
  clear_stack ();
  wait_for_ever ();
  return unused;
}

#if defined __x86_64__
static void *
hold_in_r15 (void *unused)
{
  void *block = make (1337);
  clear_stack ();
  pthread_barrier_wait (&ready);
  __asm__ volatile("mov %0, %%r15\n xor %0, %0\n1: jmp 1b" : : "r"(block) : "r15", "memory");
  return unused;
}

static void *
hold_in_xmm0 (void *unused)
{
  void *block = make (1337);
  clear_stack ();
  pthread_barrier_wait (&ready);
  __asm__ volatile("movq %0, %%xmm0\n xor %0, %0\n1: jmp 1b" : : "r"(block) : "xmm0", "memory");
  return unused;
}
#endif

static void *
end_with_result (void *unused)
{
  (void)unused;
  return make (1337);
}

static void
with_thread (void *(*function) (void *))
{
  pthread_t thread;
  pthread_barrier_init (&ready, NULL, 2);
  if (pthread_create (&thread, NULL, function, NULL) != 0)
    exit (9);
  pthread_barrier_wait (&ready);
  usleep (20000);
}

static void ALONE
in_loaded_tls (void)
{
  void *library = dlopen (CASE_LIBRARY, RTLD_NOW);
  void *(*hold) (void *);
  if (library == NULL)
    {
      puts (dlerror ());
      exit (9);
    }
  *(void **)&hold = dlsym (library, "hold");
  hold (make (1337));
}

static void ALONE
in_loaded_data (void)
{
  void *library = dlopen (CASE_LIBRARY, RTLD_NOW);
  void **place = library != NULL ? dlsym (library, "held") : NULL;
  if (place == NULL)
    exit (9);
  *place = make (1337);
}

static void ALONE
in_closed_library (void)
{
  void *library = dlopen (CASE_LIBRARY, RTLD_NOW);
  void **place = library != NULL ? dlsym (library, "held") : NULL;
  if (place == NULL)
    exit (9);
  *place = make (1337);
  dlclose (library);
}

static ucontext_t main_context, coroutine;

static void
in_coroutine (void)
{
  void *volatile block = make (1337);
  if (block)
    swapcontext (&coroutine, &main_context);
}

static void ALONE
suspended_coroutine (void)
{
  static char *stack;
  stack = malloc (65536);
  memset (stack, 0, 65536);
  getcontext (&coroutine);
  coroutine.uc_stack.ss_sp = stack;
  coroutine.uc_stack.ss_size = 65536;
  coroutine.uc_link = &main_context;
  makecontext (&coroutine, in_coroutine, 0);
  swapcontext (&main_context, &coroutine);
}

static const struct
{
  const char *name;
  void (*function) (void);
} cases[] = {
  { "bss", in_bss },
  { "data", in_data },
  { "bss-words", in_bss_words },
  { "lost", lost },
  { "lost-many", lost_many },
  { "self", self_loop },
  { "odd", at_odd_address },
  { "interior", interior },
  { "past", past_the_end },
  { "before", before_the_start },
  { "zero", nothing_lost },
  { "realloc-zero", freed_by_realloc },
  { "resized", resized },
  { "mapping", in_own_mapping },
  { "unmapped", in_unmapped },
  { "rings", rings },
  { "tree", tree },
  { "tls", in_tls },
  { "loaded-tls", in_loaded_tls },
  { "loaded-data", in_loaded_data },
  { "closed-library", in_closed_library },
  { "coroutine", suspended_coroutine },
};

/* Threads, which cannot be cases of one function. */
static bool
run_thread_case (const char *name)
{
  if (strcmp (name, "thread-stack") == 0)
    with_thread (hold_on_stack);
  else if (strcmp (name, "thread-tls") == 0)
    with_thread (hold_in_tls);
  else if (strcmp (name, "thread-key") == 0)
    {
      in_keys (0, 0);
      with_thread (hold_in_key);
    }
#if defined __x86_64__
  else if (strcmp (name, "thread-r15") == 0)
    with_thread (hold_in_r15);
  else if (strcmp (name, "thread-xmm0") == 0)
    with_thread (hold_in_xmm0);
#endif
  else if (strcmp (name, "thread-result") == 0)
    {
      pthread_t thread;
      void *result;
      if (pthread_create (&thread, NULL, end_with_result, NULL) != 0)
        return false;
      pthread_join (thread, &result); /* and forgets it */
      clear_stack ();
    }
  else if (strcmp (name, "low-keys") == 0)
    in_keys (0, 8);
  else if (strcmp (name, "high-keys") == 0)
    in_keys (40, 8);
  else
    return false;
  return true;
}

int
main (int argc, char **argv)
{
  void *volatile local = NULL;
  const char *name = argc > 1 ? argv[1] : "";
  if (strcmp (name, "local") == 0)
    {
      local = make (1337);
      clear_stack ();
      exit (local == NULL);
    }
  if (strcmp (name, "stale") == 0)
    {
      lost ();
      return 0; /* what lost has left on the stack keeps nothing */
    }
  if (run_thread_case (name))
    return 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (strcmp (cases[i].name, name) == 0)
      {
        cases[i].function ();
        clear_stack ();
        return 0;
      }
  fprintf (stderr, "cases: no case '%s'\n", name);
  return 9;
}
