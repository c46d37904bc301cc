/* keytables.c -- see keytables.h.  Reads by process_vm_readv: a control block may end earlier. */
#include "keytables.h"

#include <string.h>

#include "lookup.h"
#include "maps.h"
#include "peek.h"

uint32_t gcg__control_bytes = 2304; /* glibc 2.31 */

void
gcg__control_ask (void)
{
  const uint32_t *bytes = gcg__lookup_private ("_thread_db_sizeof_pthread");
  if (bytes && *bytes % 8 == 0 && *bytes <= GCG__MOST_CONTROL)
    gcg__control_bytes = *bytes;
}

uint32_t
gcg__key_tables_stopped (uint64_t low, uint64_t high, uint64_t tables[GCG__KEY_TABLES])
{
  uint64_t words[GCG__MOST_CONTROL / 8];

  if (low >= high || high - low > sizeof words || !gcg__peek (low, words, high - low))
    return 0;
  for (uint64_t i = GCG__KEY_TABLE_BYTES / 8; i + GCG__KEY_TABLES <= (high - low) / 8; i++)
    if (words[i] == low + 8 * i - GCG__KEY_TABLE_BYTES)
      {
        memcpy (tables, words + i, GCG__KEY_TABLES * sizeof *tables);
        return GCG__KEY_TABLES;
      }
  return 0;
}
