/* blocks.c -- see blocks.h.
 *
 * The size of a small block is found by its page: a table of one byte for each page of the address
 * space (in pieces that are mapped when they are first needed) says how many granules its blocks
 * have, or how many pages the block that begins there has, 0 for what is larger (agent_root.h).
 * Blocks of some pages wait on lists as well, a few of each size, since libgc takes its time for
 * them; the page of one that goes back to libgc is forgotten before.  All others are noted, for who
 * reads the heap from outside (objects.h).
 *
 * A signal handler that allocates while the thread it interrupts does so finds BUSY set and gets a
 * block from libgc directly.  While a thread is in libgc, or joins, no handler of the program's
 * runs in it: it would wait for a lock that its own thread holds.
 *
 * A block aligned to more than a page begins some pages into libgc's object, whose first word is
 * that gap, complemented.  Tags are checked against the block.
 */
#include "blocks.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "cache.h"
#include "collector.h"
#include "gc_calls.h"
#include "objects.h"
#include "raw.h"
#include "regrown.h"
#include "signals.h"
#include <gc/gc_inline.h>

#define OF_PAGES      GCG__OF_PAGES
#define WAITING       ((size_t)128 << 10) /* bytes that wait on one list of pages */
#define FEW_BYTES     256u                /* cleared in place */
#define PIECE_SHIFT   GCG__PIECE_SHIFT
#define PIECES        GCG__PIECES
#define BATCH_BYTES   16384u              /* moved between lists at a time */
#define LEAST_GROWING ((size_t)64 << 10)  /* a block that has grown to this will grow on */
#define LEAST_MOVED   ((size_t)256 << 10) /* and from here on moves by its pages */
/* Each such move adds mappings, and the kernel allows 65,530 of them. */
#define MOST_MOVES   16384u
#define MOST_DOUBLED ((size_t)64 << 20)
#define LAZY_BYTES   ((size_t)1 << 20) /* from here on zeroing is the kernel's */
#define GROWTH       8                 /* the heap grows by one part in so many */
#define LEAST_GROWTH ((size_t)256 << 10)

static uint8_t *pieces[PIECES];
static uint32_t batches[CLASSES]; /* blocks moved at a time */
static void *shared[CLASSES];     /* batches */
static gcg__lock shared_lock = GCG__LOCK_INIT;

/* --- pages --- */

static inline uint32_t
granules_at (const void *block)
{
  uint64_t page = (uintptr_t)block >> PAGE_SHIFT;
  const uint8_t *piece;
  if (page >> PIECE_SHIFT >= PIECES)
    return 0;
  piece = __atomic_load_n (&pieces[page >> PIECE_SHIFT], __ATOMIC_ACQUIRE);
  return piece ? piece[page & ((1u << PIECE_SHIFT) - 1)] : 0;
}

/* The piece of PAGE, mapped when it is not yet there; NULL: no memory.  Of two threads that map the
   same one, the second takes the first's; its own is memory that was never touched. */
