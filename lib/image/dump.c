/* dump.c -- see dump.h.
 *
 * Pages that the program has never touched are not in the file: they are zero.
 *
 * Registers stand where the kernel has saved them for the signal handler in which each thread
 * waits, on its own stack, so they are found in the memory of the dump itself.
 */
#include "config.h"

#include "image/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"
#include "dump_format.h"
#include "image/arch.h"

#define MOST_THREADS 65536u
#define MOST_TEXT    (UINT64_C (256) << 20)

struct dump
{
  const uint8_t *bytes; /* of the file, mapped */
  uint64_t n;
  struct gcg__dump_header header;
  char *texts[GCG__DUMP_TEXTS];
  struct gcg__dump_range *ranges; /* ascending, within the file */
  size_t n_ranges;
  struct gcg__memory_image *image;
  struct gcg__frozen_thread *threads;
  size_t n_threads;
};

static enum gcg_status
fail_corrupt (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_CORRUPT,
                           "what the agent has written of its program's memory is damaged");
}

static enum gcg_status
fail_no_memory (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory to read what the agent has written");
}

/* Does [OFFSET, OFFSET + BYTES) lie within DUMP? */
static bool
is_within (const struct dump *dump, uint64_t offset, uint64_t bytes)
{
  return offset <= dump->n && bytes <= dump->n - offset;
}

static enum gcg_status
open_file (int fd, struct dump *dump, struct gcg_error *error)
{
  struct gcg__dump_header *header = &dump->header;
  int seals = fcntl (fd, F_GET_SEALS);
  struct stat status;
  void *bytes;

  if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat (fd, &status) != 0
      || status.st_size < (off_t)sizeof *header)
    return fail_corrupt (error);
  bytes = mmap (NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED)
    return gcg__error_write (error, GCG_SYSTEM, "cannot map what the agent has written: %s",
                             strerror (errno));
  dump->bytes = bytes;
  dump->n = (uint64_t)status.st_size;
  memcpy (header, bytes, sizeof *header);
  if (header->magic != GCG__DUMP_MAGIC)
    return fail_corrupt (error);
  if (header->version != GCG__DUMP_VERSION || header->bytes != sizeof *header)
    return gcg__error_write (error, GCG_UNSUPPORTED, "the agent is of another version of gcglass");
  return GCG_OK;
}

/* The text of PART, NULs in it as spaces.  The caller frees *TEXT. */
static enum gcg_status
take_text (const struct dump *dump, const struct gcg__dump_part *part, char **text,
           struct gcg_error *error)
{
  char *taken;

  if (!is_within (dump, part->offset, part->bytes) || part->bytes > MOST_TEXT)
    return fail_corrupt (error);
  taken = malloc (part->bytes + 1);
  if (!taken)
    return fail_no_memory (error);
  for (uint64_t i = 0; i < part->bytes; i++)
    {
      char c = (char)dump->bytes[part->offset + i];
      taken[i] = c ? c : ' ';
    }
  taken[part->bytes] = 0;
  *text = taken;
  return GCG_OK;
}

static enum gcg_status
take_texts (struct dump *dump, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;

  for (int i = 0; i < GCG__DUMP_TEXTS && status == GCG_OK; i++)
    status = take_text (dump, &dump->header.texts[i], &dump->texts[i], error);
  return status;
}

/* --- memory --- */

static enum gcg_status
list_memory (struct dump *dump, struct gcg_error *error)
{
  const struct gcg__dump_part *part = &dump->header.ranges;
  uint64_t n = part->bytes / sizeof *dump->ranges, high = 0;

  if (!is_within (dump, part->offset, part->bytes))
    return fail_corrupt (error);
  dump->ranges = malloc ((n + 1) * sizeof *dump->ranges);
  if (!dump->ranges)
    return fail_no_memory (error);
  memcpy (dump->ranges, dump->bytes + part->offset, n * sizeof *dump->ranges);
  dump->n_ranges = n;
  for (uint64_t i = 0; i < n; i++)
    {
      const struct gcg__dump_range *range = &dump->ranges[i];
      if (range->address < high || range->bytes > UINT64_MAX - range->address
          || !is_within (dump, range->offset, range->bytes))
        return fail_corrupt (error);
      high = range->address + range->bytes;
    }
  return GCG_OK;
}

