/* symbols.c -- life cycle of the symbols and the files behind a snapshot's modules.
 *
 * Each module gets a libdwfl session of its own when something about it is asked for the first
 * time: a program with two hundred libraries costs nothing for those without a look-up, and
 * modules that claim overlapping addresses (a damaged snapshot) cannot disturb each other.  The
 * file is reported at address 0, so every address given to libdw is "run-time address - load
 * bias", the address in the file, for position-independent and fixed programs alike.
 *
 * A file is used only if its build id is the one in the snapshot: a library that was upgraded since
 * would name the wrong functions.  When the file is gone or another, the separate debug file of
 * that build id serves in its place.  Names that are no path ("[vdso]", "[stack]") are not opened;
 * neither is anything but a regular file (a snapshot may name a FIFO).
 *
 * One mutex serialises everything: libdw is not thread-safe even for reading.  The first question
 * about a module may take as long as reading its debug information takes.
 */
#include "config.h"

#include "symbol/internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBUG_DIRECTORY "/usr/lib/debug"

static enum gcg_status
no_memory (struct gcg_error *error)
{
  if (error != NULL)
    {
      error->status = GCG_NO_MEMORY;
      snprintf (error->text, sizeof error->text,
                "out of memory while preparing the symbols of the snapshot's modules");
    }
  return GCG_NO_MEMORY;
}

static bool
images_init (struct gcg__symbols *symbols)
{
  const struct gcg__snapshot *snapshot = symbols->snapshot;
  const char *program = gcg__text (snapshot, snapshot->info->program);
  const size_t n = snapshot->n_modules;
  uint32_t main_program = 0;

  symbols->images = calloc (n ? n : 1, sizeof *symbols->images);
  symbols->by_order = calloc (n ? n : 1, sizeof *symbols->by_order);
  if (symbols->images == NULL || symbols->by_order == NULL)
    return false;
  symbols->n_images = snapshot->n_modules;
  for (uint32_t i = 0; i < snapshot->n_modules; i++)
    {
      struct gcg__image *image = &symbols->images[i];
      image->module = &snapshot->modules[i];
      image->path = gcg__text (snapshot, image->module->path);
      const char *slash = strrchr (image->path, '/');
      image->name = slash != NULL ? slash + 1 : image->path;
      if (main_program == 0 && strcmp (image->path, program) == 0)
        main_program = i;
      if (image->module->low < image->module->high
          && !gcg__spans_add (&symbols->by_address, image->module->low, image->module->high, image,
                              0))
        return false;
    }
  gcg__spans_sort (&symbols->by_address);
  for (uint32_t i = 0, next = 1; i < symbols->n_images; i++)
    symbols->by_order[i == main_program ? 0 : next++] = &symbols->images[i];
  return true;
}

enum gcg_status
gcg__symbols_new (const struct gcg__snapshot *snapshot, struct gcg__symbols **result,
                  struct gcg_error *error)
{
  struct gcg__symbols *symbols = calloc (1, sizeof *symbols);
  if (symbols == NULL)
    return no_memory (error);
  pthread_mutex_init (&symbols->lock, NULL);
  symbols->snapshot = snapshot;
  if (!images_init (symbols))
    goto fail_images;
  const char *directory = secure_getenv ("GCGLASS_DEBUG_PATH");
  if (directory != NULL && directory[0] != '\0'
      && asprintf (&symbols->debug_path, ":.debug:%s:" DEBUG_DIRECTORY, directory) < 0)
    {
      symbols->debug_path = NULL;
      goto fail_images;
    }
  symbols->callbacks = (Dwfl_Callbacks){ .find_elf = dwfl_build_id_find_elf,
                                         .find_debuginfo = dwfl_standard_find_debuginfo,
                                         .section_address = dwfl_offline_section_address,
                                         .debuginfo_path = &symbols->debug_path };
  const char *asked = secure_getenv ("GCGLASS_DEBUGINFOD");
  if ((asked == NULL || strcmp (asked, "1") != 0) && getenv ("DEBUGINFOD_URLS") != NULL)
    unsetenv ("DEBUGINFOD_URLS");
  *result = symbols;
  return GCG_OK;

fail_images:
  gcg__symbols_free (symbols);
  return no_memory (error);
}

void
gcg__symbols_free (struct gcg__symbols *symbols)
{
  if (symbols == NULL)
    return;
  gcg__traceback_fini (symbols);
  for (uint32_t i = 0; i < symbols->n_images; i++)
    {
      struct gcg__image *image = &symbols->images[i];
      gcg__address_fini (image);
      gcg__label_fini (image);
      gcg__names_fini (image);
      if (image->dwfl != NULL)
        dwfl_end (image->dwfl);
    }
  gcg__field_fini (symbols);
  gcg__table_fini (&symbols->frames);
  gcg__table_fini (&symbols->paths);
  gcg__table_fini (&symbols->demangled);
  gcg__table_fini (&symbols->types);
  gcg__table_fini (&symbols->fields);
  gcg__table_fini (&symbols->pointers);
  gcg__table_fini (&symbols->field_lists);
  gcg__table_fini (&symbols->expressions);
  gcg__spans_fini (&symbols->by_address);
  gcg__pool_fini (&symbols->pool);
  if (symbols->demangler != NULL)
    dlclose (symbols->demangler);
  pthread_mutex_destroy (&symbols->lock);
  free (symbols->debug_path);
  free (symbols->by_order);
  free (symbols->images);
  free (symbols);
}

