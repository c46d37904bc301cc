/* sample.c -- see sample.h.
 *
 * A sample lists the sites whose figures differ from the sample before; the first one and every
 * 64th, a KEY, all that have any.  What has been told (sites, modules, figures) is noted when the
 * whole piece has been made, so that a sample that fails leaves no gap.
 */
#include "config.h"

#include "link/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/save.h"
#include "image/modules.h"
#include "image/proc.h"
#include "link/survey.h"
#include "link/tables.h"
#include "recording/encode.h"
#include "recording/figures.h"
#include "snapshot/machine.h"

#define WINDOW_WORDS 4096u

/* What a sample said of a site. */
struct said
{
  struct gcg__live live;
  uint64_t made;
};

struct sampler_memory
{
  int fd; /* /proc/PID/mem */
};

struct gcg__sampler
{
  pid_t pid; /* 0: no process */
  struct sampler_memory memory;
  struct gcg__memory_source source; /* of MEMORY */
  struct gcg__tables tables;
  uint32_t n_taken;
  uint64_t cost_ns; /* of the last one */
  /* What was alive when counting began, if it was we who surveyed it. */
  struct gcg__surveyed *surveyed; /* [n_surveyed] */
  uint32_t n_surveyed;
  /* What has been told. */
  uint32_t n_sites;  /* 0: not even the process */
  struct said *said; /* [n_sites] */
  char *modules;     /* payload of the last MODULES */
  size_t modules_bytes;
};

/* Records that are being made. */
struct piece
{
  char *bytes;
  size_t n;
};

/* Strings of a record, or bytes of any kind. */
struct strings
{
  char *bytes;
  size_t n, room;
};

/* What a sample will have told. */
struct telling
{
  struct piece piece;
  struct said *said;
  char *modules; /* NULL: as before */
  size_t modules_bytes;
};

static enum gcg_status
no_memory (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for a sample");
}

/* --- beginning and end --- */

static size_t
memory_read (const void *state, uint64_t address, void *bytes, size_t n)
{
  const struct sampler_memory *memory = state;
  size_t done = 0;
  while (done < n && address + done <= INT64_MAX)
    {
      ssize_t got = pread (memory->fd, (char *)bytes + done, n - done, (off_t)(address + done));
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        break;
      done += (size_t)got;
    }
  return done;
}

static struct gcg__sampler *
new_sampler (const struct gcg__memory_source *source, uint64_t root)
{
  struct gcg__sampler *sampler = calloc (1, sizeof *sampler);
  if (sampler == NULL)
    return NULL;
  sampler->memory.fd = -1;
  sampler->source = (struct gcg__memory_source){ memory_read, &sampler->memory };
  sampler->tables.source = source != NULL ? source : &sampler->source;
  sampler->tables.root = root;
  return sampler;
}

enum gcg_status
gcg__sampler_over (const struct gcg__memory_source *source, uint64_t root,
                   struct gcg__sampler **sampler, struct gcg_error *error)
{
  struct gcg__sampler *made = new_sampler (source, root);
  if (made == NULL)
    return no_memory (error);
  *sampler = made;
  return GCG_OK;
}

enum gcg_status
gcg__sampler_new (pid_t pid, uint64_t root, struct gcg__sampler **result, struct gcg_error *error)
{
  struct gcg__sampler *sampler = new_sampler (NULL, root);
  if (sampler == NULL)
    return no_memory (error);
  sampler->pid = pid;
  sampler->memory.fd = gcg__proc_open_memory (pid, O_RDONLY);
  if (sampler->memory.fd >= 0)
    {
      *result = sampler;
      return GCG_OK;
    }
  enum gcg_status status
      = errno == ENOENT || errno == ESRCH
            ? gcg__error_write (error, GCG_NOT_FOUND, "there is no process %d", (int)pid)
            : gcg__error_write (error, GCG_DISABLED, "process %d may not be read: %s", (int)pid,
                                strerror (errno));
  gcg__sampler_free (sampler);
  return status;
}

void
gcg__sampler_free (struct gcg__sampler *sampler)
{
  if (sampler == NULL)
    return;
  if (sampler->memory.fd >= 0)
    close (sampler->memory.fd);
  free (sampler->surveyed);
  free (sampler->said);
  free (sampler->modules);
  free (sampler);
}

/* --- records --- */

