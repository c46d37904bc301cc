/* image.c -- see image.h.
 *
 * Ranges are sorted, clipped to what is not loaded yet, and joined into pieces, each a mapping of
 * ours; then the pieces are filled in parts of PART_BYTES by all threads, which also spreads the
 * page faults of our own memory.  These are most of the cost: what is read once and in order is
 * better not loaded (window.h).
 */
#include "config.h"

#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/room.h"

#define PAGE       UINT64_C (4096)
#define PART_BYTES (UINT64_C (2) << 20)

struct piece
{
  uint64_t low, high;
  uint8_t *bytes; /* of LOW; in a mapping of ours that begins at its page */
};

struct gcg__memory_image
{
  struct gcg__memory_source source;
  struct gcg__process_memory process; /* what SOURCE reads, when we have opened it */
  bool owns_mem;
  struct gcg__vmas vmas;
  struct piece *pieces;
  size_t n_pieces;
  struct gcg__memory_hole *holes;
  size_t n_holes;
};

static enum gcg_status
no_memory (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the image of a process");
}

enum gcg_status
gcg__image_new (const struct gcg__memory_source *source, struct gcg__vmas *vmas,
                struct gcg__memory_image **image, struct gcg_error *error)
{
  struct gcg__memory_image *made = calloc (1, sizeof *made);

  if (!made)
    return no_memory (error);
  made->source = *source;
  made->process.mem = -1;
  if (vmas)
    {
      made->vmas = *vmas;
      *vmas = (struct gcg__vmas){ 0 };
    }
  *image = made;
  return GCG_OK;
}

enum gcg_status
gcg__image_open (pid_t pid, int mem, struct gcg__memory_image **image, struct gcg_error *error)
{
  const struct gcg__memory_source none = { 0 };
  struct gcg__memory_image *made = NULL;
  struct gcg__vmas vmas = { 0 };
  char path[64];
  enum gcg_status status = gcg__vmas_read (pid, &vmas, error);

  if (status != GCG_OK)
    return status;
  status = gcg__image_new (&none, &vmas, &made, error);
  if (status != GCG_OK)
    goto fail_new;
  made->process = (struct gcg__process_memory){ mem };
  made->source = gcg__process_source (&made->process);
  if (mem < 0)
    {
      snprintf (path, sizeof path, "/proc/%d/task/%d/mem", (int)pid, (int)made->vmas.tid);
      made->process.mem = open (path, O_RDONLY | O_CLOEXEC);
      made->owns_mem = made->process.mem >= 0;
      if (!made->owns_mem)
        {
          status = gcg__error_write (error, GCG_SYSTEM, "cannot read the memory of process %d: %s",
                                     (int)pid, strerror (errno));
          goto fail_mem;
        }
    }
  *image = made;
  return GCG_OK;

fail_mem:
  gcg__image_free (made);
fail_new:
  gcg__vmas_fini (&vmas);
  return status;
}

static void
unmap_piece (const struct piece *piece)
{
  uint64_t before = piece->low % PAGE;

  munmap (piece->bytes - before, before + (piece->high - piece->low));
}

void
gcg__image_free (struct gcg__memory_image *image)
{
  if (!image)
    return;
  for (size_t i = 0; i < image->n_pieces; i++)
    unmap_piece (&image->pieces[i]);
  if (image->owns_mem)
    close (image->process.mem);
  free (image->pieces);
  free (image->holes);
  gcg__vmas_fini (&image->vmas);
  free (image);
}

const struct gcg__vmas *
gcg__image_vmas (const struct gcg__memory_image *image)
{
  return &image->vmas;
}

const struct gcg__memory_hole *
gcg__image_holes (const struct gcg__memory_image *image, size_t *n)
{
  *n = image->n_holes;
  return image->holes;
}

/* Index of the first piece, or hole, that ends above ADDRESS. */
#define FIRST_ABOVE(items, n_items, address, index)                                                \
  do                                                                                               \
    {                                                                                              \
      size_t low_ = 0, high_ = (n_items);                                                          \
      while (low_ < high_)                                                                         \
        {                                                                                          \
          size_t middle_ = low_ + (high_ - low_) / 2;                                              \
          if ((items)[middle_].high <= (address))                                                  \
            low_ = middle_ + 1;                                                                    \
          else                                                                                     \
            high_ = middle_;                                                                       \
        }                                                                                          \
      (index) = low_;                                                                              \
    }                                                                                              \
  while (0)

static size_t
piece_above (const struct gcg__memory_image *image, uint64_t address)
{
  size_t i;

  FIRST_ABOVE (image->pieces, image->n_pieces, address, i);
  return i;
}

