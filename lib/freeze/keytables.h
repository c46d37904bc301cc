/* keytables.h -- where a thread keeps what pthread_setspecific was given.
 *
 * The first 32 keys of each thread stand in its control block, in a table that also is the first of
 * 32 that the block points to; the others are allocated when they are first used.  Where in the
 * block that is, is not documented: it is found by the pointer to the first table, which stands
 * right behind it.
 */
#ifndef GCG_KEYTABLES_H
#define GCG_KEYTABLES_H

#include <stdint.h>

#define GCG__KEY_TABLE_BYTES 512u /* 32 keys of a sequence number and a value each */
#define GCG__KEY_TABLES      32u

/* Bytes of a control block; more than GCG__MOST_CONTROL are never looked at. */
extern uint32_t gcg__control_bytes;
#define GCG__MOST_CONTROL 4096u

/* Asks the C library for the former, which has it for debuggers. */
void gcg__control_ask (void);

/* Where the control block of the thread with thread pointer POINTER may begin. */
static inline uint64_t
gcg__control_low (uint64_t pointer)
{
#if defined __x86_64__
  return pointer;
#elif defined __aarch64__
  return pointer - gcg__control_bytes;
#endif
}

/* The addresses of the tables in the control block at [LOW, HIGH), 0 for those that are not there;
   returns how many there may be: GCG__KEY_TABLES, or 0 when none is found. */
uint32_t gcg__key_tables_stopped (uint64_t low, uint64_t high, uint64_t tables[GCG__KEY_TABLES]);

#endif
