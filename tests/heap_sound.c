/* heap_sound.c -- a small heap with something of everything (heap.h). */
#include "config.h"
#include "tests/heap.h"

struct heap *
heap_sound (unsigned edges)
{
  const uint64_t frames[] = { 0x1000, 0x2000 };
  struct heap *heap = heap_new ();
  uint32_t node = heap_site (heap, "struct node", "a.c", 1, "f");
  uint32_t stack = heap_stack_site (heap, frames, 2);
  heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_skip (heap, 1);
  heap_object (heap, 40, GCG__KIND_NORMAL, stack);
  heap_object (heap, 100000, GCG__KIND_NORMAL, node);
  heap_slot (heap, 100, 4096, GCG__KIND_NORMAL, node);
  heap_object (heap, 48, GCG__KIND_NORMAL, 0);
  for (unsigned i = 0; i < edges; i++)
    heap_edge (heap, SOUND_LARGE, 8 * i, i % N_SOUND_OBJECTS);
  heap_root (heap, SOUND_A);
  heap_finalizer (heap, SOUND_SLACK, GCG__FINALIZER_NO_ORDER);
  return heap;
}
