/* process.c -- see process.h. */
#include "config.h"

#include "tests/image/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

bool
process_start (struct process *process, char *const arguments[])
{
  int in[2], out[2];
  char line[sizeof process->facts->name];

  memset (process, 0, sizeof *process);
  if (pipe (in) != 0 || pipe (out) != 0)
    return false;
  fcntl (in[1], F_SETFD, FD_CLOEXEC);
  fcntl (out[0], F_SETFD, FD_CLOEXEC);
  process->pid = fork ();
  if (process->pid == 0)
    {
      dup2 (in[0], 0);
      dup2 (out[1], 1);
      close (in[0]);
      close (out[1]);
      execv (arguments[0], arguments);
      _exit (127);
    }
  close (in[0]);
  close (out[1]);
  process->input = in[1];
  process->output = fdopen (out[0], "r");
  while (process->output && fgets (line, sizeof line, process->output))
    {
      char *end = strrchr (line, ' ');
      if (!end || process->n_facts == PROCESS_FACTS)
        return false;
      *end = '\0';
      if (strcmp (line, "ready") == 0)
        return true;
      struct process_fact *fact = &process->facts[process->n_facts++];
      snprintf (fact->name, sizeof fact->name, "%s", line);
      fact->value = strtoull (end + 1, NULL, 16);
    }
  return false;
}

uint64_t
process_fact (const struct process *process, const char *format, ...)
{
  char name[512];
  va_list arguments;

  va_start (arguments, format);
  vsnprintf (name, sizeof name, format, arguments);
  va_end (arguments);
  for (size_t i = 0; i < process->n_facts; i++)
    if (strcmp (process->facts[i].name, name) == 0)
      return process->facts[i].value;
  fail_msg ("the program has not printed %s", name);
  return 0;
}

void
process_await (const struct process *process, pid_t tid, bool gone)
{
  char path[64], text[256];

  snprintf (path, sizeof path, "/proc/%d/task/%d/syscall", (int)process->pid, (int)tid);
  for (;; sched_yield ())
    {
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      ssize_t n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
      if (fd >= 0)
        close (fd);
      if (gone && n < 0)
        return;
      text[n > 0 ? n : 0] = '\0';
      /* read is 0 on x86-64, 63 on aarch64. */
      if (!gone && (strncmp (text, "0 0x0 ", 6) == 0 || strncmp (text, "63 0x0 ", 7) == 0))
        return;
      if (!gone && n < 0)
        fail_msg ("thread %d has ended", (int)tid);
    }
}

void
process_await_end_of_main (const struct process *process)
{
  char path[64], text[512] = "";

  snprintf (path, sizeof path, "/proc/%d/stat", (int)process->pid);
  for (;; sched_yield ())
    {
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      ssize_t n = fd < 0 ? 0 : read (fd, text, sizeof text - 1);
      assert_true (n > 0);
      close (fd);
      text[n] = '\0';
      if (strstr (text, ") Z "))
        return;
    }
}

static void
note_registers (struct gcg__frozen_thread *thread)
{
  struct user_regs_struct user;
  struct iovec area = { &user, sizeof user };

  /* NT_PRSTATUS */
  if (ptrace (PTRACE_GETREGSET, thread->tid, (void *)1, &area) != 0)
    fail_msg ("registers of %d: %s", (int)thread->tid, strerror (errno));
#if defined __x86_64__
  const uint64_t all[]
      = { user.rax, user.rdx, user.rcx, user.rbx, user.rsi, user.rdi, user.rbp, user.rsp, user.r8,
          user.r9,  user.r10, user.r11, user.r12, user.r13, user.r14, user.r15, user.rip };
  memcpy (thread->registers, all, sizeof all);
  thread->sp = user.rsp;
  thread->pc = user.rip;
  thread->fp = user.rbp;
  thread->thread_pointer = user.fs_base;
#elif defined __aarch64__
  memcpy (thread->registers, user.regs, sizeof user.regs);
  thread->sp = user.sp;
  thread->pc = user.pc;
  thread->fp = user.regs[29];
  area = (struct iovec){ &thread->thread_pointer, sizeof thread->thread_pointer };
  ptrace (PTRACE_GETREGSET, thread->tid, (void *)0x401, &area); /* NT_ARM_TLS */
#endif
  thread->stands = true;
}

void
process_stop (struct process *process)
{
  char path[64];
  int status;

  snprintf (path, sizeof path, "/proc/%d/task", (int)process->pid);
  DIR *tasks = opendir (path);
  assert_non_null (tasks);
  for (const struct dirent *entry; (entry = readdir (tasks)) != NULL;)
    {
      pid_t tid = (pid_t)strtol (entry->d_name, NULL, 10);
      if (!isdigit ((unsigned char)entry->d_name[0]) || process->n_threads == 64
          || ptrace (PTRACE_SEIZE, tid, NULL, NULL) != 0) /* a main thread that has ended */
        continue;
      assert_int_equal (ptrace (PTRACE_INTERRUPT, tid, NULL, NULL), 0);
      assert_int_equal (waitpid (tid, &status, __WALL), tid);
      assert_true (WIFSTOPPED (status));
      struct gcg__frozen_thread *thread = &process->threads[process->n_threads++];
      *thread = (struct gcg__frozen_thread){ .tid = tid, .own_tid = tid };
      note_registers (thread);
    }
  closedir (tasks);
}

int
process_end (struct process *process)
{
  int status = -1;

  for (size_t i = 0; i < process->n_threads; i++)
    ptrace (PTRACE_DETACH, process->threads[i].tid, NULL, NULL);
  close (process->input);
  waitpid (process->pid, &status, 0);
  if (process->output)
    fclose (process->output);
  return status;
}

uint32_t
process_thread (const struct process *process, pid_t tid)
{
  for (uint32_t i = 0; i < process->n_threads; i++)
    if (process->threads[i].tid == tid)
      return i;
  return UINT32_MAX;
}
