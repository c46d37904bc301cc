/* vma.c -- see vma.h.
 *
 * A line is "low-high perms offset major:minor inode   name".  Names may hold anything but a
 * newline, which the kernel spells \012; they stay as they are, for the path of a module in a
 * snapshot is what the kernel calls it.
 */
#include "config.h"

#include "image/vma.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/room.h"

#define FIRST_BYTES (UINT64_C (64) << 10)

/* The hexadecimal number at *AT, which is moved behind it. */
static uint64_t
take_hex (const char **at)
{
  uint64_t value = 0;

  for (;; (*at)++)
    {
      char c = **at;
      if (c >= '0' && c <= '9')
        value = value * 16 + (uint64_t)(c - '0');
      else if (c >= 'a' && c <= 'f')
        value = value * 16 + (uint64_t)(c - 'a' + 10);
      else
        return value;
    }
}

static bool
take_char (const char **at, char c)
{
  if (**at != c)
    return false;
  (*at)++;
  return true;
}

/* Is what NAME is mapped from memory that only looks like a file of /dev? */
static bool
is_device (const char *name)
{
  return strncmp (name, "/dev/", 5) == 0 && strncmp (name, "/dev/shm/", 9) != 0
         && strncmp (name, "/dev/zero", 9) != 0 && strncmp (name, "/dev/hugepages/", 15) != 0;
}

/* LINE, NUL-terminated, as VMA; false when it is none. */
static bool
parse_line (const char *line, struct gcg__vma *vma)
{
  const char *at = line, *flags;
  size_t length;

  memset (vma, 0, sizeof *vma);
  vma->low = take_hex (&at);
  if (!take_char (&at, '-'))
    return false;
  vma->high = take_hex (&at);
  flags = at + 1;
  if (!take_char (&at, ' ') || strnlen (flags, 5) < 5 || flags[4] != ' ')
    return false;
  vma->is_readable = flags[0] == 'r';
  vma->is_writable = flags[1] == 'w';
  vma->is_executable = flags[2] == 'x';
  vma->is_shared = flags[3] == 's';
  at = flags + 5;
  vma->offset = take_hex (&at);
  if (!take_char (&at, ' '))
    return false;
  unsigned major_number = (unsigned)take_hex (&at);
  if (!take_char (&at, ':'))
    return false;
  vma->device = makedev (major_number, (unsigned)take_hex (&at));
  if (!take_char (&at, ' '))
    return false;
  for (; isdigit ((unsigned char)*at); at++)
    vma->inode = vma->inode * 10 + (uint64_t)(*at - '0');
  while (*at == ' ')
    at++;
  vma->name = at;
  length = strlen (at);
  vma->is_file = *at == '/';
  vma->is_deleted = vma->is_file && length > strlen (GCG__VMA_DELETED)
                    && strcmp (at + length - strlen (GCG__VMA_DELETED), GCG__VMA_DELETED) == 0;
  vma->is_device = is_device (at);
  vma->is_stack = strcmp (at, "[stack]") == 0;
  return vma->low < vma->high;
}

/* As gcg__vmas_parse, of TEXT[BYTES], which is taken whatever comes of it: allocated, with room for
   a NUL behind it; of thread TID. */
static enum gcg_status
parse_taken (char *text, size_t bytes, pid_t tid, struct gcg__vmas *vmas, struct gcg_error *error)
{
  struct gcg__vma *items = NULL;
  size_t n = 0;
  uint32_t room = 0;
  uint64_t high = 0;

  text[bytes] = '\0';
  for (char *line = text, *end; line < text + bytes; line = end + 1)
    {
      struct gcg__vma vma;
      end = memchr (line, '\n', bytes - (size_t)(line - text));
      end = end ? end : text + bytes;
      *end = '\0';
      if (!parse_line (line, &vma))
        continue;
      vma.offset += high > vma.low ? high - vma.low : 0;
      vma.low = high > vma.low ? high : vma.low;
      if (vma.low >= vma.high)
        continue;
      if (!gcg__room_for_one (&items, (uint32_t)n, &room, sizeof *items))
        goto fail_memory;
      items[n++] = vma;
      high = vma.high;
    }
  *vmas = (struct gcg__vmas){ items, n, text, tid };
  return GCG_OK;

fail_memory:
  free (items);
  free (text);
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for a table of mappings");
}

