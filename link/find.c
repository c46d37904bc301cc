/* find.c -- see find.h.
 *
 * The agent is a mapped file that has the symbol among its dynamic ones; its file is read through
 * /proc/PID/map_files or, where that is not permitted, by its path in the process's root directory.
 * Files whose names do not begin as the agent's are not looked into.
 */
#include "config.h"

#include "link/find.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent_root.h"
#include "image/proc.h"

#define AGENT_NAME "libgcglass-malloc.so"

struct file
{
  const char *bytes;
  size_t n;
};

struct search
{
  pid_t pid;
  uint64_t root;
};

/* COUNT elements of ELEMENT bytes at OFFSET; NULL when they do not lie in FILE. */
static const void *
file_at (const struct file *file, uint64_t offset, uint64_t count, uint64_t element)
{
  if (offset > file->n || count > (file->n - offset) / element)
    return NULL;
  return file->bytes + offset;
}

/* The value of the root's symbol in the table SECTION; 0: it is not there. */
static uint64_t
value_in (const struct file *file, const Elf64_Shdr *section, const Elf64_Shdr *names)
{
  uint64_t n = section->sh_size / sizeof (Elf64_Sym);
  const Elf64_Sym *symbols = file_at (file, section->sh_offset, n, sizeof *symbols);
  if (symbols == NULL || file_at (file, names->sh_offset, names->sh_size, 1) == NULL)
    return 0;
  for (uint64_t i = 0; i < n; i++)
    if (symbols[i].st_shndx != SHN_UNDEF && symbols[i].st_name < names->sh_size
        && names->sh_size - symbols[i].st_name >= sizeof GCG__ROOT_SYMBOL
        && memcmp (file->bytes + names->sh_offset + symbols[i].st_name, GCG__ROOT_SYMBOL,
                   sizeof GCG__ROOT_SYMBOL)
               == 0)
      return symbols[i].st_value;
  return 0;
}

/* The same among the dynamic symbols of FILE. */
static uint64_t
value_of_root (const struct file *file)
{
  const Elf64_Ehdr *header = file_at (file, 0, 1, sizeof *header);
  if (header == NULL || memcmp (header->e_ident, ELFMAG, SELFMAG) != 0
      || header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof (Elf64_Shdr))
    return 0;
  const Elf64_Shdr *sections = file_at (file, header->e_shoff, header->e_shnum, sizeof *sections);
  for (uint32_t i = 0; sections != NULL && i < header->e_shnum; i++)
    if (sections[i].sh_type == SHT_DYNSYM && sections[i].sh_link < header->e_shnum)
      return value_in (file, &sections[i], &sections[sections[i].sh_link]);
  return 0;
}

/* Opens the file that is mapped as MAPPING. */
static int
open_mapped (const struct search *search, const struct gcg__proc_mapping *mapping)
{
  char path[4200];
  snprintf (path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)search->pid,
            (unsigned long long)mapping->low, (unsigned long long)mapping->high);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0)
    return fd;
  snprintf (path, sizeof path, "/proc/%d/root%s", (int)search->pid, mapping->path);
  return open (path, O_RDONLY | O_CLOEXEC);
}

/* Looks into the agent's first mapping; false ends the search. */
static bool
look_at (const struct gcg__proc_mapping *mapping, void *data)
{
  struct search *search = data;
  const char *slash = strrchr (mapping->path, '/');
  struct stat status;
  if (mapping->offset != 0 || slash == NULL
      || strncmp (slash + 1, AGENT_NAME, strlen (AGENT_NAME)) != 0)
    return true;
  int fd = open_mapped (search, mapping);
  if (fd < 0)
    return true;
  void *bytes = fstat (fd, &status) == 0 && status.st_size > 0
                    ? mmap (NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                    : MAP_FAILED;
  close (fd);
  if (bytes == MAP_FAILED)
    return true;
  struct file file = { bytes, (size_t)status.st_size };
  uint64_t value = value_of_root (&file);
  munmap (bytes, file.n);
  if (value == 0)
    return true;
  search->root = mapping->low + value;
  return false;
}

uint64_t
gcg__outside_find (pid_t pid)
{
  struct search search = { pid, 0 };
  return gcg__proc_maps (pid, pid, look_at, &search) ? search.root : 0;
}
