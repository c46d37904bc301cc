/* last_spy.c -- preloaded behind gcglass: counts the snapshots that the program takes, into the
 * file LAST_SPY. Each begins as a memory file of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int
memfd_create (const char *name, unsigned flags)
{
  const char *file = getenv ("LAST_SPY");
  bool counts = file && strcmp (name, "gcglass-snapshot") == 0
                && strcmp (program_invocation_short_name, "gcglass") != 0;
  int fd = counts ? open (file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (fd >= 0)
    {
      if (write (fd, "snapshot\n", 9) != 9)
        abort ();
      close (fd);
    }
  return (int)syscall (SYS_memfd_create, name, flags);
}
