/* source.c -- where an image reads from (image.h): a process, or buffers.
 *
 * /proc/PID/mem copies from page to page until one is not there, locked or not.  process_vm_readv
 * is a fifth faster with pages that are one process's alone, but pins what it reads, and Linux
 * (5.19 and later) first gives a process that shares a page with its parent or child one of its
 * own: a frozen copy would take as much memory again as is read of it, and twice the time; so would
 * a program whose children have not touched their memory yet.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "image/image.h"

static size_t
process_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  const struct gcg__process_memory *process = state;
  size_t done = 0;

  while (done < n && address + done <= INT64_MAX)
    {
      ssize_t got = pread (process->mem, (char *)bytes + done, n - done, (off_t)(address + done));
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        break;
      done += (size_t)got;
    }
  return done;
}

struct gcg__memory_source
gcg__process_source (const struct gcg__process_memory *process)
{
  return (struct gcg__memory_source){ process_read, process };
}

static size_t
buffers_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  const struct gcg__memory_buffers *buffers = state;
  size_t low = 0, high = buffers->n, done = 0;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;
      if (buffers->items[middle].address <= address)
        low = middle + 1;
      else
        high = middle;
    }
  for (size_t i = low; i > 0 && i <= buffers->n && done < n; i++)
    {
      const struct gcg__memory_buffer *buffer = &buffers->items[i - 1];
      uint64_t offset = address + done - buffer->address;
      if (address + done < buffer->address || offset >= buffer->n)
        break;
      size_t step = buffer->n - offset < n - done ? buffer->n - offset : n - done;
      memcpy ((char *)bytes + done, (const char *)buffer->bytes + offset, step);
      done += step;
    }
  return done;
}

struct gcg__memory_source
gcg__buffers_source (const struct gcg__memory_buffers *buffers)
{
  return (struct gcg__memory_source){ buffers_read, buffers };
}
