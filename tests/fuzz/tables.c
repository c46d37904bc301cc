/* tables.c -- a fuzz target (driver.c): whatever stands in the tables of an agent, in its heap or
 * elsewhere in the memory of its program, what is read of it from outside is a snapshot as it
 * should be, or an error.
 *
 * The program is tests/malloc/heaps with the agent for malloc, at addresses that are always the
 * same; it is looked at once, while it waits, and has ended before the first input.  An input is a
 * list of changes to its memory.  Each is of a word that reading the sound memory has looked at, so
 * a fuzzer need not find these places.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include "image/agent_snapshot.h"
#include "snapshot/snapshot.h"
#include "tests/fuzz/target.h"
#include "tests/image/heaps.h"

enum
{
  MOST_PLACES = 1 << 16,
  MOST_OF_READ = 64, /* places in what was read at once */
  MOST_CHANGES = 12,
  MOST_RANGES = 512
};

/* Snapshots that come of damaged memory. */
uint64_t fuzz_accepted;

const uint64_t fuzz_executions = 1000;

struct change
{
  uint16_t place; /* which of the words that are looked at, */
  uint8_t of;     /* 0: of any module; else: of what the program writes to */
  uint8_t how;    /* 0: VALUE; 1: added; 2: the address of place VALUE; 3: its word; 4: a bit */
  uint32_t value;
};

struct places
{
  uint64_t addresses[MOST_PLACES];
  size_t n;
};

static struct
{
  struct gcg__memory_image *image; /* everything that is read is loaded */
  struct gcg__frozen *frozen;      /* its threads */
  uint64_t root;
  struct places any, written;
} sound;

static struct
{
  uint64_t address, word;
} changes[MOST_CHANGES];
static size_t n_changes;

static void
add_place (struct places *places, uint64_t address)
{
  if (places->n < MOST_PLACES)
    places->addresses[places->n++] = address;
}

/* The sound memory's source: notes what is asked for: of a long piece words that are not zero. */
static size_t
noting_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  size_t got = gcg__image_read (state, address, bytes, n), taken = 0;
  const struct gcg__vma *vma = gcg__vmas_find (gcg__image_vmas (state), address);
  struct places *places = vma && vma->is_writable ? &sound.written : &sound.any;

  for (size_t i = -address & 7; i + 8 <= got && taken < MOST_OF_READ; i += 8)
    {
      uint64_t word;
      memcpy (&word, (const char *)bytes + i, sizeof word);
      if (got > 8 * MOST_OF_READ && word == 0)
        continue;
      add_place (places, address + i);
      taken++;
    }
  return got;
}

static size_t
damaged_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  size_t got = gcg__image_read (state, address, bytes, n);

  for (size_t i = 0; i < n_changes; i++)
    for (size_t j = 0; j < 8; j++)
      {
        uint64_t offset = changes[i].address + j - address;
        if (offset < got)
          ((uint8_t *)bytes)[offset] = (uint8_t)(changes[i].word >> 8 * j);
      }
  return got;
}

static void
copy_vmas (struct gcg__vmas *copy)
{
  const struct gcg__vmas *vmas = gcg__image_vmas (sound.image);
  char *text = NULL;
  size_t n = 0;
  FILE *stream = open_memstream (&text, &n);

  if (!stream)
    abort ();
  for (size_t i = 0; i < vmas->n; i++)
    {
      const struct gcg__vma *vma = &vmas->items[i];
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

/* The snapshot of the memory that SOURCE reads; returns whether there is one. */
static bool
read_memory (const struct gcg__memory_source *source)
{
  struct gcg__agent_ask ask = { .root = sound.root,
                                .threads = sound.frozen->threads,
                                .n_threads = sound.frozen->n_threads,
                                .description = "",
                                .program = "",
                                .command_line = "",
                                .status = "",
                                .stat = "",
                                .smaps = "",
                                .n_workers = 1 };
  struct gcg__agent_snapshot *taken = NULL;
  struct gcg__memory_image *image;
  struct gcg__snapshot *snapshot;
  struct gcg__vmas vmas;
  int fd = memfd_create ("tables", MFD_CLOEXEC);
  enum gcg_status status;

  copy_vmas (&vmas);
  if (fd < 0 || gcg__image_new (source, &vmas, &image, NULL) != GCG_OK)
    abort ();
  ask.image = image;
  status = gcg__agent_snapshot_take (&ask, &taken, NULL);
  if (status != GCG_OK && status != GCG_UNSUPPORTED)
    abort ();
  if (status == GCG_OK)
    {
      if (gcg__agent_snapshot_write (taken, 1, fd, NULL) != GCG_OK
          || gcg__snapshot_open_fd (fd, "tables", &snapshot, NULL) != GCG_OK)
        abort ();
      gcg__snapshot_close (snapshot);
    }
  gcg__agent_snapshot_free (taken);
  gcg__image_free (image);
  close (fd);
  return status == GCG_OK;
}

/* Loads what process PID has in memory that can be read. */
static void
load_memory (pid_t pid)
{
  struct gcg__memory_range ranges[MOST_RANGES];
  size_t n = 0;

  if (gcg__image_open (pid, -1, &sound.image, NULL) != GCG_OK)
    abort ();
  const struct gcg__vmas *vmas = gcg__image_vmas (sound.image);
  for (size_t i = 0; i < vmas->n && n < MOST_RANGES; i++)
    if (vmas->items[i].is_readable && vmas->items[i].high - vmas->items[i].low < 1 << 26)
      ranges[n++] = (struct gcg__memory_range){ vmas->items[i].low, vmas->items[i].high, NULL };
  if (gcg__image_load (sound.image, ranges, n, 1, NULL) != GCG_OK)
    abort ();
}

static void
take_program (void)
{
  struct gcg__memory_source noting;
  struct heaps heaps;

  signal (SIGPIPE, SIG_IGN);
  if (personality (ADDR_NO_RANDOMIZE) < 0)
    abort ();
  heaps_start (&heaps, 1);
  struct gcg__freeze_ask freeze = { .pid = heaps.pid, .vectors = true };
  if (!heaps_next (&heaps) || gcg__freeze (&freeze, &sound.frozen, NULL) != GCG_OK)
    abort ();
  load_memory (heaps.pid);
  heaps_end (&heaps);
  sound.root = heaps_root (sound.image);
  noting = (struct gcg__memory_source){ noting_read, sound.image };
  if (!read_memory (&noting) || sound.written.n < 100 || sound.any.n < 100)
    abort ();
}

static void
add_change (const struct change *change)
{
  const struct places *places = change->of == 0 ? &sound.any : &sound.written;
  uint64_t address = places->addresses[change->place % places->n], word = 0;
  uint64_t other = sound.written.addresses[change->value % sound.written.n], other_word = 0;

  gcg__image_read (sound.image, address, &word, sizeof word);
  gcg__image_read (sound.image, other, &other_word, sizeof other_word);
  const uint64_t words[] = { change->value, word + (uint64_t)(int64_t)(int32_t)change->value, other,
                             other_word, word ^ UINT64_C (1) << change->value % 64 };
  changes[n_changes].address = address;
  changes[n_changes++].word = words[change->how % (sizeof words / sizeof *words)];
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (!sound.image)
    take_program ();
  struct gcg__memory_source damaged = { damaged_read, sound.image };
  n_changes = 0;
  for (; size >= sizeof (struct change) && n_changes < MOST_CHANGES;
       data += sizeof (struct change), size -= sizeof (struct change))
    {
      struct change change;
      memcpy (&change, data, sizeof change);
      add_change (&change);
    }
  fuzz_accepted += read_memory (&damaged);
  return 0;
}
