/* blocks.c -- see blocks.h.
 *
 * The size of a small block is found by its page: a table of one byte for each page of the address
 * space (in pieces that are mapped when they are first needed) says how many granules its blocks
 * have, or how many pages the block that begins there has, 0 for what is larger.  Blocks of some
 * pages wait on lists as well, a few of each size, since libgc takes its time for them; the page
 * of one that goes back to libgc is forgotten before.  Threads' lists hang on a thread-local
 * pointer; the lists of a thread that the kernel no longer knows go to the next one that begins.
 * (No key of pthread_key_create: the program may use all there are, and allocates after destructors
 * have run.)
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
#include "collector.h"
#include "sample/count.h"
#include "gc_calls.h"
#include "raw.h"
#include "signals.h"
#include "sample/survivors.h"
#include "tag.h"
#include <gc/gc_inline.h>

#define GRANULE      16u
#define MOST_SMALL   2032u /* bytes of a slot: libgc adds one, and 2,048 are small to it */
#define CLASSES      (MOST_SMALL / GRANULE + 1)
#define PAGE_SHIFT   12
#define PAGE         ((size_t)1 << PAGE_SHIFT)
#define MOST_PAGES   16u                 /* of a block that waits on a list */
#define OF_PAGES     128u                /* in the table: from here on pages are meant */
#define WAITING      ((size_t)128 << 10) /* bytes that wait on one list of pages */
#define FEW_BYTES    256u                /* cleared in place */
#define PIECE_SHIFT  18                  /* pages in a piece of the table */
#define PIECES       (1u << (47 - PAGE_SHIFT - PIECE_SHIFT))
#define BATCH_BYTES  16384u            /* moved between lists at a time */
#define LAZY_BYTES   ((size_t)1 << 20) /* from here on zeroing is the kernel's */
#define FOLD_BYTES   65536
#define GROWTH       8 /* the heap grows by one part in so many */
#define LEAST_GROWTH ((size_t)256 << 10)

struct list
{
  void *first;
  uint32_t n;
};

struct cache
{
  struct cache *next; /* all there are */
  bool busy, ending;  /* ENDING: its thread is about to go */
  pid_t process, thread;
  struct list lists[CLASSES], spares[CLASSES]; /* at most a batch each */
  struct list pages[MOST_PAGES + 1];
  struct gcg__counts *counts;
  int64_t allocs, frees, bytes, freed; /* FREED: bytes */
  int64_t folded_blocks, folded_bytes; /* of what is alive, in the sums */
  int64_t peak_blocks, peak_bytes;     /* while there is one cache only */
};

static uint8_t *pieces[PIECES];
static uint32_t batches[CLASSES]; /* blocks moved at a time */
static void *shared[CLASSES];     /* batches */
static gcg__lock shared_lock = GCG__LOCK_INIT, caches_lock = GCG__LOCK_INIT;
static struct cache *caches;
static uint32_t n_to_search = 16; /* with so many caches, look for threads that have gone */
static _Thread_local struct cache *mine;

static int64_t live_blocks, live_bytes, peak_blocks, peak_bytes;
static unsigned n_caches;

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

/* Notes that the page of BLOCK has blocks of GRANULES; false: no memory. */
static bool
note_page (const void *block, uint32_t granules)
{
  uint64_t page = (uintptr_t)block >> PAGE_SHIFT;
  uint8_t **piece = &pieces[page >> PIECE_SHIFT];
  if (page >> PIECE_SHIFT >= PIECES)
    return false;
  if (!*piece)
    {
      uint8_t *new = gcg__arena_take ((size_t)1 << PIECE_SHIFT);
      if (!new)
        return false;
      __atomic_store_n (piece, new, __ATOMIC_RELEASE);
    }
  (*piece)[page & ((1u << PIECE_SHIFT) - 1)] = (uint8_t)granules;
  return true;
}

/* --- lists --- */

void
gcg__blocks_begin (void)
{
  for (uint32_t granules = 1; granules < CLASSES; granules++)
    batches[granules] = BATCH_BYTES / (granules * GRANULE);
}

