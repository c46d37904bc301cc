/* snapshot.c -- a fuzz target (driver.c): no file crashes or stalls its reader.
 *
 * The first byte of an input chooses: 0 takes the rest as a file, as it is; 1 as a file whose
 * checksums are made right first; else the rest is a list of changes (change.h) to the file of a
 * sound snapshot, whose checksums are made right then, or, from FIRST_WRITTEN on for one input of
 * 16, to its columns, which are written to a file.  All but these are read from memory: without
 * system calls there are many more of them.
 * What the checker accepts is read in every way from memory of exact size (tour), which aborts
 * where a promise does not hold.  columns.c has no files at all.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/internal.h"
#include "tests/columns.h"
#include "tests/fuzz/change.h"
#include "tests/fuzz/target.h"

uint64_t fuzz_accepted;

enum
{
  FIRST_WRITTEN = 252
};

/* S has been opened. */
static void
read_all (const struct gcg__snapshot *s)
{
  struct columns columns;
  fuzz_accepted++;
  columns_load (&columns, s);
  struct gcg__snapshot view = columns_view (&columns);
  tour (&view);
  columns_free (&columns);
}

static void
open_bytes (const uint8_t *bytes, size_t size)
{
  struct gcg__snapshot s = { .map = (const void *)bytes, .map_bytes = size };
  struct gcg_error error;
  if (gcg__snapshot_attach (&s, &error) == GCG_OK)
    read_all (&s);
}

static void
open_changed_columns (const uint8_t *changes, size_t size)
{
  struct columns columns;
  struct gcg__snapshot *s;
  struct gcg_error error;
  columns_load (&columns, changes_sound ());
  changes_apply (&columns, changes, size);
  int fd = columns_write (&columns);
  columns_free (&columns);
  if (gcg__snapshot_open_fd (fd, "fuzz", &s, &error) == GCG_OK)
    {
      read_all (s);
      gcg__snapshot_close (s);
    }
  close (fd);
}

/* Makes the checksums of the file in BYTES right, as far as it has the parts. */
static void
forge (uint8_t *bytes, size_t size)
{
  struct gcg__file_header header;
  if (size < sizeof header)
    return;
  memcpy (&header, bytes, sizeof header);
  memcpy (header.magic, GCG__MAGIC, sizeof header.magic);
  header.version = GCG__VERSION;
  header.file_bytes = size;
  header.n_sections %= GCG__SECTIONS_MAX + 1;
  size_t room = (size - sizeof header) / sizeof (struct gcg__file_section);
  if (header.n_sections > room)
    header.n_sections = room;
  for (uint32_t i = 0; i < header.n_sections; i++)
    {
      struct gcg__file_section section;
      uint8_t *at = bytes + sizeof header + i * sizeof section;
      memcpy (&section, at, sizeof section);
      if (section.offset <= size && section.bytes <= size - section.offset)
        section.checksum = gcg__checksum (bytes + section.offset, section.bytes);
      memcpy (at, &section, sizeof section);
    }
  header.table_checksum = gcg__checksum (bytes + sizeof header,
                                         header.n_sections * sizeof (struct gcg__file_section));
  header.header_checksum
      = gcg__checksum (&header, offsetof (struct gcg__file_header, header_checksum));
  memcpy (bytes, &header, sizeof header);
}

/* The SIZE bytes at DATA in memory of their own; aligned, as a file that is mapped. */
static uint8_t *
copy_of (const void *data, size_t size)
{
  uint8_t *bytes = malloc (size + !size);
  if (!bytes)
    abort ();
  memcpy (bytes, data, size);
  return bytes;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  if (data[0] >= FIRST_WRITTEN && gcg__checksum (data, size) % 16 == 0)
    {
      open_changed_columns (data + 1, size - 1);
      return 0;
    }
  bool changes = data[0] > 1;
  const struct gcg__snapshot *sound = changes_sound ();
  size_t n = changes ? sound->map_bytes : size - 1;
  uint8_t *bytes = copy_of (changes ? sound->map : data + 1, n);
  if (changes)
    changes_apply_to_file (bytes, n, data + 1, size - 1);
  if (data[0] > 0)
    forge (bytes, n);
  open_bytes (bytes, n);
  free (bytes);
  return 0;
}
