/* alloc.c -- the tagged allocation functions.
 *
 * Each asks libgc for the request plus room for the tag (tag.h) and writes the tag at the end of
 * the slot it gets.  The slot's size does not follow from the request: when a thread's free list is
 * empty libgc now and then gives a slot one granule larger.  All slots of a heap block are of one
 * size, so GC_size is asked once for each block and collection.
 *
 * All are safe before GC_INIT and from any thread that libgc allows to allocate.
 */
#include "alloc.h"

#include <string.h>

#include "agent.h"
#include "collector.h"
#include "sample/count.h"
#include "gc_calls.h"
#include "ignore.h"
#include "sample/lifetime.h"
#include "registry.h"
#include "site.h"
#include "sample/survivors.h"
#include "tag.h"

size_t
gcg__padded (size_t bytes, uint32_t room)
{
  size_t padded = bytes + room;
  return padded < bytes ? bytes : padded;
}

#define GRANULE          16u
#define FEW_GRANULES     8u
#define MOST_GRANULES    128u
#define BLOCK_GRANULES   256u
#define SIZE_BLOCK_SHIFT 12

/* Slot sizes of heap blocks, by address: block 63..28, birth 27..8, granules 7..0.  GC_size finds
   the same in three dependent loads.  An entry holds until the next collection: a block that an
   object has been allocated in since the last one does not become another before. */
static uint64_t sizes[256];

/* Tags an object of any size, from any site, or NULL. */
static void *__attribute__ ((noinline))
tag_slowly (void *base, size_t bytes, struct gcg__static_site *site)
{
  if (!base)
    return NULL;
  uint64_t block = (uint64_t)(uintptr_t)base >> SIZE_BLOCK_SHIFT;
  uint32_t birth = gcg__birth;
  size_t size = GCG__GC (size) (base);
  if (size <= MOST_GRANULES * GRANULE)
    __atomic_store_n (&sizes[block % (sizeof sizes / sizeof *sizes)],
                      block << 28 | (uint64_t)(birth & TAG_BIRTH_MASK) << 8 | size / GRANULE,
                      __ATOMIC_RELAXED);
  uint32_t id = gcg__site_now (gcg__site_id (site));
  tag_write (base, tag_place (base, size), size - 8 - bytes, id, birth);
  gcg__count_made (id, bytes);
  return base;
}

/* Tags what libgc's plain allocators return. */
static inline void *
tag_plain (void *base, size_t bytes, struct gcg__static_site *site)
{
  uint64_t block = (uint64_t)(uintptr_t)base >> SIZE_BLOCK_SHIFT;
  uint32_t id = __atomic_load_n (&site->id, __ATOMIC_ACQUIRE);
  uint64_t birth = (uint64_t)(gcg__birth & TAG_BIRTH_MASK) << 8;
  uint64_t granules
      = __atomic_load_n (&sizes[block % (sizeof sizes / sizeof *sizes)], __ATOMIC_RELAXED)
        ^ (block << 28 | birth);
  uint64_t slack = granules * GRANULE - 8 - bytes;

  if (__builtin_expect (granules - 1 < MOST_GRANULES && slack < GCG__SLACK_BIG && id != 0
                            && !gcg__is_disabled (),
                        1))
    {
      uint64_t low = id | birth << (GCG__WORD_BIRTH_SHIFT - 8) | slack << GCG__WORD_SLACK_SHIFT;
      *tag_place (base, granules * GRANULE) = low | tag_check (base, low) << 48;
      gcg__count_made (id, bytes);
      return base;
    }
  return tag_slowly (base, bytes, site);
}

void *
gcg__tag (void *object, size_t bytes, uint32_t site, size_t from_end)
{
  char *base = object ? GC_base (object) : NULL;
  if (base)
    {
      size_t size = GCG__GC (size) (base);
      uint64_t *place = (uint64_t *)(base + size - from_end) - 1;
      if (bytes + 8 + from_end <= size)
        {
          site = gcg__site_now (site);
          tag_write (base, place, size - 8 - bytes, site, gcg__birth);
          gcg__count_made (site, bytes);
        }
    }
  return object;
}

/* Where the tag of the slot at BASE is, or NULL. */
static uint64_t *
tag_find (void *base)
{
  size_t size = GCG__GC (size) (base);
  uint64_t *place = tag_place (base, size);

  if (tag_valid (base, *place))
    return place;
  return size >= 32 && tag_valid (base, place[-1]) ? place - 1 : NULL;
}