/* Up to where, at most HIGH, from ADDRESS on there is no hole. */
static uint64_t
whole_until (const struct gcg__memory_image *image, uint64_t address, uint64_t high)
{
  size_t i;

  FIRST_ABOVE (image->holes, image->n_holes, address, i);
  if (i == image->n_holes || image->holes[i].low >= high)
    return high;
  return image->holes[i].low > address ? image->holes[i].low : address;
}

const void *
gcg__image_at (const struct gcg__memory_image *image, uint64_t address, uint64_t *n)
{
  size_t i = piece_above (image, address);
  const struct piece *piece = &image->pieces[i];

  if (i == image->n_pieces || piece->low > address)
    return NULL;
  *n = piece->high - address;
  return piece->bytes + (address - piece->low);
}

/* As a source's read, but for devices. */
static size_t
read_source (const struct gcg__memory_image *image, const struct gcg__memory_source *source,
             uint64_t address, void *bytes, size_t n)
{
  size_t i = gcg__vmas_above (&image->vmas, address);

  for (; i < image->vmas.n && image->vmas.items[i].low < address + n; i++)
    if (image->vmas.items[i].is_device)
      {
        n = image->vmas.items[i].low > address ? image->vmas.items[i].low - address : 0;
        break;
      }
  return n ? source->read (source->state, address, bytes, n) : 0;
}

size_t
gcg__image_read (const struct gcg__memory_image *image, uint64_t address, void *bytes, size_t n)
{
  size_t done = 0;

  n = n < UINT64_MAX - address ? n : UINT64_MAX - address;
  for (size_t i = piece_above (image, address); done < n;)
    {
      const struct piece *piece = i < image->n_pieces ? &image->pieces[i] : NULL;
      uint64_t at = address + done, end = address + n, got;
      if (piece && piece->low <= at)
        {
          end = piece->high < end ? piece->high : end;
          got = whole_until (image, at, end) - at;
          memcpy ((char *)bytes + done, piece->bytes + (at - piece->low), got);
          i++;
        }
      else
        {
          end = piece && piece->low < end ? piece->low : end;
          got = read_source (image, &image->source, at, (char *)bytes + done, end - at);
        }
      done += got;
      if (got < end - at)
        break;
    }
  return done;
}

bool
gcg__image_get (const struct gcg__memory_image *image, uint64_t address, void *bytes, size_t n)
{
  return gcg__image_read (image, address, bytes, n) == n;
}

bool
gcg__image_word (const struct gcg__memory_image *image, uint64_t address, uint64_t *word)
{
  return address % 8 == 0 && gcg__image_get (image, address, word, sizeof *word);
}

bool
gcg__image_text (const struct gcg__memory_image *image, uint64_t address, char *text, size_t room)
{
  size_t got = gcg__image_read (image, address, text, room);

  if (memchr (text, '\0', got))
    return true;
  text[got == room ? room - 1 : 0] = '\0';
  return got == room;
}

const void *
gcg__image_view (const struct gcg__memory_image *image, uint64_t address, void *buffer, size_t n,
                 size_t *got)
{
  uint64_t there;
  const void *at = gcg__image_at (image, address, &there);

  if (at && there >= n)
    {
      *got = whole_until (image, address, address + n) - address;
      return at;
    }
  *got = gcg__image_read (image, address, buffer, n);
  return buffer;
}

/* What one call loads. */
struct load
{
  const struct gcg__memory_image *image;
  struct gcg__memory_range *ranges; /* sorted, not overlapping, not loaded before */
  size_t n_ranges;
  struct piece *pieces; /* new ones, sorted */
  size_t n_pieces;
  struct part *parts;
  size_t n_parts;
  pthread_mutex_t lock; /* of what follows */
  struct gcg__memory_hole *holes;
  size_t n_holes;
  uint32_t room;
  bool no_memory;
};

struct part
{
  uint64_t low, high;
  uint8_t *bytes;
  const struct gcg__memory_source *source;
};

static int
compare_ranges (const void *a, const void *b)
{
  const struct gcg__memory_range *x = a, *y = b;

  return x->low < y->low ? -1 : x->low > y->low;
}

static int
compare_pieces (const void *a, const void *b)
{
  const struct piece *x = a, *y = b;

  return x->low < y->low ? -1 : x->low > y->low;
}

static int
compare_holes (const void *a, const void *b)
{
  const struct gcg__memory_hole *x = a, *y = b;

  return x->low < y->low ? -1 : x->low > y->low;
}

