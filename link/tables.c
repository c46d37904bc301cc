/* tables.c -- see tables.h.
 *
 * Tables only grow, so what the number of sites, read first, counts is there whatever the program
 * does meanwhile.  Counters are read one thread after the other: a block that moves from one to the
 * next in between is counted twice or not at all, as when the agent itself adds them up.
 */
#include "config.h"

#include "link/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PAGE_BYTES   UINT64_C (4096)
#define MOST_THREADS (1u << 22) /* the kernel has no more */

static enum gcg_status
damaged (struct gcg_error *error, const char *what)
{
  return gcg__error_write (error, GCG_CORRUPT, "the agent's tables are damaged: %s", what);
}

static enum gcg_status
no_memory (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
}

bool
gcg__tables_read (const struct gcg__tables *tables, uint64_t address, void *bytes, size_t n)
{
  const struct gcg__memory_source *source = tables->source;
  return address != 0 && address + n >= address
         && source->read (source->state, address, bytes, n) == n;
}

/* Page by page: behind the text there may be nothing. */
bool
gcg__tables_text (const struct gcg__tables *tables, uint64_t address, char *text, size_t room)
{
  size_t n = 0;
  while (n < room - 1)
    {
      size_t step = PAGE_BYTES - (address + n) % PAGE_BYTES;
      if (step > room - 1 - n)
        step = room - 1 - n;
      if (!gcg__tables_read (tables, address + n, text + n, step))
        break;
      if (memchr (text + n, '\0', step) != NULL)
        return true;
      n += step;
    }
  text[n == room - 1 ? n : 0] = '\0';
  return n == room - 1;
}

/* --- the root --- */

static enum gcg_status
gone (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_NOT_FOUND,
                           "the process has ended, or executed another program");
}

/* Reads the root structure, which must be that of the program that was looked at before. */
static enum gcg_status
read_root (struct gcg__tables *tables, struct gcg_error *error)
{
  struct gcg__agent_root *now = &tables->now;
  if (!gcg__tables_read (tables, tables->root, now, sizeof *now) || now->magic != GCG__ROOT_MAGIC)
    return gone (error);
  if (now->version != GCG__ROOT_VERSION || now->bytes < sizeof *now)
    return gcg__error_write (error, GCG_UNSUPPORTED, "its agent is of another version of gcglass");
  if (tables->first.magic == 0)
    tables->first = *now;
  if (memcmp (&tables->first.samples, &now->samples, offsetof (struct gcg__root_samples, libgc))
          != 0
      || tables->first.pid != now->pid)
    return gone (error);
  return GCG_OK;
}

enum gcg_status
gcg__tables_begin (struct gcg__tables *tables, struct gcg_error *error)
{
  enum gcg_status status = read_root (tables, error);
  uint32_t n;
  uint8_t counting, surveyed;
  if (status != GCG_OK)
    return status;
  if (!gcg__tables_read (tables, tables->now.samples.counting, &counting, sizeof counting)
      || !gcg__tables_read (tables, tables->now.samples.is_surveyed, &surveyed, sizeof surveyed)
      || !gcg__tables_read (tables, tables->now.heap, &tables->heap, sizeof tables->heap)
      || !gcg__tables_read (tables, tables->heap.n_sites, &n, sizeof n) || n == 0
      || n > GCG__MOST_SITES || n < tables->n_sites)
    return damaged (error, "the number of sites");
  tables->is_surveyed = counting != 0 && surveyed != 0;
  tables->n_sites = n;
  return GCG_OK;
}

enum gcg_status
gcg__tables_end (struct gcg__tables *tables, struct gcg_error *error)
{
  return read_root (tables, error);
}

/* --- by site --- */

/* Sites of a chunk below n_sites. */
static uint32_t
sites_in (const struct gcg__tables *tables, uint32_t chunk)
{
  uint32_t rest = tables->n_sites - (chunk << GCG__CHUNK_SHIFT);
  return rest < GCG__CHUNK ? rest : GCG__CHUNK;
}

static uint32_t
chunks_of (const struct gcg__tables *tables)
{
  return (tables->n_sites + GCG__CHUNK - 1) >> GCG__CHUNK_SHIFT;
}

/* Adds one thread's counters to SUMS; BUFFER has room for a chunk. */
static bool
add_thread (const struct gcg__tables *tables, const struct gcg__counts *counts,
            struct gcg__count *buffer, struct gcg__count *sums)
{
  for (uint32_t chunk = 0; chunk < chunks_of (tables); chunk++)
    {
      uint32_t n = sites_in (tables, chunk);
      struct gcg__count *to = sums + (chunk << GCG__CHUNK_SHIFT);
      if (counts->chunks[chunk] == NULL)
        continue;
      if (!gcg__tables_read (tables, (uintptr_t)counts->chunks[chunk], buffer, n * sizeof *buffer))
        return false;
      for (uint32_t i = 0; i < n; i++)
        {
          to[i].made += buffer[i].made;
          to[i].made_bytes += buffer[i].made_bytes;
          to[i].freed += buffer[i].freed;
          to[i].freed_bytes += buffer[i].freed_bytes;
          to[i].missed += buffer[i].missed;
          to[i].missed_bytes += buffer[i].missed_bytes;
        }
    }
  return true;
}

