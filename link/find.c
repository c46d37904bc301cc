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
#include "image/vma.h"

/* A program that is linked with the agent may be run with another, which then is the one. */
static const char *const agent_names[]
    = { "libgcglass-preload.so", "libgcglass-malloc.so", "libgcglass.so" };

struct file
{
  const char *bytes;
  size_t n;
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

/* Opens the file that is mapped as MAPPING in process PID. */
static int
open_mapped (pid_t pid, const struct gcg__vma *mapping)
{
  char path[4200];
  snprintf (path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)pid,
            (unsigned long long)mapping->low, (unsigned long long)mapping->high);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0)
    return fd;
  snprintf (path, sizeof path, "/proc/%d/root%s", (int)pid, mapping->name);
  return open (path, O_RDONLY | O_CLOEXEC);
}

/* The address of the root in the file that is mapped as MAPPING, when that is the first mapping of
   an agent called NAME; else 0. */
static uint64_t
root_in (pid_t pid, const struct gcg__vma *mapping, const char *name)
{
  const char *slash = strrchr (mapping->name, '/');
  struct stat status;
  if (mapping->offset != 0 || slash == NULL || strncmp (slash + 1, name, strlen (name)) != 0)
    return 0;
  int fd = open_mapped (pid, mapping);
  if (fd < 0)
    return 0;
  void *bytes = fstat (fd, &status) == 0 && status.st_size > 0
                    ? mmap (NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                    : MAP_FAILED;
  close (fd);
  if (bytes == MAP_FAILED)
    return 0;
  struct file file = { bytes, (size_t)status.st_size };
  uint64_t value = value_of_root (&file);
  munmap (bytes, file.n);
  return value == 0 ? 0 : mapping->low + value;
}

uint64_t
gcg__outside_find (pid_t pid)
{
  struct gcg__vmas vmas;
  uint64_t root = 0;
  if (gcg__vmas_read (pid, &vmas, NULL) != GCG_OK)
    return 0;
  for (size_t n = 0; n < sizeof agent_names / sizeof *agent_names; n++)
    for (size_t i = 0; root == 0 && i < vmas.n; i++)
      root = root_in (pid, &vmas.items[i], agent_names[n]);
  gcg__vmas_fini (&vmas);
  return root;
}
