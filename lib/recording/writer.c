/* writer.c -- see writer.h.  A record that could not be written whole is cut off again. */
#include "config.h"

#include "recording/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "recording/encode.h"
#include "recording/internal.h"

struct gcg__recording_writer
{
  int fd;
  uint64_t bytes; /* of whole records */
  bool failed;
  char path[];
};

static enum gcg_status
write_failed (struct gcg__recording_writer *writer, struct gcg_error *error)
{
  int reason = errno;

  writer->failed = true;
  if (ftruncate (writer->fd, (off_t)writer->bytes) != 0)
    reason = reason ? reason : errno;
  return gcg__recording_fail (error, GCG_SYSTEM, "cannot record to %s: %s", writer->path,
                              strerror (reason));
}

/* Writes the N bytes at BYTES; false with errno set. */
static bool
write_all (int fd, const char *bytes, size_t n)
{
  while (n > 0)
    {
      ssize_t done = write (fd, bytes, n);
      if (done < 0 && errno == EINTR)
        continue;
      if (done < 0)
        return false;
      bytes += done;
      n -= (size_t)done;
    }
  return true;
}

enum gcg_status
gcg__recording_writer_new (const char *path, struct gcg__recording_writer **result,
                           struct gcg_error *error)
{
  static const struct gcg__recording_header header
      = { .magic = GCG__RECORDING_MAGIC, .version = GCG__RECORDING_VERSION };
  size_t n = strlen (path) + 1;
  struct gcg__recording_writer *writer = malloc (sizeof *writer + n);
  enum gcg_status status;

  if (writer == NULL)
    return gcg__recording_fail (error, GCG_NO_MEMORY, "no memory to record");
  *writer = (struct gcg__recording_writer){ .fd = -1 };
  memcpy (writer->path, path, n);
  writer->fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
  if (writer->fd < 0)
    {
      status = gcg__recording_fail (error, GCG_SYSTEM, "cannot record to %s: %s", path,
                                    strerror (errno));
      free (writer);
      return status;
    }
  status = gcg__recording_writer_append (writer, &header, sizeof header, error);
  if (status != GCG_OK)
    {
      close (writer->fd);
      free (writer);
      return status;
    }
  *result = writer;
  return GCG_OK;
}

enum gcg_status
gcg__recording_writer_append (struct gcg__recording_writer *writer, const void *bytes, size_t n,
                              struct gcg_error *error)
{
  errno = ENOSPC; /* after the first failure */
  if (writer->failed || !write_all (writer->fd, bytes, n))
    return write_failed (writer, error);
  writer->bytes += n;
  return GCG_OK;
}

enum gcg_status
gcg__recording_writer_snapshot (struct gcg__recording_writer *writer, const void *bytes, size_t n,
                                struct gcg_error *error)
{
  static const char padding[8] = { 0 };
  size_t padded = (n + 7) & ~(size_t)7;
  struct gcg__record_head head = { .code = GCG__RECORD_SNAPSHOT, .bytes = padded };

  errno = ENOSPC;
  if (writer->failed || !write_all (writer->fd, (const char *)&head, sizeof head)
      || !write_all (writer->fd, bytes, n) || !write_all (writer->fd, padding, padded - n))
    return write_failed (writer, error);
  writer->bytes += sizeof head + padded;
  return GCG_OK;
}

enum gcg_status
gcg__recording_writer_exit (struct gcg__recording_writer *writer, int wait_status,
                            struct gcg_error *error)
{
  union
  {
    char bytes[sizeof (struct gcg__record_head) + sizeof (struct gcg__record_exit)];
    uint64_t aligned;
  } record;
  struct timespec now;
  struct gcg__record_exit *exit = gcg__record_payload (&record);

  clock_gettime (CLOCK_REALTIME, &now);
  *exit = (struct gcg__record_exit){ .realtime_ns
                                     = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
                                     .wait_status = wait_status };
  return gcg__recording_writer_append (
      writer, &record, gcg__record_seal (&record, GCG__RECORD_EXIT, sizeof *exit), error);
}

enum gcg_status
gcg__recording_writer_close (struct gcg__recording_writer *writer, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;

  if (writer == NULL)
    return GCG_OK;
  if (!writer->failed && fsync (writer->fd) != 0 && errno != EINVAL && errno != EROFS)
    status = write_failed (writer, error);
  close (writer->fd);
  free (writer);
  return status;
}
