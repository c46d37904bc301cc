/* columns.c -- a snapshot taken apart and put together again (columns.h). */
#include "config.h"
#include "tests/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "snapshot/internal.h"

static void
columns_die (const char *what)
{
  fprintf (stderr, "columns: %s\n", what);
  abort ();
}

void
columns_load (struct columns *columns, const struct gcg__snapshot *snapshot)
{
  const struct gcg__file_header *header = snapshot->map;
  const struct gcg__file_section *table = (const void *)(header + 1);
  memset (columns, 0, sizeof *columns);
  for (uint32_t i = 0; i < header->n_sections; i++)
    if (table[i].code <= GCG__N_SECTIONS)
      {
        unsigned at = table[i].code - 1;
        columns->sections[at].element_bytes = table[i].element_bytes;
        columns_resize (columns, table[i].code, table[i].bytes / table[i].element_bytes);
        memcpy (columns->sections[at].data, (const char *)snapshot->map + table[i].offset,
                table[i].bytes);
      }
}

void
columns_free (struct columns *columns)
{
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    free (columns->sections[i].data);
}

void
columns_resize (struct columns *columns, unsigned code, uint64_t n)
{
  uint64_t old = columns->sections[code - 1].n * columns->sections[code - 1].element_bytes;
  uint64_t bytes = n * columns->sections[code - 1].element_bytes;
  /* realloc to 0 bytes may return NULL. */
  uint8_t *data = malloc (bytes ? bytes : 1);
  if (!data)
    columns_die ("out of memory");
  if (bytes > 0)
    memset (data, 0, bytes);
  if (old > 0 && bytes > 0)
    memcpy (data, columns->sections[code - 1].data, old < bytes ? old : bytes);
  free (columns->sections[code - 1].data);
  columns->sections[code - 1].data = data;
  columns->sections[code - 1].n = n;
}

void *
columns_at (const struct columns *columns, unsigned code, uint64_t i)
{
  if (i >= columns->sections[code - 1].n)
    columns_die ("no such element");
  return columns->sections[code - 1].data + i * columns->sections[code - 1].element_bytes;
}

int
columns_write (const struct columns *columns)
{
  struct gcg__column sections[GCG__N_SECTIONS];
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    sections[i] = (struct gcg__column){ columns->sections[i].data, columns->sections[i].n };
  int fd = memfd_create ("columns", MFD_CLOEXEC);
  if (fd < 0 || gcg__snapshot_write (fd, sections) != GCG_OK)
    columns_die ("cannot write");
  return fd;
}

bool
columns_check (const struct columns *columns, struct gcg__snapshot *view)
{
  struct gcg__column sections[GCG__N_SECTIONS];
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    sections[i] = (struct gcg__column){ columns->sections[i].data, columns->sections[i].n };
  *view = (struct gcg__snapshot){ 0 };
  return gcg__snapshot_set_columns (view, sections, NULL) == GCG_OK
         && gcg__snapshot_check_columns (view, NULL) == GCG_OK;
}

struct gcg__snapshot
columns_view (const struct columns *columns)
{
  struct gcg__snapshot view;
  if (!columns_check (columns, &view))
    columns_die ("these are not the columns of a snapshot");
  return view;
}
