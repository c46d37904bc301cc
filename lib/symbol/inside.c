/* inside.c -- see inside.h.
 *
 * The file may be anything: each offset is checked against its size.
 */
#include <config.h>

#include "symbol/inside.h"

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_HEADERS 4096u

struct file
{
  const unsigned char *bytes;
  uint64_t n;
};

/* N bytes of FILE at OFFSET, or NULL. */
static const void *
at (const struct file *file, uint64_t offset, uint64_t n)
{
  return offset <= file->n && n <= file->n - offset ? file->bytes + offset : NULL;
}

static const Elf64_Ehdr *
header_of (const struct file *file)
{
  const Elf64_Ehdr *header = at (file, 0, sizeof *header);
  bool good = header != NULL && memcmp (header->e_ident, ELFMAG, SELFMAG) == 0
              && header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB;
  return good ? header : NULL;
}

static uint32_t
segments_of (const struct file *file)
{
  const Elf64_Ehdr *header = header_of (file);
  uint32_t n = header != NULL ? header->e_phnum : 0;
  return n < MOST_HEADERS ? n : MOST_HEADERS;
}

/* Segment NUMBER of FILE, when it is loaded and is not written to. */
static bool
constants_at (const struct file *file, uint32_t number, Elf64_Phdr *segment)
{
  const Elf64_Ehdr *header = header_of (file);
  const void *from
      = header != NULL
            ? at (file, header->e_phoff + (uint64_t)number * sizeof *segment, sizeof *segment)
            : NULL;
  if (from == NULL)
    return false;
  memcpy (segment, from, sizeof *segment);
  return segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0
         && at (file, segment->p_offset, segment->p_filesz) != NULL;
}

/* Is TEXT among the constants?  They are in segments that are not executed either, unless the
   program was linked so that there are none.  Segments of a program have no byte in common: what
   would be searched beyond the file's length is not. */
static bool
has (const struct file *file, const char *text)
{
  Elf64_Phdr segment;
  uint64_t left = file->n;
  uint32_t n = segments_of (file);
  bool apart = false;
  for (uint32_t i = 0; i < n && !apart; i++)
    apart = constants_at (file, i, &segment) && (segment.p_flags & PF_X) == 0;
  for (uint32_t i = 0; i < n; i++)
    if (constants_at (file, i, &segment) && !(apart && (segment.p_flags & PF_X) != 0)
        && segment.p_filesz <= left)
      {
        left -= segment.p_filesz;
        if (memmem (file->bytes + segment.p_offset, segment.p_filesz, text, strlen (text)) != NULL)
          return true;
      }
  return false;
}

/* Section NUMBER of FILE. */
static bool
section_at (const struct file *file, uint32_t number, Elf64_Shdr *section)
{
  const Elf64_Ehdr *header = header_of (file);
  const void *from
      = header != NULL && number < header->e_shnum
            ? at (file, header->e_shoff + (uint64_t)number * sizeof *section, sizeof *section)
            : NULL;
  if (from != NULL)
    memcpy (section, from, sizeof *section);
  return from != NULL;
}

/* Returns the text at OFFSET of the string section NUMBER, which ends in NUL, or "". */
static const char *
text_at (const struct file *file, uint32_t number, uint64_t offset)
{
  Elf64_Shdr strings;
  const char *all = NULL;
  if (section_at (file, number, &strings))
    all = at (file, strings.sh_offset, strings.sh_size);
  if (all == NULL || offset >= strings.sh_size || all[strings.sh_size - 1] != '\0')
    return "";
  return all + offset;
}

/* The entries of the first section of a type. */
struct entries
{
  const struct file *file;
  Elf64_Shdr section;
  uint64_t next, n;
  size_t bytes; /* of each */
};