/* Room for a record with a payload of BYTES at the end of PIECE: its payload, or NULL. */
static void *
begin_record (struct piece *piece, size_t bytes)
{
  char *grown = realloc (piece->bytes, piece->n + gcg__record_room (bytes));
  if (grown == NULL)
    return NULL;
  piece->bytes = grown;
  return gcg__record_payload (grown + piece->n);
}

static void
end_record (struct piece *piece, enum gcg__record_code code, size_t bytes)
{
  piece->n += gcg__record_seal (piece->bytes + piece->n, code, bytes);
}

/* Copies N bytes from FROM to AT; returns what is behind them. */
static char *
put (char *at, const void *from, size_t n)
{
  return n > 0 ? (char *)memcpy (at, from, n) + n : at;
}

/* Appends N bytes; false: no memory. */
static bool
append (struct strings *strings, const void *bytes, size_t n)
{
  while (strings->room - strings->n < n)
    {
      size_t room = strings->room != 0 ? 2 * strings->room : 4096;
      char *grown = realloc (strings->bytes, room);
      if (grown == NULL)
        return false;
      strings->bytes = grown;
      strings->room = room;
    }
  put (strings->bytes + strings->n, bytes, n);
  strings->n += n;
  return true;
}

/* Appends TEXT, of which MOST bytes count at most; its offset goes to *STRING. */
static bool
add_text (struct strings *strings, const char *text, size_t most, gcg__string *string)
{
  size_t n = strnlen (text, most);
  *string = 0;
  if (strings->n == 0 && !append (strings, "", 1))
    return false;
  if (n == 0)
    return true;
  *string = (gcg__string)strings->n;
  return append (strings, text, n) && append (strings, "", 1);
}

/* The link to the process's program, "" where it cannot be read. */
static void
read_program (pid_t pid, char *program, size_t bytes)
{
  char path[40];
  snprintf (path, sizeof path, "/proc/%d/exe", (int)pid);
  ssize_t n = pid != 0 ? readlink (path, program, bytes - 1) : 0;
  program[n > 0 ? n : 0] = '\0';
}

static char *
read_file (pid_t pid, const char *name)
{
  char path[40];
  snprintf (path, sizeof path, "/proc/%d/%s", (int)pid, name);
  return pid != 0 ? gcg__proc_text (path) : strdup ("");
}

static enum gcg_status
make_process (const struct gcg__sampler *sampler, struct piece *piece, struct gcg_error *error)
{
  const struct gcg__agent_root *root = &sampler->tables.now;
  char program[4096], version[64];
  struct strings strings = { NULL, 0, 0 };
  struct gcg__record_process *record = NULL;
  struct gcg__record_process process
      = { .pid = root->pid,
          .flags = GCG__INFO_PRELOADED | GCG__INFO_MALLOC,
          .page_bytes = gcg__page_bytes (),
          .machine = GCG__MACHINE,
          .start_monotonic_ns = root->samples.start_ns,
          .start_realtime_ns = gcg__clock_ns (CLOCK_REALTIME)
                               - (gcg__clock_ns (CLOCK_MONOTONIC) - root->samples.start_ns) };
  char *command_line = read_file (sampler->pid, "cmdline");
  read_program (sampler->pid, program, sizeof program);
  gcg__tables_text (&sampler->tables, root->samples.agent_version, version, sizeof version);
  if (command_line != NULL && add_text (&strings, version, sizeof version, &process.agent_version)
      && add_text (&strings, program, GCG__STRING_MAX, &process.program)
      && add_text (&strings, command_line, SIZE_MAX, &process.command_line))
    record = begin_record (piece, sizeof *record + strings.n);
  if (record != NULL)
    {
      process.string_bytes = (uint32_t)strings.n;
      *record = process;
      put ((char *)(record + 1), strings.bytes, strings.n);
      end_record (piece, GCG__RECORD_PROCESS, sizeof *record + strings.n);
    }
  free (strings.bytes);
  free (command_line);
  return record != NULL ? GCG_OK : no_memory (error);
}

/* --- modules --- */

static bool
add_module (struct strings *modules, struct strings *strings, struct gcg__module module,
            const char *path, const char *build_id)
{
  return add_text (strings, path, GCG__STRING_MAX, &module.path)
         && add_text (strings, build_id, GCG__STRING_MAX, &module.build_id)
         && append (modules, &module, sizeof module);
}

