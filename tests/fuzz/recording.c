/* recording.c -- a fuzz target (driver.c): no records crash or stall their reader.
 *
 * An input is taken as records whose checksums are made right first, behind those of a sound
 * recording with a few sites, so that the fuzzer comes to the checks of samples without a corpus.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "recording/recording.h"
#include "tests/tape.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
forge (char *bytes, size_t n)
{
  for (size_t at = 0; n - at >= sizeof (struct gcg__record_head);)
    {
      struct gcg__record_head *head = (void *)(bytes + at);
      head->zero = 0;
      head->zero_too = 0;
      head->code = head->code % 8;
      head->bytes = head->bytes % (n - at - sizeof *head + 1) & ~UINT64_C (7);
      head->checksum = gcg__checksum (head + 1, head->bytes);
      at += sizeof *head + head->bytes;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct tape *tape = tape_new (1);
  struct gcg__recording *recording;
  struct gcg_error error;
  size_t n;
  char *copy = malloc (size + 8);
  if (copy == NULL || gcg__recording_new (&recording, NULL) != GCG_OK)
    abort ();
  for (uint32_t i = 1; i < 5; i++)
    tape_alive (tape, tape_site (tape, "T", "t.c", i, "f"), i, i * 8, i);
  tape_sample (tape, "", 0);
  const void *records = tape_records (tape, &n);
  if (gcg__recording_append (recording, records, n, &error) != GCG_OK)
    abort ();
  memcpy (copy, data, size);
  size &= ~(size_t)7;
  forge (copy, size);
  (void)!gcg__recording_append (recording, copy, size, &error);
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now);
  for (uint32_t i = 0; now != NULL && i < recording->n_samples; i++)
    gcg__recording_apply (recording->samples[i], now);
  free (now);
  gcg__recording_free (recording);
  tape_free (tape);
  free (copy);
  return 0;
}
