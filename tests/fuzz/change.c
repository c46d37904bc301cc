/* change.c -- see change.h.  So a fuzzer reaches the structural checks, and the code behind them,
   without a corpus. */
#include "config.h"

#include "tests/fuzz/change.h"

#include <string.h>

#include "tests/heap.h"

struct change
{
  uint8_t code;  /* of the section, modulo their number */
  uint8_t what;  /* bits 0, 1: log2 of the width; 2, 3: enum how; 7: the section gets another
                    length */
  uint16_t at;   /* where, in units of the width, modulo the section's length */
  uint32_t low;  /* the value, or the new length */
  uint64_t high; /* bits 32 ... of a value of 8 bytes */
};

/* What the number becomes.  All but the first mostly stay near to what is sound: what a checker
   refuses at once says nothing about the code behind it. */
enum how
{
  SET,
  ADD,  /* the low byte, signed */
  COPY, /* from elsewhere in the section */
  FLIP  /* one bit */
};

static uint64_t
value_of (const struct change *change, const uint8_t *data, uint64_t n, unsigned width,
          uint64_t old)
{
  uint64_t value = change->low | change->high << 32;
  switch (change->what >> 2 & 3)
    {
    case ADD:
      return old + (uint64_t)(int8_t)change->low;
    case COPY:
      memcpy (&value, data + change->low % n * width, width);
      return value;
    case FLIP:
      return old ^ UINT64_C (1) << change->low % (8 * width);
    default:
      return value;
    }
}

/* Changes a number among the BYTES at DATA. */
static void
change_number (const struct change *change, uint8_t *data, uint64_t bytes)
{
  unsigned width = 1u << (change->what & 3);
  uint64_t n = bytes / width, old = 0;
  if (n == 0)
    return;
  uint8_t *at = data + change->at % n * width;
  memcpy (&old, at, width);
  uint64_t value = value_of (change, data, n, width, old);
  memcpy (at, &value, width);
}

static void
change_column (struct columns *columns, const struct change *change)
{
  unsigned i = change->code % GCG__N_SECTIONS;
  if (change->what & 128)
    columns_resize (columns, i + 1, change->low % 2048);
  else
    change_number (change, columns->sections[i].data,
                   columns->sections[i].n * columns->sections[i].element_bytes);
}

/* The header gets one of eight changes, the section table another. */
static void
change_file (uint8_t *file, uint64_t bytes, const struct change *change)
{
  uint64_t header = sizeof (struct gcg__file_header),
           table = GCG__N_SECTIONS * sizeof (struct gcg__file_section);
  if (change->code % 8 == 0)
    change_number (change, file, header);
  else if (change->code % 8 == 1)
    change_number (change, file + header, table);
  else
    change_number (change, file + header + table, bytes - header - table);
}

/* The next of the changes in DATA, which has SIZE bytes, from *AT on; false: no more. */
static bool
next_change (struct change *change, const uint8_t *data, size_t size, size_t *at)
{
  if (size - *at < sizeof *change)
    return false;
  memcpy (change, data + *at, sizeof *change);
  *at += sizeof *change;
  return true;
}

void
changes_apply (struct columns *columns, const uint8_t *data, size_t size)
{
  struct change change;
  for (size_t at = 0; next_change (&change, data, size, &at);)
    change_column (columns, &change);
}

void
changes_apply_to_file (uint8_t *file, uint64_t bytes, const uint8_t *data, size_t size)
{
  struct change change;
  for (size_t at = 0; next_change (&change, data, size, &at);)
    change_file (file, bytes, &change);
}

void
changes_apply_to_bytes (uint8_t *bytes, uint64_t n, const uint8_t *data, size_t size)
{
  struct change change;
  for (size_t at = 0; next_change (&change, data, size, &at);)
    change_number (&change, bytes, n);
}

static struct gcg__snapshot *
make_sound (void)
{
  struct heap *heap = heap_sound (260);
  heap_edge (heap, SOUND_SLACK, 4088, SOUND_LARGE);
  heap_edge (heap, SOUND_A, 32, SOUND_SLACK);
  heap_edge_at (heap, SOUND_A, 16, SOUND_SLACK, GCG__PLACE_INSIDE);
  heap_hazard (heap, heap_object (heap, 24, GCG__KIND_NORMAL, 0), GCG__HAZARD_TLS, 0x7000);
  heap_hazards_left_out (heap, 12);
  heap_contents (heap, SOUND_SLACK, "contents", 8);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  return s;
}

const struct gcg__snapshot *
changes_sound (void)
{
  static struct gcg__snapshot *sound;
  if (!sound)
    sound = make_sound ();
  return sound;
}