/* Those that are loaded; none where the mappings cannot be read. */
static enum gcg_status
add_loaded (const struct gcg__sampler *sampler, struct strings *modules, struct strings *strings,
            struct gcg_error *error)
{
  struct gcg__vmas vmas;
  struct gcg__memory_image *image;
  struct gcg__loaded_modules loaded = { 0 };
  if (sampler->pid == 0)
    return GCG_OK;
  enum gcg_status status = gcg__vmas_read (sampler->pid, &vmas, error);
  if (status != GCG_OK)
    return status == GCG_NO_MEMORY ? status : GCG_OK;
  status = gcg__image_new (&sampler->source, &vmas, &image, error);
  if (status != GCG_OK)
    {
      gcg__vmas_fini (&vmas);
      return status;
    }
  status = gcg__modules_read (image, &loaded, error);
  for (size_t i = 0; status == GCG_OK && i < loaded.n; i++)
    {
      const struct gcg__loaded_module *from = &loaded.items[i];
      struct gcg__module module = { .base = from->base, .low = from->low, .high = from->high };
      if (!from->is_vdso && !add_module (modules, strings, module, from->path, from->build_id))
        status = no_memory (error);
    }
  gcg__modules_fini (&loaded);
  gcg__image_free (image);
  return status;
}

/* Those that have been unloaded, where call stacks say they are. */
static enum gcg_status
add_unloaded (struct gcg__sampler *sampler, struct strings *modules, struct strings *strings,
              struct gcg_error *error)
{
  struct gcg__unloaded *unloaded;
  char path[GCG__STRING_MAX + 1];
  uint32_t n;
  enum gcg_status status = gcg__tables_unloaded (&sampler->tables, &unloaded, &n, error);
  if (status != GCG_OK)
    return status;
  for (uint32_t i = 0; status == GCG_OK && i < n; i++)
    {
      const struct gcg__unloaded *from = &unloaded[i];
      struct gcg__module module = { .base = from->place - (from->low - from->base),
                                    .low = from->place,
                                    .high = from->place + (from->high - from->low) };
      gcg__tables_text (&sampler->tables, (uintptr_t)from->path, path, sizeof path);
      if (!add_module (modules, strings, module, path, from->build_id))
        status = no_memory (error);
    }
  free (unloaded);
  return status;
}

/* Lists the modules, unless they are as before. */
static enum gcg_status
make_modules (struct gcg__sampler *sampler, struct telling *telling, struct gcg_error *error)
{
  struct strings modules = { NULL, 0, 0 }, strings = { NULL, 0, 0 };
  struct gcg__record_modules head;
  gcg__string empty;
  enum gcg_status status
      = add_text (&strings, "", 0, &empty) && append (&modules, &head, sizeof head)
            ? GCG_OK
            : no_memory (error);
  if (status == GCG_OK)
    status = add_loaded (sampler, &modules, &strings, error);
  if (status == GCG_OK)
    status = add_unloaded (sampler, &modules, &strings, error);
  if (status == GCG_OK)
    {
      head.n = (uint32_t)((modules.n - sizeof head) / sizeof (struct gcg__module));
      head.string_bytes = (uint32_t)strings.n;
      memcpy (modules.bytes, &head, sizeof head);
      if (!append (&modules, strings.bytes, strings.n))
        status = no_memory (error);
    }
  free (strings.bytes);
  if (status != GCG_OK
      || (modules.n == sampler->modules_bytes
          && memcmp (modules.bytes, sampler->modules, modules.n) == 0))
    {
      free (modules.bytes);
      return status;
    }
  telling->modules = modules.bytes;
  telling->modules_bytes = modules.n;
  void *payload = begin_record (&telling->piece, modules.n);
  if (payload == NULL)
    return no_memory (error);
  put (payload, modules.bytes, modules.n);
  end_record (&telling->piece, GCG__RECORD_MODULES, modules.n);
  return GCG_OK;
}

/* --- sites --- */

/* What is gathered of sites. */
struct sites
{
  const struct gcg__tables *tables;
  struct strings sites, frames, strings;
  uint64_t empty; /* an address where the text "" is: nearly all are that one */
  /* Memory from LOW on: call stacks that are made one after the other are side by side. */
  uint64_t low;
  size_t n;
  uint64_t window[WINDOW_WORDS];
};

