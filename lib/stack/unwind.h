/* unwind.h -- from a frame to its caller's, by the unwind tables that every module carries.
 *
 * At a return address the tables (.eh_frame: DWARF 5, 6.4; its index: Linux Standard Base, 10.6)
 * say where the frame ends, which is where its own return address stands, and where the caller's
 * frame pointer was saved.  Nearly always that is two numbers, so that a rule fits in one word and
 * can be kept.  Rare forms are UNKNOWN: the caller must use another unwinder.
 *
 * x86-64 and a C library with _dl_find_object; elsewhere everything is UNKNOWN.
 */
#ifndef GCG_UNWIND_H
#define GCG_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

/* A rule: what kind, the offset for the end of the frame, the offset of the saved frame pointer.
   The frame ends at the stack pointer + offset, the frame pointer + offset, or where the word at
   the frame pointer + offset says.  0 is no rule. */
enum gcg__unwind_kind
{
  GCG__UNWIND_UNKNOWN = 1,
  GCG__UNWIND_OUTERMOST, /* no caller */
  GCG__UNWIND_BY_SP,
  GCG__UNWIND_BY_FP,
  GCG__UNWIND_BY_WORD
};

enum gcg__unwind_saved
{
  GCG__UNWIND_KEPT,   /* the frame pointer is the caller's */
  GCG__UNWIND_AT_END, /* saved at the frame's end + offset */
  GCG__UNWIND_AT_FP   /* saved at the frame pointer + offset */
};

/* Bits of a rule; 14 are left. */
#define GCG__UNWIND_BITS 50

static inline uint64_t
gcg__unwind_pack (enum gcg__unwind_kind kind, int64_t end, enum gcg__unwind_saved saved,
                  int64_t saved_at)
{
  return (uint64_t)kind | (uint64_t)saved << 3 | ((uint64_t)end & 0x1ffffff) << 5
         | ((uint64_t)saved_at & 0xfffff) << 30;
}

static inline enum gcg__unwind_kind
gcg__unwind_kind (uint64_t rule)
{
  return (enum gcg__unwind_kind) (rule & 7);
}

static inline enum gcg__unwind_saved
gcg__unwind_saved (uint64_t rule)
{
  return (enum gcg__unwind_saved) (rule >> 3 & 3);
}

static inline int64_t
gcg__unwind_end (uint64_t rule)
{
  return (int64_t)(rule << 34) >> 39;
}

static inline int64_t
gcg__unwind_saved_at (uint64_t rule)
{
  return (int64_t)(rule << 14) >> 44;
}

/* The rule at the return address PC, read from the tables: up to a microsecond.  Never 0. */
uint64_t gcg__unwind_rule (uint64_t pc);

#endif
