/* image.c -- a fuzz target (driver.c): no mappings, no memory of a process and no columns of a heap
 * harm what reads them from outside.
 *
 * The first byte of an input says what the rest is:
 *   0  the text of /proc/PID/maps
 *   1  damage to the memory of a sound process: this one, as it was at the first input.  Each
 * change is a word of something that reading modules, the C library's layout, threads and stacks
 * looks at, so a fuzzer need not find these places 2  columns that describe a heap, with memory
 * that pointers in the columns' own bytes lead to
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/edges.h"
#include "image/roots.h"
#include "image/threads.h"
#include "tests/fuzz/target.h"

enum
{
  MOST_READS = 1 << 16,
  MOST_CHANGES = 16,
  MOST_BLOCKS = 64,
  MEMORY_BYTES = 1 << 16
};

#define MEMORY UINT64_C (0x10000)

/* Heaps that make an index, and processes whose threads are found. */
uint64_t fuzz_accepted;

/* --- Mappings. */

static void
read_maps (const uint8_t *data, size_t size)
{
  struct gcg__vmas vmas;

  if (gcg__vmas_parse ((const char *)data, size, &vmas, NULL) != GCG_OK)
    abort ();
  for (size_t i = 0; i < vmas.n; i++)
    if (vmas.items[i].low >= vmas.items[i].high
        || (i > 0 && vmas.items[i].low < vmas.items[i - 1].high)
        || gcg__vmas_find (&vmas, vmas.items[i].high - 1) != &vmas.items[i]
        || strlen (vmas.items[i].name) > size)
      abort ();
  gcg__vmas_fini (&vmas);
}

/* --- A damaged process. */

struct change
{
  uint16_t read; /* which of the reads of a sound process */
  uint8_t at;    /* which of its words */
  uint8_t how;   /* 0: the value; 1: added; 2: the address of the word that read VALUE is of */
  uint32_t value;
};

static struct
{
  struct gcg__memory_image *sound; /* everything that is read is loaded */
  struct gcg__vmas vmas;
  struct gcg__frozen_thread thread;
  struct gcg__memory_range reads[MOST_READS];
  size_t n_reads;
  struct
  {
    uint64_t address, word;
  } changes[MOST_CHANGES];
  size_t n_changes;
} process;

/* The sound process's source: notes what is asked for. */
static size_t
noting_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  size_t got = gcg__image_read (state, address, bytes, n);

  if (got >= 8 && process.n_reads < MOST_READS)
    process.reads[process.n_reads++]
        = (struct gcg__memory_range){ address & -8, address + got, NULL };
  return got;
}

static size_t
damaged_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  size_t got = gcg__image_read (state, address, bytes, n);

  for (size_t i = 0; i < process.n_changes; i++)
    for (size_t j = 0; j < 8; j++)
      {
        uint64_t offset = process.changes[i].address + j - address;
        if (offset < got)
          ((uint8_t *)bytes)[offset] = (uint8_t)(process.changes[i].word >> 8 * j);
      }
  return got;
}

static void
copy_vmas (struct gcg__vmas *copy)
{
  char *text = NULL;
  size_t n = 0;
  FILE *stream = open_memstream (&text, &n);

  if (!stream)
    abort ();
  for (size_t i = 0; i < process.vmas.n; i++)
    {
      const struct gcg__vma *vma = &process.vmas.items[i];
      fprintf (stream, "%llx-%llx %c%c%cp %llx 08:01 %llu %s\n", (unsigned long long)vma->low,
               (unsigned long long)vma->high, vma->is_readable ? 'r' : '-',
               vma->is_writable ? 'w' : '-', vma->is_executable ? 'x' : '-',
               (unsigned long long)vma->offset, (unsigned long long)vma->inode, vma->name);
    }
  fclose (stream);
  if (gcg__vmas_parse (text, n, copy, NULL) != GCG_OK)
    abort ();
  free (text);
}

/* Reads modules, layout, threads and stacks of what SOURCE reads; what is found keeps its
   promises. */