uint64_t
gcg__tag_of (void *base)
{
  uint64_t *place = tag_find (base);
  return place ? *place : 0;
}

/* Granules of the slot that libgc alone gives for BYTES.  Of more than eight it takes an even
   number, and as many as leave as many slots in a block; which further sizes share a class depends
   on earlier requests. */
static size_t
alone_granules (size_t bytes)
{
  size_t granules = bytes ? (bytes + GRANULE - 1) / GRANULE : 1;

  if (granules <= FEW_GRANULES || granules > MOST_GRANULES)
    return granules;
  granules = (granules + 1) & ~(size_t)1;
  return BLOCK_GRANULES / (BLOCK_GRANULES / granules) & ~(size_t)1;
}

size_t
gcg__size (const void *object)
{
  size_t size = GCG__GC (size) (object), kind_size, alone;
  char *base = GC_base ((void *)(uintptr_t)object);
  uint64_t *place = base && base == object ? tag_find (base) : NULL;
  bool typed = place && (char *)(place + 1) != base + size;

  if (!place)
    return size;
  alone = (size_t)((char *)place - base) - tag_slack (place);
  int kind = GCG__GC (get_kind_and_size) (base, &kind_size);
  /* libgc adds a byte, so that a pointer one past the end is one into the object, but not to small
     objects that are never collected; typed ones end in their descriptor. */
  if (typed)
    alone += 8;
  else if (gcg__tag_room == 7
           && (alone >= MOST_GRANULES * GRANULE
               || (kind != GCG__KIND_UNCOLLECTABLE && kind != GCG__KIND_ATOMIC_UNCOLLECTABLE)))
    alone++;
  alone = alone_granules (alone) * GRANULE;
  return alone < size ? alone : size;
}

struct gcg__taken
gcg__untag (void *object)
{
  struct gcg__taken taken = { 0 };
  void *base = object ? GC_base (object) : NULL;

  if (base && (taken.place = tag_find (base)))
    {
      taken.tag = *taken.place;
      taken.slack = tag_slack (taken.place);
      taken.bytes = (uint64_t)((char *)taken.place - (char *)base) - taken.slack;
      tag_clear (taken.place);
    }
  return taken;
}

void
gcg__retag (struct gcg__taken taken)
{
  if (taken.place)
    tag_restore (taken.place, taken.tag, taken.slack);
}

void
gcg__count_freed (const struct gcg__taken *taken)
{
  if (!taken->place)
    return;
  gcg__survivors_freed (tag_site (taken->tag), taken->bytes, tag_birth (taken->tag),
                        (uintptr_t)taken->place);
  gcg__lifetime_freed (tag_site (taken->tag), taken->bytes, tag_birth (taken->tag));
}

void *
gcg__malloc (size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  void *base = GCG__GC (malloc) (gcg__padded (bytes, gcg__tag_room));
  return tag_plain (base, bytes, site);
}

void *
gcg__malloc_atomic (size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  void *base = GCG__GC (malloc_atomic) (gcg__padded (bytes, gcg__tag_room));
  return tag_plain (base, bytes, site);
}

void *
gcg__malloc_uncollectable (size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  void *base = GCG__GC (malloc_uncollectable) (gcg__padded (bytes, 8));
  return gcg__tag (base, bytes, gcg__site_id (site), 0);
}

void *
gcg__malloc_atomic_uncollectable (size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  void *base = GCG__GC (malloc_atomic_uncollectable) (gcg__padded (bytes, 8));
  return gcg__tag (base, bytes, gcg__site_id (site), 0);
}

void *
gcg__malloc_ignore_off_page (size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  void *base = GCG__GC (malloc_ignore_off_page) (gcg__padded (bytes, 8));
  return gcg__tag (base, bytes, gcg__site_id (site), 0);
}

void *
gcg__malloc_atomic_ignore_off_page (size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  void *base = GCG__GC (malloc_atomic_ignore_off_page) (gcg__padded (bytes, 8));
  return gcg__tag (base, bytes, gcg__site_id (site), 0);
}

void *
gcg__memalign (size_t alignment, size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  void *object = GCG__GC (memalign) (alignment, gcg__padded (bytes, 8));
  return gcg__tag (object, bytes, gcg__site_id (site), 0);
}

