/* holders.c -- who keeps a block: static data, stacks, registers, thread-local data, keys, what the
 * program has mapped; and who does not, although its word is still there.  holders.test says which.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <gcglass/gcglass.h>

#include "case.h"
#include "holders.h"

/* There when gcglass is preloaded. */
extern __typeof__ (gcg_add_roots) gcg_add_roots __attribute__ ((weak));
extern __typeof__ (gcg_remove_roots) gcg_remove_roots __attribute__ ((weak));

static void *volatile bss_pointer;
static void *volatile data_pointer = (void *)1;
static volatile uintptr_t bss_words[1024];
static char page_of_data[8192] __attribute__ ((aligned (4096))) = { 1 };
static _Thread_local void *volatile thread_pointer;

/* --- Static data. */

static void ALONE
in_bss (void)
{
  bss_pointer = case_block (1337);
}

static void ALONE
in_data (void)
{
  data_pointer = case_block (1337);
}

static void ALONE
in_bss_words (void)
{
  for (int i = 0; i < 1024; i++)
    bss_words[i] = (uintptr_t)case_block (8);
}

static void ALONE
in_read_only_data (void)
{
  *(void *volatile *)(void *)(page_of_data + 64) = case_block (1337);
  if (mprotect (page_of_data, 4096, PROT_READ) != 0)
    abort ();
}

static void ALONE
in_unreadable_data (void)
{
  *(void *volatile *)(void *)(page_of_data + 64) = case_block (1337);
  if (mprotect (page_of_data, 4096, PROT_NONE) != 0)
    abort ();
}

static void *
open_library (void)
{
  void *library = dlopen (CASE_LIBRARY, RTLD_NOW);
  if (library == NULL)
    {
      puts (dlerror ());
      exit (9);
    }
  return library;
}

static void ALONE
in_loaded_data (void)
{
  void *volatile *place = dlsym (open_library (), "held");
  *place = case_block (1337);
}

static void ALONE
in_closed_library (void)
{
  void *library = open_library (), *volatile *place = dlsym (library, "held");
  *place = case_block (1337);
  dlclose (library);
}

/* --- Thread-local data and keys of the first thread. */

static void ALONE
in_tls (void)
{
  thread_pointer = case_block (1337);
}

static void ALONE
in_loaded_tls (void)
{
  void *(*hold) (void *);
  *(void **)&hold = dlsym (open_library (), "hold");
  hold (case_block (1337));
}

static void ALONE
in_keys (int first, int n)
{
  pthread_key_t keys[64];
  for (int i = 0; i < 64; i++)
    if (pthread_key_create (&keys[i], NULL) != 0)
      abort ();
  for (int i = first; i < first + n; i++)
    pthread_setspecific (keys[i], case_block (1337));
}

static void ALONE
in_low_keys (void)
{
  in_keys (0, 8);
}

static void ALONE
in_high_keys (void)
{
  in_keys (40, 8);
}

/* --- What the program has got from the kernel. */

