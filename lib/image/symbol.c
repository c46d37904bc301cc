/* symbol.c -- dynamic symbols of modules, found in memory (modules.h).
 *
 * What a lookup needs is listed in the module's dynamic section and is part of what is loaded: the
 * symbol and string tables, and the GNU hash table (a Bloom filter, buckets, chains), or the older
 * one of the System V ABI.  Chains are followed MOST_CHAIN steps at most.
 */
#include "config.h"

#include <elf.h>
#include <string.h>

#include "image/modules.h"

#define MOST_ENTRIES 256
#define MOST_CHAIN   65536u
#define MOST_NAME    128u

struct tables
{
  const struct gcg__memory_image *image;
  const struct gcg__loaded_module *module;
  const char *name; /* that is looked for */
  uint64_t symbols, strings, gnu_hash, hash;
};

static bool
word32 (const struct tables *tables, uint64_t address, uint32_t *word)
{
  return gcg__image_get (tables->image, address, word, sizeof *word);
}

/* Addresses in a dynamic section are relocated by the dynamic linker, but for the kernel's module.
 */
static uint64_t
relocated (const struct gcg__loaded_module *module, uint64_t address)
{
  return address >= module->low && address < module->high ? address : module->base + address;
}

static bool
find_tables (struct tables *tables)
{
  const struct gcg__loaded_module *module = tables->module;
  Elf64_Dyn entries[MOST_ENTRIES];
  size_t n;

  if (!module->dynamic)
    return false;
  n = gcg__image_read (tables->image, module->dynamic, entries, sizeof entries) / sizeof *entries;
  for (size_t i = 0; i < n && entries[i].d_tag != DT_NULL; i++)
    {
      uint64_t address = relocated (module, entries[i].d_un.d_ptr);
      switch (entries[i].d_tag)
        {
        case DT_SYMTAB:
          tables->symbols = address;
          break;
        case DT_STRTAB:
          tables->strings = address;
          break;
        case DT_GNU_HASH:
          tables->gnu_hash = address;
          break;
        case DT_HASH:
          tables->hash = address;
          break;
        }
    }
  return tables->symbols && tables->strings && (tables->gnu_hash || tables->hash);
}

/* Is symbol NUMBER the one, and defined here? */
static bool
is_symbol (const struct tables *tables, uint32_t number, struct gcg__module_symbol *found)
{
  char name[MOST_NAME];
  Elf64_Sym symbol;

  if (!gcg__image_get (tables->image, tables->symbols + (uint64_t)number * sizeof symbol, &symbol,
                       sizeof symbol)
      || symbol.st_shndx == SHN_UNDEF
      || !gcg__image_text (tables->image, tables->strings + symbol.st_name, name, sizeof name)
      || strcmp (name, tables->name) != 0)
    return false;
  found->is_tls = ELF64_ST_TYPE (symbol.st_info) == STT_TLS;
  found->value
      = symbol.st_value + (found->is_tls || symbol.st_shndx == SHN_ABS ? 0 : tables->module->base);
  found->bytes = symbol.st_size;
  return true;
}

static bool
find_gnu (const struct tables *tables, struct gcg__module_symbol *found)
{
  uint32_t head[4] = { 0 }, hash = 5381, number, value; /* buckets, first, words of filter, shift */
  uint64_t filter = tables->gnu_hash + sizeof head, buckets, chains, bits;

  for (const unsigned char *c = (const unsigned char *)tables->name; *c; c++)
    hash = hash * 33 + *c;
  if (!gcg__image_get (tables->image, tables->gnu_hash, head, sizeof head) || !head[0] || !head[2])
    return false;
  buckets = filter + 8 * (uint64_t)head[2];
  chains = buckets + 4 * (uint64_t)head[0];
  if (!gcg__image_get (tables->image, filter + 8 * (uint64_t)(hash / 64 % head[2]), &bits,
                       sizeof bits)
      || !(bits >> hash % 64 & bits >> (hash >> head[3] % 32) % 64 & 1)
      || !word32 (tables, buckets + 4 * (uint64_t)(hash % head[0]), &number) || number < head[1])
    return false;
  for (uint32_t steps = 0; steps < MOST_CHAIN; steps++, number++)
    {
      if (!word32 (tables, chains + 4 * (uint64_t)(number - head[1]), &value))
        return false;
      if ((value | 1) == (hash | 1) && is_symbol (tables, number, found))
        return true;
      if (value & 1)
        return false;
    }
  return false;
}

static bool
find_old (const struct tables *tables, struct gcg__module_symbol *found)
{
  uint32_t head[2] = { 0 }, hash = 0, number; /* buckets, chains */

  for (const unsigned char *c = (const unsigned char *)tables->name; *c; c++)
    {
      hash = (hash << 4) + *c;
      hash ^= hash >> 24 & 0xf0;
      hash &= 0x0fffffff;
    }
  if (!gcg__image_get (tables->image, tables->hash, head, sizeof head) || !head[0]
      || !word32 (tables, tables->hash + 8 + 4 * (uint64_t)(hash % head[0]), &number))
    return false;
  for (uint32_t steps = 0; number != 0 && number < head[1] && steps < MOST_CHAIN; steps++)
    {
      if (is_symbol (tables, number, found))
        return true;
      if (!word32 (tables, tables->hash + 8 + 4 * ((uint64_t)head[0] + number), &number))
        return false;
    }
  return false;
}

bool
gcg__module_symbol (const struct gcg__memory_image *image, const struct gcg__loaded_module *module,
                    const char *name, struct gcg__module_symbol *symbol)
{
  struct tables tables = { .image = image, .module = module, .name = name };

  if (strlen (name) >= MOST_NAME || !find_tables (&tables))
    return false;
  return tables.gnu_hash ? find_gnu (&tables, symbol) : find_old (&tables, symbol);
}

const struct gcg__loaded_module *
gcg__modules_symbol (const struct gcg__memory_image *image,
                     const struct gcg__loaded_modules *modules, const char *name,
                     struct gcg__module_symbol *symbol)
{
  for (size_t i = 0; i < modules->n; i++)
    if (!modules->items[i].is_vdso && gcg__module_symbol (image, &modules->items[i], name, symbol))
      return &modules->items[i];
  return NULL;
}
