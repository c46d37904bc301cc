/* source.c -- where an image reads from (image.h): a process, or buffers.
 *
 * process_vm_readv copies from page to page until one is not there, several gigabytes a second, and
 * keeps to the protection of pages; /proc/PID/mem, slower, reads those that the program has locked.
 * So the first reads until it stops, the second takes it over that place.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image/image.h"

#define STEP_BYTES                                                                                 \
  (UINT64_C (64) << 10) /* that the slow way reads before the fast one is tried                    \
                         */

static size_t
process_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  const struct gcg__process_memory *process = state;
  size_t done = 0;

  while (done < n)
    {
      uint64_t at = address + done;
      struct iovec here = { (char *)bytes + done, n - done };
      struct iovec there = { (void *)(uintptr_t)at, n - done };
      ssize_t got = process_vm_readv (process->tid, &here, 1, &there, 1, 0);
      if (got <= 0 && process->mem >= 0 && at <= INT64_MAX)
        {
          size_t step = n - done < STEP_BYTES ? n - done : STEP_BYTES;
          do
            got = pread (process->mem, (char *)bytes + done, step, (off_t)at);
          while (got < 0 && errno == EINTR);
        }
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
