/* reader.c -- opens a snapshot.
 *
 * Opening is: bring it into memory, lay out (header and table say where the columns are), check
 * (check.c).  The bytes are the data structure, so nothing is decoded, and a snapshot of a live
 * process goes through the same check as a file from elsewhere.  Until the check has passed nothing
 * is believed: the layout uses only offsets it has compared with the size of the file.
 *
 * What has been checked must stay as it was.  A sealed memfd, as the agent hands over, cannot
 * change and is mapped; any other file is copied, since shortening a mapped file kills its reader
 * (SIGBUS), and a rewritten one is no longer the file that was checked.
 *
 * The layout is canonical: sections follow one another in the order of the table, each at the first
 * multiple of 64 after the one before, so that no two files mean the same and no byte is outside
 * every checksum and gap.  Sections with codes unknown here are passed over (a later minor
 * addition); those of the first version must all be there.
 *
 * A struct gcg__snapshot owns its memory; it is read-only, so any number of threads may use it.
 */
#include "config.h"
#include "snapshot/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of an element, by code - 1. */
static const uint32_t reader_element_bytes[GCG__N_SECTIONS] = {
#define READER_ELEMENT(name, code, type) [(code)-1] = sizeof (type),
  GCG_SECTION_MAP (READER_ELEMENT)
#undef READER_ELEMENT
};

/* HEADER is read before anything else of the file's BYTES, lest a large file that is no snapshot be
   copied only to find that out. */
static enum gcg_status
reader_check_header (const struct gcg__file_header *header, uint64_t bytes, struct gcg_error *error)
{
  if (bytes < sizeof *header || memcmp (header->magic, GCG__MAGIC, sizeof header->magic) != 0)
    return gcg__snapshot_fail (error, GCG_CORRUPT, "not a gcglass snapshot");
  if (header->version != GCG__VERSION)
    return gcg__snapshot_fail (error, GCG_VERSION,
                               "snapshot format %" PRIu32 ", this gcglass reads format %u: use the "
                               "gcglass that wrote it",
                               header->version, GCG__VERSION);
  uint64_t checksum = gcg__checksum (header, offsetof (struct gcg__file_header, header_checksum));
  if (checksum != header->header_checksum)
    return gcg__snapshot_fail (error, GCG_CORRUPT, "damaged snapshot: header checksum");
  if (header->file_bytes != bytes)
    return gcg__snapshot_fail (error, GCG_CORRUPT,
                               "damaged snapshot: %" PRIu64 " bytes long, should be %" PRIu64,
                               bytes, header->file_bytes);
  for (unsigned i = 0; i < sizeof header->zero; i++)
    if (header->zero[i])
      return gcg__snapshot_fail (error, GCG_CORRUPT, "damaged snapshot: header not zero");
  if (header->n_sections > GCG__SECTIONS_MAX
      || header->n_sections > (bytes - sizeof *header) / sizeof (struct gcg__file_section))
    return gcg__snapshot_fail (error, GCG_CORRUPT, "damaged snapshot: %" PRIu32 " sections",
                               header->n_sections);
  return GCG_OK;
}

/* Sets COLUMNS from the section table of the file at MAP, whose header is right. */
static enum gcg_status
reader_lay_out (const char *map, uint64_t bytes, struct gcg__column columns[GCG__N_SECTIONS],
                struct gcg_error *error)
{
  const struct gcg__file_header *header = (const void *)map;
  const struct gcg__file_section *table = (const void *)(header + 1);
  uint64_t end = sizeof *header + header->n_sections * sizeof *table;
  uint32_t last_code = 0;
  if (gcg__checksum (table, end - sizeof *header) != header->table_checksum)
    return gcg__snapshot_fail (error, GCG_CORRUPT, "damaged snapshot: section table checksum");
  for (uint32_t i = 0; i < header->n_sections; i++)
    {
      const struct gcg__file_section *section = &table[i];
      end += -end % GCG__ALIGNMENT;
      if (section->code <= last_code)
        return gcg__snapshot_fail (error, GCG_CORRUPT,
                                   "damaged snapshot: section codes do not ascend");
      if (section->offset != end || end > bytes || section->bytes > bytes - end)
        return gcg__snapshot_fail (error, GCG_CORRUPT,
                                   "damaged snapshot: section %" PRIu32 " is out of place",
                                   section->code);
      last_code = section->code;
      end += section->bytes;
      if (section->code > GCG__N_SECTIONS)
        continue;
      struct gcg__column *column = &columns[section->code - 1];
      uint32_t element_bytes = reader_element_bytes[section->code - 1];
      if (section->element_bytes != element_bytes || section->bytes % element_bytes != 0)
        return gcg__snapshot_fail (error, GCG_CORRUPT,
                                   "damaged snapshot: section %" PRIu32 " has elements of %" PRIu32
                                   " bytes, should be %" PRIu32,
                                   section->code, section->element_bytes, element_bytes);
      column->data = map + section->offset;
      column->n = section->bytes / element_bytes;
    }
  end += -end % GCG__ALIGNMENT;
  if (end != bytes)
    return gcg__snapshot_fail (error, GCG_CORRUPT, "damaged snapshot: bytes after its end");
  for (uint32_t i = 0; i < GCG__SECTION_OPTIONAL - 1; i++)
    if (!columns[i].data)
      return gcg__snapshot_fail (error, GCG_CORRUPT,
                                 "damaged snapshot: section %" PRIu32 " missing", i + 1);
  return GCG_OK;
}

