/* change.c -- see change.h.  So a fuzzer reaches the structural checks, and the code behind them,
   without a corpus. */
#include "config.h"

#include "tests/fuzz/change.h"

#include <string.h>

#include "tests/heap.h"

struct change
{
  uint8_t code;  /* of the section, modulo their number */
  uint8_t what;  /* bits 0, 1: log2 of the width; 7: the section gets another length */
  uint16_t at;   /* where, in units of the width, modulo the section's length */
  uint32_t low;  /* the value, or the new length */
  uint64_t high; /* bits 32 ... of a value of 8 bytes */
};

static void
change_apply (struct columns *columns, const struct change *change)
{
  unsigned code = 1 + change->code % GCG__N_SECTIONS, width = 1u << (change->what & 3);
  uint64_t bytes = columns->sections[code - 1].n * columns->sections[code - 1].element_bytes;
  if (change->what & 128)
    columns_resize (columns, code, change->low % 2048);
  else if (bytes >= width)
    {
      uint64_t value = change->low | change->high << 32;
      memcpy (columns->sections[code - 1].data + change->at % (bytes / width) * width, &value,
              width);
    }
}

void
changes_apply (struct columns *columns, const uint8_t *data, size_t size)
{
  struct change change;
  for (size_t at = 0; size - at >= sizeof change; at += sizeof change)
    {
      memcpy (&change, data + at, sizeof change);
      change_apply (columns, &change);
    }
}

static struct gcg__snapshot *
make_sound (void)
{
  const uint64_t frames[] = { 0x1000, 0x2000 };
  struct heap *heap = heap_new ();
  uint32_t node = heap_site (heap, "struct node", "a.c", 1, "f");
  uint32_t stack = heap_stack_site (heap, frames, 2);
  heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_skip (heap, 1);
  heap_object (heap, 40, GCG__KIND_NORMAL, stack);
  uint32_t large = heap_object (heap, 20000, GCG__KIND_NORMAL, node);
  uint32_t slack = heap_slot (heap, 100, 4096, GCG__KIND_NORMAL, node);
  heap_object (heap, 48, GCG__KIND_NORMAL, 0);
  for (unsigned i = 0; i < 260; i++)
    heap_edge (heap, large, 8 * i, i % 5);
  heap_edge (heap, slack, 4088, large);
  heap_edge (heap, 0, 32, slack);
  heap_edge_at (heap, 0, 16, slack, GCG__PLACE_INSIDE);
  heap_root (heap, 0);
  heap_hazard (heap, heap_object (heap, 24, GCG__KIND_NORMAL, 0), GCG__HAZARD_TLS, 0x7000);
  heap_hazards_left_out (heap, 12);
  heap_finalizer (heap, slack, GCG__FINALIZER_ORDERED);
  heap_contents (heap, slack, "contents", 8);
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