static void
read_process (const struct gcg__memory_source *source)
{
  struct gcg__memory_image *image;
  struct gcg__loaded_modules modules = { 0 };
  struct gcg__libc_layout layout;
  struct gcg__tls tls = { 0 };
  struct gcg__stacks stacks = { 0 };
  struct gcg__vmas vmas;

  copy_vmas (&vmas);
  if (gcg__image_new (source, &vmas, &image, NULL) != GCG_OK
      || gcg__modules_read (image, &modules, NULL) != GCG_OK)
    abort ();
  if (gcg__libc_layout_read (image, &modules, &layout, NULL) == GCG_OK)
    switch (gcg__tls_read (image, &modules, &layout, &process.thread, 1, &tls, NULL))
      {
      case GCG_OK:
        fuzz_accepted++;
        break;
      case GCG_UNSUPPORTED:
        break;
      default:
        abort ();
      }
  if (gcg__stacks_read (image, process.thread.tid, &process.thread, 1, &tls, &stacks, NULL)
      != GCG_OK)
    abort ();
  for (size_t i = 0; i < modules.n; i++)
    if (modules.items[i].low >= modules.items[i].high || strlen (modules.items[i].build_id) % 2)
      abort ();
  for (size_t i = 0; i < modules.n_data; i++)
    if (modules.data[i].low >= modules.data[i].high || modules.data[i].module >= modules.n)
      abort ();
  for (size_t i = 0; i < tls.n_ranges; i++)
    if (tls.ranges[i].low >= tls.ranges[i].high
        || (tls.ranges[i].thread != 0 && tls.ranges[i].thread != GCG__TLS_NO_THREAD)
        || (tls.ranges[i].module >= modules.n && tls.ranges[i].module != GCG__TLS_NO_MODULE))
      abort ();
  for (size_t i = 0; i < stacks.n; i++)
    if (stacks.items[i].low >= stacks.items[i].high || stacks.items[i].thread != 0)
      abort ();
  gcg__stacks_fini (&stacks);
  gcg__tls_fini (&tls);
  gcg__modules_fini (&modules);
  gcg__image_free (image);
}

/* Copies what is needed of this process: its modules, its data, what is around its thread pointer.
 */
static void
take_process (void)
{
  struct gcg__memory_range ranges[512];
  uint64_t pointer = (uintptr_t)__builtin_thread_pointer ();
  struct gcg__memory_source noting;
  size_t n = 0;

  process.thread = (struct gcg__frozen_thread){ .tid = getpid (),
                                                .own_tid = getpid (),
                                                .sp = (uintptr_t)__builtin_frame_address (0),
                                                .thread_pointer = pointer };
  if (gcg__vmas_read (getpid (), &process.vmas, NULL) != GCG_OK
      || gcg__image_open (getpid (), -1, &process.sound, NULL) != GCG_OK)
    abort ();
  for (size_t i = 0; i < process.vmas.n && n < 512; i++)
    {
      const struct gcg__vma *vma = &process.vmas.items[i];
      bool here = pointer >= vma->low && pointer < vma->high;
      if (vma->is_readable && (vma->is_file || here || (vma->high - vma->low) < 1 << 20))
        ranges[n++] = (struct gcg__memory_range){ vma->low, vma->high, NULL };
    }
  if (gcg__image_load (process.sound, ranges, n, 1, NULL) != GCG_OK)
    abort ();
  noting = (struct gcg__memory_source){ noting_read, process.sound };
  read_process (&noting);
  if (process.n_reads < 100)
    abort ();
}

static void
damage_process (const uint8_t *data, size_t size)
{
  struct gcg__memory_source damaged;

  if (!process.sound)
    take_process ();
  process.n_changes = 0;
  for (; size >= sizeof (struct change) && process.n_changes < MOST_CHANGES;
       data += sizeof (struct change), size -= sizeof (struct change))
    {
      struct change change;
      memcpy (&change, data, sizeof change);
      const struct gcg__memory_range *read = &process.reads[change.read % process.n_reads];
      uint64_t words = (read->high - read->low) / 8, word = 0;
      uint64_t address = read->low + 8 * (change.at % (words ? words : 1));
      gcg__image_read (process.sound, address, &word, sizeof word);
      word = change.how % 3 == 0   ? change.value
             : change.how % 3 == 1 ? word + (uint64_t)(int64_t)(int32_t)change.value
                                   : process.reads[change.value % process.n_reads].low;
      process.changes[process.n_changes].address = address;
      process.changes[process.n_changes++].word = word;
    }
  damaged = (struct gcg__memory_source){ damaged_read, process.sound };
  read_process (&damaged);
}

/* --- Heaps. */

/* What is found of a heap that is believed keeps the promises of a snapshot. */
static void
check_heap (const struct gcg__heap_columns *columns, const struct gcg__edges *edges,
            const struct gcg__roots *roots)
{
  uint64_t sum = 0;
  size_t big = 0;

  for (size_t i = 0; i < columns->n_objects; i++)
    sum += edges->counts[i] == GCG__COUNT_BIG ? edges->big_counts[big++].value : edges->counts[i];
  if (sum != edges->n || big != edges->n_big_counts)
    abort ();
  for (size_t i = 0; i < edges->n; i++)
    if (edges->targets[i] >= columns->n_objects)
      abort ();
  for (size_t i = 0; i < roots->n; i++)
    if (roots->roots[i].object >= columns->n_objects || roots->roots[i].region >= roots->n_regions)
      abort ();
}