static uint8_t *
piece_new (uint64_t page)
{
  uint8_t **place = &pieces[page >> PIECE_SHIFT];
  uint8_t *piece = __atomic_load_n (place, __ATOMIC_ACQUIRE), *new;

  if (piece || !(new = gcg__arena_take ((size_t)1 << PIECE_SHIFT)))
    return piece;
  return __atomic_compare_exchange_n (place, &piece, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
             ? new
             : piece;
}

/* Notes that the page of BLOCK has blocks of GRANULES; false: no memory. */
static bool
note_page (const void *block, uint32_t granules)
{
  uint64_t page = (uintptr_t)block >> PAGE_SHIFT;
  uint8_t *piece = page >> PIECE_SHIFT < PIECES ? piece_new (page) : NULL;

  if (!piece)
    return false;
  piece[page & ((1u << PIECE_SHIFT) - 1)] = (uint8_t)granules;
  return true;
}

/* --- lists --- */

void
gcg__blocks_begin (void)
{
  for (uint32_t granules = 1; granules < CLASSES; granules++)
    batches[granules] = BATCH_BYTES / (granules * GRANULE);
}

/* Lists that all share are chains of whole batches: the second word of a batch's first block says
   which batch is next and, above, how many blocks it has.  It is no tag, whose highest bit is set.
 */
#define BATCH_SHIFT 48

static void
give_batch (uint32_t granules, struct list *batch)
{
  void **first = batch->first;

  gcg__lock_take (&shared_lock);
  first[1] = (void *)((uintptr_t)shared[granules] | (uint64_t)batch->n << BATCH_SHIFT);
  shared[granules] = first;
  gcg__lock_give (&shared_lock);
  *batch = (struct list){ NULL, 0 };
}

static void
take_batch (uint32_t granules, struct list *batch)
{
  void **first;

  gcg__lock_take (&shared_lock);
  first = shared[granules];
  if (first)
    {
      batch->first = first;
      batch->n = (uint32_t)((uintptr_t)first[1] >> BATCH_SHIFT);
      shared[granules] = (void *)((uintptr_t)first[1] & ((UINT64_C (1) << BATCH_SHIFT) - 1));
      first[1] = NULL;
    }
  gcg__lock_give (&shared_lock);
}

static inline uint32_t
batch (uint32_t granules)
{
  return batches[granules];
}

/* Asks libgc for blocks of GRANULES.  When its heap is full it gives one block only, which may be
   larger: that goes to the list of its size, and the heap is made to grow. */
static void
fetch (struct cache *cache, uint32_t granules)
{
  for (int tries = 0; tries < 4 && !cache->lists[granules].first; tries++)
    {
      void *first = NULL, *next;
      uint32_t given;
      uint64_t signals = gcg__libgc_enter ();

      GC_generic_malloc_many (granules * GRANULE, (int)GCG__KIND_ATOMIC, &first);
      given = first ? (uint32_t)(GC_size (first) / GRANULE) : 0;
      if (given != granules)
        {
          size_t more = GC_get_heap_size () / GROWTH;
          GC_expand_hp (more < LEAST_GROWTH ? LEAST_GROWTH : more);
        }
      gcg__libgc_leave (signals);
      for (; first && given < CLASSES; first = next)
        {
          struct list *list = &cache->lists[given];
          next = *(void **)first;
          if (!note_page (first, given))
            return;
          *(void **)first = list->first;
          list->first = first;
          list->n++;
        }
    }
}

static bool __attribute__ ((noinline)) refill (struct cache *cache, uint32_t granules)
{
  struct list *list = &cache->lists[granules], *spare = &cache->spares[granules];

  if (spare->first)
    {
      *list = *spare;
      *spare = (struct list){ NULL, 0 };
    }
  else
    take_batch (granules, list);
  if (!list->first)
    fetch (cache, granules);
  return list->first != NULL;
}

/* The list is a batch: it becomes the spare one, and the spare one everybody's. */
static void __attribute__ ((noinline)) give_back (struct cache *cache, uint32_t granules)
{
  if (cache->spares[granules].first)
    give_batch (granules, &cache->spares[granules]);
  cache->spares[granules] = cache->lists[granules];
  cache->lists[granules] = (struct list){ NULL, 0 };
}

uint64_t
gcg__blocks_pieces (void)
{
  return (uintptr_t)pieces;
}

void
gcg__blocks_lock (void)
{
  gcg__caches_lock ();
  gcg__lock_take (&shared_lock);
  gcg__objects_lock ();
}

void
gcg__blocks_unlock (void)
{
  gcg__objects_unlock ();
  gcg__lock_give (&shared_lock);
  gcg__caches_unlock (false);
}

void
gcg__blocks_forked (void)
{
  gcg__objects_unlock ();
  gcg__lock_give (&shared_lock);
  gcg__caches_unlock (true);
}

/* --- blocks --- */

static inline void
write_tag (void *block, size_t slot, size_t bytes, uint32_t site)
{
  tag_write (block, tag_place (block, slot), slot - 8 - bytes, site, gcg__birth);
}

/* Zeroes a slot. */
static inline void
clear (void *block, size_t slot)
{
  typedef long long pair __attribute__ ((vector_size (GRANULE), may_alias));
  if (slot > FEW_BYTES)
    memset (block, 0, slot);
  else
    for (size_t at = 0; at < slot; at += GRANULE)
      *(pair *)((char *)block + at) = (pair){ 0, 0 };
}

/* Zeroes BYTES at BLOCK, of LAZY and more without touching them. */
static void
zero (char *block, size_t bytes, size_t lazy)
{
  if (bytes >= lazy)
    {
      size_t whole = bytes & ~(size_t)4095;
      if (madvise (block, whole, MADV_DONTNEED) == 0)
        {
          block += whole;
          bytes -= whole;
        }
    }
  memset (block, 0, bytes);
}

/* Moves the whole pages [FROM, FROM + BYTES) to TO without copying; FROM stays mapped, but is
   empty.  A range that consists of several mappings is moved in halves; what mremap refuses is
   copied. */
static void
move_pages (char *to, char *from, size_t bytes)
{
  while (bytes > 0)
    {
      size_t part = bytes;
      while (syscall (SYS_mremap, from, part, part,
                      MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to)
             == -1)
        {
          if (errno != EFAULT || part <= PAGE)
            {
              part = bytes;
              memcpy (to, from, part);
              break;
            }
          part = part / 2 / PAGE * PAGE;
        }
      from += part;
      to += part;
      bytes -= part;
    }
}

/* Copies BYTES from FROM, a block that is about to be freed, to TO, a new one. */
static void
move_contents (char *to, char *from, size_t bytes)
{
  static uint32_t moves;
  size_t whole = bytes / PAGE * PAGE;
  int old_errno = errno;

  if (bytes >= LEAST_MOVED && ((uintptr_t)from | (uintptr_t)to) % PAGE == 0
      && __atomic_fetch_add (&moves, 1, __ATOMIC_RELAXED) < MOST_MOVES)
    {
      move_pages (to, from, whole);
      memcpy (to + whole, from + whole, bytes - whole);
    }
  else
    {
      memcpy (to, from, bytes);
      if (bytes >= LEAST_GROWING && (uintptr_t)from % PAGE == 0)
        madvise (from, whole, MADV_DONTNEED); /* it will be kept on a list */
    }
  errno = old_errno;
}

/* A block that is libgc's own object; LAZY as above. */
static void *
new_large (size_t bytes, size_t alignment, uint32_t site, bool system, size_t lazy)
{
  size_t extra = alignment > 4096 ? alignment : 0, slot;
  size_t wanted = bytes + (system ? 8 : 7) + extra; /* libgc adds one, but to uncollectable ones */
  uint64_t signals;
  char *base, *block;

  if (wanted < bytes)
    return NULL;
  if (alignment > GRANULE && wanted < PAGE - 1)
    wanted = PAGE - 1; /* libgc's large objects begin at pages */
  signals = gcg__libgc_enter ();
  base = system ? GC_malloc_uncollectable (wanted) : GC_malloc_atomic (wanted);
  slot = base ? GC_size (base) : 0;
  block = extra ? (char *)(((uintptr_t)base + alignment - 1) & ~(alignment - 1)) : base;
  if (base && !gcg__objects_add ((uintptr_t)block, (uint64_t)(base + slot - block), system))
    {
      GC_free (base);
      base = NULL;
    }
  gcg__libgc_leave (signals);
  if (!base)
    return NULL;
  zero (base, slot, lazy);
  if (block != base)
    *(uint64_t *)(void *)base = ~(uint64_t)(block - base);
  tag_write (block, tag_place (base, slot), (uint64_t)(base + slot - 8 - (block + bytes)), site,
             gcg__birth);
  return block;
}

/* A block of some PAGES that waited, or libgc's object. */
static void *
new_pages (struct cache *cache, size_t pages, size_t bytes, uint32_t site)
{
  struct list *list = &cache->pages[pages];
  void *block = list->first;
  uint64_t signals;

  if (block)
    {
      cache->busy = true;
      list->first = *(void **)block;
      list->n--;
      cache->busy = false;
    }
  else
    {
      signals = gcg__libgc_enter ();
      block = GC_malloc_atomic (pages * PAGE - 1);
      gcg__libgc_leave (signals);
      if (!block || GC_size (block) != pages * PAGE
          || !note_page (block, OF_PAGES + (uint32_t)pages))
        return NULL;
    }
  memset (block, 0, pages * PAGE);
  write_tag (block, pages * PAGE, bytes, site);
  return block;
}

/* A block that is not small. */
static void *__attribute__ ((noinline))
new_other (struct cache *cache, size_t bytes, size_t alignment, uint32_t site, bool system)
{
  size_t pages = (bytes + 8 + PAGE - 1) / PAGE;
  void *block = NULL;

  if (!system && !cache->busy && pages <= MOST_PAGES && alignment <= PAGE
      && (bytes + 8 > MOST_SMALL || alignment > GRANULE))
    block = new_pages (cache, pages, bytes, site);
  if (!block)
    block = new_large (bytes, alignment, site, system, LAZY_BYTES);
  return block;
}

/* A block as gcg__block_new makes it, not counted yet. */
static inline __attribute__ ((always_inline)) void *
make (struct cache *cache, size_t bytes, size_t alignment, uint32_t site, bool system)
{
  size_t slot = (bytes + 8 + GRANULE - 1) & ~(size_t)(GRANULE - 1);
  struct list *list;
  void *block;

  if (bytes > PTRDIFF_MAX)
    return NULL;
  if (alignment > GRANULE)
    slot = (slot + alignment - 1) & ~(alignment - 1);
  if (system || cache->busy || slot > MOST_SMALL || alignment > MOST_SMALL)
    return new_other (cache, bytes, alignment, site, system);
  cache->busy = true;
  list = &cache->lists[slot / GRANULE];
  if (!list->first && !refill (cache, (uint32_t)(slot / GRANULE)))
    {
      cache->busy = false;
      return NULL;
    }
  block = list->first;
  list->first = *(void **)block;
  list->n--;
  cache->busy = false;
  clear (block, slot);
  write_tag (block, slot, bytes, site);
  return block;
}

void *
gcg__block_new (size_t bytes, size_t alignment, uint32_t site, bool system)
{
  struct cache *cache = gcg__cache ();
  void *block = cache ? make (cache, bytes, alignment, site, system) : NULL;

  if (block)
    count_new (cache, bytes, site, system);
  return block;
}

/* A block of the program's: its slot, tag and what it was asked for. */
struct found
{
  char *base;
  size_t slot, bytes;
  uint64_t *place;
  uint32_t granules; /* as in the table of pages */
};

/* Looks BLOCK up; false if it is not a live block of the program's.  A slack larger than the slot
   means that the program has overwritten it. */
static inline __attribute__ ((always_inline)) bool
find (const void *block, struct found *found)
{
  uint64_t slack;
  size_t room;

  found->granules = granules_at (block);
  found->base = (char *)(uintptr_t)block;
  found->slot = found->granules < OF_PAGES ? found->granules * GRANULE
                                           : (found->granules - OF_PAGES) * PAGE;
  if (__builtin_expect (!found->granules, 0))
    {
      found->base = GC_base ((void *)(uintptr_t)block);
      if (!found->base)
        return false;
      found->slot = GC_size (found->base);
    }
  found->place = tag_place (found->base, found->slot);
  if (!tag_valid (block, *found->place))
    return false;
  room = (size_t)((const char *)found->place - (const char *)block);
  slack = tag_slack (found->place);
  if (__builtin_expect (slack > room, 0))
    return false;
  found->bytes = room - slack;
  return true;
}

void *
gcg__block_at (const void *address, uint64_t **place)
{
  struct found found;
  const void *base = GC_base ((void *)(uintptr_t)address);

  if (!base || !find (base, &found))
    return NULL;
  *place = found.place;
  return found.base;
}

void
gcg__block_set_site (void *block, uint32_t site)
{
  uint64_t *place, tag;
  char *base = gcg__block_at (block, &place);

  if (!base)
    return;
  tag = *place;
  tag_write (base, place, tag_slack (place), site, tag_birth (tag));
  gcg__survivors_moved (gcg__site_original (tag_site (tag)),
                        (uint64_t)((char *)place - base) - tag_slack (place), tag_birth (tag),
                        (uintptr_t)place, gcg__site_original (site));
}

size_t
gcg__block_bytes (const void *block)
{
  struct found found;
  return find (block, &found) ? found.bytes : SIZE_MAX;
}

/* Is the block the dynamic linker's? */
static inline bool
is_system (const struct found *found)
{
  size_t size;
  return __builtin_expect (!found->granules, 0)
         && GC_get_kind_and_size (found->base, &size) == (int)GCG__KIND_UNCOLLECTABLE;
}

/* Frees BLOCK, a large one that is no longer counted. */
static void __attribute__ ((noinline))
discard_other (struct cache *cache, void *block, const struct found *found)
{
  int old_errno = errno;
  uint64_t signals;
  size_t pages = found->slot / PAGE;

  tag_clear (found->place);
  if (found->granules && !cache->busy && (cache->pages[pages].n + 1) * pages * PAGE <= WAITING)
    {
      struct list *list = &cache->pages[pages];
      cache->busy = true;
      *(void **)block = list->first;
      list->first = block;
      list->n++;
      cache->busy = false;
      return;
    }
  if (found->granules)
    note_page (block, 0);
  if (gcg__regrown_is (found->base))
    gcg__regrown_freed (found->base, found->slot, found->bytes);
  signals = gcg__libgc_enter ();
  if (!found->granules)
    gcg__objects_remove ((uintptr_t)block);
  GC_free (found->base);
  gcg__libgc_leave (signals);
  errno = old_errno;
}

/* The same of any block. */
static inline __attribute__ ((always_inline)) void
discard (struct cache *cache, void *block, const struct found *found)
{
  struct list *list;

  if (__builtin_expect (found->granules == 0 || found->granules >= OF_PAGES, 0))
    {
      discard_other (cache, block, found);
      return;
    }
  tag_clear (found->place);
  if (cache->busy)
    return; /* a signal handler's: the block is lost */
  cache->busy = true;
  list = &cache->lists[found->granules];
  *(void **)block = list->first;
  list->first = block;
  if (__builtin_expect (++list->n >= batch (found->granules), 0))
    give_back (cache, found->granules);
  cache->busy = false;
}

bool
gcg__block_free (void *block)
{
  struct cache *cache = gcg__cache ();
  struct found found;

  if (!cache || !find (block, &found))
    return false;
  count_freed (cache, found.bytes, found.place, *found.place, is_system (&found));
  discard (cache, block, &found);
  return true;
}

/* Resizes BLOCK to BYTES in place; false if it has to move, or if most of it would be wasted,
   unless it is one of which more growth is expected. */
static bool
resize_here (void *block, const struct found *found, size_t bytes, uint32_t site)
{
  size_t room = (size_t)((char *)found->place - (char *)block);

  bool regrown = gcg__regrown_is (block) && bytes >= found->bytes;

  if (bytes > room || (bytes + 8 < found->slot / 2 && !regrown))
    return false;
  tag_clear (found->place);
  if (bytes < found->bytes)
    memset ((char *)block + bytes, 0, found->bytes - bytes);
  else if (regrown)
    gcg__regrown_clear ((char *)block + found->bytes, (char *)block + bytes);
  tag_write (block, found->place, room - bytes, site, gcg__birth);
  return true;
}

/* The slot of the block that has grown last, with room for MORE, for one of BYTES; NULL: no such
   slot, or no memory. */
static void *
new_regrown (size_t more, size_t bytes, uint32_t site)
{
  struct gcg__kept kept;
  uint64_t signals;
  size_t slot;
  char *block;

  if (!gcg__regrown_take (more + 8, &kept))
    return NULL;
  signals = gcg__libgc_enter ();
  block = GC_malloc_atomic (kept.slot - 1); /* libgc adds one */
  slot = block ? GC_size (block) : 0;
  if (block && !gcg__objects_add ((uintptr_t)block, slot, false))
    {
      GC_free (block);
      block = NULL;
    }
  gcg__libgc_leave (signals);
  if (!block)
    return NULL;
  gcg__regrown_taken (&kept, block, slot);
  if (gcg__regrown_is (block))
    gcg__regrown_clear (block, block + bytes);
  write_tag (block, slot, bytes, site);
  return block;
}

/* Allocates the block of BYTES that replaces FOUND.  A large block that grows gets twice the size,
   or a quarter more, without touching the extra pages, because it will probably grow again.  So
   growing takes time linear in the final size, not quadratic; and little when the block before it
   has grown as far. */
static void *
grow (struct cache *cache, const struct found *found, size_t bytes, uint32_t site, bool system)
{
  size_t more = bytes + (bytes < MOST_DOUBLED ? bytes : bytes / 4);
  char *made;

  if (!system && bytes >= LEAST_GROWING && bytes > found->bytes && more < PTRDIFF_MAX)
    {
      if ((made = new_regrown (more, bytes, site)) != NULL)
        return made;
      if ((made = new_large (more, GRANULE, site, false, LEAST_GROWING)) != NULL)
        {
          size_t slot = GC_size (made);
          tag_clear (tag_place (made, slot));
          write_tag (made, slot, bytes, site);
          gcg__regrown_grows (found->base, made, slot);
          return made;
        }
    }
  return make (cache, bytes, GRANULE, site, system);
}

/* Counted as one block that changes its size, never as two while it moves. */
void *
gcg__block_resize (void *block, size_t bytes, uint32_t site, bool system)
{
  struct cache *cache = gcg__cache ();
  struct found found;
  uint64_t tag;
  void *made = block;

  if (!cache || !find (block, &found))
    return NULL;
  tag = *found.place;
  system |= is_system (&found);
  if (!resize_here (block, &found, bytes, site))
    {
      made = grow (cache, &found, bytes, site, system);
      if (!made)
        return NULL;
      move_contents (made, block, found.bytes < bytes ? found.bytes : bytes);
    }
  count_freed (cache, found.bytes, found.place, tag, system);
  if (made != block)
    discard (cache, block, &found);
  count_new (cache, bytes, site, system);
  return made;
}
