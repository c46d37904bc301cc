/* holders_threads.c -- what threads keep: on their stacks, in registers, thread-local data and
 * keys; their arguments and their results; however they were created, on whatever stack.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "case.h"
#include "holders.h"

static _Thread_local void *volatile thread_pointer;
static pthread_barrier_t ready;
static pthread_key_t key;

static void
wait_for_ever (void)
{
  pthread_barrier_wait (&ready);
  for (;;)
    pause ();
}

/* Runs FUNCTION in a thread until it says that it is ready, and lets it be. */
static void
with_thread (void *(*function) (void *), const pthread_attr_t *attributes)
{
  pthread_t thread;
  pthread_barrier_init (&ready, NULL, 2);
  if (pthread_create (&thread, attributes, function, NULL) != 0)
    abort ();
  pthread_barrier_wait (&ready);
  usleep (20000);
}

static void *
hold_on_stack (void *unused)
{
  void *volatile block = case_block (1337);
  case_clear_stack ();
  wait_for_ever ();
  return block ? unused : NULL;
}

static void ALONE
on_stack (void)
{
  with_thread (hold_on_stack, NULL);
}

/* A stack of the program's, which is a block itself. */
static void ALONE
on_given_stack (void)
{
  static void *volatile stack;
  pthread_attr_t attributes;
  stack = aligned_alloc (4096, 1 << 20);
  memset (stack, 0, 1 << 20);
  pthread_attr_init (&attributes);
  pthread_attr_setstack (&attributes, stack, 1 << 20);
  with_thread (hold_on_stack, &attributes);
}

/* Words that a returned function has left below are not held. */
static void *ALONE
leave_on_stack (void *unused)
{
  void *volatile words[1024]; /* the lowest: what is below the stack pointer may be in use */
  for (int i = 0; i < 16; i++)
    words[i] = case_block (8);
  (void)words[0];
  return unused;
}

static void *
left_below (void *unused)
{
  leave_on_stack (unused);
  wait_for_ever ();
  return NULL;
}

static void ALONE
below_stack (void)
{
  with_thread (left_below, NULL);
}

static void ALONE
set_tls (void)
{
  thread_pointer = case_block (1337);
}

static void *
hold_in_tls (void *unused)
{
  set_tls ();
  case_clear_stack ();
  wait_for_ever ();
  return unused;
}

static void ALONE
in_tls (void)
{
  with_thread (hold_in_tls, NULL);
}

static void ALONE
set_key (void)
{
  pthread_setspecific (key, case_block (1337));
}

static void *
hold_in_key (void *unused)
{
  set_key ();
  case_clear_stack ();
  wait_for_ever ();
  return unused;
}

static void ALONE
in_key (void)
{
  for (int i = 0; i < 50; i++)
    pthread_key_create (&key, NULL);
  with_thread (hold_in_key, NULL);
}

/* All keys that a process may have, in ten threads. */
static pthread_key_t all_keys[PTHREAD_KEYS_MAX];

static void *
hold_in_all_keys (void *unused)
{
  for (int i = 0; i < PTHREAD_KEYS_MAX; i++)
    pthread_setspecific (all_keys[i], case_block (8));
  case_clear_stack ();
  wait_for_ever ();
  return unused;
}

static void ALONE
in_all_keys (void)
{
  for (int i = 0; i < PTHREAD_KEYS_MAX; i++)
    if (pthread_key_create (&all_keys[i], NULL) != 0)
      abort ();
  for (int i = 0; i < 10; i++)
    with_thread (hold_in_all_keys, NULL);
}

#if defined __x86_64__

static void *
hold_in_r15 (void *unused)
{
  void *block = case_block (1337);
  case_clear_stack ();
  pthread_barrier_wait (&ready);
  __asm__ volatile("mov %0, %%r15\n xor %0, %0\n1: jmp 1b" : : "r"(block) : "r15", "memory");
  return unused;
}

static void ALONE
in_r15 (void)
{
  with_thread (hold_in_r15, NULL);
}

static void *
hold_in_xmm0 (void *unused)
{
  void *block = case_block (1337);
  case_clear_stack ();
  pthread_barrier_wait (&ready);
  __asm__ volatile("movq %0, %%xmm0\n xor %0, %0\n1: jmp 1b" : : "r"(block) : "xmm0", "memory");
  return unused;
}

static void ALONE
in_xmm0 (void)
{
  with_thread (hold_in_xmm0, NULL);
}