enum gcg_status
gcg__vmas_parse (const char *text, size_t bytes, struct gcg__vmas *vmas, struct gcg_error *error)
{
  char *copy = malloc (bytes + 1);

  if (!copy)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for a table of mappings");
  if (bytes)
    memcpy (copy, text, bytes);
  return parse_taken (copy, bytes, 0, vmas, error);
}

/* The whole of file PATH into *TEXT (the caller frees), with room for one byte more.  Returns its
   bytes, or -1 with errno set. */
static ssize_t
read_whole (const char *path, char **text)
{
  size_t room = FIRST_BYTES, n = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC), cause;
  char *buffer = fd < 0 ? NULL : malloc (room);

  if (fd < 0)
    return -1;
  if (!buffer)
    {
      errno = ENOMEM;
      goto fail_read;
    }
  for (ssize_t got = 1; got != 0;)
    {
      if (n + 1 == room)
        {
          char *grown = realloc (buffer, 2 * room);
          if (!grown)
            {
              errno = ENOMEM;
              goto fail_read;
            }
          buffer = grown;
          room *= 2;
        }
      got = read (fd, buffer + n, room - 1 - n);
      if (got < 0 && errno != EINTR)
        goto fail_read;
      n += got > 0 ? (size_t)got : 0;
    }
  close (fd);
  *text = buffer;
  return (ssize_t)n;

fail_read:
  cause = errno;
  close (fd);
  free (buffer);
  errno = cause;
  return -1;
}

/* The mappings as thread TID of PID sees them: bytes, 0 when it has no memory, -1 with errno. */
static ssize_t
read_thread (pid_t pid, pid_t tid, char **text)
{
  char path[64];
  ssize_t n;

  snprintf (path, sizeof path, "/proc/%d/task/%d/maps", (int)pid, (int)tid);
  n = read_whole (path, text);
  if (n == 0)
    free (*text);
  return n;
}

enum gcg_status
gcg__vmas_read (pid_t pid, struct gcg__vmas *vmas, struct gcg_error *error)
{
  char path[64];
  char *text = NULL;
  ssize_t n = 0;
  pid_t tid = 0;
  int cause = 0;

  snprintf (path, sizeof path, "/proc/%d/task", (int)pid);
  DIR *tasks = opendir (path);
  if (!tasks)
    return gcg__error_write (error, errno == ENOENT ? GCG_NOT_FOUND : GCG_SYSTEM,
                             "cannot list the threads of process %d: %s", (int)pid,
                             strerror (errno));
  for (const struct dirent *entry; n <= 0 && (entry = readdir (tasks)) != NULL;)
    if (isdigit ((unsigned char)entry->d_name[0]))
      {
        tid = (pid_t)strtol (entry->d_name, NULL, 10);
        n = read_thread (pid, tid, &text);
        cause = n < 0 ? errno : cause;
      }
  closedir (tasks);
  if (n > 0)
    return parse_taken (text, (size_t)n, tid, vmas, error);
  if (cause == ENOMEM)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the mappings of process %d",
                             (int)pid);
  if (cause == 0 || cause == ENOENT || cause == ESRCH)
    return gcg__error_write (error, GCG_NOT_FOUND, "process %d has no memory: it has ended",
                             (int)pid);
  return gcg__error_write (error, GCG_SYSTEM, "cannot read the mappings of process %d: %s",
                           (int)pid, strerror (cause));
}

void
gcg__vmas_fini (struct gcg__vmas *vmas)
{
  free (vmas->items);
  free (vmas->text);
  *vmas = (struct gcg__vmas){ 0 };
}

size_t
gcg__vmas_above (const struct gcg__vmas *vmas, uint64_t address)
{
  size_t low = 0, high = vmas->n;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;
      if (vmas->items[middle].high <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

const struct gcg__vma *
gcg__vmas_find (const struct gcg__vmas *vmas, uint64_t address)
{
  size_t i = gcg__vmas_above (vmas, address);

  return i < vmas->n && vmas->items[i].low <= address ? &vmas->items[i] : NULL;
}