/* A circle is noticed by a mark that is set anew after 1, 2, 4, ... steps (R. P. Brent). */
enum gcg_status
gcg__tables_counts (struct gcg__tables *tables, struct gcg__count *sums, struct gcg_error *error)
{
  size_t head = offsetof (struct gcg__counts, chunks)
                + chunks_of (tables) * sizeof ((struct gcg__counts *)NULL)->chunks[0];
  struct gcg__count *buffer = malloc (GCG__CHUNK * sizeof *buffer);
  struct gcg__counts counts;
  uint64_t at, mark = 0;
  enum gcg_status status = GCG_OK;
  if (buffer == NULL)
    return no_memory (error);
  if (!gcg__tables_read (tables, tables->now.samples.counts, &at, sizeof at))
    status = damaged (error, "threads' counters");
  for (uint32_t i = 0; status == GCG_OK && at != 0; i++)
    {
      if ((i & (i - 1)) == 0)
        mark = at;
      if (i == MOST_THREADS || !gcg__tables_read (tables, at, &counts, head)
          || (uintptr_t)counts.next == mark || !add_thread (tables, &counts, buffer, sums))
        status = damaged (error, "threads' counters");
      at = (uintptr_t)counts.next;
    }
  free (buffer);
  return status;
}

/* The addresses of the chunks in the table at ADDRESS. */
static bool
read_chunks (const struct gcg__tables *tables, uint64_t address, uint64_t chunks[GCG__CHUNKS])
{
  return gcg__tables_read (tables, address, chunks, chunks_of (tables) * sizeof *chunks);
}

enum gcg_status
gcg__tables_surveyed (struct gcg__tables *tables, struct gcg__surveyed *surveyed,
                      struct gcg_error *error)
{
  uint64_t chunks[GCG__CHUNKS];
  if (!read_chunks (tables, tables->now.samples.surveyed, chunks))
    return damaged (error, "the survey");
  for (uint32_t chunk = 0; chunk < chunks_of (tables); chunk++)
    if (chunks[chunk] != 0
        && !gcg__tables_read (tables, chunks[chunk], surveyed + (chunk << GCG__CHUNK_SHIFT),
                              sites_in (tables, chunk) * sizeof *surveyed))
      return damaged (error, "the survey");
  return GCG_OK;
}

enum gcg_status
gcg__tables_sites (struct gcg__tables *tables, uint32_t first, struct gcg__root_site *entries,
                   struct gcg_error *error)
{
  uint64_t chunks[GCG__CHUNKS];
  if (!read_chunks (tables, tables->heap.sites, chunks))
    return damaged (error, "sites");
  for (uint32_t site = first, n; site < tables->n_sites; site += n)
    {
      uint32_t chunk = site >> GCG__CHUNK_SHIFT, skipped = site & (GCG__CHUNK - 1);
      n = sites_in (tables, chunk) - skipped;
      if (chunks[chunk] == 0
          || !gcg__tables_read (tables, chunks[chunk] + skipped * sizeof *entries,
                                entries + (site - first), n * sizeof *entries))
        return damaged (error, "sites");
    }
  for (uint32_t i = 0; i < tables->n_sites - first; i++)
    if (entries[i].n_frames > GCG__MOST_FRAMES)
      return damaged (error, "a site");
  return GCG_OK;
}

enum gcg_status
gcg__tables_unloaded (struct gcg__tables *tables, struct gcg__unloaded **result, uint32_t *n,
                      struct gcg_error *error)
{
  const struct gcg__root_samples *samples = &tables->now.samples;
  uint64_t addresses[GCG__MOST_UNLOADED];
  uint32_t found;
  if (!gcg__tables_read (tables, samples->n_unloaded, &found, sizeof found)
      || found > GCG__MOST_UNLOADED
      || (found > 0
          && !gcg__tables_read (tables, samples->unloaded, addresses, found * sizeof *addresses)))
    return damaged (error, "unloaded modules");
  struct gcg__unloaded *unloaded = calloc (found + (size_t)1, sizeof *unloaded);
  if (unloaded == NULL)
    return no_memory (error);
  for (uint32_t i = 0; i < found; i++)
    {
      if (!gcg__tables_read (tables, addresses[i], &unloaded[i], sizeof *unloaded))
        {
          free (unloaded);
          return damaged (error, "unloaded modules");
        }
      unloaded[i].build_id[GCG__BUILD_ID_TEXT - 1] = '\0';
    }
  *result = unloaded;
  *n = found;
  return GCG_OK;
}