/* Nothing is longer than its counter can hold. */
static enum gcg_status
reader_check_lengths (const struct gcg__column columns[GCG__N_SECTIONS], struct gcg_error *error)
{
  static const struct
  {
    uint64_t least, most;
    const char *name; /* NULL: a table, which is too long */
  } lengths[GCG__N_SECTIONS] = {
#define READER_LENGTH(NAME, ...) [GCG__SECTION_##NAME - 1] = { __VA_ARGS__ }
    READER_LENGTH (INFO, 1, 1, "INFO"),
    READER_LENGTH (STATISTICS, 0, 1, "STATISTICS"),
    READER_LENGTH (USAGE, 0, 1, "USAGE"),
    READER_LENGTH (VERDICTS, 0, 1, "VERDICTS"),
    READER_LENGTH (SITES, 0, GCG__SITES_MAX, NULL),
    READER_LENGTH (HAZARDS, 0, GCG__HAZARDS_MAX + 1, NULL),
    READER_LENGTH (MODULES, 0, UINT32_MAX, NULL),
    READER_LENGTH (THREADS, 0, UINT32_MAX, NULL),
    READER_LENGTH (REGIONS, 0, UINT32_MAX, NULL),
    READER_LENGTH (BLOCKS, 0, UINT32_MAX, NULL),
    READER_LENGTH (SLOTS, 0, UINT32_MAX, NULL),
    READER_LENGTH (COLLECTIONS, 0, UINT32_MAX, NULL),
    READER_LENGTH (FINALIZERS, 0, UINT32_MAX, NULL),
    READER_LENGTH (STACK_PIECES, 0, UINT32_MAX, NULL),
#undef READER_LENGTH
  };
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    {
      uint64_t n = columns[i].n;
      if (lengths[i].most == 0 || (n >= lengths[i].least && n <= lengths[i].most))
        continue;
      return lengths[i].name == NULL
                 ? gcg__snapshot_fail (error, GCG_CORRUPT, "damaged snapshot: a table is too long")
                 : gcg__snapshot_fail (error, GCG_CORRUPT,
                                       "damaged snapshot: %s is there %" PRIu64 " times",
                                       lengths[i].name, n);
    }
  return GCG_OK;
}

