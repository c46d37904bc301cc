/* recorded.c -- see recorded.h. */
#include <config.h>

#include "tools/recorded.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/snapshot.h"

#define MOST_LISTED 8

/* Returns whether STATUS concerns one snapshot, not this machine. */
static bool
is_damage (enum gcg_status status)
{
  return status == GCG_CORRUPT || status == GCG_VERSION || status == GCG_UNSUPPORTED;
}

enum gcg_status
recorded_each (const struct gcg__recording *recording, const char *path, recorded_take take,
               void *context, char left_out[RECORDED_TEXT_BYTES], struct gcg_error *error)
{
  struct gcg_error first = { GCG_OK, "" };
  char list[160] = "";
  size_t used = 0;
  uint32_t n = 0;
  left_out[0] = '\0';
  for (uint32_t i = 0; i < recording->n_snapshots; i++)
    {
      int fd;
      enum gcg_status status = gcg__recording_snapshot (recording, i, path, &fd, error);
      if (status == GCG_OK)
        status = take (context, fd, path, error);
      if (status == GCG_OK)
        continue;
      if (!is_damage (status))
        return status;
      if (n == 0)
        first = *error;
      if (n++ < MOST_LISTED)
        used += (size_t)snprintf (list + used, sizeof list - used, "%s%" PRIu32, n > 1 ? ", " : "",
                                  i + 1);
    }
  if (n > 0)
    snprintf (left_out, RECORDED_TEXT_BYTES,
              "Damaged and left out: snapshot%s %s%s of the %" PRIu32 " in the recording (%s)",
              n > 1 ? "s" : "", list, n > MOST_LISTED ? ", ..." : "", recording->n_snapshots,
              first.text);
  return GCG_OK;
}

static enum gcg_status
check (void *context, int fd, const char *name, struct gcg_error *error)
{
  struct gcg__snapshot *snapshot;
  (void)context;
  enum gcg_status status = gcg__snapshot_open_fd (fd, name, &snapshot, error);
  close (fd);
  if (status == GCG_OK)
    gcg__snapshot_close (snapshot);
  return status;
}

enum gcg_status
recorded_check (const struct gcg__recording *recording, const char *path,
                char left_out[RECORDED_TEXT_BYTES], struct gcg_error *error)
{
  return recorded_each (recording, path, check, NULL, left_out, error);
}
