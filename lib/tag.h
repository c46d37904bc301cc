/* tag.h -- the 64-bit word at the end of every slot we allocate.
 *
 *   | object as requested ........ | slack | [slack] | tag |
 *   ^ base                                           ^ base + slot size - 8
 *
 *     63..48 check   47..40 slack   39..20 birth   19..0 site
 *
 * The check value is 14 bits derived from the address and the other bits, after the bits 10, so
 * that neither a pointer nor a small integer, of either sign, is taken for a tag.  A slot whose tag
 * does not check is free or not ours.  Slack (slot - 8 - requested) of 255 and more stands,
 * complemented so that it is no pointer, in the word before the tag: there is always room for it
 * then.
 *
 * Ask libgc for gcg__padded (n) bytes: the extra byte it adds when interior pointers are recognised
 * is part of the tag.  Kinds whose own descriptor ends the slot (typed objects) carry the tag one
 * word earlier.  In a snapshot the check bits are flags (lib/snapshot/format.h).
 *
 * Everything here is pure and may run with the world stopped.
 */
#ifndef GCG_TAG_H
#define GCG_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/format.h"

#define TAG_LOW_MASK   ((UINT64_C (1) << 48) - 1)
#define TAG_SITE_MASK  ((1u << GCG__WORD_SITE_BITS) - 1)
#define TAG_BIRTH_MASK ((1u << GCG__WORD_BIRTH_BITS) - 1)

static inline uint64_t
tag_check (const void *base, uint64_t low)
{
  uint64_t hash = ((uint64_t)(uintptr_t)base ^ low) * UINT64_C (0x9e3779b97f4a7c15);
  return 0x8000 | hash >> 50;
}

static inline bool
tag_valid (const void *base, uint64_t tag)
{
  return tag >> 48 == tag_check (base, tag & TAG_LOW_MASK);
}

/* Can TAG, valid in a slot of SLOT_BYTES, be one that was written when there were N_SITES sites?
   Memory that the program has freed may look like a valid tag by chance. */
static inline bool
tag_fits (uint64_t tag, size_t slot_bytes, uint32_t n_sites)
{
  return ((tag >> GCG__WORD_SLACK_SHIFT) & 255) <= slot_bytes - 8
         && ((uint32_t)tag & TAG_SITE_MASK) < n_sites;
}

static inline uint64_t *
tag_place (void *base, size_t slot_bytes)
{
  return (uint64_t *)((char *)base + slot_bytes - 8);
}

static inline uint32_t
tag_site (uint64_t tag)
{
  return (uint32_t)tag & TAG_SITE_MASK;
}

static inline uint32_t
tag_birth (uint64_t tag)
{
  return (uint32_t)(tag >> GCG__WORD_BIRTH_SHIFT) & TAG_BIRTH_MASK;
}

/* Bytes between the requested end and the tag at PLACE. */
static inline uint64_t
tag_slack (const uint64_t *place)
{
  uint64_t slack = (*place >> GCG__WORD_SLACK_SHIFT) & 255;
  return slack < GCG__SLACK_BIG ? slack : ~place[-1];
}

static inline void
tag_write (void *base, uint64_t *place, uint64_t slack, uint32_t site, uint32_t birth)
{
  uint64_t low = site | (uint64_t)(birth & TAG_BIRTH_MASK) << GCG__WORD_BIRTH_SHIFT;
  if (__builtin_expect (slack >= GCG__SLACK_BIG, 0))
    {
      place[-1] = ~slack;
      slack = GCG__SLACK_BIG;
    }
  low |= slack << GCG__WORD_SLACK_SHIFT;
  *place = low | tag_check (base, low) << 48;
}

/* Removes the tag at PLACE: what the program sees there is zero again. */
static inline void
tag_clear (uint64_t *place)
{
  if (((*place >> GCG__WORD_SLACK_SHIFT) & 255) == GCG__SLACK_BIG)
    place[-1] = 0;
  *place = 0;
}

/* Puts back what tag_clear took. */
static inline void
tag_restore (uint64_t *place, uint64_t tag, uint64_t slack)
{
  if (slack >= GCG__SLACK_BIG)
    place[-1] = ~slack;
  *place = tag;
}

#endif