#define READER_COLUMN(NAME, field) s->field = columns[GCG__SECTION_##NAME - 1].data
#define READER_TABLE(NAME, field, count)                                                           \
  READER_COLUMN (NAME, field), s->count = columns[GCG__SECTION_##NAME - 1].n
/* One that is empty is as one that is not there. */
#define READER_OPTIONAL(NAME, field)                                                               \
  s->field = columns[GCG__SECTION_##NAME - 1].n > 0 ? columns[GCG__SECTION_##NAME - 1].data : NULL

/* What is about the process. */
static void
reader_set_process (struct gcg__snapshot *s, const struct gcg__column columns[GCG__N_SECTIONS])
{
  READER_COLUMN (INFO, info);
  READER_TABLE (STRINGS, strings, n_strings);
  READER_TABLE (MODULES, modules, n_modules);
  READER_TABLE (SITES, sites, n_sites);
  READER_TABLE (FRAMES, frames, n_frames);
  READER_TABLE (THREADS, threads, n_threads);
  READER_TABLE (REGIONS, regions, n_regions);
  READER_TABLE (COLLECTIONS, collections, n_collections);
  READER_TABLE (STACKS, stacks, n_stack_words);
  READER_TABLE (STACK_PIECES, stack_pieces, n_stack_pieces);
  READER_OPTIONAL (STATISTICS, statistics);
  READER_OPTIONAL (USAGE, usage);
  READER_OPTIONAL (VERDICTS, verdicts);
  READER_TABLE (RULES, rules, n_rules);
  READER_OPTIONAL (RULES, rules);
  READER_OPTIONAL (LIVE, live);
}

/* What is about objects. */
static void
reader_set_heap (struct gcg__snapshot *s, const struct gcg__column columns[GCG__N_SECTIONS])
{
  READER_TABLE (ROOTS, roots, n_roots);
  READER_TABLE (BLOCKS, blocks, n_blocks);
  READER_TABLE (SLOTS, slots, n_objects);
  READER_COLUMN (WORDS, words);
  READER_COLUMN (EDGE_COUNTS, edge_counts);
  READER_TABLE (EDGE_TARGETS, edge_targets, n_edges);
  READER_COLUMN (EDGE_STEPS, edge_steps);
  READER_TABLE (BIG_SLACKS, big_slacks, n_big_slacks);
  READER_TABLE (BIG_COUNTS, big_counts, n_big_counts);
  READER_TABLE (BIG_STEPS, big_steps, n_big_steps);
  READER_TABLE (FINALIZERS, finalizers, n_finalizers);
  READER_TABLE (PREVIEWS, previews, n_previews);
  READER_TABLE (PREVIEW_STARTS, preview_starts, n_preview_starts);
  READER_TABLE (EDGE_PLACES, edge_places, n_edge_places);
  READER_OPTIONAL (EDGE_PLACES, edge_places);
  READER_TABLE (ROOT_PLACES, root_places, n_root_places);
  READER_OPTIONAL (ROOT_PLACES, root_places);
  READER_TABLE (HAZARDS, hazards, n_hazards);
  if (s->n_hazards > 0 && s->hazards[s->n_hazards - 1].kind == GCG__HAZARD_REST)
    s->n_hazards_left_out = s->hazards[--s->n_hazards].address;
}

#undef READER_COLUMN
#undef READER_TABLE
#undef READER_OPTIONAL

enum gcg_status
gcg__snapshot_set_columns (struct gcg__snapshot *s,
                           const struct gcg__column columns[GCG__N_SECTIONS],
                           struct gcg_error *error)
{
  uint64_t n_objects = columns[GCG__SECTION_SLOTS - 1].n,
           n_edges = columns[GCG__SECTION_EDGE_TARGETS - 1].n,
           n_live = columns[GCG__SECTION_LIVE - 1].n;
  enum gcg_status status = reader_check_lengths (columns, error);
  if (status != GCG_OK)
    return status;
  if (columns[GCG__SECTION_WORDS - 1].n != n_objects
      || columns[GCG__SECTION_EDGE_COUNTS - 1].n != n_objects
      || columns[GCG__SECTION_EDGE_STEPS - 1].n != n_edges
      || (n_live != 0 && n_live != columns[GCG__SECTION_COLLECTIONS - 1].n))
    return gcg__snapshot_fail (error, GCG_CORRUPT,
                               "damaged snapshot: columns of the same table differ in length");
  reader_set_process (s, columns);
  reader_set_heap (s, columns);
  return GCG_OK;
}

enum gcg_status
gcg__snapshot_attach (struct gcg__snapshot *s, struct gcg_error *error)
{
  struct gcg__column columns[GCG__N_SECTIONS] = { 0 };
  /* Once more: the file may have changed since its header was read alone. */
  enum gcg_status status = reader_check_header (s->map, s->map_bytes, error);
  if (status == GCG_OK)
    status = reader_lay_out (s->map, s->map_bytes, columns, error);
  if (status == GCG_OK)
    status = gcg__snapshot_set_columns (s, columns, error);
  if (status == GCG_OK)
    status = gcg__snapshot_check (s, error);
  return status;
}

/* Reads BYTES bytes from the start of FD to INTO; false with errno set when that fails, errno 0
   when there are not so many. */
static bool
reader_read (int fd, void *into, uint64_t bytes)
{
  char *p = into;
  for (uint64_t at = 0; at < bytes;)
    {
      ssize_t n = pread (fd, p + at, bytes - at, at);
      if (n < 0 && errno == EINTR)
        continue;
      if (n == 0)
        errno = 0;
      if (n <= 0)
        return false;
      at += n;
    }
  return true;
}

/* The BYTES bytes of FD in private memory; NULL with errno as reader_read. */
static void *
reader_copy (int fd, uint64_t bytes)
{
  void *map = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                    -1, 0);
  if (map == MAP_FAILED)
    return NULL;
  if (!reader_read (fd, map, bytes))
    {
      int error = errno;
      munmap (map, bytes);
      errno = error;
      return NULL;
    }
  mprotect (map, bytes, PROT_READ);
  return map;
}

/* The contents of FD, from now on unchanging; errors as reader_read. */
static void *
reader_map (int fd, uint64_t bytes)
{
  const int sealed = F_SEAL_SHRINK | F_SEAL_WRITE;
  int seals = fcntl (fd, F_GET_SEALS);
  if (seals < 0 || (seals & sealed) != sealed)
    return reader_copy (fd, bytes);
  void *map = mmap (NULL, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  return map == MAP_FAILED ? NULL : map;
}

/* What reader_read has left in errno, about the file NAME. */
static enum gcg_status
reader_fail (struct gcg_error *error, const char *name)
{
  if (errno == 0)
    return gcg__snapshot_fail (error, GCG_CORRUPT, "%s: shortened while it was read: try again",
                               name);
  return gcg__snapshot_fail (error, errno == ENOMEM ? GCG_NO_MEMORY : GCG_SYSTEM,
                             "%s: cannot read: %s", name, strerror (errno));
}

enum gcg_status
gcg__snapshot_open_fd (int fd, const char *name, struct gcg__snapshot **snapshot,
                       struct gcg_error *error)
{
  struct stat file;
  struct gcg__file_header header;
  struct gcg_error why;
  enum gcg_status status;
  if (fstat (fd, &file) != 0)
    return gcg__snapshot_fail (error, GCG_SYSTEM, "%s: %s", name, strerror (errno));
  if (!S_ISREG (file.st_mode))
    return gcg__snapshot_fail (error, GCG_CORRUPT, "%s: not a gcglass snapshot: not a file", name);
  if (file.st_size == 0)
    return gcg__snapshot_fail (error, GCG_CORRUPT, "%s: not a gcglass snapshot: empty", name);
  if ((uint64_t)file.st_size >= sizeof header && !reader_read (fd, &header, sizeof header))
    return reader_fail (error, name);
  status = reader_check_header (&header, file.st_size, &why);
  if (status != GCG_OK)
    return gcg__snapshot_fail (error, status, "%s: %s", name, why.text);
  struct gcg__snapshot *s = calloc (1, sizeof *s);
  if (!s)
    return gcg__snapshot_fail (error, GCG_NO_MEMORY, "%s: out of memory", name);
  s->map_bytes = file.st_size;
  s->map = reader_map (fd, s->map_bytes);
  if (!s->map)
    {
      status = reader_fail (error, name);
      goto fail_map;
    }
  status = gcg__snapshot_attach (s, &why);
  if (status != GCG_OK)
    {
      gcg__snapshot_fail (error, status, "%s: %s", name, why.text);
      goto fail_attach;
    }
  *snapshot = s;
  return GCG_OK;

fail_attach:
  munmap ((void *)s->map, s->map_bytes);
fail_map:
  free (s);
  return status;
}

enum gcg_status
gcg__snapshot_open (const char *path, struct gcg__snapshot **snapshot, struct gcg_error *error)
{
  /* Not to wait for the other end of a named pipe. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return gcg__snapshot_fail (error, GCG_SYSTEM, "%s: %s", path, strerror (errno));
  enum gcg_status status = gcg__snapshot_open_fd (fd, path, snapshot, error);
  close (fd);
  return status;
}

void
gcg__snapshot_close (struct gcg__snapshot *snapshot)
{
  if (!snapshot)
    return;
  munmap ((void *)snapshot->map, snapshot->map_bytes);
  free (snapshot);
}