/* BYTES of return addresses at ADDRESS; NULL: they cannot be read. */
static const void *
frames_at (struct sites *sites, uint64_t address, size_t bytes)
{
  const struct gcg__memory_source *source = sites->tables->source;
  if (bytes == 0)
    return sites->window;
  if (address < sites->low || address - sites->low > sites->n
      || bytes > sites->n - (address - sites->low))
    {
      sites->low = address;
      sites->n = source->read (source->state, address, sites->window, sizeof sites->window);
    }
  return bytes <= sites->n ? (const char *)sites->window + (address - sites->low) : NULL;
}

/* The text of the program's at ADDRESS; false: no memory. */
static bool
add_site_text (struct sites *sites, uint64_t address, gcg__string *string)
{
  char text[GCG__STRING_MAX + 1];
  text[0] = '\0';
  if (address != sites->empty)
    gcg__tables_text (sites->tables, address, text, sizeof text);
  if (text[0] == '\0')
    sites->empty = address;
  return add_text (&sites->strings, text, GCG__STRING_MAX, string);
}

static enum gcg_status
add_site (struct sites *sites, const struct gcg__root_site *entry, struct gcg_error *error)
{
  size_t bytes = entry->n_frames * sizeof (uint64_t);
  const void *frames = frames_at (sites, entry->frames, bytes);
  struct gcg__site site = { .kind = GCG__SITE_MACRO,
                            .line = entry->line,
                            .first_frame = (uint32_t)(sites->frames.n / sizeof (uint64_t)),
                            .n_frames = entry->n_frames };
  if (frames == NULL)
    return gcg__error_write (error, GCG_CORRUPT, "the agent's tables are damaged: a call stack");
  if (!add_site_text (sites, entry->file, &site.file)
      || !add_site_text (sites, entry->function, &site.function)
      || !add_site_text (sites, entry->expression, &site.expression)
      || !add_site_text (sites, entry->type, &site.type))
    return no_memory (error);
  if (site.n_frames > 0 && site.file == 0)
    site.kind = GCG__SITE_STACK;
  return append (&sites->sites, &site, sizeof site) && append (&sites->frames, frames, bytes)
             ? GCG_OK
             : no_memory (error);
}

/* Appends what has been gathered: sites from FIRST on. */
static enum gcg_status
put_sites (const struct sites *sites, uint32_t first, struct piece *piece, struct gcg_error *error)
{
  struct gcg__record_sites head = { .first = first,
                                    .n = (uint32_t)(sites->sites.n / sizeof (struct gcg__site)),
                                    .n_frames = (uint32_t)(sites->frames.n / sizeof (uint64_t)),
                                    .string_bytes = (uint32_t)sites->strings.n };
  size_t bytes = sizeof head + sites->sites.n + sites->frames.n + sites->strings.n;
  char *at = begin_record (piece, bytes);
  if (at == NULL)
    return no_memory (error);
  at = put (at, &head, sizeof head);
  at = put (at, sites->sites.bytes, sites->sites.n);
  at = put (at, sites->frames.bytes, sites->frames.n);
  put (at, sites->strings.bytes, sites->strings.n);
  end_record (piece, GCG__RECORD_SITES, bytes);
  return GCG_OK;
}

/* The sites that have not been told. */
static enum gcg_status
make_sites (struct gcg__sampler *sampler, struct piece *piece, struct gcg_error *error)
{
  uint32_t first = sampler->n_sites != 0 ? sampler->n_sites : 1, n = sampler->tables.n_sites;
  struct sites sites = { .tables = &sampler->tables };
  if (first >= n)
    return GCG_OK;
  struct gcg__root_site *entries = calloc (n - first, sizeof *entries);
  if (entries == NULL)
    return no_memory (error);
  enum gcg_status status = gcg__tables_sites (&sampler->tables, first, entries, error);
  for (uint32_t i = 0; status == GCG_OK && i < n - first; i++)
    status = add_site (&sites, &entries[i], error);
  if (status == GCG_OK)
    status = put_sites (&sites, first, piece, error);
  free (sites.sites.bytes);
  free (sites.frames.bytes);
  free (sites.strings.bytes);
  free (entries);
  return status;
}

/* --- the sample --- */