static void
read_heap (const struct gcg__heap_columns *columns, const struct gcg__heap_rules *rules,
           const void *memory)
{
  static const char maps[] = "10000-14000 rw-p 0 00:00 0 \n14000-15000 ---p 0 00:00 0 \n"
                             "15000-1f000 rw-p 0 00:00 0 \n1f000-20000 r--p 0 00:00 0 \n";
  const struct gcg__memory_buffer buffer = { MEMORY, memory, MEMORY_BYTES };
  const struct gcg__memory_buffers buffers = { &buffer, 1 };
  const struct gcg__memory_source source = gcg__buffers_source (&buffers);
  const struct gcg__root_area area
      = { GCG__REGION_STATIC, 0, MEMORY - 4096, MEMORY + MEMORY_BYTES + 4096, NULL, 0 };
  struct gcg__memory_image *image;
  struct gcg__heap_index *index;
  struct gcg__edges edges;
  struct gcg__roots roots;
  struct gcg__vmas vmas;

  if (gcg__vmas_parse (maps, strlen (maps), &vmas, NULL) != GCG_OK
      || gcg__image_new (&source, &vmas, &image, NULL) != GCG_OK)
    abort ();
  if (gcg__heap_index_new (columns, rules, 1, &index, NULL) == GCG_OK)
    {
      if (gcg__edges_find (image, index, 1, &edges, NULL) != GCG_OK
          || gcg__roots_find (image, index, &area, 1, 1, &roots, NULL) != GCG_OK)
        abort ();
      check_heap (columns, &edges, &roots);
      fuzz_accepted++;
      gcg__edges_fini (&edges);
      gcg__roots_fini (&roots);
      gcg__heap_index_free (index);
    }
  gcg__image_free (image);
}

/* Takes BYTES from DATA[SIZE] to *TO; what is missing is zero. */
static void
take (const uint8_t **data, size_t *size, void *to, size_t bytes)
{
  size_t n = bytes < *size ? bytes : *size;

  memset (to, 0, bytes);
  memcpy (to, *data, n);
  *data += n;
  *size -= n;
}

static void
make_heap (const uint8_t *data, size_t size)
{
  static uint8_t memory[MEMORY_BYTES];
  static uint8_t slots[MOST_BLOCKS * 4];
  static uint64_t words[MOST_BLOCKS * 4], ends[MOST_BLOCKS], cleared[2];
  struct gcg__block blocks[MOST_BLOCKS];
  struct gcg__big slack;
  struct gcg__heap_rules rules = { 0 };
  uint8_t head[4];
  uint64_t at = MEMORY;

  take (&data, &size, head, sizeof head);
  size_t n_blocks = head[0] % MOST_BLOCKS, n_objects = head[1];
  take (&data, &size, blocks, n_blocks * sizeof *blocks);
  for (size_t i = 0; i < n_blocks; i++)
    if (head[2] & 1) /* sound addresses */
      {
        blocks[i].slot_bytes = 8 + blocks[i].slot_bytes % 6000 / 8 * 8;
        blocks[i].address = at;
        blocks[i].first_object = (uint32_t)i;
        at += blocks[i].slot_bytes;
      }
  take (&data, &size, slots, head[2] & 1 ? 0 : n_objects);
  take (&data, &size, words, n_objects * sizeof *words);
  take (&data, &size, ends, sizeof ends);
  take (&data, &size, cleared, sizeof cleared);
  take (&data, &size, &slack, sizeof slack);
  for (size_t i = 0; i + 8 <= sizeof memory && size; i += 8)
    {
      uint16_t low;
      take (&data, &size, &low, sizeof low);
      uint64_t word = MEMORY + low;
      memcpy (memory + i, &word, sizeof word);
    }
  if (head[2] & 1)
    {
      memset (slots, 0, sizeof slots);
      n_objects = n_blocks;
    }
  rules.interior = head[3] & 1;
  rules.requested = head[3] & 2;
  rules.unaligned = head[3] & 4;
  rules.marked_only = head[3] & 8;
  rules.read_only = head[3] & 16;
  if (cleared[0] < cleared[1])
    {
      rules.cleared = cleared;
      rules.n_cleared = 2;
    }
  read_heap (&(struct gcg__heap_columns){ .blocks = blocks,
                                          .n_blocks = n_blocks,
                                          .slots = slots,
                                          .words = words,
                                          .n_objects = n_objects,
                                          .big_slacks = &slack,
                                          .n_big_slacks = 1,
                                          .readable_ends = head[2] & 2 ? ends : NULL },
             &rules, memory);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  switch (data[0] % 3)
    {
    case 0:
      read_maps (data + 1, size - 1);
      break;
    case 1:
      damage_process (data + 1, size - 1);
      break;
    default:
      make_heap (data + 1, size - 1);
    }
  return 0;
}
