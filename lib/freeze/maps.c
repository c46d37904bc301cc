/* maps.c -- see maps.h.
 *
 * The file is read in pieces of 8 KiB; a line that does not fit is no mapping of ours.  An ELF
 * header is believed only as far as it can be read: everything goes through process_vm_readv.
 */
#include "maps.h"

#include <elf.h>
#include <string.h>
#include <sys/uio.h>

#include "peek.h"
#include "unloaded.h"
#include "words.h"

#define MOST_PHDRS    64
#define MOST_NOTE     256
#define PAGES_AT_ONCE 64 /* looked at by one system call */

uint64_t
gcg__readable_end_stopped (uint64_t low, uint64_t high)
{
  struct iovec there[PAGES_AT_ONCE];
  char bytes[PAGES_AT_ONCE];
  uint64_t page = (uint64_t)getpagesize (), at = low;

  /* One byte of each page. */
  while (at < high)
    {
      struct iovec here = { bytes, 0 };
      long got;
      for (uint64_t next = at; next < high && here.iov_len < PAGES_AT_ONCE;
           next = (next & -page) + page)
        there[here.iov_len++] = (struct iovec){ (void *)(uintptr_t)next, 1 };
      got = syscall (SYS_process_vm_readv, syscall (SYS_getpid), &here, 1ul, there,
                     (unsigned long)here.iov_len, 0ul);
      if (got < (long)here.iov_len)
        return got > 0 ? (uintptr_t)there[got].iov_base : at;
      at = ((uintptr_t)there[here.iov_len - 1].iov_base & -page) + page;
    }
  return high;
}

static uint64_t
parse_hex_stopped (const char **text)
{
  uint64_t value = 0;
  for (;; (*text)++)
    {
      char c = **text;
      if (c >= '0' && c <= '9')
        value = value * 16 + (uint64_t)(c - '0');
      else if (c >= 'a' && c <= 'f')
        value = value * 16 + (uint64_t)(c - 'a' + 10);
      else
        return value;
    }
}

/* "low-high perms offset dev inode   path" */
static void
parse_map_stopped (struct gcg__freeze *freeze, char *line)
{
  struct map map = { .low = 0 };
  const char *at = line;

  map.low = parse_hex_stopped (&at);
  at++;
  map.high = parse_hex_stopped (&at);
  map.readable = at[1] == 'r';
  map.writable = at[2] == 'w';
  map.is_shared = at[4] == 's';
  at += 6;
  map.offset = parse_hex_stopped (&at);
  for (int field = 0; field < 2; field++)
    {
      while (*at == ' ')
        at++;
      while (*at && *at != ' ')
        at++;
    }
  while (*at == ' ')
    at++;
  map.is_file = *at == '/';
  map.is_stack = strcmp (at, "[stack]") == 0;
  map.name = gcg__freeze_text_stopped (freeze, at);
  COLUMN_PUSH (&freeze->maps, struct map, map, &freeze->error);
}

/* The same from TEXT, which may be changed. */
static void
parse_maps_stopped (struct gcg__freeze *freeze, char *text)
{
  for (char *end; (end = strchr (text, '\n')) != NULL; text = end + 1)
    {
      *end = 0;
      parse_map_stopped (freeze, text);
    }
}

void
gcg__maps_read_stopped (struct gcg__freeze *freeze)
{
  char buffer[8192];
  size_t held = 0;
  int fd;
  long n;

  if (freeze->walk)
    {
      parse_maps_stopped (freeze, (char *)(uintptr_t)freeze->walk->maps);
      return;
    }
  fd = raw_open ("/proc/self/maps", O_RDONLY);
  if (fd < 0)
    {
      freeze->error = errno;
      return;
    }
  while ((n = raw_read (fd, buffer + held, sizeof buffer - 1 - held)) > 0)
    {
      char *line = buffer, *end;
      held += (size_t)n;
      buffer[held] = 0;
      while ((end = memchr (line, '\n', held - (size_t)(line - buffer))))
        {
          *end = 0;
          parse_map_stopped (freeze, line);
          line = end + 1;
        }
      held -= (size_t)(line - buffer);
      if (held == sizeof buffer - 1)
        held = 0; /* a line longer than any path: not one of ours */
      memmove (buffer, line, held);
    }
  raw_close (fd);
}

