/* recording.c -- a fuzz target (driver.c): no records crash or stall their reader.
 *
 * Both begin with a sound recording of a few sites.  An input whose first byte is 0 is, from its
 * ninth byte on, the records that follow; any other is a list of changes (change.h) to sound
 * records of every kind, which follow.  Their checksums are made right first.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "recording/recording.h"
#include "tests/fuzz/change.h"
#include "tests/tape.h"
#include "tests/fuzz/target.h"

uint64_t fuzz_accepted;

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

/* Records of a sound recording; made once. */
static struct
{
  struct tape *tape;
  const char *records;
  size_t first, n; /* bytes that all begin with, of all */
} sound;

static void
begin (void)
{
  struct tape *tape = sound.tape = tape_new (1);
  for (uint32_t i = 1; i < 5; i++)
    tape_alive (tape, tape_site (tape, "T", "t.c", i, "f"), i, i * 8, i);
  tape_sample (tape, "", 0);
  tape_records (tape, &sound.first);
  tape_alive (tape, tape_site (tape, NULL, "u.c", 9, "g"), 3, 100, 7);
  tape_died (tape, 1, 1, 2);
  tape_died (tape, 2, 2, 0);
  tape_sample (tape, "second", 0);
  tape_alive (tape, 1, 0, 0, 1);
  tape_sample (tape, "third", GCG__SAMPLE_KEY);
  tape_snapshot (tape, "not a snapshot", 14);
  tape_exit (tape, 256);
  sound.records = tape_records (tape, &sound.n);
}

/* The records that an input stands for, *N bytes. */
static char *
records_of (const uint8_t *data, size_t size, size_t *n)
{
  bool changes = size < 8 || data[0] != 0;
  const void *from = changes ? sound.records + sound.first : (const char *)data + 8;
  *n = changes ? sound.n - sound.first : (size - 8) & ~(size_t)7;
  char *records = malloc (*n + !*n);
  if (records == NULL)
    abort ();
  memcpy (records, from, *n);
  if (changes && size > 8)
    changes_apply_to_bytes ((uint8_t *)records, *n, data + 8, size - 8);
  forge (records, *n);
  return records;
}

/* All samples from the first on. */
static void
apply_all (const struct gcg__recording *recording)
{
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now);
  for (uint32_t i = 0; now != NULL && i < recording->n_samples; i++)
    gcg__recording_apply (recording->samples[i], now);
  free (now);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct gcg__recording *recording;
  struct gcg_error error;
  size_t n;
  if (sound.tape == NULL)
    begin ();
  char *records = records_of (data, size, &n);
  if (gcg__recording_new (&recording, NULL) != GCG_OK
      || gcg__recording_append (recording, sound.records, sound.first, &error) != GCG_OK)
    abort ();
  fuzz_accepted += gcg__recording_append (recording, records, n, &error) == GCG_OK;
  apply_all (recording);
  gcg__recording_free (recording);
  free (records);
  return 0;
}
