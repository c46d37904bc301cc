/* shown.c -- a program that prints where it keeps what, and waits to be looked at from outside.
 *
 *   shown LAZY.so EAGER.so COPY [main-ends]
 *
 * LAZY and EAGER are the library shown_library.c once more, whose thread-local data are found by
 * the dynamic thread vector and beside the thread pointer; COPY is a file that is LAZY once more.
 * Its threads are main    on the kernel's stack A       on one of pthread_create's; has called all
 * libraries; holds a word in a register only B       the same, without LAZY; has called COPY, which
 * was unloaded then C       on a stack in a mapping that it shares with D's, without a gap D beside
 * it E       of pthread_create's, on another stack of its own (a coroutine) F       has ended, is
 * not joined Output is lines of a name and a number in hexadecimal; "ready" is the last.  Threads
 * wait in read (0, ...): the program ends when its input does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/image/shown.h"

#define STACK_BYTES (256u << 10)
#define N_KEYS      40

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_set, both_called;
static pthread_key_t keys[N_KEYS], deleted_key;
static void *lazy, *eager, *copy;
static _Thread_local __attribute__ ((aligned (256))) long main_tls[300] = { 5 };
static int data = 1, bss;
static const void *const relro[] = { &data, &bss };
static char *shared_stacks;

static void __attribute__ ((format (printf, 3, 4)))
say (const char *thread, uint64_t value, const char *name, ...)
{
  va_list arguments;

  pthread_mutex_lock (&lock);
  va_start (arguments, name);
  printf ("%s%s", thread, *thread ? "." : "");
  vprintf (name, arguments);
  printf (" %llx\n", (unsigned long long)value);
  va_end (arguments);
  pthread_mutex_unlock (&lock);
}

/* Waits until all threads have said everything; the last one says so. */
static void
all_have_said (void)
{
  if (pthread_barrier_wait (&all_set) != PTHREAD_BARRIER_SERIAL_THREAD)
    return;
  say ("", 0, "ready");
  fflush (stdout);
}

/* Waits until all threads have said everything, then for the end of input, with the complement of
   COMPLEMENT in a register that calls keep, and nowhere else. */
static __attribute__ ((noinline)) void
wait_with (const char *thread, uint64_t complement)
{
  char byte, *buffer = &byte;
  long result;

  say (thread, (uintptr_t)&byte, "local");
  all_have_said ();
#if defined __x86_64__
  __asm__ volatile("mov %[complement], %%r12\n\tnot %%r12\n\t"
                   "1: xor %%eax, %%eax\n\txor %%edi, %%edi\n\tmov %[buffer], %%rsi\n\t"
                   "mov $1, %%edx\n\tsyscall\n\t"
                   "cmp $-4, %%rax\n\tje 1b\n\txor %%r12d, %%r12d"
                   : "=&a"(result)
                   : [complement] "r"(complement), [buffer] "r"(buffer)
                   : "rdi", "rsi", "rdx", "rcx", "r11", "r12", "memory");
#else
  (void)complement;
  do
    result = read (0, buffer, 1);
  while (result < 0);
#endif
  (void)result;
}

static shown_tls *
find_tls (void *library)
{
  shown_tls *function;
  *(void **)&function = dlsym (library, "shown_library_tls");
  return function;
}

/* What each thread says of itself and does. */
static void
begin (const char *thread)
{
  say (thread, (uint64_t)syscall (SYS_gettid), "tid");
  say (thread, (uintptr_t)pthread_self (), "control");
  main_tls[0]++;
  say (thread, (uintptr_t)main_tls, "tls.main");
  say (thread, (uintptr_t)shown_library_tls (), "tls.library");
  for (int i = 0; i < N_KEYS; i += 13)
    {
      uintptr_t value = UINT64_C (0xabc000) + (uintptr_t)i * 16 + (uintptr_t)*thread;
      pthread_setspecific (keys[i], (void *)value);
      say (thread, value, "key.%u", keys[i]);
    }
}

static void *
run_a (void *argument)
{
  (void)argument;
  begin ("A");
  say ("A", (uintptr_t)find_tls (lazy) (), "tls.lazy");
  say ("A", (uintptr_t)find_tls (eager) (), "tls.eager");
  pthread_barrier_wait (&both_called);
  wait_with ("A", ~UINT64_C (0x5ee0f00d1234));
  return NULL;
}

static void *
run_b (void *argument)
{
  (void)argument;
  begin ("B");
  say ("B", (uintptr_t)find_tls (copy) (), "tls.unloaded");
  say ("B", (uintptr_t)find_tls (eager) (), "tls.eager");
  pthread_setspecific (deleted_key, (void *)0xdead0);
  pthread_barrier_wait (&both_called);
  wait_with ("B", 0);
  return NULL;
}

