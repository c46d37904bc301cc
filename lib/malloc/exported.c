/* exported.c -- see exported.h: the hash tables of ELF, the GNU one and the old one. */
#include "exported.h"

#include <elf.h>
#include <string.h>

#define HIDDEN_VERSION 0x8000u

struct symbols
{
  uint64_t base;
  const ElfW (Sym) * symbols;
  const char *names;
  const uint16_t *versions;  /* NULL: no versions */
  const uint32_t *gnu, *old; /* tables; either may be NULL */
};

/* Reads the DYNAMIC section of a module at BASE.  The dynamic linker has added BASE to the
   addresses in it, except in modules whose dynamic section is read-only. */
static bool
read_dynamic (const ElfW (Dyn) * dynamic, uint64_t base, struct symbols *of)
{
  *of = (struct symbols){ .base = base };
  for (; dynamic->d_tag != DT_NULL; dynamic++)
    {
      uint64_t value = dynamic->d_un.d_ptr;
      const void *at = (const void *)(uintptr_t)(value < base ? value + base : value);
      switch (dynamic->d_tag)
        {
        case DT_SYMTAB:
          of->symbols = at;
          break;
        case DT_STRTAB:
          of->names = at;
          break;
        case DT_VERSYM:
          of->versions = at;
          break;
        case DT_GNU_HASH:
          of->gnu = at;
          break;
        case DT_HASH:
          of->old = at;
          break;
        default:
          break;
        }
    }
  return of->symbols && of->names && (of->gnu || of->old);
}

/* Returns whether symbol INDEX is an exported function called NAME. */
static bool
is_it (const struct symbols *of, uint32_t index, const char *name)
{
  const ElfW (Sym) *symbol = &of->symbols[index];
  unsigned type = ELF64_ST_TYPE (symbol->st_info);

  return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0
         && ELF64_ST_BIND (symbol->st_info) != STB_LOCAL && (type == STT_FUNC || type == STT_NOTYPE)
         && !(of->versions && (of->versions[index] & HIDDEN_VERSION))
         && strcmp (of->names + symbol->st_name, name) == 0;
}

/* Returns the index of NAME from the GNU hash table; 0: not found. */
static uint32_t
find_gnu (const struct symbols *of, const char *name)
{
  const uint32_t n_buckets = of->gnu[0], first = of->gnu[1], n_filter = of->gnu[2];
  const uint32_t *buckets
      = (const uint32_t *)((const uint64_t *)(const void *)&of->gnu[4] + n_filter);
  const uint32_t *chain = buckets + n_buckets;
  uint32_t hash = 5381, index;

  for (const char *at = name; *at; at++)
    hash = hash * 33 + (unsigned char)*at;
  index = n_buckets ? buckets[hash % n_buckets] : 0;
  if (index < first)
    return 0;
  for (;; index++)
    {
      uint32_t other = chain[index - first];
      if ((other | 1) == (hash | 1) && is_it (of, index, name))
        return index;
      if (other & 1)
        return 0;
    }
}

/* The same from the SysV hash table. */
static uint32_t
find_old (const struct symbols *of, const char *name)
{
  const uint32_t n_buckets = of->old[0], *buckets = &of->old[2], *chain = buckets + n_buckets;
  uint32_t hash = 0, index;

  for (const char *at = name; *at; at++)
    {
      hash = (hash << 4) + (unsigned char)*at;
      hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
    }
  index = n_buckets ? buckets[hash % n_buckets] : 0;
  while (index && !is_it (of, index, name))
    index = chain[index];
  return index;
}

bool
gcg__exported (const struct dl_phdr_info *module, const char *name, struct gcg__export *found)
{
  for (int i = 0; i < module->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *segment = &module->dlpi_phdr[i];
      struct symbols of;
      uint32_t index;
      if (segment->p_type != PT_DYNAMIC)
        continue;
      if (!read_dynamic ((const void *)(uintptr_t)(module->dlpi_addr + segment->p_vaddr),
                         module->dlpi_addr, &of))
        return false;
      index = of.gnu ? find_gnu (&of, name) : find_old (&of, name);
      if (index)
        *found = (struct gcg__export){ of.base + of.symbols[index].st_value,
                                       of.symbols[index].st_size };
      return index != 0;
    }
  return false;
}