/* The first range that ends above ADDRESS; N_RANGES: none does. */
static size_t
range_above (const struct dump *dump, uint64_t address)
{
  size_t low = 0, high = dump->n_ranges;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;
      if (dump->ranges[middle].address + dump->ranges[middle].bytes <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Up to where, at most HIGH, pages that are missing from ADDRESS on are zero. */
static uint64_t
zero_until (const struct dump *dump, uint64_t address, uint64_t high)
{
  const struct gcg__vma *map = gcg__vmas_find (gcg__image_vmas (dump->image), address);

  if (!map || !map->is_readable || (map->is_file && !map->is_shared))
    return address;
  return map->high < high ? map->high : high;
}

/* A source's read (image.h). */
static size_t
read_dump (const void *state, uint64_t address, void *bytes, size_t n)
{
  const struct dump *dump = state;
  uint64_t at = address, end = n < UINT64_MAX - address ? address + n : UINT64_MAX, next;
  char *to = bytes;

  for (size_t i = range_above (dump, address); at < end; to += next - at, at = next)
    {
      const struct gcg__dump_range *range = i < dump->n_ranges ? &dump->ranges[i] : NULL;
      if (range && range->address <= at)
        {
          next = range->address + range->bytes < end ? range->address + range->bytes : end;
          memcpy (to, dump->bytes + range->offset + (at - range->address), next - at);
          i++;
          continue;
        }
      next = zero_until (dump, at, range && range->address < end ? range->address : end);
      if (next == at)
        break;
      memset (to, 0, next - at);
    }
  return at - address;
}

static enum gcg_status
make_image (struct dump *dump, struct gcg_error *error)
{
  const struct gcg__memory_source source = { read_dump, dump };
  const char *maps = dump->texts[GCG__DUMP_MAPS];
  struct gcg__vmas vmas;
  enum gcg_status status = gcg__vmas_parse (maps, strlen (maps), &vmas, error);

  if (status != GCG_OK)
    return status;
  status = gcg__image_new (&source, &vmas, &dump->image, error);
  gcg__vmas_fini (&vmas);
  return status;
}

/* --- threads --- */

/* The letter in the text of /proc/PID/task/TID/stat: "TID (NAME) STATE ..."; 0: none. */
static char
state_of (const char *stat)
{
  const char *end = strrchr (stat, ')');

  return end && end[1] == ' ' ? end[2] : 0;
}

static enum gcg_status
describe_thread (const struct dump *dump, const struct gcg__dump_thread *from,
                 struct gcg__frozen_thread *thread, struct gcg_error *error)
{
  char *name = NULL, *stat = NULL;
  enum gcg_status status = take_text (dump, &from->name, &name, error);

  if (status == GCG_OK)
    status = take_text (dump, &from->stat, &stat, error);
  if (status != GCG_OK)
    {
      free (name);
      return status;
    }
  thread->tid = thread->own_tid = (pid_t)from->tid;
  thread->stands = true;
  thread->call = -1;
  thread->thread_pointer = from->thread_pointer;
  thread->state = state_of (stat);
  strncpy (thread->name, name, sizeof thread->name - 1);
  thread->name[strcspn (thread->name, "\n")] = 0;
  free (name);
  free (stat);
  return gcg__arch_read_context (dump->image, from->context, thread) ? GCG_OK
                                                                     : fail_no_memory (error);
}

static enum gcg_status
take_threads (struct dump *dump, struct gcg_error *error)
{
  const struct gcg__dump_part *part = &dump->header.threads;
  uint64_t n = part->bytes / sizeof (struct gcg__dump_thread);
  enum gcg_status status = GCG_OK;

  if (!is_within (dump, part->offset, part->bytes) || n > MOST_THREADS)
    return fail_corrupt (error);
  dump->threads = calloc (n + 1, sizeof *dump->threads);
  if (!dump->threads)
    return fail_no_memory (error);
  for (; dump->n_threads < n && status == GCG_OK; dump->n_threads++)
    {
      struct gcg__dump_thread from;
      memcpy (&from, dump->bytes + part->offset + dump->n_threads * sizeof from, sizeof from);
      status = describe_thread (dump, &from, &dump->threads[dump->n_threads], error);
    }
  return status;
}

/* --- all of it --- */

static enum gcg_status
take (const struct dump *dump, const char *description, struct gcg__agent_snapshot **snapshot,
      struct gcg_error *error)
{
  const struct gcg__dump_header *header = &dump->header;
  const struct gcg__agent_ask ask = { .image = dump->image,
                                      .root = header->root,
                                      .threads = dump->threads,
                                      .n_threads = dump->n_threads,
                                      .calling = (pid_t)header->calling_tid,
                                      .ends = header->ends != 0,
                                      .is_copied = true,
                                      .description = description,
                                      .program = dump->texts[GCG__DUMP_PROGRAM],
                                      .command_line = dump->texts[GCG__DUMP_COMMAND_LINE],
                                      .status = dump->texts[GCG__DUMP_STATUS],
                                      .stat = dump->texts[GCG__DUMP_STAT],
                                      .smaps = dump->texts[GCG__DUMP_SMAPS],
                                      .requested_ns = header->requested_ns,
                                      .monotonic_ns = header->monotonic_ns,
                                      .realtime_ns = header->realtime_ns,
                                      .stop_ns = header->stop_ns };

  return gcg__agent_snapshot_take (&ask, snapshot, error);
}

enum gcg_status
gcg__dump_read (int fd, const char *description, struct gcg__agent_snapshot **snapshot,
                uint64_t *pause_ns, struct gcg_error *error)
{
  struct dump dump = { .bytes = NULL };
  enum gcg_status status = open_file (fd, &dump, error);

  if (status == GCG_OK)
    status = take_texts (&dump, error);
  if (status == GCG_OK)
    status = list_memory (&dump, error);
  if (status == GCG_OK)
    status = make_image (&dump, error);
  if (status == GCG_OK)
    status = take_threads (&dump, error);
  if (status == GCG_OK)
    status = take (&dump, description, snapshot, error);
  *pause_ns = dump.header.pause_ns;
  for (size_t i = 0; i < dump.n_threads; i++)
    free (dump.threads[i].vectors);
  free (dump.threads);
  gcg__image_free (dump.image);
  free (dump.ranges);
  for (int i = 0; i < GCG__DUMP_TEXTS; i++)
    free (dump.texts[i]);
  if (dump.bytes)
    munmap ((void *)dump.bytes, dump.n);
  return status;
}