static void
add_hole (struct load *load, uint64_t low, uint64_t high)
{
  pthread_mutex_lock (&load->lock);
  if (gcg__room_for_one (&load->holes, (uint32_t)load->n_holes, &load->room, sizeof *load->holes))
    load->holes[load->n_holes++] = (struct gcg__memory_hole){ low, high };
  else
    load->no_memory = true;
  pthread_mutex_unlock (&load->lock);
}

/* Where after ADDRESS, which cannot be read, to go on; at most HIGH. */
static uint64_t
after_hole (const struct gcg__vmas *vmas, uint64_t address, uint64_t high)
{
  uint64_t next = (address & -PAGE) + PAGE;
  size_t i = gcg__vmas_above (vmas, address);

  if (i < vmas->n && vmas->items[i].low > next)
    next = vmas->items[i].low;
  else if (i < vmas->n && vmas->items[i].low <= address && vmas->items[i].is_device)
    next = vmas->items[i].high;
  else if (i == vmas->n && vmas->n > 0)
    next = high;
  return next < high && next > address ? next : high;
}

static void
load_part (void *state, size_t number, unsigned worker)
{
  struct load *load = state;
  const struct part *part = &load->parts[number];

  (void)worker;
  for (uint64_t at = part->low; at < part->high;)
    {
      at += read_source (load->image, part->source, at, part->bytes + (at - part->low),
                         part->high - at);
      if (at == part->high)
        break;
      uint64_t next = after_hole (&load->image->vmas, at, part->high);
      add_hole (load, at, next);
      at = next;
    }
}

/* RANGES[N] without what overlaps, or has been loaded, into LOAD->ranges, and how many pieces they
   make into ->n_pieces. */
static bool
plan_ranges (struct load *load, const struct gcg__memory_range *ranges, size_t n)
{
  const struct gcg__memory_image *image = load->image;
  struct gcg__memory_range *sorted = malloc ((n + 1) * sizeof *sorted);
  uint64_t done = 0;

  /* A piece can split one range in two. */
  load->ranges = malloc ((n + image->n_pieces + 1) * sizeof *load->ranges);
  if (!sorted || !load->ranges)
    {
      free (sorted);
      return false;
    }
  if (n)
    memcpy (sorted, ranges, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare_ranges);
  for (size_t i = 0; i < n; i++)
    {
      uint64_t low = sorted[i].low > done ? sorted[i].low : done, high = sorted[i].high;
      for (size_t j = piece_above (image, low); low < high; j++)
        {
          const struct piece *piece = j < image->n_pieces ? &image->pieces[j] : NULL;
          uint64_t end = piece && piece->low < high ? piece->low : high;
          if (low < end)
            load->ranges[load->n_ranges++]
                = (struct gcg__memory_range){ low, end, sorted[i].source };
          low = piece && piece->low < high ? piece->high : high;
        }
      done = high > done ? high : done;
    }
  free (sorted);
  for (size_t i = 0; i < load->n_ranges; i++)
    load->n_pieces += i == 0 || load->ranges[i].low != load->ranges[i - 1].high;
  return true;
}