static void **ALONE
map (int flags, int fd)
{
  void *pages = mmap (NULL, 8192, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (pages == MAP_FAILED)
    abort ();
  return pages;
}

static void ALONE
in_mapping (void)
{
  map (MAP_PRIVATE | MAP_ANONYMOUS, -1)[77] = case_block (1337);
}

/* Nine blocks, on pages that children do not see, or see as zeros. */
static void ALONE
hide (void **pages, int advice)
{
  if (madvise (pages, 8192, advice) != 0)
    abort ();
  for (int i = 0; i < 9; i++)
    pages[i * 100] = case_block (48);
}

static void ALONE
in_unforked (void)
{
  hide (map (MAP_PRIVATE | MAP_ANONYMOUS, -1), MADV_DONTFORK);
}

static void ALONE
in_wiped (void)
{
  hide (map (MAP_PRIVATE | MAP_ANONYMOUS, -1), MADV_WIPEONFORK);
}

static void ALONE
in_forked_again (void)
{
  void **pages = map (MAP_PRIVATE | MAP_ANONYMOUS, -1);
  hide (pages, MADV_DONTFORK);
  madvise (pages, 4096, MADV_DOFORK);
}

/* The pages are the block's own. */
static void ALONE
in_unforked_block (void)
{
  void **block = bss_pointer = aligned_alloc (4096, 16384);
  memset (block, 'x', 16384);
  hide (block, MADV_DONTFORK);
}

static void ALONE
in_wiped_no_more (void)
{
  void **pages = map (MAP_PRIVATE | MAP_ANONYMOUS, -1);
  hide (pages, MADV_WIPEONFORK);
  munmap (pages, 8192);
}

static void ALONE
in_unmapped (void)
{
  void **pages = map (MAP_PRIVATE | MAP_ANONYMOUS, -1);
  pages[77] = case_block (1337);
  munmap (pages, 8192);
}

static void ALONE
in_moved_mapping (void)
{
  void **pages = map (MAP_PRIVATE | MAP_ANONYMOUS, -1);
  pages[77] = case_block (1337);
  pages = mremap (pages, 8192, 1 << 20, MREMAP_MAYMOVE);
  if (pages == MAP_FAILED)
    abort ();
}

static void ALONE
in_memory_file (void)
{
  int fd = memfd_create ("case", 0);
  if (fd < 0 || ftruncate (fd, 4096) != 0)
    abort ();
  map (MAP_SHARED, fd)[77] = case_block (1337); /* the second page is behind the end */
}

/* A copy of a file, in memory; then the file becomes shorter than that. */
static void ALONE
in_cut_file (void)
{
  FILE *file = tmpfile ();
  if (file == NULL || ftruncate (fileno (file), 8192) != 0)
    abort ();
  map (MAP_PRIVATE, fileno (file))[77] = case_block (1337);
  if (ftruncate (fileno (file), 4096) != 0)
    abort ();
  fclose (file);
}

static void ALONE
in_break (void)
{
  void **memory = sbrk (8192);
  memory[77] = case_block (1337);
}

static void ALONE
below_break (void)
{
  void **memory = sbrk (8192);
  memory[77] = case_block (1337);
  if (brk (memory) != 0)
    abort ();
}

static void **ALONE
map_unseen (void)
{
  return (void **)syscall (9 /* mmap, x86-64 */, NULL, 8192, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void ALONE
in_named_area (void)
{
  void **pages = map_unseen ();
  pages[77] = case_block (1337);
  if (!gcg_add_roots || gcg_add_roots (pages, 8192, NULL) != GCG_OK)
    abort ();
}

static void ALONE
in_area_no_more (void)
{
  in_named_area ();
  gcg_remove_roots (NULL, SIZE_MAX);
}

/* --- Stacks other than the thread's own. */

static ucontext_t main_context, coroutine;
static void (*coroutine_function) (void);

static void
keep_on_stack (void)
{
  void *volatile block = case_block (1337);
  if (block)
    swapcontext (&coroutine, &main_context);
}

static void ALONE
lose_666_numbers (void)
{
  int *volatile numbers = malloc (666 * sizeof *numbers);
  numbers = NULL;
  (void)numbers;
}

static void
lose_and_return (void)
{
  lose_666_numbers ();
  case_clear_stack ();
  swapcontext (&coroutine, &main_context);
}

static void
exit_from_here (void)
{
  exit (0);
}

static void
on_coroutine (void *stack, void (*function) (void))
{
  coroutine_function = function;
  getcontext (&coroutine);
  coroutine.uc_stack.ss_sp = stack;
  coroutine.uc_stack.ss_size = 65536;
  coroutine.uc_link = &main_context;
  makecontext (&coroutine, coroutine_function, 0);
  swapcontext (&main_context, &coroutine);
}

static void ALONE
suspended_coroutine (void)
{
  on_coroutine (bss_pointer = calloc (1, 65536), keep_on_stack);
}

static void ALONE
coroutine_that_loses (void)
{
  on_coroutine (bss_pointer = calloc (1, 65536), lose_and_return);
}

/* The coroutine's stack is an area of the heap: what lies above it there keeps nothing. */
static void ALONE
lose_two (void)
{
  void *volatile *other = calloc (1, 70000);
  other[5] = case_block (11);
}

static void ALONE
exit_in_coroutine (void)
{
  void *volatile local = case_block (1337);
  void *stack = calloc (1, 65536);
  lose_two ();
  case_clear_stack ();
  on_coroutine (stack, exit_from_here);
  exit (local != NULL);
}

static void ALONE
exit_in_mapped_coroutine (void)
{
  void *volatile local = case_block (1337);
  void *stack = mmap (NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  lose_666_numbers ();
  case_clear_stack ();
  on_coroutine (stack, exit_from_here);
  exit (local != NULL);
}

/* --- The end of the program. */

static void ALONE
local_at_exit (void)
{
  void *volatile local = case_block (1337);
  case_clear_stack ();
  exit (local == NULL);
}

#if defined __x86_64__
static void ALONE
register_at_exit (void)
{
  void *block = case_block (1337);
  case_clear_stack ();
  __asm__ volatile("mov %0, %%r12\n xor %0, %0\n xor %%edi, %%edi\n sub $128, %%rsp\n"
                   "and $-16, %%rsp\n call exit"
                   :
                   : "r"(block)
                   : "r12", "rdi", "memory");
}
#endif

/* What is below on the stack is from the past, and from exit itself. */
static void ALONE
stale_at_exit (void)
{
  void *volatile words[64];
  for (int i = 0; i < 64; i++)
    words[i] = case_block (8);
  (void)words[0];
}

static const struct one_case cases[] = {
  { "bss", in_bss },
  { "data", in_data },
  { "bss-words", in_bss_words },
  { "read-only-data", in_read_only_data },
  { "unreadable-data", in_unreadable_data },
  { "loaded-data", in_loaded_data },
  { "closed-library", in_closed_library },
  { "tls", in_tls },
  { "loaded-tls", in_loaded_tls },
  { "low-keys", in_low_keys },
  { "high-keys", in_high_keys },
  { "mapping", in_mapping },
  { "unforked", in_unforked },
  { "wiped", in_wiped },
  { "forked-again", in_forked_again },
  { "unforked-block", in_unforked_block },
  { "wiped-no-more", in_wiped_no_more },
  { "unmapped", in_unmapped },
  { "moved-mapping", in_moved_mapping },
  { "memory-file", in_memory_file },
  { "cut-file", in_cut_file },
  { "break", in_break },
  { "below-break", below_break },
  { "named-area", in_named_area },
  { "area-no-more", in_area_no_more },
  { "coroutine", suspended_coroutine },
  { "coroutine-loses", coroutine_that_loses },
  { "exit-in-coroutine", exit_in_coroutine },
  { "exit-in-mapped-coroutine", exit_in_mapped_coroutine },
  { "local", local_at_exit },
#if defined __x86_64__
  { "register", register_at_exit },
#endif
};

int
main (int argc, char **argv)
{
  const char *name = argc > 1 ? argv[1] : "";
  if (strcmp (name, "stale") == 0)
    {
      stale_at_exit ();
      return 0;
    }
  for (size_t i = 0; i < holders_n_thread_cases; i++)
    if (strcmp (name, holders_thread_cases[i].name) == 0)
      return case_run (holders_thread_cases, holders_n_thread_cases, name);
  return case_run (cases, sizeof cases / sizeof *cases, name);
}