int
gcg__posix_memalign (void **object, size_t alignment, size_t bytes, struct gcg__static_site *site)
{
  gcg__agent_ready ();
  int status = GCG__GC (posix_memalign) (object, alignment, gcg__padded (bytes, 8));
  if (status == 0)
    gcg__tag (*object, bytes, gcg__site_id (site), 0);
  return status;
}

void *
gcg__realloc_at (void *old, size_t bytes, uint32_t site)
{
  struct gcg__taken taken;
  size_t slack;
  void *object;

  if (bytes == 0 && old)
    {
      taken = gcg__untag (old);
      gcg__count_freed (&taken);
      return GCG__GC (realloc) (old, 0);
    }
  /* The old tag goes first: libgc copies the whole slot, and what stands behind the object in the
     new one is to be zero as it would be without us. */
  taken = gcg__untag (old);
  object = GCG__GC (realloc) (old, gcg__padded (bytes, 8));
  if (!object)
    {
      gcg__retag (taken);
      return NULL;
    }
  site = gcg__site_instead (site, taken.place ? tag_site (taken.tag) : 0);
  gcg__count_freed (&taken);
  /* libgc has kept or copied as much as it was asked for, eight bytes of the old object more than
     the program wants; they are to be as libgc leaves what it cuts off: zero. */
  slack = (size_t)((char *)tag_place (GC_base (object), GCG__GC (size) (object)) - (char *)object)
          - bytes;
  memset ((char *)object + bytes, 0, slack < 8 ? slack : 8);
  return gcg__tag (object, bytes, site, 0);
}

void *
gcg__realloc (void *old, size_t bytes, struct gcg__static_site *site)
{
  if (!old)
    return gcg__malloc (bytes, site);
  gcg__agent_ready ();
  return gcg__realloc_at (old, bytes, gcg__site_id (site));
}

char *
gcg__strndup (const char *text, size_t most, struct gcg__static_site *site)
{
  size_t n = strnlen (text, most);
  char *copy = gcg__malloc_atomic (n + 1, site);

  if (copy)
    {
      memcpy (copy, text, n);
      copy[n] = 0;
    }
  return copy;
}

char *
gcg__strdup (const char *text, struct gcg__static_site *site)
{
  return text ? gcg__strndup (text, strlen (text), site) : NULL;
}

void
gcg__free (void *object)
{
  struct gcg__taken taken = gcg__untag (object);
  gcg__count_freed (&taken);
  GCG__GC (free) (object);
}

void
gcg__note_finalizer (void *object, void *function, uint32_t mode)
{
  void *base = object ? GC_base (object) : NULL;
  if (base)
    gcg__registry_finalizer ((uint64_t)(uintptr_t)base, gcg__tag_of (base),
                             (uint64_t)(uintptr_t)function, function ? mode : 0);
}

void
gcg__register_finalizer (void *object, GC_finalization_proc function, void *data,
                         GC_finalization_proc *old_function, void **old_data, int mode)
{
  gcg__agent_ready ();
  switch (mode)
    {
    case GCG__FINALIZER_IGNORE_SELF:
      GCG__GC (register_finalizer_ignore_self) (object, function, data, old_function, old_data);
      break;
    case GCG__FINALIZER_NO_ORDER:
      GCG__GC (register_finalizer_no_order) (object, function, data, old_function, old_data);
      break;
    case GCG__FINALIZER_UNREACHABLE:
      GCG__GC (register_finalizer_unreachable) (object, function, data, old_function, old_data);
      break;
    default:
      GCG__GC (register_finalizer) (object, function, data, old_function, old_data);
      break;
    }
  gcg__note_finalizer (object, (void *)(uintptr_t)function, (uint32_t)mode);
}

void
gcg__add_roots (void *low, void *high)
{
  GCG__GC (add_roots) (low, high);
  gcg__collector_add_roots (low, high);
}

void
gcg__remove_roots (void *low, void *high)
{
  GCG__GC (remove_roots) (low, high);
  gcg__collector_remove_roots (low, high);
}

void
gcg__clear_roots (void)
{
  GCG__GC (clear_roots) ();
  gcg__collector_clear_roots ();
}

void
gcg__register_displacement (size_t offset)
{
  GCG__GC (register_displacement) (offset);
  gcg__collector_add_displacement (offset);
}
