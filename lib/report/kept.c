/* kept.c -- see kept.h.
 *
 * A list, most lately used first: there are some dozen entries at most, each of which took
 * milliseconds to make.  An entry that has been let go of while a reader held it is freed when the
 * last one puts it back.
 */
#include <config.h>

#include "report/kept.h"

#include <stdlib.h>
#include <string.h>

void
gcg__kept_init (struct gcg__kept *kept)
{
  *kept = (struct gcg__kept){ .most_bytes = GCG__KEPT_BYTES, .long_from = GCG__KEPT_LONG_FROM };
  pthread_mutex_init (&kept->lock, NULL);
}

static void
item_free (struct gcg__kept_item *item)
{
  free (item->data);
  free (item);
}

void
gcg__kept_fini (struct gcg__kept *kept)
{
  while (kept->newest != NULL)
    {
      struct gcg__kept_item *item = kept->newest;
      kept->newest = item->older;
      item_free (item);
    }
  pthread_mutex_destroy (&kept->lock);
}

/* Where the list leads to KEY, or its end.  Under the lock. */
static struct gcg__kept_item **
find (struct gcg__kept *kept, const char *key)
{
  struct gcg__kept_item **link = &kept->newest;
  while (*link != NULL && strcmp ((*link)->key, key) != 0)
    link = &(*link)->older;
  return link;
}

/* Takes what LINK leads to out of the list.  Under the lock. */
static struct gcg__kept_item *
unlist (struct gcg__kept *kept, struct gcg__kept_item **link)
{
  struct gcg__kept_item *item = *link;
  *link = item->older;
  item->listed = false;
  kept->bytes -= item->bytes;
  return item;
}

static void
list (struct gcg__kept *kept, struct gcg__kept_item *item)
{
  item->older = kept->newest;
  kept->newest = item;
  item->listed = true;
  kept->bytes += item->bytes;
}

/* Lets go of the longest unused until there is room.  Under the lock. */
static void
make_room (struct gcg__kept *kept)
{
  while (kept->bytes > kept->most_bytes)
    {
      struct gcg__kept_item **link = &kept->newest;
      while ((*link)->older != NULL)
        link = &(*link)->older;
      struct gcg__kept_item *item = unlist (kept, link);
      if (item->readers == 0)
        item_free (item);
    }
}

const struct gcg__kept_item *
gcg__kept_get (struct gcg__kept *kept, const char *key)
{
  struct gcg__kept_item *item = NULL;
  pthread_mutex_lock (&kept->lock);
  struct gcg__kept_item **link = find (kept, key);
  if (*link != NULL)
    {
      item = unlist (kept, link);
      list (kept, item);
      item->readers++;
    }
  pthread_mutex_unlock (&kept->lock);
  return item;
}

const struct gcg__kept_item *
gcg__kept_add (struct gcg__kept *kept, const char *key, void *data, size_t bytes)
{
  const size_t n = strlen (key) + 1;
  struct gcg__kept_item *item = malloc (sizeof *item + n);
  if (item == NULL)
    {
      free (data);
      return NULL;
    }
  *item = (struct gcg__kept_item){ .data = data, .bytes = bytes, .readers = 1 };
  memcpy (item->key, key, n);
  pthread_mutex_lock (&kept->lock);
  /* Two that made the same at the same time: the later one's replaces the other's. */
  struct gcg__kept_item **link = find (kept, key);
  if (*link != NULL)
    {
      struct gcg__kept_item *other = unlist (kept, link);
      if (other->readers == 0)
        item_free (other);
    }
  list (kept, item);
  make_room (kept);
  pthread_mutex_unlock (&kept->lock);
  return item;
}

void
gcg__kept_put (struct gcg__kept *kept, const struct gcg__kept_item *borrowed)
{
  struct gcg__kept_item *item = (struct gcg__kept_item *)(uintptr_t)borrowed;
  pthread_mutex_lock (&kept->lock);
  const bool last = --item->readers == 0 && !item->listed;
  pthread_mutex_unlock (&kept->lock);
  if (last)
    item_free (item);
}
