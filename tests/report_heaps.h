/* report_heaps.h -- imaginary heaps for the tests of lib/report, server/render and tools. */
#ifndef GCG_TESTS_REPORT_HEAPS_H
#define GCG_TESTS_REPORT_HEAPS_H

#include "tests/heap.h"

/* Draws the heap NAME with N of what it has many of; NULL when there is no such heap.
     empty    no objects
     clean    N objects, all reachable
     mix      one of each verdict, untagged objects, a lost uncollectable one
     observer a finalization cycle of three types
     list     N items, linked both ways, finalized in order
     ring     N nodes in a ring with as many random chords, allocated in shuffled order
     tree     a garbage tree of N nodes
     star     a table that points to N leaves, and to itself
     leaks    malloc'd: N leaked pairs with names, a leaked tree, a ring below it, and more
     hostile  types, files and functions with names that are attacks
   The caller frees it with heap_free. */
struct heap *report_heap (const char *name, uint32_t n);

/* What the hostile heap's names try; ends in NULL. */
extern const char *const hostile_names[];

#endif