/* Those of TYPE, of BYTES each; none where there is no such section. */
static struct entries
entries_of (const struct file *file, uint32_t type, size_t bytes)
{
  struct entries entries = { .file = file, .bytes = bytes };
  Elf64_Shdr *section = &entries.section;
  for (uint32_t number = 0; number < MOST_HEADERS && section_at (file, number, section); number++)
    if (section->sh_type == type && at (file, section->sh_offset, section->sh_size) != NULL)
      {
        entries.n = section->sh_size / bytes;
        break;
      }
  return entries;
}

/* Copies the next one to ENTRY; false: there are no more. */
static bool
next_entry (struct entries *entries, void *entry)
{
  if (entries->next == entries->n)
    return false;
  memcpy (entry,
          entries->file->bytes + entries->section.sh_offset + entries->next++ * entries->bytes,
          entries->bytes);
  return true;
}

/* The name at OFFSET of the strings that go with ENTRIES. */
static const char *
name_at (const struct entries *entries, uint64_t offset)
{
  return text_at (entries->file, entries->section.sh_link, offset);
}

static bool
exports (const struct file *file, const char *name)
{
  Elf64_Sym symbol;
  struct entries symbols = entries_of (file, SHT_DYNSYM, sizeof symbol);
  while (next_entry (&symbols, &symbol))
    if (symbol.st_shndx != SHN_UNDEF && strcmp (name_at (&symbols, symbol.st_name), name) == 0)
      return true;
  return false;
}

/* Does FILE need a library whose name begins with NAME? */
static bool
needs (const struct file *file, const char *name)
{
  Elf64_Dyn entry;
  struct entries dynamic = entries_of (file, SHT_DYNAMIC, sizeof entry);
  while (next_entry (&dynamic, &entry))
    if (entry.d_tag == DT_NEEDED
        && strncmp (name_at (&dynamic, entry.d_un.d_val), name, strlen (name)) == 0)
      return true;
  return false;
}

void
gcg__inside_look (const void *bytes, uint64_t n, struct gcg__inside *inside)
{
  const struct file whole = { bytes, n }, *file = &whole;
  /* AddressSanitizer has the name of LeakSanitizer in it as well. */
  static const char *const sanitizers[]
      = { "AddressSanitizer", "ThreadSanitizer", "MemorySanitizer", "LeakSanitizer" };
  bool own_malloc = exports (file, "malloc");
  *inside = (struct gcg__inside){ .collector = false };
  for (size_t i = 0; own_malloc && i < sizeof sanitizers / sizeof sanitizers[0]; i++)
    if (inside->sanitizer == NULL && has (file, sanitizers[i]))
      inside->sanitizer = sanitizers[i];
  inside->collector = !needs (file, "libgc.so") && has (file, "GC_INITIAL_HEAP_SIZE")
                      && has (file, "GC_MAXIMUM_HEAP_SIZE") && !exports (file, "GC_malloc");
  if (!own_malloc && !needs (file, "libjemalloc.so") && has (file, "<jemalloc>: "))
    inside->allocator = "jemalloc";
  else if (!own_malloc && !needs (file, "libmimalloc") && has (file, "mimalloc: error: "))
    inside->allocator = "mimalloc";
}

void
gcg__inside_read (const char *path, struct gcg__inside *inside)
{
  struct stat status;
  *inside = (struct gcg__inside){ .collector = false };
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return;
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && status.st_size > 0)
    {
      size_t n = (size_t)status.st_size;
      void *bytes = mmap (NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
      if (bytes != MAP_FAILED)
        {
          gcg__inside_look (bytes, n, inside);
          munmap (bytes, n);
        }
    }
  close (fd);
}

const char *
gcg__inside_words (const struct gcg__inside *inside)
{
  if (inside->collector)
    return "libgc is linked statically into it, and its objects are not seen; to observe them, "
           "link it with libgc.so";
  if (inside->allocator == NULL)
    return NULL;
  return strcmp (inside->allocator, "jemalloc") == 0
             ? "jemalloc is linked into it, and its blocks are not seen; to observe them, build it "
               "without jemalloc"
             : "mimalloc is linked into it, and its blocks are not seen; to observe them, build it "
               "without mimalloc";
}
