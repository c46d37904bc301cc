/* snapshot.c -- a fuzz target (driver.c): no file crashes or stalls its reader.
 *
 * The first byte of an input chooses: 0 takes the rest as a file, as it is; 1 as a file whose
 * checksums are made right first; else the rest is a list of changes to a sound snapshot
 * (change.h). What the checker accepts is read in every way from memory of exact size (tour), which
 * aborts where a promise does not hold.  columns.c does the same without files, many times as fast.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/columns.h"
#include "tests/fuzz/change.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
open_and_read (int fd)
{
  struct gcg__snapshot *s;
  struct gcg_error error;
  if (gcg__snapshot_open_fd (fd, "fuzz", &s, &error) == GCG_OK)
    {
      struct columns columns;
      columns_load (&columns, s);
      struct gcg__snapshot view = columns_view (&columns);
      tour (&view);
      columns_free (&columns);
      gcg__snapshot_close (s);
    }
  close (fd);
}

static int
file_of (const uint8_t *data, size_t size)
{
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);
  if (fd < 0 || write (fd, data, size) != (ssize_t)size)
    abort ();
  return fd;
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

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  if (data[0] == 0)
    open_and_read (file_of (data + 1, size - 1));
  else if (data[0] == 1)
    {
      uint8_t *bytes = malloc (size);
      if (!bytes)
        abort ();
      memcpy (bytes, data + 1, size - 1);
      forge (bytes, size - 1);
      open_and_read (file_of (bytes, size - 1));
      free (bytes);
    }
  else
    {
      struct columns columns;
      columns_load (&columns, changes_sound ());
      changes_apply (&columns, data + 1, size - 1);
      open_and_read (columns_write (&columns));
      columns_free (&columns);
    }
  return 0;
}
