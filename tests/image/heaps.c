/* heaps.c -- see heaps.h. */
#include "config.h"

#include "tests/image/heaps.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent_root.h"
#include "image/modules.h"

static const char *
folder (void)
{
  const char *value = getenv ("top_builddir");
  return value ? value : ".";
}

void
heaps_start (struct heaps *heaps, unsigned n)
{
  const char *place = access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".";
  char program[4096], preload[4096], number[16];
  int to[2], from[2];

  if (pipe2 (to, O_CLOEXEC) != 0 || pipe2 (from, O_CLOEXEC) != 0)
    abort ();
  snprintf (heaps->path, sizeof heaps->path, "%s/heaps-%d.gcsnap", place, (int)getpid ());
  snprintf (program, sizeof program, "%s/tests/malloc/heaps", folder ());
  snprintf (preload, sizeof preload, "%s/lib/.libs/libgcglass-malloc.so", folder ());
  snprintf (number, sizeof number, "%u", n);
  heaps->pid = fork ();
  if (heaps->pid == 0)
    {
      dup2 (to[0], STDIN_FILENO);
      dup2 (from[1], STDOUT_FILENO);
      setenv ("LD_PRELOAD", preload, 1);
      setenv ("GCGLASS_CONTENTS", "1", 1);
      setenv ("GCGLASS_STOP", "signals", 1);
      execl (program, program, "1", number, heaps->path, (char *)NULL);
      _exit (127);
    }
  close (to[0]);
  close (from[1]);
  heaps->input = to[1];
  heaps->output = fdopen (from[0], "r");
  heaps->line[0] = '\0';
}

void
heaps_await (const struct heaps *heaps)
{
  char path[64], text[256];

  snprintf (path, sizeof path, "/proc/%d/syscall", (int)heaps->pid);
  for (;; sched_yield ())
    {
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      ssize_t n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
      if (fd >= 0)
        close (fd);
      if (n < 0)
        return;
      text[n] = '\0';
      /* read is 0 on x86-64, 63 on aarch64. */
      if (strncmp (text, "0 0x0 ", 6) == 0 || strncmp (text, "63 0x0 ", 7) == 0)
        return;
    }
}

bool
heaps_next (struct heaps *heaps)
{
  bool is_first = heaps->line[0] == '\0';

  if ((!is_first && write (heaps->input, "", 1) != 1) || !heaps->output
      || !fgets (heaps->line, sizeof heaps->line, heaps->output))
    return false;
  heaps_await (heaps);
  return true;
}

int
heaps_end (struct heaps *heaps)
{
  int status = -1;

  close (heaps->input);
  waitpid (heaps->pid, &status, 0);
  if (heaps->output)
    fclose (heaps->output);
  unlink (heaps->path);
  return status;
}

uint64_t
heaps_root (const struct gcg__memory_image *image)
{
  struct gcg__loaded_modules modules;
  struct gcg__module_symbol symbol = { .value = 0 };

  if (gcg__modules_read (image, &modules, NULL) != GCG_OK)
    return 0;
  if (!gcg__modules_symbol (image, &modules, GCG__ROOT_SYMBOL, &symbol))
    symbol.value = 0;
  gcg__modules_fini (&modules);
  return symbol.value;
}