struct gcg__image *
gcg__symbols_image (struct gcg__symbols *symbols, uint64_t address)
{
  const struct gcg__span *span = gcg__spans_find (&symbols->by_address, address, NULL);
  return span != NULL ? span->what : NULL;
}

/* Whether the module's file has the build id that the snapshot says, or neither has one. */
static bool
build_id_matches (Dwfl_Module *module, const char *expected)
{
  const unsigned char *bits;
  GElf_Addr address;
  const int n = dwfl_module_build_id (module, &bits, &address);
  if (n <= 0)
    return expected[0] == '\0';
  if (strlen (expected) != (size_t)n * 2)
    return false;
  for (int i = 0; i < n; i++)
    {
      char digits[3];
      snprintf (digits, sizeof digits, "%02x", bits[i]);
      if (strncasecmp (digits, expected + 2 * i, 2) != 0)
        return false;
    }
  return true;
}

/* Opens the ELF file at PATH for IMAGE if it is the right one. */
static bool
image_open_file (struct gcg__symbols *symbols, struct gcg__image *image, const char *path,
                 const char *build_id)
{
  struct stat about;
  /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return false;
  if (fstat (fd, &about) != 0 || !S_ISREG (about.st_mode))
    goto fail_file;
  Dwfl *dwfl = dwfl_begin (&symbols->callbacks);
  if (dwfl == NULL)
    goto fail_file;
  dwfl_report_begin (dwfl);
  Dwfl_Module *module = dwfl_report_elf (dwfl, image->name, path, fd, 0, true);
  if (module == NULL)
    goto fail_report;
  fd = -1; /* libdwfl's now */
  GElf_Addr bias;
  if (dwfl_report_end (dwfl, NULL, NULL) != 0 || !build_id_matches (module, build_id)
      || dwfl_module_getelf (module, &bias) == NULL || bias != 0)
    goto fail_report;
  image->dwfl = dwfl;
  image->dwfl_module = module;
  return true;

fail_report:
  dwfl_end (dwfl);
fail_file:
  if (fd >= 0)
    close (fd);
  return false;
}

/* The separate debug file has the same addresses, symbols and build id: it can stand in for a file
   that was deleted or replaced. */
static bool
image_open_debug_file (struct gcg__symbols *symbols, struct gcg__image *image, const char *build_id)
{
  const char *directories
      = symbols->debug_path != NULL ? symbols->debug_path + strlen (":.debug:") : DEBUG_DIRECTORY;
  while (*directories != '\0')
    {
      char path[4096];
      const size_t length = strcspn (directories, ":");
      const int n = snprintf (path, sizeof path, "%.*s/.build-id/%.2s/%s.debug", (int)length,
                              directories, build_id, build_id + 2);
      if (length > 0 && directories[0] == '/' && n > 0 && (size_t)n < sizeof path
          && image_open_file (symbols, image, path, build_id))
        return true;
      directories += length + (directories[length] == ':');
    }
  return false;
}

bool
gcg__image_open_elf (struct gcg__symbols *symbols, struct gcg__image *image)
{
  static const char deleted[] = " (deleted)";
  if (image->tried)
    return image->usable;
  image->tried = true;
  const char *build_id = gcg__text (symbols->snapshot, image->module->build_id);
  const size_t hex = strspn (build_id, "0123456789abcdefABCDEF");
  if (image->path[0] == '/')
    {
      const size_t length = strlen (image->path), tail = sizeof deleted - 1;
      const bool gone = length > tail && strcmp (image->path + length - tail, deleted) == 0;
      char *path = gcg__pool_text (&symbols->pool, image->path, gone ? length - tail : length);
      image->usable = path != NULL && image_open_file (symbols, image, path, build_id);
    }
  /* Hexadecimal only: it becomes part of a path. */
  if (!image->usable && hex > 2 && build_id[hex] == '\0')
    image->usable = image_open_debug_file (symbols, image, build_id);
  return image->usable;
}

bool
gcg__image_open_dwarf (struct gcg__symbols *symbols, struct gcg__image *image)
{
  if (!image->dwarf_tried && gcg__image_open_elf (symbols, image))
    image->dwarf = dwfl_module_getdwarf (image->dwfl_module, &image->bias);
  image->dwarf_tried = true;
  return image->dwarf != NULL;
}
