/* columns.c -- a snapshot taken apart and put together again (columns.h). */
#include "config.h"
#include "tests/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "snapshot/writer.h"

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

struct gcg__snapshot
columns_view (const struct columns *columns)
{
  struct gcg__snapshot view = { 0 };
#define COLUMNS_VIEW(NAME, field, count)                                                           \
  view.field = (const void *)columns->sections[GCG__SECTION_##NAME - 1].data;                      \
  count = columns->sections[GCG__SECTION_##NAME - 1].n
  uint64_t n_info, n_words, n_counts, n_steps, n_statistics, n_usage;
  COLUMNS_VIEW (INFO, info, n_info);
  COLUMNS_VIEW (STRINGS, strings, view.n_strings);
  COLUMNS_VIEW (MODULES, modules, view.n_modules);
  COLUMNS_VIEW (SITES, sites, view.n_sites);
  COLUMNS_VIEW (FRAMES, frames, view.n_frames);
  COLUMNS_VIEW (THREADS, threads, view.n_threads);
  COLUMNS_VIEW (REGIONS, regions, view.n_regions);
  COLUMNS_VIEW (ROOTS, roots, view.n_roots);
  COLUMNS_VIEW (BLOCKS, blocks, view.n_blocks);
  COLUMNS_VIEW (SLOTS, slots, view.n_objects);
  COLUMNS_VIEW (WORDS, words, n_words);
  COLUMNS_VIEW (EDGE_COUNTS, edge_counts, n_counts);
  COLUMNS_VIEW (EDGE_TARGETS, edge_targets, view.n_edges);
  COLUMNS_VIEW (EDGE_STEPS, edge_steps, n_steps);
  COLUMNS_VIEW (BIG_SLACKS, big_slacks, view.n_big_slacks);
  COLUMNS_VIEW (BIG_COUNTS, big_counts, view.n_big_counts);
  COLUMNS_VIEW (BIG_STEPS, big_steps, view.n_big_steps);
  COLUMNS_VIEW (COLLECTIONS, collections, view.n_collections);
  COLUMNS_VIEW (FINALIZERS, finalizers, view.n_finalizers);
  COLUMNS_VIEW (STACKS, stacks, view.n_stack_words);
  COLUMNS_VIEW (STACK_PIECES, stack_pieces, view.n_stack_pieces);
  COLUMNS_VIEW (PREVIEWS, previews, view.n_previews);
  COLUMNS_VIEW (PREVIEW_STARTS, preview_starts, view.n_preview_starts);
  COLUMNS_VIEW (STATISTICS, statistics, n_statistics);
  COLUMNS_VIEW (EDGE_PLACES, edge_places, view.n_edge_places);
  COLUMNS_VIEW (ROOT_PLACES, root_places, view.n_root_places);
  COLUMNS_VIEW (HAZARDS, hazards, view.n_hazards);
  COLUMNS_VIEW (USAGE, usage, n_usage);
  COLUMNS_VIEW (RULES, rules, view.n_rules);
#undef COLUMNS_VIEW
  if (n_statistics == 0)
    view.statistics = NULL;
  if (n_usage == 0)
    view.usage = NULL;
  if (view.n_rules == 0)
    view.rules = NULL;
  if (view.n_edge_places == 0)
    view.edge_places = NULL;
  if (view.n_root_places == 0)
    view.root_places = NULL;
  if (view.n_hazards > 0 && view.hazards[view.n_hazards - 1].kind == GCG__HAZARD_REST)
    view.n_hazards_left_out = view.hazards[--view.n_hazards].address;
  if (n_info != 1 || n_words != view.n_objects || n_counts != n_words || n_steps != view.n_edges)
    columns_die ("columns of the same table differ in length");
  return view;
}