void
gcg__blocks_leave (void)
{
  if (mine)
    __atomic_store_n (&mine->ending, true, __ATOMIC_RELEASE);
}

/* A cache of this process whose thread has gone: of those that said so or, when there are many, of
   all. */
static struct cache *
find_left (pid_t process)
{
  bool all = n_caches >= n_to_search;

  for (struct cache *cache = caches; cache; cache = cache->next)
    if ((all || cache->ending) && cache->process == process
        && syscall (SYS_tgkill, process, cache->thread, 0) < 0 && errno == ESRCH)
      return cache;
  if (all)
    n_to_search = 2 * n_caches;
  return NULL;
}

static struct cache *
join (void)
{
  struct cache *cache;
  pid_t process = (pid_t)syscall (SYS_getpid);
  uint64_t signals = gcg__signals_wait ();
  int old_errno = errno;

  gcg__lock_take (&caches_lock);
  cache = find_left (process);
  if (!cache && (cache = gcg__arena_take (sizeof *cache)))
    {
      cache->next = caches;
      if (n_caches == 1)
        {
          peak_blocks = caches->peak_blocks;
          peak_bytes = caches->peak_bytes;
        }
      __atomic_store_n (&caches, cache, __ATOMIC_RELEASE);
      n_caches++;
    }
  if (cache)
    {
      cache->process = process;
      cache->thread = (pid_t)syscall (SYS_gettid);
      cache->ending = false;
      cache->busy = false;
    }
  gcg__lock_give (&caches_lock);
  mine = cache;
  gcg__counts_mine = cache ? cache->counts : NULL;
  errno = old_errno;
  gcg__signals_go_on (signals);
  return cache;
}

