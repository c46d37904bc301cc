/* registry.h -- what is known of single objects beside their tag: finalizers, "ignored".
 *
 * An open-addressing table in mapped memory, keyed by address (linear probing, at most half full,
 * doubled under the lock by copying).
 * An entry holds the tag the object had: when the slot has been reused the tag differs and the
 * entry means nothing.  The collector reports when a finalizer has become ready to run
 * (GC_set_await_finalize_proc): then the registration is taken out.  Addresses here keep nothing
 * alive: the table is no root.
 */
#ifndef GCG_REGISTRY_H
#define GCG_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

struct gcg__entry
{
  uint64_t address;  /* 0 empty, 1 removed */
  uint64_t tag;      /* of the object when it was entered, 0 = it had none */
  uint64_t function; /* finalizer */
  uint32_t mode;     /* GCG__FINALIZER_..., 0 = none */
  uint32_t ignored;
};

/* Notes that the object at ADDRESS (its base) with TAG has a finalizer; MODE 0 takes it out. */
void gcg__registry_finalizer (uint64_t address, uint64_t tag, uint64_t function, uint32_t mode);

/* Notes that the object is meant to stay.  False when there is no memory. */
bool gcg__registry_ignore (uint64_t address, uint64_t tag);

/* Forgets the finalizer at ADDRESS: it is about to run. */
void gcg__registry_ran (uint64_t address);

/* The object at ADDRESS has another tag now. */
void gcg__registry_retag (uint64_t address, uint64_t old_tag, uint64_t tag);

/* The table for a reader with the world stopped: *N entries, most of them empty. */
const struct gcg__entry *gcg__registry_entries_stopped (uint64_t *n);

#endif