/* Index of the first map that ends above ADDRESS. */
static uint64_t
first_above_stopped (const struct gcg__freeze *freeze, uint64_t address)
{
  const struct map *maps = freeze->maps.data;
  uint64_t low = 0, high = freeze->maps.n;

  while (low < high)
    {
      uint64_t middle = (low + high) / 2;
      if (maps[middle].high <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

const struct map *
gcg__maps_find_stopped (const struct gcg__freeze *freeze, uint64_t address)
{
  const struct map *maps = freeze->maps.data;
  uint64_t i = first_above_stopped (freeze, address);

  return i < freeze->maps.n && maps[i].low <= address ? &maps[i] : NULL;
}

uint64_t
gcg__maps_next_stopped (const struct gcg__freeze *freeze, uint64_t address)
{
  const struct map *maps = freeze->maps.data;
  uint64_t i = first_above_stopped (freeze, address);

  if (i < freeze->maps.n && maps[i].low <= address)
    i++;
  return i < freeze->maps.n ? maps[i].low : UINT64_MAX;
}

/* The build id in the notes at ADDRESS, as hexadecimal text in STRINGS; 0 when there is none. */
static uint32_t
build_id_stopped (struct gcg__freeze *freeze, uint64_t address, uint64_t bytes)
{
  char note[MOST_NOTE], text[2 * MOST_NOTE + 1];
  uint64_t at = 0;

  if (bytes > sizeof note)
    bytes = sizeof note;
  if (!gcg__peek (address, note, bytes))
    return 0;
  while (at + sizeof (Elf64_Nhdr) <= bytes)
    {
      const Elf64_Nhdr *header = (const Elf64_Nhdr *)(note + at);
      uint64_t name = at + sizeof *header;
      uint64_t data = name + ((uint64_t)header->n_namesz + 3) / 4 * 4;
      if (data + header->n_descsz > bytes)
        return 0;
      if (header->n_type == NT_GNU_BUILD_ID && header->n_namesz == 4
          && memcmp (note + name, "GNU", 4) == 0)
        {
          for (uint32_t i = 0; i < header->n_descsz; i++)
            {
              unsigned char byte = (unsigned char)note[data + i];
              text[2 * i] = "0123456789abcdef"[byte >> 4];
              text[2 * i + 1] = "0123456789abcdef"[byte & 15];
            }
          text[2 * header->n_descsz] = 0;
          return gcg__freeze_text_stopped (freeze, text);
        }
      at = data + ((uint64_t)header->n_descsz + 3) / 4 * 4;
    }
  return 0;
}

/* One module whose ELF header is at the start of MAP. */
static void
module_stopped (struct gcg__freeze *freeze, const struct map *map,
                void (*root) (struct gcg__freeze *, uint32_t, uint64_t, uint64_t))
{
  Elf64_Ehdr header;
  Elf64_Phdr phdrs[MOST_PHDRS];
  struct gcg__module module = { .path = map->name, .low = UINT64_MAX };
  uint32_t index = (uint32_t)COLUMN (freeze, MODULES)->n;
  uint64_t relro_low = 0, relro_high = 0;

  if (!gcg__peek (map->low, &header, sizeof header) || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0
      || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phnum > MOST_PHDRS
      || header.e_phentsize != sizeof (Elf64_Phdr)
      || (header.e_type != ET_DYN && header.e_type != ET_EXEC)
      || !gcg__peek (map->low + header.e_phoff, phdrs, header.e_phnum * sizeof *phdrs))
    return;
  for (int i = header.e_phnum - 1; i >= 0; i--)
    if (phdrs[i].p_type == PT_LOAD && phdrs[i].p_offset == 0)
      module.base = map->low - phdrs[i].p_vaddr;
  for (int i = 0; i < header.e_phnum; i++)
    {
      uint64_t low = module.base + phdrs[i].p_vaddr, high = low + phdrs[i].p_memsz;
      if (phdrs[i].p_type == PT_LOAD)
        {
          module.low = low < module.low ? low : module.low;
          module.high = high > module.high ? high : module.high;
        }
      else if (phdrs[i].p_type == PT_NOTE && !module.build_id)
        module.build_id = build_id_stopped (freeze, low, phdrs[i].p_filesz);
      else if (phdrs[i].p_type == PT_GNU_RELRO)
        {
          relro_low = low;
          relro_high = high;
        }
    }
  if (module.low >= module.high)
    return;
  COLUMN_PUSH (COLUMN (freeze, MODULES), struct gcg__module, module, &freeze->error);
  for (int i = 0; i < header.e_phnum; i++)
    if (phdrs[i].p_type == PT_LOAD && (phdrs[i].p_flags & PF_W))
      {
        uint64_t low = module.base + phdrs[i].p_vaddr, high = low + phdrs[i].p_memsz;
        if (relro_low <= low && relro_high > low)
          low = relro_high;
        if (low < high)
          root (freeze, index, low, high);
      }
}

#if defined GCG_PRELOAD || defined GCG_MALLOC

/* What has been unloaded, where call stacks say it is. */
static void
unloaded_stopped (struct gcg__freeze *freeze)
{
  uint32_t n;
  const struct gcg__unloaded *const *all = gcg__unloaded_all (&n);

  for (uint32_t i = 0; i < n; i++)
    {
      struct gcg__module module = { .path = gcg__freeze_text_stopped (freeze, all[i]->path),
                                    .build_id = gcg__freeze_text_stopped (freeze, all[i]->build_id),
                                    .base = all[i]->place - (all[i]->low - all[i]->base),
                                    .low = all[i]->place,
                                    .high = all[i]->place + (all[i]->high - all[i]->low) };
      COLUMN_PUSH (COLUMN (freeze, MODULES), struct gcg__module, module, &freeze->error);
    }
}

#endif

void
gcg__modules_stopped (struct gcg__freeze *freeze,
                      void (*root) (struct gcg__freeze *, uint32_t, uint64_t, uint64_t))
{
  for (uint64_t i = 0; i < freeze->maps.n; i++)
    {
      const struct map *map = (const struct map *)freeze->maps.data + i;
      if (map->is_file && map->readable && map->offset == 0)
        module_stopped (freeze, map, root);
    }
#if defined GCG_PRELOAD || defined GCG_MALLOC
  unloaded_stopped (freeze);
#endif
}
