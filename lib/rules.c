/* rules.c -- see rules.h.
 *
 * The dynamic linker binds the names where a library, or the program, exports them; a weak name,
 * not dlsym, which would leave its failure to the program's next dlerror.  A program exports none
 * of its functions unless it is linked so: they are looked up in its own symbol table then, which
 * is there unless it has been stripped.  The file is mapped, and of it only the symbols are
 * touched.
 */
#include "rules.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "confined.h"
#include "raw.h"

#define MOST_BYTES ((size_t)1 << 20)

typedef const char *rules_function (void);
typedef int turned_off_function (void);

extern rules_function gcg_default_suppressions __attribute__ ((weak));
extern rules_function __lsan_default_suppressions __attribute__ ((weak));
extern turned_off_function __lsan_is_turned_off __attribute__ ((weak));

static const char *text = "";
static bool asked, turned_off;

const char *
gcg__rules_text (void)
{
  return text;
}

uint64_t
gcg__rules_place (void)
{
  return (uintptr_t)&text;
}

/* Of the executable file, mapped. */
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

/* The value of function NAME in the symbol table SECTION, 0 when it has none. */
static uint64_t
search (const struct file *file, const Elf64_Shdr *sections, uint32_t n_sections,
        const Elf64_Shdr *section, const char *name)
{
  const Elf64_Shdr *names = section->sh_link < n_sections ? &sections[section->sh_link] : NULL;
  uint64_t n = section->sh_size / sizeof (Elf64_Sym), bytes = strlen (name) + 1;
  const Elf64_Sym *symbols = file_at (file, section->sh_offset, n, sizeof *symbols);

  if (!names || !symbols || !file_at (file, names->sh_offset, names->sh_size, 1))
    return 0;
  for (uint64_t i = 0; i < n; i++)
    if (ELF64_ST_TYPE (symbols[i].st_info) == STT_FUNC && symbols[i].st_shndx != SHN_UNDEF
        && symbols[i].st_name < names->sh_size && bytes <= names->sh_size - symbols[i].st_name
        && memcmp (file->bytes + names->sh_offset + symbols[i].st_name, name, bytes) == 0)
      return symbols[i].st_value;
  return 0;
}

/* The same in all of FILE. */
static uint64_t
find_in (const struct file *file, const char *name)
{
  const Elf64_Ehdr *header = file_at (file, 0, 1, sizeof *header);
  const Elf64_Shdr *sections;
  uint64_t value = 0;

  if (!header || memcmp (header->e_ident, ELFMAG, SELFMAG) != 0
      || header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof *sections
      || !(sections = file_at (file, header->e_shoff, header->e_shnum, sizeof *sections)))
    return 0;
  for (uint32_t i = 0; i < header->e_shnum && !value; i++)
    if (sections[i].sh_type == SHT_SYMTAB)
      value = search (file, sections, header->e_shnum, &sections[i], name);
  return value;
}

/* The first module is the program. */
static int
note_bias (struct dl_phdr_info *info, size_t size, void *bias)
{
  (void)size;
  *(uint64_t *)bias = info->dlpi_addr;
  return 1;
}

/* The function NAME in the symbol table of the program. */
static rules_function *
find (const struct file *file, const char *name)
{
  uint64_t bias = 0, value = file->bytes ? find_in (file, name) : 0;

  if (!value)
    return NULL;
  dl_iterate_phdr (note_bias, &bias);
  return (rules_function *)(uintptr_t)(bias + value);
}

/* Adds RULES to the text. */
static void
add (const char *rules)
{
  size_t had = strlen (text), n = rules ? strnlen (rules, MOST_BYTES) : 0;
  char *both = n ? gcg__arena_take (had + n + 2) : NULL;

  if (!both)
    return;
  memcpy (both, text, had);
  if (had)
    both[had++] = '\n';
  memcpy (both + had, rules, n);
  text = both;
}

void
gcg__rules_ask (void)
{
  struct
  {
    const char *name;
    rules_function *function;
  } wanted[] = { { "gcg_default_suppressions", gcg_default_suppressions },
                 { "__lsan_default_suppressions", __lsan_default_suppressions } };
  struct file file = { NULL, 0 };
  turned_off_function *off;
  struct stat status;
  int fd = gcg__confined ? -1 : raw_open ("/proc/self/exe", O_RDONLY);
  void *map = MAP_FAILED;

  if (fd >= 0 && fstat (fd, &status) == 0 && status.st_size > 0)
    map = (void *)syscall (SYS_mmap, NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0L);
  if (fd >= 0)
    raw_close (fd);
  if (map != MAP_FAILED)
    file = (struct file){ map, (size_t)status.st_size };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    {
      rules_function *function
          = wanted[i].function ? wanted[i].function : find (&file, wanted[i].name);
      if (function)
        add (function ());
    }
  off = __lsan_is_turned_off;
  if (!off)
    off = (turned_off_function *)(void (*) (void))find (&file, "__lsan_is_turned_off");
  turned_off = off && off () != 0;
  if (turned_off)
    add ("leak:*");
  if (map != MAP_FAILED)
    raw_unmap (map, file.n);
  asked = true;
}

bool
gcg__rules_turn_off (void)
{
  if (!asked)
    gcg__rules_ask ();
  return turned_off;
}
