/* pictures.c -- see pictures.h.
 *
 * A fixed table of slots under one mutex; a slot that is being drawn stays where it is.  The
 * generation in the key makes pictures of an analysis that was done again differ from those before.
 * Files are numbered, so that one forgotten while it was being drawn does not collide with a new
 * one.
 */
#include "config.h"

#include "server/pictures.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"
#include "base/error.h"
#include "server/source.h"
#include "server/tempdir.h"

#define MAX_SLOTS   64
#define MAX_DRAWING 2
#define MAX_WAITING 16
#define KEY_BYTES   96
#define NAME_BYTES  32

enum slot_state
{
  SLOT_FREE,
  SLOT_DRAWING,
  SLOT_READY,
  SLOT_FAILED
};

struct slot
{
  enum slot_state state;
  bool stale; /* forgotten while it was being drawn */
  char key[KEY_BYTES];
  char name[NAME_BYTES]; /* of the file */
  uint64_t used;         /* when, in uses */
  size_t bytes;
  struct gcg_error error; /* SLOT_FAILED */
};

struct gcg__pictures
{
  struct gcg__tempdir *directory;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool shut;
  unsigned drawing, waiting;
  uint64_t uses, files;
  struct slot slots[MAX_SLOTS];
};

enum gcg_status
gcg__pictures_new (struct gcg__tempdir *directory, struct gcg__pictures **result,
                   struct gcg_error *error)
{
  struct gcg__pictures *pictures = calloc (1, sizeof *pictures);
  if (pictures == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  pictures->directory = directory;
  pthread_mutex_init (&pictures->lock, NULL);
  pthread_cond_init (&pictures->changed, NULL);
  *result = pictures;
  return GCG_OK;
}

void
gcg__pictures_shut (struct gcg__pictures *pictures)
{
  pthread_mutex_lock (&pictures->lock);
  pictures->shut = true;
  pthread_cond_broadcast (&pictures->changed);
  pthread_mutex_unlock (&pictures->lock);
}

void
gcg__pictures_free (struct gcg__pictures *pictures)
{
  pthread_cond_destroy (&pictures->changed);
  pthread_mutex_destroy (&pictures->lock);
  free (pictures);
}

/* Draws PICTURE into the file NAME. */
static enum gcg_status
draw (struct gcg__pictures *pictures, const struct gcg__entry *entry,
      const struct gcg__picture *picture, const char *name, size_t *bytes, struct gcg_error *error)
{
  struct gcg__dot_options options = { .number = picture->number, .reduce = picture->reduce };
  struct gcg__buffer dot;
  uint32_t nodes = 0;
  char *data = NULL;
  gcg__buffer_init (&dot, NULL, NULL);
  enum gcg_status status = gcg__dot_write (entry->model, &options, &dot, &nodes, error);
  if (status == GCG_OK)
    status = gcg__buffer_status (&dot, error);
  if (status == GCG_OK)
    status = gcg__renderer_draw (dot.bytes, dot.n, nodes, picture->format, 0, &data, bytes, error);
  gcg__buffer_fini (&dot);
  if (status != GCG_OK)
    return status;
  int fd = gcg__tempdir_create (pictures->directory, name, error);
  status = fd < 0 ? GCG_SYSTEM : GCG_OK;
  for (size_t done = 0; status == GCG_OK && done < *bytes;)
    {
      ssize_t n = write (fd, data + done, *bytes - done);
      if (n > 0)
        done += (size_t)n;
      else if (n == 0 || errno != EINTR)
        status = gcg__error_write (error, GCG_SYSTEM, "cannot keep the picture in %s: %s",
                                   gcg__tempdir_path (pictures->directory), strerror (errno));
    }
  free (data);
  if (fd >= 0)
    close (fd);
  if (status != GCG_OK && fd >= 0)
    gcg__tempdir_remove (pictures->directory, name);
  return status;
}

/* --- under the lock --- */

static struct slot *
find (struct gcg__pictures *pictures, const char *key)
{
  for (int i = 0; i < MAX_SLOTS; i++)
    if (pictures->slots[i].state != SLOT_FREE && !pictures->slots[i].stale
        && strcmp (pictures->slots[i].key, key) == 0)
      return &pictures->slots[i];
  return NULL;
}

static void
clear (struct gcg__pictures *pictures, struct slot *slot)
{
  if (slot->state == SLOT_READY)
    gcg__tempdir_remove (pictures->directory, slot->name);
  memset (slot, 0, sizeof *slot);
}

/* A free slot, or that which was not used for longest.  Never all are being drawn. */
static struct slot *
take_slot (struct gcg__pictures *pictures)
{
  struct slot *best = NULL;
  for (int i = 0; i < MAX_SLOTS; i++)
    {
      struct slot *slot = &pictures->slots[i];
      if (slot->state != SLOT_DRAWING && (best == NULL || slot->used < best->used))
        best = slot;
    }
  clear (pictures, best);
  return best;
}

/* Waits until SLOT is drawn; NULL when that will not be. */
static struct slot *
await (struct gcg__pictures *pictures, const char *key)
{
  struct slot *slot;
  if (pictures->waiting == MAX_WAITING)
    return NULL;
  pictures->waiting++;
  while ((slot = find (pictures, key)) != NULL && slot->state == SLOT_DRAWING && !pictures->shut)
    pthread_cond_wait (&pictures->changed, &pictures->lock);
  pictures->waiting--;
  return slot != NULL && slot->state == SLOT_DRAWING ? NULL : slot;
}

/* Draws into a slot, giving the lock away meanwhile; NULL when there are too many. */
static struct slot *
draw_slot (struct gcg__pictures *pictures, const struct gcg__entry *entry,
           const struct gcg__picture *picture, const char *key)
{
  if (pictures->drawing == MAX_DRAWING)
    return NULL;
  struct slot *slot = take_slot (pictures);
  slot->state = SLOT_DRAWING;
  strcpy (slot->key, key);
  snprintf (slot->name, sizeof slot->name, GCG__PICTURE_PREFIX "%llu",
            (unsigned long long)++pictures->files);
  pictures->drawing++;
  pthread_mutex_unlock (&pictures->lock);
  struct gcg_error error = { GCG_OK, "" };
  size_t bytes = 0;
  enum gcg_status status = draw (pictures, entry, picture, slot->name, &bytes, &error);
  pthread_mutex_lock (&pictures->lock);
  pictures->drawing--;
  slot->state = status == GCG_OK ? SLOT_READY : SLOT_FAILED;
  slot->bytes = bytes;
  slot->error = error;
  pthread_cond_broadcast (&pictures->changed);
  return slot;
}

enum gcg_status
gcg__pictures_get (struct gcg__pictures *pictures, const struct gcg__entry *entry,
                   const struct gcg__picture *picture, int *fd, size_t *bytes,
                   struct gcg_error *error)
{
  char key[KEY_BYTES];
  enum gcg_status status = GCG_OK;
  snprintf (key, sizeof key, "%u-%u-%llu%s.%s", (unsigned)entry->id, (unsigned)entry->generation,
            (unsigned long long)picture->number, picture->reduce ? "r" : "",
            picture->format == GCG__PICTURE_SVG ? "svg" : "png");
  pthread_mutex_lock (&pictures->lock);
  struct slot *slot = pictures->shut ? NULL : find (pictures, key);
  if (slot != NULL && slot->state == SLOT_DRAWING)
    slot = await (pictures, key);
  else if (slot == NULL && !pictures->shut)
    slot = draw_slot (pictures, entry, picture, key);
  if (slot == NULL)
    status = gcg__error_write (error, GCG_BUSY,
                               "Other pictures are being drawn: try again in a few seconds.");
  else if (slot->state == SLOT_FAILED)
    {
      status = slot->error.status;
      if (error != NULL)
        *error = slot->error;
      /* A renderer can be installed, and memory may come back: only what the graph itself is to
         blame for is remembered. */
      if (slot->stale || (status != GCG_TIMEOUT && status != GCG_RENDER))
        clear (pictures, slot);
    }
  else
    {
      slot->used = ++pictures->uses;
      *bytes = slot->bytes;
      *fd = gcg__tempdir_open (pictures->directory, slot->name);
      if (*fd < 0)
        {
          status = gcg__error_write (error, GCG_SYSTEM, "%s/%s: %s: the picture was removed",
                                     gcg__tempdir_path (pictures->directory), slot->name,
                                     strerror (errno));
          clear (pictures, slot);
        }
      else if (slot->stale)
        clear (pictures, slot);
    }
  pthread_mutex_unlock (&pictures->lock);
  return status;
}

void
gcg__pictures_forget (struct gcg__pictures *pictures)
{
  pthread_mutex_lock (&pictures->lock);
  for (int i = 0; i < MAX_SLOTS; i++)
    if (pictures->slots[i].state == SLOT_DRAWING)
      pictures->slots[i].stale = true;
    else
      clear (pictures, &pictures->slots[i]);
  pthread_mutex_unlock (&pictures->lock);
}
