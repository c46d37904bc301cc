/* tables.h -- the agent's tables (lib/agent_tables.h), read from outside while the program runs.
 *
 * Nothing that is read is trusted: numbers are compared with what there can be, lists may lead
 * anywhere or round in circles.  A read that fails is an error, and GCG_NOT_FOUND where the root
 * structure is no more what it was: the process has ended, or has executed another program.
 *
 * Threads: one at a time for each struct.
 */
#ifndef GCG_LINK_TABLES_H
#define GCG_LINK_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent_root.h"
#include "agent_tables.h"
#include "gcglass/error.h"
#include "image/image.h"

struct gcg__tables
{
  const struct gcg__memory_source *source; /* borrowed */
  uint64_t root;                           /* address of the root structure */
  struct gcg__agent_root first;            /* as it was read first; magic 0: not yet */
  struct gcg__agent_root now;              /* as it was read last */
  struct gcg__root_heap heap;              /* where the sites are */
  bool is_surveyed; /* objects are counted, and have been surveyed, by then */
  uint32_t n_sites; /* one more than the highest, as of then; never 0 */
};

/* Begins a look at all tables: reads the root structure and the number of sites.  Errors:
   GCG_NOT_FOUND; GCG_UNSUPPORTED: its agent is of another version; GCG_CORRUPT. */
enum gcg_status gcg__tables_begin (struct gcg__tables *tables, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Ends it: was all of it the same program's?  Errors: GCG_NOT_FOUND. */
enum gcg_status gcg__tables_end (struct gcg__tables *tables, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Adds up all threads' counters into SUMS, zeroed, [n_sites].  Errors: GCG_CORRUPT,
   GCG_NO_MEMORY. */
enum gcg_status gcg__tables_counts (struct gcg__tables *tables, struct gcg__count *sums,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Reads what was alive when counting began into SURVEYED, zeroed, [n_sites].  Errors:
   GCG_CORRUPT. */
enum gcg_status gcg__tables_surveyed (struct gcg__tables *tables, struct gcg__surveyed *surveyed,
                                      struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Reads the sites [FIRST, n_sites), FIRST > 0, into ENTRIES.  N_frames is at most GCG__MOST_FRAMES.
 * Errors: GCG_CORRUPT. */
enum gcg_status gcg__tables_sites (struct gcg__tables *tables, uint32_t first,
                                   struct gcg__root_site *entries, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Reads the modules that were unloaded into *UNLOADED, [*N], which the caller frees.  Errors:
   GCG_CORRUPT, GCG_NO_MEMORY. */
enum gcg_status gcg__tables_unloaded (struct gcg__tables *tables, struct gcg__unloaded **unloaded,
                                      uint32_t *n, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Reads all N bytes at ADDRESS, or returns false. */
bool gcg__tables_read (const struct gcg__tables *tables, uint64_t address, void *bytes, size_t n);

/* Reads the text at ADDRESS up to its NUL, or ROOM - 1 bytes of it, ROOM > 0; false, and "": it is
   not there. */
bool gcg__tables_text (const struct gcg__tables *tables, uint64_t address, char *text, size_t room);

#endif
