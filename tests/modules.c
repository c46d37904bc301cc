/* modules.c -- see modules.h.
 *
 * Program headers and build ids are read here by hand, from memory for the process and from the
 * file else: independent of libdw, which the code under test uses.
 */
#include "config.h"

#include "tests/modules.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct modules
{
  struct gcg__snapshot snapshot;
  struct gcg__info info;
  struct gcg__module *list;
  char *strings;
  size_t n_strings;
};

static void *
must (void *memory)
{
  if (memory == NULL)
    abort ();
  return memory;
}

static gcg__string
add_string (struct modules *modules, const char *text)
{
  const size_t bytes = strlen (text) + 1;
  const gcg__string string = (gcg__string)modules->n_strings;
  modules->strings = must (realloc (modules->strings, modules->n_strings + bytes));
  memcpy (modules->strings + modules->n_strings, text, bytes);
  modules->n_strings += bytes;
  return string;
}

struct modules *
modules_new (void)
{
  struct modules *modules = must (calloc (1, sizeof *modules));
  add_string (modules, "");
  return modules;
}

void
modules_free (struct modules *modules)
{
  free (modules->list);
  free (modules->strings);
  free (modules);
}

void
modules_add (struct modules *modules, const char *path, uint64_t base, uint64_t low, uint64_t high,
             const char *build_id)
{
  const uint32_t n = modules->snapshot.n_modules++;
  modules->list = must (reallocarray (modules->list, n + 1, sizeof *modules->list));
  modules->list[n] = (struct gcg__module){ .base = base,
                                           .low = low,
                                           .high = high,
                                           .path = add_string (modules, path),
                                           .build_id = add_string (modules, build_id) };
  if (n == 0)
    modules->info.program = modules->list[0].path;
}

/* Writes the build id in the notes at NOTES to HEX, if there is one. */
static void
read_build_id (const unsigned char *notes, size_t bytes, size_t align, char hex[129])
{
  align = align < 4 ? 4 : align;
  for (size_t at = 0; at + sizeof (ElfW (Nhdr)) <= bytes;)
    {
      const ElfW (Nhdr) *note = (const void *)(notes + at);
      const size_t name = at + sizeof *note;
      const size_t text = (name + note->n_namesz + align - 1) / align * align;
      if (text + note->n_descsz > bytes)
        return;
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4
          && memcmp (notes + name, "GNU", 4) == 0 && note->n_descsz <= 64)
        for (uint32_t i = 0; i < note->n_descsz; i++)
          sprintf (hex + 2 * i, "%02x", notes[text + i]);
      at = (text + note->n_descsz + align - 1) / align * align;
    }
}

/* Adds a module whose program headers are given; CONTENTS + header's OFFSET are a note's bytes. */
static void
add_headers (struct modules *modules, const char *path, uint64_t bias, const ElfW (Phdr) * headers,
             size_t n, const unsigned char *contents, bool in_memory)
{
  uint64_t low = UINT64_MAX, high = 0;
  char build_id[129] = "";
  for (size_t i = 0; i < n; i++)
    {
      const ElfW (Phdr) *header = &headers[i];
      if (header->p_type == PT_LOAD)
        {
          const uint64_t end = bias + header->p_vaddr + header->p_memsz;
          const uint64_t start = (bias + header->p_vaddr) & ~UINT64_C (4095);
          low = start < low ? start : low;
          high = end > high ? end : high;
        }
      if (header->p_type == PT_NOTE)
        read_build_id (contents + (in_memory ? header->p_vaddr : header->p_offset),
                       header->p_filesz, header->p_align, build_id);
    }
  modules_add (modules, path, bias, low, (high + 4095) & ~UINT64_C (4095), build_id);
}

bool
modules_add_file (struct modules *modules, const char *path, const char *file, uint64_t bias)
{
  struct stat about;
  int fd = open (file, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &about) != 0 || about.st_size < (off_t)sizeof (ElfW (Ehdr)))
    return false;
  unsigned char *map = mmap (NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close (fd);
  if (map == MAP_FAILED)
    return false;
  const ElfW (Ehdr) *header = (const void *)map;
  const bool is_elf = memcmp (header->e_ident, ELFMAG, SELFMAG) == 0;
  if (is_elf)
    add_headers (modules, path, bias, (const void *)(map + header->e_phoff), header->e_phnum, map,
                 false);
  munmap (map, (size_t)about.st_size);
  return is_elf;
}

static int
add_loaded (struct dl_phdr_info *info, size_t size, void *data)
{
  char path[4096];
  const char *name = info->dlpi_name;
  (void)size;
  if (name[0] == '\0')
    {
      const ssize_t n = readlink ("/proc/self/exe", path, sizeof path - 1);
      path[n > 0 ? n : 0] = '\0';
      name = path;
    }
  add_headers (data, name, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum,
               (const unsigned char *)info->dlpi_addr, true);
  return 0;
}

void
modules_add_process (struct modules *modules)
{
  dl_iterate_phdr (add_loaded, modules);
}

const struct gcg__snapshot *
modules_snapshot (struct modules *modules)
{
  modules->snapshot.info = &modules->info;
  modules->snapshot.strings = modules->strings;
  modules->snapshot.n_strings = modules->n_strings;
  modules->snapshot.modules = modules->list;
  return &modules->snapshot;
}
