/* heap.h -- builds snapshots of imaginary heaps for tests and benches.
 *
 * Say which objects, edges, roots and finalizers there are; get a checked snapshot, made by the
 * real writer and opened by the real reader.  Objects get addresses in the order they are added.
 */
#ifndef GCG_TESTS_HEAP_H
#define GCG_TESTS_HEAP_H

#include "snapshot/snapshot.h"

struct heap;

/* Never fails: aborts when out of memory. */
struct heap *heap_new (void);
void heap_free (struct heap *heap);

/* A new site from a macro with TYPE (may be NULL) at FILE:LINE in FUNCTION; returns its id. */
uint32_t heap_site (struct heap *heap, const char *type, const char *file, uint32_t line,
                    const char *function);
/* A site with a call stack of N addresses, innermost first. */
uint32_t heap_stack_site (struct heap *heap, const uint64_t *addresses, uint32_t n);
/* An object of BYTES requested; KIND is GCG__KIND_...; SITE 0 = untagged.  Returns its id.  Runs of
   equal slot size and kind share a block, as in the collector. */
uint32_t heap_object (struct heap *heap, uint64_t bytes, uint32_t kind, uint32_t site);
/* The same in a slot of SLOT_BYTES (a multiple of 8) that may be larger than needed. */
uint32_t heap_slot (struct heap *heap, uint64_t bytes, uint64_t slot_bytes, uint32_t kind,
                    uint32_t site);
/* Leaves N slots of the last object's block free. */
void heap_skip (struct heap *heap, uint32_t n);
/* The word of FROM at OFFSET (multiple of 8) points to TO.  Edges of one object may be added in any
   order, one for each offset. */
void heap_edge (struct heap *heap, uint32_t from, uint64_t offset, uint32_t to);
/* The same, pointing to PLACE (GCG__PLACE_...) of TO; heap_edge's point to the start. */
void heap_edge_at (struct heap *heap, uint32_t from, uint64_t offset, uint32_t to, uint32_t place);
/* A static root that points to OBJECT.  Marks are computed at the end from roots and uncollectable
   objects. */
void heap_root (struct heap *heap, uint32_t object);
/* The same in a word at ADDRESS that points to PLACE of OBJECT. */
void heap_root_at (struct heap *heap, uint32_t object, uint64_t address, uint32_t place);
/* The word at ADDRESS, which the collector does not scan, points to OBJECT; KIND is
   GCG__HAZARD_..., its thread is the snapshot's only one. */
void heap_hazard (struct heap *heap, uint32_t object, uint32_t kind, uint64_t address);
/* There were N more. */
void heap_hazards_left_out (struct heap *heap, uint64_t n);
/* OBJECT was passed to gcg_ignore. */
void heap_ignore (struct heap *heap, uint32_t object);
/* What is said of the process: its path (which its only module has too), its arguments, the name of
   its only thread, and what the snapshot is called. */
void heap_process (struct heap *heap, const char *program, const char *command_line,
                   const char *thread, const char *description);
/* The objects are malloc'd blocks. */
void heap_malloc (struct heap *heap);
/* What its program has asked malloc for. */
void heap_usage (struct heap *heap, const struct gcg__usage *usage);
/* TEXT is what its program wants not reported. */
void heap_rules (struct heap *heap, const char *text);
void heap_finalizer (struct heap *heap, uint32_t object, uint32_t mode);
/* From now on the snapshot holds contents: object ID begins with the N bytes at BYTES, then zeros;
   so do all others. */
void heap_contents (struct heap *heap, uint32_t object, const void *bytes, uint64_t n);
void heap_birth (struct heap *heap, uint32_t object, uint32_t birth);
/* Collection NUMBER stopped the program for PAUSE_NS and left LIVE bytes alive (0: not counted;
   when none of any, the snapshot does not say).  Number 7 is the snapshot's own, and there without
   being asked for; no other is later. */
void heap_collection (struct heap *heap, uint32_t number, uint64_t pause_ns, uint64_t live);
/* Objects of heap_sound.  A and B share a block with a free slot between. */
enum heap_sound_object
{
  SOUND_A,
  SOUND_B,
  SOUND_LARGE, /* 100,000 bytes; points to all five in turn, from each of its first words */
  SOUND_SLACK, /* requested 100 in a slot of 4096 */
  SOUND_PLAIN, /* no tag */
  N_SOUND_OBJECTS
};

/* A heap to be added to and damaged, with a root (of A) and a finalizer (of SLACK); EDGES are those
   of LARGE. */
struct heap *heap_sound (unsigned edges);
/* Writes to a memfd, sealed like the agent's, and returns its descriptor, offset anywhere. */
int heap_write (struct heap *heap);
/* Writes, opens, checks; aborts with the message when that fails. */
struct gcg__snapshot *heap_snapshot (struct heap *heap);

#endif
