/* writer.c -- columns in memory to the bytes of a snapshot (doc/design/snapshot-format.md).
 *
 * Two passes: the first lays the sections out and computes their checksums, the second writes
 * header, table and sections in order, so the output may be anything that takes write(2).  Nothing
 * is copied: each section goes to the kernel from where it stands.
 *
 * Runs in the frozen child, where any lock may be held by a thread that does not exist: calls
 * nothing but memcpy, memset and write, and keeps its 800 bytes of state on the stack.
 * Cost: one pass over the columns for the checksums and the kernel's copy.
 */
#include "snapshot/writer.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define WRITE_MAX (UINT64_C (1) << 30) /* Linux takes less than 2 GiB at a time */

/* Header and table, and the zeros up to the first section. */
struct writer_front
{
  _Alignas(GCG__ALIGNMENT) struct gcg__file_header header;
  struct gcg__file_section table[GCG__N_SECTIONS];
};

_Static_assert(sizeof (struct writer_front) % GCG__ALIGNMENT == 0, "front");

static uint64_t
writer_gap (uint64_t bytes)
{
  return -bytes % GCG__ALIGNMENT;
}

static enum gcg_status
writer_write (int fd, const void *bytes, uint64_t n)
{
  const char *p = bytes;
  while (n > 0)
    {
      ssize_t written = write (fd, p, n < WRITE_MAX ? n : WRITE_MAX);
      if (written < 0 && errno == EINTR)
        continue;
      if (written == 0)
        errno = ENOSPC;
      if (written <= 0)
        return GCG_SYSTEM;
      p += written;
      n -= written;
    }
  return GCG_OK;
}

static void
writer_lay_out (struct writer_front *front, const struct gcg__column columns[GCG__N_SECTIONS])
{
  static const struct
  {
    uint32_t code, element_bytes;
  } sections[GCG__N_SECTIONS] = {
#define WRITER_SECTION(name, code, type) [(code)-1] = { (code), sizeof (type) },
    GCG_SECTION_MAP (WRITER_SECTION)
#undef WRITER_SECTION
  };
  memset (front, 0, sizeof *front);
  uint64_t offset = sizeof *front;
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    {
      struct gcg__file_section *section = &front->table[i];
      section->code = sections[i].code;
      section->element_bytes = sections[i].element_bytes;
      section->offset = offset;
      section->bytes = columns[i].n * sections[i].element_bytes;
      section->checksum = gcg__checksum (columns[i].data, section->bytes);
      offset += section->bytes + writer_gap (section->bytes);
    }
  struct gcg__file_header *header = &front->header;
  memcpy (header->magic, GCG__MAGIC, sizeof header->magic);
  header->version = GCG__VERSION;
  header->n_sections = GCG__N_SECTIONS;
  header->file_bytes = offset;
  header->table_checksum = gcg__checksum (front->table, sizeof front->table);
  header->header_checksum
      = gcg__checksum (header, offsetof (struct gcg__file_header, header_checksum));
}

enum gcg_status
gcg__snapshot_write (int fd, const struct gcg__column columns[GCG__N_SECTIONS])
{
  static const char zero[GCG__ALIGNMENT];
  struct writer_front front;
  writer_lay_out (&front, columns);
  enum gcg_status status = writer_write (fd, &front, sizeof front);
  for (unsigned i = 0; status == GCG_OK && i < GCG__N_SECTIONS; i++)
    {
      status = writer_write (fd, columns[i].data, front.table[i].bytes);
      if (status == GCG_OK)
        status = writer_write (fd, zero, writer_gap (front.table[i].bytes));
    }
  return status;
}
