/* reader.c -- records from memory and from files.
 *
 * A file is read record by record, so that snapshots in it, which may be large, are only noted;
 * they are copied into a memory file and checked when a caller requests them.  What is at the
 * end of a file that its writer did not finish (the machine went down, the program still runs) is
 * passed over; anything else that is wrong refuses the file.
 */
#include "config.h"

#include "recording/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAX (UINT64_C (512) << 20) /* of one that is no snapshot */

static enum gcg_status
check_head (const struct gcg__record_head *head, struct gcg_error *error)
{
  if (head->zero != 0 || head->zero_too != 0 || head->bytes % 8 != 0
      || (head->code != GCG__RECORD_SNAPSHOT && head->bytes > RECORD_MAX))
    return gcg__recording_fail (error, GCG_CORRUPT, "damaged recording: head of a record");
  return GCG_OK;
}

enum gcg_status
gcg__recording_append (struct gcg__recording *recording, const void *bytes, size_t n,
                       struct gcg_error *error)
{
  const char *at = bytes, *end = at + n;
  enum gcg_status status = GCG_OK;

  while (at < end && status == GCG_OK)
    {
      const struct gcg__record_head *head = (const void *)at;
      if ((size_t)(end - at) < sizeof *head || head->bytes > (uint64_t)(end - at) - sizeof *head)
        return gcg__recording_fail (error, GCG_CORRUPT, "damaged recording: cut short");
      status = check_head (head, error);
      if (status == GCG_OK)
        status = gcg__recording_take (recording, head, head + 1, error);
      at += sizeof *head + head->bytes;
    }
  return status;
}

/* Reads N bytes at OFFSET; false when they are not all there. */
static bool
read_at (int fd, void *bytes, uint64_t n, uint64_t offset)
{
  char *at = bytes;

  while (n > 0)
    {
      ssize_t got = pread (fd, at, n, (off_t)offset);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return false;
      at += got;
      n -= (uint64_t)got;
      offset += (uint64_t)got;
    }
  return true;
}

static bool
note_snapshot (struct gcg__recording *recording, uint64_t offset, uint64_t bytes)
{
  struct gcg__recorded_snapshot *more = reallocarray (
      recording->snapshots, recording->n_snapshots + (size_t)1, sizeof *recording->snapshots);

  if (more == NULL)
    return false;
  more[recording->n_snapshots++] = (struct gcg__recorded_snapshot){ offset, bytes };
  recording->snapshots = more;
  return true;
}

/* Takes in the record with HEAD at OFFSET. */
static enum gcg_status
read_record (struct gcg__recording *recording, const struct gcg__record_head *head, uint64_t offset,
             struct gcg_error *error)
{
  enum gcg_status status = check_head (head, error);
  void *payload;

  if (status != GCG_OK)
    return status;
  if (head->code == GCG__RECORD_SNAPSHOT)
    return note_snapshot (recording, offset + sizeof *head, head->bytes)
               ? GCG_OK
               : gcg__recording_fail (error, GCG_NO_MEMORY, "no memory for a recording");
  payload = malloc (head->bytes + 1);
  if (payload == NULL)
    return gcg__recording_fail (error, GCG_NO_MEMORY, "no memory for a record of %" PRIu64 " bytes",
                                head->bytes);
  if (!read_at (recording->fd, payload, head->bytes, offset + sizeof *head))
    status = gcg__recording_fail (error, GCG_SYSTEM, "cannot read the recording: %s",
                                  strerror (errno));
  else
    status = gcg__recording_take (recording, head, payload, error);
  free (payload);
  return status;
}

