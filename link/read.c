/* read.c -- see read.h. */
#include "config.h"

#include "link/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "image/dump.h"

static int
compare_buffers (const void *a, const void *b)
{
  const struct gcg__memory_buffer *x = a, *y = b;
  return x->address < y->address ? -1 : x->address > y->address;
}

/* Adds HIDDEN to IMAGE. */
static enum gcg_status
add_hidden (struct gcg__memory_image *image, const struct gcg__memory_buffers *hidden,
            struct gcg_error *error)
{
  struct gcg__memory_buffer *items = calloc (hidden->n + 1, sizeof *items);
  if (items == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  memcpy (items, hidden->items, hidden->n * sizeof *items);
  qsort (items, hidden->n, sizeof *items, compare_buffers);
  const struct gcg__memory_buffers sorted = { items, hidden->n };
  enum gcg_status status = gcg__image_add (image, &sorted, error);
  free (items);
  return status;
}

enum gcg_status
gcg__read_frozen (const struct gcg__frozen *frozen, int mem,
                  const struct gcg__memory_buffers *hidden, const struct gcg__agent_ask *ask,
                  struct gcg__agent_snapshot **snapshot, struct gcg_error *error)
{
  bool is_copied = frozen->copy != 0;
  struct gcg__memory_image *image = NULL;
  struct gcg__agent_ask whole = *ask;
  enum gcg_status status = is_copied ? gcg__image_open (frozen->copy, -1, &image, error)
                                     : gcg__image_open (frozen->pid, mem, &image, error);
  if (status == GCG_OK && is_copied && hidden->n > 0)
    status = add_hidden (image, hidden, error);
  if (status == GCG_OK)
    {
      whole.image = image;
      whole.threads = frozen->threads;
      whole.n_threads = frozen->n_threads;
      whole.is_copied = is_copied;
      status = gcg__agent_snapshot_take (&whole, snapshot, error);
    }
  gcg__image_free (image);
  return status;
}

enum gcg_status
gcg__read_save (struct gcg__agent_snapshot *snapshot, uint64_t pause_ns, int *fd,
                struct gcg_error *error)
{
  int memory = memfd_create ("gcglass-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0)
    return gcg__error_write (error, GCG_SYSTEM, "cannot make a memory file for the snapshot: %s",
                             strerror (errno));
  enum gcg_status status = gcg__agent_snapshot_write (snapshot, pause_ns, memory, error);
  if (status == GCG_OK
      && fcntl (memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    status = gcg__error_write (error, GCG_SYSTEM, "cannot seal the snapshot: %s", strerror (errno));
  if (status == GCG_OK)
    *fd = memory;
  else
    close (memory);
  return status;
}

void
gcg__read_received (struct gcg__message *message, int *attached)
{
  struct gcg__agent_snapshot *snapshot = NULL;
  struct gcg_error error = { GCG_OK, "" };
  uint64_t pause_ns;
  int made = -1;
  if ((message->flags & GCG__FLAG_DUMP) == 0 || *attached < 0)
    return;
  message->flags &= ~GCG__FLAG_DUMP;
  enum gcg_status status = gcg__dump_read (*attached, message->text, &snapshot, &pause_ns, &error);
  if (status == GCG_OK)
    status = gcg__read_save (snapshot, pause_ns, &made, &error);
  if (status != GCG_OK)
    {
      message->status = status;
      snprintf (message->text, sizeof message->text, "%s", error.text);
    }
  gcg__agent_snapshot_free (snapshot);
  close (*attached);
  *attached = made;
}