static bool
is_key (const struct gcg__sampler *sampler)
{
  return sampler->n_taken % GCG__KEY_EVERY == 0;
}

/* Lists in CHANGES the sites that there is something to say of; SAID becomes what is said.  Returns
   how many. */
static uint32_t
list_changes (const struct gcg__sampler *sampler, const struct gcg__count *sums,
              const struct gcg__surveyed *surveyed, struct said *said,
              struct gcg__sample_site *changes)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < sampler->tables.n_sites; i++)
    {
      struct gcg__live live = gcg__count_alive (surveyed[i].alive, &surveyed[i].then, &sums[i]);
      if (is_key (sampler) ? live.count != 0 || sums[i].made != 0
                           : live.count != said[i].live.count || live.bytes != said[i].live.bytes
                                 || sums[i].made != said[i].made)
        changes[n++] = (struct gcg__sample_site){
          i, 0, live.count, live.bytes, sums[i].made, sums[i].made_bytes
        };
      said[i] = (struct said){ live, sums[i].made };
    }
  return n;
}

/* What is known of the process as a whole. */
static enum gcg_status
fill_figures (const struct gcg__sampler *sampler, struct gcg__record_sample *record,
              struct gcg_error *error)
{
  const struct gcg__root_samples *samples = &sampler->tables.now.samples;
  char *status = read_file (sampler->pid, "status"), *stat = read_file (sampler->pid, "stat");
  bool ok = status != NULL && stat != NULL;
  if (ok)
    {
      gcg__figures_of_memory (status, record);
      gcg__figures_of_faults (stat, record);
    }
  free (status);
  free (stat);
  if (!ok)
    return no_memory (error);
  record->collections = samples->libgc.collections;
  record->heap_bytes = samples->libgc.heap_bytes;
  record->free_bytes = samples->libgc.free_bytes;
  record->unmapped_bytes = samples->libgc.unmapped_bytes;
  record->since_gc_bytes = samples->libgc.since_gc_bytes;
  record->allocated_bytes = samples->libgc.allocated_bytes;
  return gcg__tables_read (&sampler->tables, samples->own_bytes, &record->own_bytes,
                           sizeof record->own_bytes)
             ? GCG_OK
             : gcg__error_write (error, GCG_CORRUPT, "the agent's tables are damaged: its memory");
}

/* Appends the SAMPLE of N CHANGES. */
static enum gcg_status
put_sample (const struct gcg__sampler *sampler, const char *description, uint32_t flags,
            const struct gcg__sample_site *changes, uint32_t n, struct piece *piece,
            struct gcg_error *error)
{
  size_t text = strnlen (description, GCG__SAMPLE_TEXT);
  struct gcg__record_sample head = { .monotonic_ns = gcg__clock_ns (CLOCK_MONOTONIC),
                                     .realtime_ns = gcg__clock_ns (CLOCK_REALTIME),
                                     .number = sampler->n_taken + 1,
                                     .flags = flags | (is_key (sampler) ? GCG__SAMPLE_KEY : 0),
                                     .cost_ns = sampler->cost_ns,
                                     .n_sites = n,
                                     .description_bytes = (uint32_t)text + 1 };
  size_t bytes = sizeof head + n * sizeof *changes + text + 1;
  enum gcg_status status = fill_figures (sampler, &head, error);
  if (status != GCG_OK)
    return status;
  char *at = begin_record (piece, bytes);
  if (at == NULL)
    return no_memory (error);
  at = put (at, &head, sizeof head);
  at = put (at, changes, n * sizeof *changes);
  at = put (at, description, text);
  *at = '\0';
  end_record (piece, GCG__RECORD_SAMPLE, bytes);
  return GCG_OK;
}