void
gcg__blocks_keep_counts (struct gcg__counts *counts)
{
  if (mine)
    mine->counts = counts;
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
      uint64_t signals = gcg__signals_wait ();

      GC_generic_malloc_many (granules * GRANULE, (int)GCG__KIND_ATOMIC, &first);
      given = first ? (uint32_t)(GC_size (first) / GRANULE) : 0;
      if (given != granules)
        {
          size_t more = GC_get_heap_size () / GROWTH;
          GC_expand_hp (more < LEAST_GROWTH ? LEAST_GROWTH : more);
        }
      gcg__signals_go_on (signals);
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

/* --- figures --- */

static inline int64_t
live_in (const struct cache *cache)
{
  return cache->bytes - cache->freed;
}

static void
fold (struct cache *cache)
{
  int64_t more_blocks = cache->allocs - cache->frees - cache->folded_blocks;
  int64_t more_bytes = live_in (cache) - cache->folded_bytes;
  int64_t blocks = __atomic_add_fetch (&live_blocks, more_blocks, __ATOMIC_RELAXED);
  int64_t bytes = __atomic_add_fetch (&live_bytes, more_bytes, __ATOMIC_RELAXED);

  cache->folded_blocks += more_blocks;
  cache->folded_bytes += more_bytes;
  if (bytes > __atomic_load_n (&peak_bytes, __ATOMIC_RELAXED))
    {
      __atomic_store_n (&peak_bytes, bytes, __ATOMIC_RELAXED);
      __atomic_store_n (&peak_blocks, blocks, __ATOMIC_RELAXED);
    }
}

/* A thread's own peak, which is the process's while there is no other thread, lies where something
   is freed, or now. */
static inline void
note_peak (struct cache *cache)
{
  if (live_in (cache) > cache->peak_bytes)
    {
      cache->peak_bytes = live_in (cache);
      cache->peak_blocks = cache->allocs - cache->frees;
    }
}

static inline void
add_new (struct cache *cache, size_t bytes)
{
  cache->allocs++;
  cache->bytes += (int64_t)bytes;
  if (n_caches > 1 && live_in (cache) - cache->folded_bytes > FOLD_BYTES)
    fold (cache);
}

static inline void
count_new (struct cache *cache, size_t bytes, uint32_t site)
{
  if (__builtin_expect (__atomic_load_n (&gcg__counting, __ATOMIC_RELAXED), 0))
    gcg__count_made (gcg__site_original (site), bytes);
  add_new (cache, bytes);
}

static inline void
add_freed (struct cache *cache, size_t bytes)
{
  note_peak (cache);
  cache->frees++;
  cache->freed += (int64_t)bytes;
  if (n_caches > 1 && live_in (cache) - cache->folded_bytes < -FOLD_BYTES)
    fold (cache);
}

/* A block of BYTES, whose tag is at PLACE and is TAG. */
static inline void
count_freed (struct cache *cache, size_t bytes, const uint64_t *place, uint64_t tag)
{
  if (__builtin_expect (__atomic_load_n (&gcg__counting, __ATOMIC_RELAXED), 0))
    gcg__survivors_freed (gcg__site_original (tag_site (tag)), bytes, tag_birth (tag),
                          (uintptr_t)place);
  add_freed (cache, bytes);
}

void
gcg__blocks_usage (struct gcg__usage *usage)
{
  int64_t blocks = 0, bytes = 0;

  memset (usage, 0, sizeof *usage);
  for (const struct cache *cache = caches; cache; cache = cache->next)
    {
      usage->allocs += (uint64_t)cache->allocs;
      usage->frees += (uint64_t)cache->frees;
      usage->bytes += (uint64_t)cache->bytes;
      blocks += cache->allocs - cache->frees;
      bytes += live_in (cache);
    }
  usage->live_blocks = (uint64_t)blocks;
  usage->live_bytes = (uint64_t)bytes;
  usage->peak_blocks = (uint64_t)peak_blocks;
  usage->peak_bytes = (uint64_t)peak_bytes;
  if (n_caches == 1)
    {
      usage->peak_blocks = (uint64_t)caches->peak_blocks;
      usage->peak_bytes = (uint64_t)caches->peak_bytes;
    }
  if (usage->live_bytes > usage->peak_bytes)
    {
      usage->peak_blocks = usage->live_blocks;
      usage->peak_bytes = usage->live_bytes;
    }
}

void
gcg__blocks_lock (void)
{
  gcg__lock_take (&caches_lock);
  gcg__lock_take (&shared_lock);
}

void
gcg__blocks_unlock (void)
{
  gcg__lock_give (&shared_lock);
  gcg__lock_give (&caches_lock);
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

/* Zeroes BYTES at BLOCK, large ones without touching them. */
static void
zero (char *block, size_t bytes)
{
  if (bytes >= LAZY_BYTES)
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

/* A block that is libgc's own object. */
static void *
new_large (size_t bytes, size_t alignment, uint32_t site, bool system)
{
  size_t extra = alignment > 4096 ? alignment : 0, slot;
  size_t wanted = bytes + 7 + extra; /* and one of libgc's */
  uint64_t signals;
  char *base, *block;

  if (wanted < bytes)
    return NULL;
  if (alignment > GRANULE && wanted < PAGE - 1)
    wanted = PAGE - 1; /* libgc's large objects begin at pages */
  signals = gcg__signals_wait ();
  base = system ? GC_malloc_uncollectable (wanted) : GC_malloc_atomic (wanted);
  gcg__signals_go_on (signals);
  if (!base)
    return NULL;
  slot = GC_size (base);
  zero (base, slot);
  block = extra ? (char *)(((uintptr_t)base + alignment - 1) & ~(alignment - 1)) : base;
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
      signals = gcg__signals_wait ();
      block = GC_malloc_atomic (pages * PAGE - 1);
      gcg__signals_go_on (signals);
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
    block = new_large (bytes, alignment, site, system);
  if (block && !system)
    count_new (cache, bytes, site);
  else if (block && site != GCG__SITE_OF_AGENT)
    add_new (cache, bytes);
  return block;
}

void *
gcg__block_new (size_t bytes, size_t alignment, uint32_t site, bool system)
{
  struct cache *cache = mine ? mine : join ();
  size_t slot = (bytes + 8 + GRANULE - 1) & ~(size_t)(GRANULE - 1);
  struct list *list;
  void *block;

  if (bytes > PTRDIFF_MAX || !cache)
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
  count_new (cache, bytes, site);
  return block;
}

/* The slot that BLOCK is, its size and tag; NULL when it is no block of the program's now. */
static void *
slot_of (const void *block, size_t *slot, uint64_t **place)
{
  uint32_t granules = granules_at (block);
  char *base = (char *)(uintptr_t)block;

  *slot = granules < OF_PAGES ? granules * GRANULE : (granules - OF_PAGES) * PAGE;
  if (!granules)
    {
      base = GC_base ((void *)(uintptr_t)block);
      if (!base)
        return NULL;
      *slot = GC_size (base);
    }
  *place = tag_place (base, *slot);
  return tag_valid (block, **place) ? base : NULL;
}

void *
gcg__block_at (const void *address, uint64_t **place)
{
  size_t slot;
  const void *base = GC_base ((void *)(uintptr_t)address);
  return base ? slot_of (base, &slot, place) : NULL;
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
  size_t slot;
  uint64_t *place;
  const char *base = slot_of (block, &slot, &place);
  return base ? (size_t)((const char *)place - (const char *)block) - tag_slack (place) : SIZE_MAX;
}

/* Frees what is no small block; PAGES: how many it has, when it may wait on a list. */
static bool __attribute__ ((noinline)) free_other (struct cache *cache, void *block, size_t pages)
{
  int old_errno = errno;
  uint64_t *place, signals;
  size_t slot, size, bytes;
  char *base = slot_of (block, &slot, &place);

  if (!base)
    return false;
  bytes = (size_t)((char *)place - (char *)block) - tag_slack (place);
  if (pages || GC_get_kind_and_size (base, &size) != (int)GCG__KIND_UNCOLLECTABLE)
    count_freed (cache, bytes, place, *place);
  else if (tag_site (*place) != GCG__SITE_OF_AGENT)
    add_freed (cache, bytes);
  tag_clear (place);
  if (pages && !cache->busy && (cache->pages[pages].n + 1) * pages * PAGE <= WAITING)
    {
      struct list *list = &cache->pages[pages];
      cache->busy = true;
      *(void **)block = list->first;
      list->first = block;
      list->n++;
      cache->busy = false;
      return true;
    }
  if (pages)
    note_page (block, 0);
  signals = gcg__signals_wait ();
  GC_free (base);
  gcg__signals_go_on (signals);
  errno = old_errno;
  return true;
}

bool
gcg__block_free (void *block)
{
  struct cache *cache = mine ? mine : join ();
  uint32_t granules = granules_at (block);
  uint64_t *place;
  struct list *list;
  size_t slack;

  if (!cache)
    return false;
  if (__builtin_expect (granules == 0 || granules >= OF_PAGES, 0))
    return free_other (cache, block, granules ? granules - OF_PAGES : 0);
  place = tag_place (block, granules * GRANULE);
  if (!tag_valid (block, *place))
    return false;
  slack = tag_slack (place);
  count_freed (cache, granules * GRANULE - 8 - slack, place, *place);
  if (slack >= GCG__SLACK_BIG)
    place[-1] = 0;
  *place = 0;
  if (cache->busy)
    return true; /* a signal handler's: the block is lost */
  cache->busy = true;
  list = &cache->lists[granules];
  *(void **)block = list->first;
  list->first = block;
  if (__builtin_expect (++list->n >= batch (granules), 0))
    give_back (cache, granules);
  cache->busy = false;
  return true;
}

bool
gcg__block_resize (void *block, size_t bytes, uint32_t site)
{
  struct cache *cache = mine ? mine : join ();
  uint64_t *place, tag;
  size_t slot, old;
  char *base = slot_of (block, &slot, &place);
  size_t room = base ? (size_t)((char *)place - (char *)block) : 0;

  /* Not when most of it would be wasted. */
  if (!base || !cache || bytes > room || bytes + 8 < slot / 2)
    return false;
  old = room - tag_slack (place);
  tag = *place;
  tag_clear (place);
  if (bytes < old)
    memset ((char *)block + bytes, 0, old - bytes);
  tag_write (block, place, room - bytes, site, gcg__birth);
  count_freed (cache, old, place, tag);
  count_new (cache, bytes, site);
  return true;
}