static enum gcg_status
read_file (struct gcg__recording *recording, struct gcg_error *error)
{
  struct gcg__recording_header header;
  struct gcg__record_head head;
  struct stat about;
  uint64_t at = sizeof header, bytes;

  if (fstat (recording->fd, &about) != 0 || !S_ISREG (about.st_mode))
    return gcg__recording_fail (error, GCG_CORRUPT, "not a regular file");
  bytes = (uint64_t)about.st_size;
  if (bytes < sizeof header || !read_at (recording->fd, &header, sizeof header, 0)
      || memcmp (header.magic, GCG__RECORDING_MAGIC, sizeof header.magic) != 0)
    return gcg__recording_fail (error, GCG_CORRUPT, "not a gcglass recording");
  if (header.version != GCG__RECORDING_VERSION)
    return gcg__recording_fail (error, GCG_VERSION,
                                "recording format %" PRIu32 ", this gcglass reads format %u: use "
                                "the gcglass that wrote it",
                                header.version, GCG__RECORDING_VERSION);
  for (size_t i = 0; i < sizeof header.zero; i++)
    if (header.zero[i])
      return gcg__recording_fail (error, GCG_CORRUPT, "damaged recording: header not zero");
  while (bytes - at >= sizeof head)
    {
      if (!read_at (recording->fd, &head, sizeof head, at))
        return gcg__recording_fail (error, GCG_SYSTEM, "cannot read the recording: %s",
                                    strerror (errno));
      if (head.bytes > bytes - at - sizeof head)
        break; /* being written */
      enum gcg_status status = read_record (recording, &head, at, error);
      if (status != GCG_OK)
        return status;
      at += sizeof head + head.bytes;
    }
  return GCG_OK;
}

/* Puts "PATH: " before what ERROR says. */
static enum gcg_status
name_file (enum gcg_status status, const char *path, struct gcg_error *error)
{
  struct gcg_error inner;

  if (error == NULL)
    return status;
  inner = *error;
  return gcg__recording_fail (error, status, "%s: %s", path, inner.text);
}

enum gcg_status
gcg__recording_open (const char *path, struct gcg__recording **result, struct gcg_error *error)
{
  struct gcg__recording *recording;
  enum gcg_status status = gcg__recording_new (&recording, error);

  if (status != GCG_OK)
    return status;
  recording->fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (recording->fd < 0)
    status = gcg__recording_fail (error, GCG_SYSTEM, "%s", strerror (errno));
  else
    status = read_file (recording, error);
  if (status != GCG_OK)
    {
      gcg__recording_free (recording);
      return name_file (status, path, error);
    }
  *result = recording;
  return GCG_OK;
}

bool
gcg__recording_is (const char *path)
{
  char magic[sizeof GCG__RECORDING_MAGIC - 1];
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  bool is = fd >= 0 && read_at (fd, magic, sizeof magic, 0)
            && memcmp (magic, GCG__RECORDING_MAGIC, sizeof magic) == 0;

  if (fd >= 0)
    close (fd);
  return is;
}

enum gcg_status
gcg__recording_snapshot (const struct gcg__recording *recording, uint32_t i, const char *name,
                         int *result, struct gcg_error *error)
{
  const struct gcg__recorded_snapshot *at = &recording->snapshots[i];
  struct gcg__file_header header;
  off_t offset = (off_t)at->offset;
  int fd;

  if (at->bytes < sizeof header || !read_at (recording->fd, &header, sizeof header, at->offset)
      || header.file_bytes > at->bytes || at->bytes - header.file_bytes > 7)
    return gcg__recording_fail (error, GCG_CORRUPT, "%s: damaged recording: a snapshot", name);
  fd = memfd_create ("gcglass-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return gcg__recording_fail (error, GCG_SYSTEM, "cannot make a memory file: %s",
                                strerror (errno));
  for (uint64_t left = header.file_bytes; left > 0;)
    {
      ssize_t n = sendfile (fd, recording->fd, &offset, left);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          close (fd);
          return gcg__recording_fail (error, GCG_SYSTEM, "%s: cannot read the recording", name);
        }
      left -= (uint64_t)n;
    }
  fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  *result = fd;
  return GCG_OK;
}