static enum gcg_status
make_sample (struct gcg__sampler *sampler, const char *description, uint32_t flags,
             struct telling *telling, struct gcg_error *error)
{
  uint32_t n = sampler->tables.n_sites;
  struct gcg__count *sums = calloc (n, sizeof *sums);
  struct gcg__surveyed *surveyed = calloc (n, sizeof *surveyed);
  struct gcg__sample_site *changes = calloc (n, sizeof *changes);
  telling->said = calloc (n, sizeof *telling->said);
  enum gcg_status status
      = sums != NULL && surveyed != NULL && changes != NULL && telling->said != NULL
            ? GCG_OK
            : no_memory (error);
  if (status == GCG_OK && sampler->surveyed != NULL)
    put ((char *)surveyed, sampler->surveyed,
         (n < sampler->n_surveyed ? n : sampler->n_surveyed) * sizeof *surveyed);
  else if (status == GCG_OK)
    status = gcg__tables_surveyed (&sampler->tables, surveyed, error);
  if (status == GCG_OK)
    status = gcg__tables_counts (&sampler->tables, sums, error);
  if (status == GCG_OK)
    {
      put ((char *)telling->said, sampler->said, sampler->n_sites * sizeof *sampler->said);
      status = put_sample (sampler, description, flags, changes,
                           list_changes (sampler, sums, surveyed, telling->said, changes),
                           &telling->piece, error);
    }
  free (sums);
  free (surveyed);
  free (changes);
  return status;
}

/* A sealed memory file with PIECE. */
static enum gcg_status
store (const struct piece *piece, int *fd, struct gcg_error *error)
{
  int file = memfd_create ("gcglass-samples", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file >= 0 && gcg__write_all (file, piece->bytes, piece->n)
      && fcntl (file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
    {
      *fd = file;
      return GCG_OK;
    }
  enum gcg_status status
      = gcg__error_write (error, GCG_SYSTEM, "cannot write a sample: %s", strerror (errno));
  if (file >= 0)
    close (file);
  return status;
}

/* Makes the program count, and surveys what is alive of it. */
static enum gcg_status
survey (struct gcg__sampler *sampler, struct gcg_error *error)
{
  if (sampler->pid == 0)
    return gcg__error_write (error, GCG_DISABLED, "objects are not counted");
  return gcg__survey_take (sampler->pid, &sampler->tables, &sampler->surveyed, &sampler->n_surveyed,
                           error);
}

/* All records of a sample. */
static enum gcg_status
make (struct gcg__sampler *sampler, const char *description, uint32_t flags,
      struct telling *telling, struct gcg_error *error)
{
  enum gcg_status status = gcg__tables_begin (&sampler->tables, error);
  if (status == GCG_OK && !sampler->tables.is_surveyed && sampler->surveyed == NULL)
    status = survey (sampler, error);
  if (status == GCG_OK && sampler->n_sites == 0)
    status = make_process (sampler, &telling->piece, error);
  if (status == GCG_OK && sampler->n_sites < sampler->tables.n_sites)
    status = make_modules (sampler, telling, error);
  if (status == GCG_OK)
    status = make_sites (sampler, &telling->piece, error);
  if (status == GCG_OK)
    status = make_sample (sampler, description, flags, telling, error);
  return status == GCG_OK ? gcg__tables_end (&sampler->tables, error) : status;
}

/* TELLING (taken) has been told. */
static void
note_told (struct gcg__sampler *sampler, struct telling *telling)
{
  sampler->n_taken++;
  sampler->n_sites = sampler->tables.n_sites;
  free (sampler->said);
  sampler->said = telling->said;
  telling->said = NULL;
  if (telling->modules == NULL)
    return;
  free (sampler->modules);
  sampler->modules = telling->modules;
  sampler->modules_bytes = telling->modules_bytes;
  telling->modules = NULL;
}

enum gcg_status
gcg__sampler_take (struct gcg__sampler *sampler, const char *description, uint32_t flags, int *fd,
                   struct gcg_error *error)
{
  struct telling telling = { .said = NULL };
  struct gcg_error why, gone;
  uint64_t begin = gcg__clock_ns (CLOCK_THREAD_CPUTIME_ID);
  enum gcg_status status = make (sampler, description, flags, &telling, &why);
  /* What failed to be read may have been another program's. */
  if (status == GCG_CORRUPT && gcg__tables_end (&sampler->tables, &gone) == GCG_NOT_FOUND)
    {
      status = GCG_NOT_FOUND;
      why = gone;
    }
  if (status == GCG_OK)
    status = store (&telling.piece, fd, &why);
  if (status == GCG_OK)
    note_told (sampler, &telling);
  else if (error != NULL)
    *error = why;
  free (telling.piece.bytes);
  free (telling.said);
  free (telling.modules);
  sampler->cost_ns = gcg__clock_ns (CLOCK_THREAD_CPUTIME_ID) - begin;
  return status;
}
