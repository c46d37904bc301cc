/* modules.c -- see modules.h.
 *
 * A mapping of an ELF file is a loaded module when each of its segments is there: in mappings of
 * the same file and the right offset (executable where the segment is), or in anonymous memory, for
 * some programs move their code to large pages.  Everything that the headers say is checked before
 * it is used: sums that wrap make no module.
 */
#include "config.h"

#include "image/modules.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/room.h"

#define MOST_PHDRS 256
#define MOST_NOTES 4096u
#define MOST_SPAN  (UINT64_C (1) << 47) /* of one module: user space is not larger */

struct reading
{
  const struct gcg__memory_image *image;
  struct gcg__loaded_modules *modules;
  uint32_t room, data_room;
  Elf64_Phdr phdrs[MOST_PHDRS]; /* of the module that is being read */
  int n_phdrs;
};

/* The build id in NOTES[BYTES], whose entries are padded to ALIGN, as hexadecimal text. */
static void
find_build_id (const uint8_t *notes, uint64_t bytes, uint64_t align, char *text)
{
  for (uint64_t at = 0; at + sizeof (Elf64_Nhdr) <= bytes;)
    {
      Elf64_Nhdr header;
      memcpy (&header, notes + at, sizeof header);
      uint64_t name = at + sizeof header;
      uint64_t data = (name + header.n_namesz + align - 1) / align * align;
      if (data + header.n_descsz > bytes)
        return;
      if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4
          && header.n_descsz <= GCG__BUILD_ID_MAX && memcmp (notes + name, "GNU", 4) == 0)
        {
          for (uint32_t i = 0; i < header.n_descsz; i++)
            snprintf (text + (size_t)(2 * i), 3, "%02x", notes[data + i]);
          return;
        }
      at = (data + header.n_descsz + align - 1) / align * align;
    }
}

/* Is the segment PHDR of the file that MAP maps where it should be, from START on? */
static bool
segment_is_there (const struct gcg__memory_image *image, const struct gcg__vma *map,
                  const Elf64_Phdr *phdr, uint64_t start)
{
  const struct gcg__vma *there = gcg__vmas_find (gcg__image_vmas (image), start);

  if (phdr->p_filesz == 0)
    return true;
  if (!there)
    return false;
  if (there->inode == 0)
    return !there->is_file && (!map->is_file || there->name[0] != '[');
  return there->inode == map->inode && there->device == map->device
         && there->offset + (start - there->low) == phdr->p_offset
         && (!(phdr->p_flags & PF_X) || there->is_executable || there->is_writable);
}

/* What the segments say of MODULE, whose header is in MAP; false: they are not there. */
static bool
read_segments (struct reading *reading, const struct gcg__vma *map,
               struct gcg__loaded_module *module)
{
  uint8_t notes[MOST_NOTES];

  module->low = UINT64_MAX;
  for (int i = 0; i < reading->n_phdrs; i++)
    {
      const Elf64_Phdr *phdr = &reading->phdrs[i];
      uint64_t low = module->base + phdr->p_vaddr, high = low + phdr->p_memsz, got;
      if (phdr->p_memsz > MOST_SPAN || high < low)
        {
          if (phdr->p_type == PT_LOAD)
            return false;
          continue;
        }
      switch (phdr->p_type)
        {
        case PT_LOAD:
          if (!segment_is_there (reading->image, map, phdr, low))
            return false;
          module->low = low < module->low ? low : module->low;
          module->high = high > module->high ? high : module->high;
          break;
        case PT_NOTE:
          if (module->build_id[0])
            break;
          got = phdr->p_filesz < sizeof notes ? phdr->p_filesz : sizeof notes;
          got = gcg__image_read (reading->image, low, notes, got);
          find_build_id (notes, got, phdr->p_align == 8 ? 8 : 4, module->build_id);
          break;
        case PT_TLS:
          module->tls_bytes = phdr->p_memsz;
          module->tls_align = phdr->p_align;
          break;
        case PT_DYNAMIC:
          module->dynamic = low;
          break;
        }
    }
  return module->low < module->high && module->high - module->low <= MOST_SPAN;
}

/* Reads the ELF header and the program headers at the beginning of MAP; the load bias goes to
   MODULE.  False: it is none. */
static bool
read_headers (struct reading *reading, const struct gcg__vma *map,
              struct gcg__loaded_module *module)
{
  Elf64_Ehdr header;
  bool any = false;

  if (!gcg__image_get (reading->image, map->low, &header, sizeof header)
      || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64
      || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_phnum > MOST_PHDRS
      || header.e_phentsize != sizeof (Elf64_Phdr) || header.e_phoff > MOST_SPAN
      || (header.e_type != ET_DYN && header.e_type != ET_EXEC)
      || !gcg__image_get (reading->image, map->low + header.e_phoff, reading->phdrs,
                          header.e_phnum * sizeof *reading->phdrs))
    return false;
  reading->n_phdrs = header.e_phnum;
  for (int i = header.e_phnum - 1; i >= 0; i--)
    if (reading->phdrs[i].p_type == PT_LOAD && reading->phdrs[i].p_offset == 0)
      {
        module->base = map->low - reading->phdrs[i].p_vaddr;
        any = true;
      }
  module->machine = header.e_machine;
  return any;
}