static bool
map_piece (struct piece *piece)
{
  uint64_t before = piece->low % PAGE, bytes = before + (piece->high - piece->low);
  uint8_t *map = mmap (NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (map == MAP_FAILED)
    return false;
  piece->bytes = map + before;
  return true;
}

/* Maps the pieces and divides them into parts. */
static bool
plan_pieces (struct load *load)
{
  size_t made = 0, n = 0;

  load->pieces = calloc (load->n_pieces + 1, sizeof *load->pieces);
  for (size_t i = 0; i < load->n_ranges; i++)
    load->n_parts += (load->ranges[i].high - load->ranges[i].low + PART_BYTES - 1) / PART_BYTES;
  load->parts = malloc ((load->n_parts + 1) * sizeof *load->parts);
  for (size_t i = 0, end; load->pieces && load->parts && i < load->n_ranges; i = end)
    {
      struct piece *piece = &load->pieces[made];
      for (end = i + 1;
           end < load->n_ranges && load->ranges[end].low == load->ranges[end - 1].high;)
        end++;
      piece->low = load->ranges[i].low;
      piece->high = load->ranges[end - 1].high;
      if (!map_piece (piece))
        break;
      made++;
      for (size_t j = i; j < end; j++)
        for (uint64_t at = load->ranges[j].low; at < load->ranges[j].high; at += PART_BYTES)
          {
            uint64_t rest = load->ranges[j].high - at;
            const struct gcg__memory_source *source = load->ranges[j].source;
            load->parts[n++] = (struct part){ at, at + (rest < PART_BYTES ? rest : PART_BYTES),
                                              piece->bytes + (at - piece->low),
                                              source ? source : &load->image->source };
          }
    }
  if (load->pieces && load->parts && made == load->n_pieces)
    return true;
  load->n_pieces = made;
  return false;
}

/* Adds what LOAD has made to IMAGE; false, and all as before: no memory. */
static bool
keep (struct gcg__memory_image *image, struct load *load)
{
  size_t n_holes = image->n_holes + load->n_holes, n = 0;
  struct piece *pieces = malloc ((image->n_pieces + load->n_pieces + 1) * sizeof *pieces);
  struct gcg__memory_hole *holes = malloc ((n_holes + 1) * sizeof *holes);

  if (!pieces || !holes)
    {
      free (pieces);
      free (holes);
      return false;
    }
  if (image->n_pieces)
    memcpy (pieces, image->pieces, image->n_pieces * sizeof *pieces);
  memcpy (pieces + image->n_pieces, load->pieces, load->n_pieces * sizeof *pieces);
  qsort (pieces, image->n_pieces + load->n_pieces, sizeof *pieces, compare_pieces);
  if (image->n_holes)
    memcpy (holes, image->holes, image->n_holes * sizeof *holes);
  if (load->n_holes)
    memcpy (holes + image->n_holes, load->holes, load->n_holes * sizeof *holes);
  qsort (holes, n_holes, sizeof *holes, compare_holes);
  for (size_t i = 0; i < n_holes; i++)
    if (n > 0 && holes[n - 1].high == holes[i].low)
      holes[n - 1].high = holes[i].high;
    else
      holes[n++] = holes[i];
  free (image->pieces);
  free (image->holes);
  image->pieces = pieces;
  image->n_pieces += load->n_pieces;
  image->holes = holes;
  image->n_holes = n;
  return true;
}

enum gcg_status
gcg__image_load (struct gcg__memory_image *image, const struct gcg__memory_range *ranges, size_t n,
                 unsigned n_threads, struct gcg_error *error)
{
  struct load load = { .image = image, .lock = PTHREAD_MUTEX_INITIALIZER };
  bool kept = false;

  if (plan_ranges (&load, ranges, n) && plan_pieces (&load))
    {
      gcg__parallel_run (n_threads, load.n_parts, load_part, &load);
      kept = !load.no_memory && keep (image, &load);
    }
  for (size_t i = 0; !kept && load.pieces && i < load.n_pieces; i++)
    unmap_piece (&load.pieces[i]);
  free (load.ranges);
  free (load.pieces);
  free (load.parts);
  free (load.holes);
  return kept ? GCG_OK : no_memory (error);
}

static int
compare_vmas (const void *a, const void *b)
{
  const struct gcg__vma *x = a, *y = b;

  return x->low < y->low ? -1 : x->low > y->low;
}

/* Adds mappings where BUFFERS are and none is; false: no memory. */
static bool
map_buffers (struct gcg__vmas *vmas, const struct gcg__memory_buffers *buffers)
{
  /* A mapping can split one buffer in two. */
  size_t room = 2 * vmas->n + buffers->n + 1, n = vmas->n;
  struct gcg__vma *items = realloc (vmas->items, room * sizeof *items);

  if (!items)
    return false;
  vmas->items = items;
  for (size_t b = 0; b < buffers->n; b++)
    {
      uint64_t low = buffers->items[b].address, high = low + buffers->items[b].n;
      for (size_t i = gcg__vmas_above (vmas, low); low < high && n < room; i++)
        {
          uint64_t end = i < vmas->n && items[i].low < high ? items[i].low : high;
          if (low < end)
            items[n++] = (struct gcg__vma){
              .low = low, .high = end, .name = "", .is_readable = true, .is_writable = true
            };
          low = i < vmas->n && items[i].low < high ? items[i].high : high;
        }
    }
  qsort (items, n, sizeof *items, compare_vmas);
  vmas->n = n;
  return true;
}

enum gcg_status
gcg__image_add (struct gcg__memory_image *image, const struct gcg__memory_buffers *buffers,
                struct gcg_error *error)
{
  struct gcg__memory_source source = gcg__buffers_source (buffers);
  struct gcg__memory_range *ranges = malloc ((buffers->n + 1) * sizeof *ranges);
  enum gcg_status status = GCG_NO_MEMORY;

  for (size_t i = 0; ranges && i < buffers->n; i++)
    ranges[i]
        = (struct gcg__memory_range){ buffers->items[i].address,
                                      buffers->items[i].address + buffers->items[i].n, &source };
  if (!ranges || (image->vmas.n > 0 && !map_buffers (&image->vmas, buffers)))
    gcg__error_write (error, status, "no memory for what is added to an image");
  else
    status = gcg__image_load (image, ranges, buffers->n, 0, error);
  free (ranges);
  return status;
}