static void *
run_beside (void *argument)
{
  const char *thread = argument;
  begin (thread);
  wait_with (thread, 0);
  return NULL;
}

static void
run_coroutine (void)
{
  begin ("E");
  wait_with ("E", 0);
}

static void *
run_e (void *argument)
{
  static ucontext_t own, other;
  char *stack
      = mmap (NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  (void)argument;
  say ("E", (uintptr_t)&stack, "left");
  say ("E", (uintptr_t)stack, "coroutine.low");
  say ("E", (uintptr_t)stack + STACK_BYTES, "coroutine.high");
  getcontext (&other);
  other.uc_stack.ss_sp = stack;
  other.uc_stack.ss_size = STACK_BYTES;
  other.uc_link = &own;
  makecontext (&other, run_coroutine, 0);
  swapcontext (&own, &other);
  return NULL;
}

static void *
run_f (void *argument)
{
  say ("F", (uintptr_t)pthread_self (), "control");
  say ("F", (uint64_t)syscall (SYS_gettid), "tid");
  all_have_said ();
  return argument;
}

static int
say_module (struct dl_phdr_info *info, size_t bytes, void *unused)
{
  (void)bytes, (void)unused;
  say ("", info->dlpi_addr, "module %s", *info->dlpi_name ? info->dlpi_name : "program");
  return 0;
}

static void
say_places (const char *name, struct shown_data places)
{
  say (name, (uintptr_t)places.data, "data");
  say (name, (uintptr_t)places.bss, "bss");
  say (name, (uintptr_t)places.relro, "relro");
}

static void *
open_library (const char *path)
{
  void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    {
      fprintf (stderr, "shown: %s\n", dlerror ());
      exit (1);
    }
  return library;
}

/* A thread on the stack number WHICH of those side by side. */
static void
start_beside (pthread_t *thread, char *name, int which)
{
  pthread_attr_t attributes;

  pthread_attr_init (&attributes);
  pthread_attr_setstack (&attributes, shared_stacks + (size_t)which * STACK_BYTES, STACK_BYTES);
  pthread_create (thread, &attributes, run_beside, name);
  pthread_attr_destroy (&attributes);
}

/* Copies the file FROM to TO. */
static void
copy_file (const char *from, const char *to)
{
  char buffer[65536];
  int in = open (from, O_RDONLY | O_CLOEXEC);
  int out = open (to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  ssize_t n;

  while (in >= 0 && (n = read (in, buffer, sizeof buffer)) > 0)
    if (write (out, buffer, (size_t)n) != n)
      break;
  close (in);
  close (out);
}

/* Maps the file PATH as data: it is no module. */
static void
map_as_data (const char *path)
{
  struct stat file;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd >= 0 && fstat (fd, &file) == 0)
    say ("", (uintptr_t)mmap (NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0),
         "mapped.data");
  close (fd);
}

int
main (int argc, char **argv)
{
  static char names[][2] = { "C", "D" };
  pthread_t threads[6];

  if (argc < 4)
    return 2;
  setvbuf (stdout, NULL, _IOFBF, 1 << 16);
  pthread_barrier_init (&all_set, NULL, 7);
  pthread_barrier_init (&both_called, NULL, 3);
  pthread_key_create (&deleted_key, NULL);
  for (int i = 0; i < N_KEYS; i++)
    pthread_key_create (&keys[i], NULL);
  shared_stacks
      = mmap (NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  copy_file (argv[1], argv[3]);
  copy = open_library (argv[3]);
  eager = open_library (argv[2]);
  pthread_create (&threads[5], NULL, run_f, (void *)UINT64_C (0xf00f00));
  pthread_create (&threads[1], NULL, run_b, (void *)UINT64_C (0xb00b00));
  begin ("main");
  lazy = open_library (argv[1]);
  pthread_create (&threads[0], NULL, run_a, (void *)UINT64_C (0xa00a00));
  pthread_barrier_wait (&both_called);
  /* Its number among the modules with thread-local data goes to the next one. */
  dlclose (copy);
  pthread_key_delete (deleted_key);
  copy = open_library (argv[3]);
  unlink (argv[3]);
  map_as_data (argv[1]);
  start_beside (&threads[2], names[0], 0);
  start_beside (&threads[3], names[1], 1);
  pthread_create (&threads[4], NULL, run_e, NULL);
  dl_iterate_phdr (say_module, NULL);
  say_places ("program", (struct shown_data){ &data, &bss, relro });
  say_places ("library", shown_library_places ());
  say ("shared", (uintptr_t)shared_stacks, "low");
  if (argc > 4)
    {
      all_have_said ();
      pthread_exit (NULL);
    }
  wait_with ("main", 0);
  _exit (0);
}