/* The writable data of module INDEX, whose headers have been read. */
static bool
read_data (struct reading *reading, uint32_t index)
{
  struct gcg__loaded_modules *modules = reading->modules;
  uint64_t base = modules->items[index].base, relro_low = 0, relro_high = 0;

  for (int i = 0; i < reading->n_phdrs; i++)
    if (reading->phdrs[i].p_type == PT_GNU_RELRO)
      {
        relro_low = base + reading->phdrs[i].p_vaddr;
        relro_high = relro_low + reading->phdrs[i].p_memsz;
      }
  for (int i = 0; i < reading->n_phdrs; i++)
    if (reading->phdrs[i].p_type == PT_LOAD && (reading->phdrs[i].p_flags & PF_W))
      {
        uint64_t low = base + reading->phdrs[i].p_vaddr, high = low + reading->phdrs[i].p_memsz;
        if (relro_low <= low && relro_high > low)
          low = relro_high;
        if (low >= high)
          continue;
        if (!gcg__room_for_one (&modules->data, (uint32_t)modules->n_data, &reading->data_room,
                                sizeof *modules->data))
          return false;
        modules->data[modules->n_data++] = (struct gcg__module_data){ index, low, high };
      }
  return true;
}

/* The module whose ELF header is at the start of MAP, if one is.  False: no memory. */
static bool
read_module (struct reading *reading, const struct gcg__vma *map)
{
  struct gcg__loaded_modules *modules = reading->modules;
  struct gcg__loaded_module module = { .path = map->name,
                                       .is_vdso = strcmp (map->name, "[vdso]") == 0,
                                       .is_deleted = map->is_deleted };

  if (!read_headers (reading, map, &module) || !read_segments (reading, map, &module))
    return true;
  if (!gcg__room_for_one (&modules->items, (uint32_t)modules->n, &reading->room,
                          sizeof *modules->items))
    return false;
  modules->items[modules->n++] = module;
  return read_data (reading, (uint32_t)modules->n - 1);
}

enum gcg_status
gcg__modules_read (const struct gcg__memory_image *image, struct gcg__loaded_modules *modules,
                   struct gcg_error *error)
{
  const struct gcg__vmas *vmas = gcg__image_vmas (image);
  struct gcg__loaded_modules found = { 0 };
  struct reading *reading = calloc (1, sizeof *reading);

  if (!reading)
    goto fail;
  reading->image = image;
  reading->modules = &found;
  for (size_t i = 0; i < vmas->n; i++)
    {
      const struct gcg__vma *map = &vmas->items[i];
      bool may_be
          = map->is_file ? map->offset == 0 && !map->is_device : strcmp (map->name, "[vdso]") == 0;
      if (may_be && map->is_readable && !read_module (reading, map))
        goto fail;
    }
  free (reading);
  *modules = found;
  return GCG_OK;

fail:
  free (reading);
  gcg__modules_fini (&found);
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the modules of a process");
}

void
gcg__modules_fini (struct gcg__loaded_modules *modules)
{
  free (modules->items);
  free (modules->data);
  *modules = (struct gcg__loaded_modules){ 0 };
}

void
gcg__modules_ask_files (struct gcg__loaded_modules *modules, const struct gcg__memory_image *image)
{
  const struct gcg__vmas *vmas = gcg__image_vmas (image);
  char path[8192];
  struct stat file;

  for (size_t i = 0; i < modules->n; i++)
    {
      struct gcg__loaded_module *module = &modules->items[i];
      const struct gcg__vma *map = gcg__vmas_find (vmas, module->low);
      int n = snprintf (path, sizeof path, "/proc/%d/root%s", (int)vmas->tid, module->path);
      if (vmas->tid == 0 || module->is_vdso || !map || n >= (int)sizeof path)
        continue;
      if (module->is_deleted)
        path[(size_t)n - strlen (GCG__VMA_DELETED)] = '\0';
      /* Devices are not compared: some file systems report another one here than there. */
      bool there = stat (path, &file) == 0;
      module->is_replaced = there && file.st_ino != map->inode;
      module->is_deleted = module->is_deleted || (!there && errno == ENOENT);
    }
}

const struct gcg__loaded_module *
gcg__modules_find (const struct gcg__loaded_modules *modules, uint64_t address)
{
  for (size_t i = 0; i < modules->n; i++)
    if (address >= modules->items[i].low && address < modules->items[i].high)
      return &modules->items[i];
  return NULL;
}