/* The upper half of a register of 256 bits, where there are such. */
static void *
hold_in_ymm3 (void *unused)
{
  void *block = case_block (1337);
  case_clear_stack ();
  pthread_barrier_wait (&ready);
  if (__builtin_cpu_supports ("avx2"))
    __asm__ volatile("vmovq %0, %%xmm3\n vperm2i128 $0x08, %%ymm3, %%ymm3, %%ymm3\n xor %0, %0\n"
                     "1: jmp 1b"
                     :
                     : "r"(block)
                     : "xmm3", "memory");
  __asm__ volatile("movq %0, %%xmm0\n xor %0, %0\n1: jmp 1b" : : "r"(block) : "xmm0", "memory");
  return unused;
}

static void ALONE
in_ymm3 (void)
{
  with_thread (hold_in_ymm3, NULL);
}

/* A leaf function may keep things below its stack pointer. */
static void *
hold_in_red_zone (void *unused)
{
  void *block = case_block (1337);
  case_clear_stack ();
  pthread_barrier_wait (&ready);
  __asm__ volatile("mov %0, -120(%%rsp)\n xor %0, %0\n1: jmp 1b" : : "r"(block) : "memory");
  return unused;
}

static void ALONE
in_red_zone (void)
{
  with_thread (hold_in_red_zone, NULL);
}

#endif

/* --- A thread that the C library knows nothing of. */

static uint32_t is_ready;

