/* writer.c -- see writer.h.
 *
 * The file gets its name once its header is written, so a recording survives a killed writer.  An
 * incomplete record is cut off again.
 */
#include "config.h"

#include "recording/writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/save.h"
#include "recording/encode.h"
#include "recording/internal.h"

struct gcg__recording_writer
{
  struct gcg__save file;
  uint64_t bytes; /* of whole records */
  bool failed;
  char path[];
};

static enum gcg_status
write_failed (struct gcg__recording_writer *writer, struct gcg_error *error)
{
  int reason = errno;

  writer->failed = true;
  if (ftruncate (writer->file.fd, (off_t)writer->bytes) != 0)
    reason = reason ? reason : errno;
  return gcg__recording_fail (error, GCG_SYSTEM, "cannot record to %s: %s", writer->path,
                              strerror (reason));
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
  *writer = (struct gcg__recording_writer){ .bytes = 0 };
  memcpy (writer->path, path, n);
  status = gcg__save_begin (&writer->file, writer->path, false, error);
  if (status != GCG_OK)
    goto fail_begin;
  status = gcg__recording_writer_append (writer, &header, sizeof header, error);
  if (status == GCG_OK)
    status = gcg__save_place (&writer->file, error);
  if (status != GCG_OK)
    goto fail_header;
  *result = writer;
  return GCG_OK;

fail_header:
  (void)!gcg__save_end (&writer->file, false, NULL);
fail_begin:
  free (writer);
  return status;
}

enum gcg_status
gcg__recording_writer_append (struct gcg__recording_writer *writer, const void *bytes, size_t n,
                              struct gcg_error *error)
{
  errno = ENOSPC; /* after the first failure */
  if (writer->failed || !gcg__write_all (writer->file.fd, bytes, n))
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
  if (writer->failed || !gcg__write_all (writer->file.fd, &head, sizeof head)
      || !gcg__write_all (writer->file.fd, bytes, n)
      || !gcg__write_all (writer->file.fd, padding, padded - n))
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
  struct gcg__record_exit *exit = gcg__record_payload (&record);

  *exit = (struct gcg__record_exit){ .realtime_ns = gcg__clock_ns (CLOCK_REALTIME),
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
  status = gcg__save_end (&writer->file, !writer->failed, error);
  free (writer);
  return status;
}
