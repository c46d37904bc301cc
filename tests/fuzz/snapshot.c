/* snapshot.c -- a fuzz target (driver.c): no file crashes or stalls who reads it.
 *
 * The first byte of an input chooses: 0 takes the rest as a file, as it is; 1 as a file whose
 * checksums are made right first; else the rest is a list of changes to a sound snapshot, so that
 * the fuzzer needs no corpus to come to the structural checks.  What the checker accepts is read in
 * every way from memory of exact size (tour), which aborts where a promise does not hold.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/columns.h"
#include "tests/heap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* One change; inputs are lists of these. */
struct change
{
  uint8_t code;  /* of the section, modulo their number */
  uint8_t what;  /* bits 0, 1: log2 of the width; 7: the section gets another length */
  uint16_t at;   /* where, in units of the width, modulo the section's length */
  uint32_t low;  /* the value, or the new length */
  uint64_t high; /* bits 32 ... of a value of 8 bytes */
};

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

/* A snapshot with something in every section. */
static struct gcg__snapshot *
make_sound (void)
{
  const uint64_t frames[] = { 0x1000, 0x2000 };
  struct heap *heap = heap_new ();
  uint32_t node = heap_site (heap, "struct node", "a.c", 1, "f");
  uint32_t stack = heap_stack_site (heap, frames, 2);
  heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_skip (heap, 1);
  heap_object (heap, 40, GCG__KIND_NORMAL, stack);
  uint32_t large = heap_object (heap, 20000, GCG__KIND_NORMAL, node);
  uint32_t slack = heap_slot (heap, 100, 4096, GCG__KIND_NORMAL, node);
  heap_object (heap, 48, GCG__KIND_NORMAL, 0);
  for (unsigned i = 0; i < 260; i++)
    heap_edge (heap, large, 8 * i, i % 5);
  heap_edge (heap, slack, 4088, large);
  heap_edge (heap, 0, 32, slack);
  heap_edge_at (heap, 0, 16, slack, GCG__PLACE_INSIDE);
  heap_root (heap, 0);
  heap_hazard (heap, heap_object (heap, 24, GCG__KIND_NORMAL, 0), GCG__HAZARD_TLS, 0x7000);
  heap_hazards_left_out (heap, 12);
  heap_finalizer (heap, slack, GCG__FINALIZER_ORDERED);
  heap_contents (heap, slack, "contents", 8);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  return s;
}

static void
apply (struct columns *columns, const struct change *change)
{
  unsigned code = 1 + change->code % GCG__N_SECTIONS, width = 1u << (change->what & 3);
  uint64_t bytes = columns->sections[code - 1].n * columns->sections[code - 1].element_bytes;
  if (change->what & 128)
    columns_resize (columns, code, change->low % 2048);
  else if (bytes >= width)
    {
      uint64_t value = change->low | change->high << 32;
      memcpy (columns->sections[code - 1].data + change->at % (bytes / width) * width, &value,
              width);
    }
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
      struct gcg__snapshot *sound = make_sound ();
      struct columns columns;
      struct change change;
      columns_load (&columns, sound);
      gcg__snapshot_close (sound);
      for (size_t at = 1; size - at >= sizeof change; at += sizeof change)
        {
          memcpy (&change, data + at, sizeof change);
          apply (&columns, &change);
        }
      open_and_read (columns_write (&columns));
      columns_free (&columns);
    }
  return 0;
}
