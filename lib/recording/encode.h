/* encode.h -- making records in memory that the caller has: for the agent, which may not allocate,
 * and for everybody else.
 *
 *   reserve gcg__record_room (bytes), aligned to 8
 *   write the payload behind the head: gcg__record_payload (record)
 *   gcg__record_seal (record, code, bytes)
 *
 * Pure; any thread.
 */
#ifndef GCG_RECORDING_ENCODE_H
#define GCG_RECORDING_ENCODE_H

#include <string.h>

#include "recording/format.h"

/* Bytes that a record with a payload of BYTES takes, head and padding included. */
static inline uint64_t
gcg__record_room (uint64_t bytes)
{
  return sizeof (struct gcg__record_head) + ((bytes + 7) & ~UINT64_C (7));
}

static inline void *
gcg__record_payload (void *record)
{
  return (char *)record + sizeof (struct gcg__record_head);
}

/* Completes RECORD, whose payload has BYTES: padding and head.  Returns the bytes it takes. */
static inline uint64_t
gcg__record_seal (void *record, enum gcg__record_code code, uint64_t bytes)
{
  struct gcg__record_head *head = record;
  uint64_t padded = (bytes + 7) & ~UINT64_C (7);
  char *payload = gcg__record_payload (record);

  memset (payload + bytes, 0, padded - bytes);
  *head = (struct gcg__record_head){ .code = code,
                                     .bytes = padded,
                                     .checksum = gcg__checksum (payload, padded) };
  return sizeof *head + padded;
}

#endif