static int
raw_thread (void *unused)
{
  void *volatile block = (void *)~(uintptr_t)unused;
  __atomic_store_n (&is_ready, 1, __ATOMIC_RELEASE);
  for (;;)
    syscall (SYS_futex, &is_ready, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
  return block != NULL;
}

static void
clone_raw (void *stack, size_t bytes)
{
  uintptr_t hidden = ~(uintptr_t)case_block (1337);
  if (clone (raw_thread, (char *)stack + bytes,
             CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
             (void *)hidden)
      < 0)
    abort ();
  while (!__atomic_load_n (&is_ready, __ATOMIC_ACQUIRE))
    usleep (100);
  usleep (20000);
}

static void ALONE
on_raw_stack (void)
{
  clone_raw (mmap (NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 65536);
}

/* On a stack that is not registered anywhere. */
static void ALONE
on_unseen_stack (void)
{
  clone_raw ((void *)syscall (SYS_mmap, NULL, 65536, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L),
             65536);
}

/* --- What threads are given, and what they leave. */

static void *
end_with_result (void *unused)
{
  (void)unused;
  return case_block (1337);
}

static void *
end_early (void *unused)
{
  pthread_exit (end_with_result (unused));
}

/* Threads of this process, without a block or a thread for it. */
static long
count_threads (void)
{
  char text[4096] = "";
  int fd = open ("/proc/self/status", O_RDONLY);
  ssize_t n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
  const char *line = strstr (text, "Threads:");
  if (fd >= 0)
    close (fd);
  if (n < 0 || line == NULL)
    abort ();
  return strtol (line + strlen ("Threads:"), NULL, 10);
}

static long n_at_first; /* threads, before the first of ours */

static pthread_t ALONE
start (void *(*function) (void *), int detached)
{
  static volatile pthread_t hidden;
  pthread_attr_t attributes;
  pthread_t thread;
  if (n_at_first == 0)
    n_at_first = count_threads ();
  pthread_attr_init (&attributes);
  if (detached)
    pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_create (&thread, &attributes, function, NULL) != 0)
    abort ();
  hidden = thread;
  return hidden;
}

/* Until those that have been started have ended. */
static void
wait_for_end (void)
{
  while (count_threads () > n_at_first)
    usleep (1000);
}

static void ALONE
result_of_unjoined (void)
{
  start (end_with_result, 0);
  start (end_early, 0);
  wait_for_end ();
}

static void ALONE
result_of_joined (void)
{
  void *result = NULL;
  pthread_join (start (end_with_result, 0), &result);
  pthread_join (start (end_early, 0), &result);
  result = NULL;
}

static void ALONE
result_of_tried (void)
{
  void *result = NULL;
  struct timespec until = { 0 };
  pthread_t thread = start (end_with_result, 0);
  wait_for_end ();
  if (pthread_tryjoin_np (thread, &result) != 0)
    abort ();
  clock_gettime (CLOCK_REALTIME, &until);
  until.tv_sec += 60;
  pthread_timedjoin_np (start (end_early, 0), &result, &until);
  pthread_clockjoin_np (start (end_early, 0), &result, CLOCK_REALTIME, &until);
  result = NULL;
}

static void ALONE
result_of_detached (void)
{
  pthread_t thread = start (end_with_result, 0);
  pthread_detach (start (end_early, 0));
  start (end_with_result, 1);
  wait_for_end ();
  pthread_detach (thread);
}

/* Keeps ending threads' results until they are asked for, a hundred times over. */
static void ALONE
results_kept (void)
{
  static pthread_t threads[100];
  for (int i = 0; i < 100; i++)
    threads[i] = start (end_with_result, 0);
  wait_for_end ();
  for (int i = 0; i < 50; i++)
    {
      void *result;
      pthread_join (threads[i], &result);
      free (result);
    }
}

/* An argument that the thread has done with is not held on its behalf. */
static void *
forget_argument (void *argument)
{
  argument = NULL;
  case_clear_stack ();
  wait_for_ever ();
  return argument;
}

static void ALONE
argument_of_running (void)
{
  pthread_t thread;
  pthread_barrier_init (&ready, NULL, 2);
  if (pthread_create (&thread, NULL, forget_argument, case_block (1337)) != 0)
    abort ();
  pthread_barrier_wait (&ready);
  usleep (20000);
}

/* --- Threads whose first blocks are on pages that no table of the agent has yet. */

/* Maps BYTES that are not there. */
static uintptr_t
reserve (size_t bytes)
{
  void *pages = mmap (NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (pages == MAP_FAILED)
    abort ();
  return (uintptr_t)pages;
}

/* Takes a gigabyte of addresses and all gaps above it: the heap goes on below. */
static void ALONE
go_down (void)
{
  uintptr_t low = reserve ((size_t)1 << 30);

  for (size_t bytes = (size_t)64 << 20; bytes >= (size_t)64 << 10; bytes /= 4)
    while (reserve (bytes) > low)
      ;
}

static void ALONE
far_apart (void)
{
  enum
  {
    ROUNDS = 24,
    THREADS = 100
  };
  static void *results[ROUNDS][THREADS];
  pthread_t threads[THREADS];

  for (int i = 0; i < ROUNDS; i++)
    {
      go_down ();
      for (int j = 0; j < THREADS; j++)
        threads[j] = start (end_with_result, 0);
      for (int j = 0; j < THREADS; j++)
        pthread_join (threads[j], &results[i][j]);
    }
}

/* --- The program's end in another thread than the first. */

static void *
end_program (void *unused)
{
  void *volatile block = case_block (1337);
  usleep (50000);
  case_clear_stack ();
  exit (block == NULL);
  return unused;
}

static void ALONE
exit_in_thread (void)
{
  void *volatile mine = case_block (1338);
  start (end_program, 0);
  for (;;)
    pause ();
  free (mine);
}

static void ALONE
first_thread_gone (void)
{
  void *volatile mine = case_block (1338); /* gone with the thread */
  start (end_program, 0);
  (void)mine;
  pthread_exit (NULL);
}

/* A handler on a stack of its own: that of the thread is still one. */
static void
on_signal (int number)
{
  (void)number;
  wait_for_ever ();
}

static void *
in_handler (void *unused)
{
  void *volatile block = case_block (1337);
  stack_t stack = { .ss_size = 65536 };
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
  stack.ss_sp = mmap (NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  sigaltstack (&stack, NULL);
  sigaction (SIGUSR1, &action, NULL);
  raise (SIGUSR1);
  return block ? unused : NULL;
}

static void ALONE
on_signal_stack (void)
{
  with_thread (in_handler, NULL);
}

const struct one_case holders_thread_cases[] = {
  { "thread-stack", on_stack },
  { "thread-given-stack", on_given_stack },
  { "thread-below-stack", below_stack },
  { "thread-signal-stack", on_signal_stack },
  { "thread-tls", in_tls },
  { "thread-key", in_key },
  { "thread-all-keys", in_all_keys },
#if defined __x86_64__
  { "thread-r15", in_r15 },
  { "thread-xmm0", in_xmm0 },
  { "thread-ymm3", in_ymm3 },
  { "thread-red-zone", in_red_zone },
#endif
  { "raw-thread", on_raw_stack },
  { "raw-thread-unseen", on_unseen_stack },
  { "result-unjoined", result_of_unjoined },
  { "result-joined", result_of_joined },
  { "result-tried", result_of_tried },
  { "result-detached", result_of_detached },
  { "results-kept", results_kept },
  { "argument-running", argument_of_running },
  { "threads-far-apart", far_apart },
  { "exit-in-thread", exit_in_thread },
  { "first-thread-gone", first_thread_gone },
};
const size_t holders_n_thread_cases = sizeof holders_thread_cases / sizeof *holders_thread_cases;
