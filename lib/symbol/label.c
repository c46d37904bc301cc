/* label.c -- the ELF symbol table of a module, by address.
 *
 * Names functions where there is no DWARF, and data always.  libdwfl picks the richest table it can
 * find (.symtab of the file, of its separate debug file, .gnu_debugdata, else .dynsym); all of it
 * is read once and sorted, since libdwfl's own lookup goes through the whole table each time and a
 * snapshot asks about every static pointer of the program.
 *
 * Symbols with a size hold exactly their bytes.  Those without (assembler labels) hold what follows
 * up to the next symbol or the end of their section, and only where no symbol with a size has begun
 * after them.  Of several names for the same bytes a global one wins over a weak one over a local
 * one, and then the first in the table.
 */
#include "config.h"

#include "symbol/internal.h"

#include <gelf.h>
#include <string.h>

/* What is added to a symbol's rank so that the first of equals is the highest. */
#define RANK_LOCAL  0u
#define RANK_WEAK   (UINT64_C (1) << 32)
#define RANK_GLOBAL (UINT64_C (2) << 32)

static bool
label_is_wanted (const GElf_Sym *symbol, const char *name, GElf_Word section)
{
  const int type = GELF_ST_TYPE (symbol->st_info);
  if (name == NULL || name[0] == '\0' || section == SHN_UNDEF || section == SHN_ABS)
    return false;
  /* $x, $d: the mapping symbols of aarch64. */
  if (name[0] == '$' && type == STT_NOTYPE)
    return false;
  return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT || type == STT_COMMON
         || type == STT_NOTYPE;
}

/* End of the section that holds the file's ADDRESS. */
static uint64_t
section_end (struct gcg__image *image, uint64_t address)
{
  Dwarf_Addr bias, start = address;
  GElf_Shdr header;
  Elf_Scn *section = dwfl_module_address_section (image->dwfl_module, &start, &bias);
  if (section == NULL || gelf_getshdr (section, &header) == NULL)
    return address;
  /* START has become the offset in the section. */
  return start < header.sh_size ? address - start + header.sh_size : address;
}

/* Gives the labels without a size the bytes up to the next symbol. */
static void
labels_stretch (struct gcg__image *image)
{
  struct gcg__spans *bare = &image->bare_labels;
  const struct gcg__spans *sized = &image->sized_labels;
  for (size_t i = bare->n; i-- > 0;)
    {
      struct gcg__span *span = &bare->items[i];
      uint64_t end = section_end (image, span->low);
      const size_t next = gcg__spans_until (sized, span->low);
      if (next < sized->n && sized->items[next].low < end)
        end = sized->items[next].low;
      if (i + 1 < bare->n && bare->items[i + 1].low == span->low)
        end = bare->items[i + 1].high;
      else if (i + 1 < bare->n && bare->items[i + 1].low < end)
        end = bare->items[i + 1].low;
      span->high = end;
    }
  gcg__spans_sort (bare);
}

/* NAME without the version that the linker appends ("stdout@GLIBC_2.2.5"). */
static const char *
label_text (struct gcg__symbols *symbols, const char *name)
{
  const char *at = strchr (name, '@');
  const char *text = NULL;
  if (at != NULL && at != name)
    text = gcg__pool_text (&symbols->pool, name, (size_t)(at - name));
  return text != NULL ? text : name;
}

static void
labels_build (struct gcg__symbols *symbols, struct gcg__image *image)
{
  image->labels_built = true;
  if (!gcg__image_open_elf (symbols, image))
    return;
  const int n = dwfl_module_getsymtab (image->dwfl_module);
  for (int i = 1; i < n; i++)
    {
      GElf_Sym symbol;
      GElf_Addr address;
      GElf_Word section = 0;
      const char *name = dwfl_module_getsym_info (image->dwfl_module, i, &symbol, &address,
                                                  &section, NULL, NULL);
      if (!label_is_wanted (&symbol, name, section))
        continue;
      const int binding = GELF_ST_BIND (symbol.st_info);
      const uint64_t rank = (binding == STB_GLOBAL ? RANK_GLOBAL
                             : binding == STB_WEAK ? RANK_WEAK
                                                   : RANK_LOCAL)
                            + (UINT32_MAX - (uint32_t)i);
      const bool sized = symbol.st_size > 0 && address + symbol.st_size > address;
      if (!gcg__spans_add (sized ? &image->sized_labels : &image->bare_labels, address,
                           sized ? address + symbol.st_size : address,
                           (void *)label_text (symbols, name), rank))
        break;
    }
  gcg__spans_sort (&image->sized_labels);
  gcg__spans_sort (&image->bare_labels);
  labels_stretch (image);
}

const char *
gcg__label_find (struct gcg__symbols *symbols, struct gcg__image *image, uint64_t address,
                 bool data, uint64_t *offset)
{
  if (!image->labels_built)
    labels_build (symbols, image);
  const struct gcg__span *span = gcg__spans_find (&image->sized_labels, address, NULL);
  if (span == NULL && !data)
    {
      const size_t before = gcg__spans_until (&image->sized_labels, address);
      span = gcg__spans_find (&image->bare_labels, address, NULL);
      if (span != NULL && before > 0 && image->sized_labels.items[before - 1].reach > span->low)
        span = NULL;
    }
  if (span == NULL)
    return NULL;
  *offset = address - span->low;
  return gcg__address_demangle (symbols, span->what);
}

void
gcg__label_fini (struct gcg__image *image)
{
  gcg__spans_fini (&image->sized_labels);
  gcg__spans_fini (&image->bare_labels);
}
