/* unloaded.c -- see unloaded.h.
 *
 * Modules are listed before and after each dlclose, which costs some microseconds and two system
 * calls; what the C library unloads internally is not seen.  Records are never freed, and their
 * number is bounded: modules unloaded after that keep their addresses.
 */
#include "unloaded.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "raw.h"
#include "site.h"
#include "snapshot/format.h"

#define MOST_NAME 512u
#define PAGE      UINT64_C (4096)

struct gcg__loaded_module
{
  uint64_t low, high, base;
  bool stays;
  char build_id[GCG__BUILD_ID_TEXT];
  char name[MOST_NAME], path[MOST_NAME];
};

static struct gcg__unloaded *records[GCG__MOST_UNLOADED];
static uint32_t n_records;
static uint64_t next_place = GCG__UNLOADED_LOW;
static uint64_t lowest = UINT64_MAX, highest; /* where all of them were */
static gcg__lock unloaded_lock = GCG__LOCK_INIT;

/* The build id in the notes of a module at BASE, as text. */
static void
read_build_id (const ElfW (Phdr) * phdrs, unsigned n, uint64_t base, char text[GCG__BUILD_ID_TEXT])
{
  text[0] = 0;
  for (unsigned i = 0; i < n; i++)
    {
      const char *at = (const char *)(uintptr_t)(base + phdrs[i].p_vaddr);
      const char *end = at + phdrs[i].p_filesz;
      while (phdrs[i].p_type == PT_NOTE && end - at > (ptrdiff_t)sizeof (ElfW (Nhdr)))
        {
          const ElfW (Nhdr) *note = (const void *)at;
          const char *name = at + sizeof *note, *data = name + (note->n_namesz + 3) / 4 * 4;
          if (data + note->n_descsz > end)
            break;
          if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp (name, "GNU", 4) == 0
              && note->n_descsz < GCG__BUILD_ID_TEXT / 2)
            {
              for (unsigned j = 0; j < note->n_descsz; j++)
                sprintf (text + 2 * j, "%02x", (unsigned char)data[j]);
              return;
            }
          at = data + (note->n_descsz + 3) / 4 * 4;
        }
    }
}

/* Where the segments of INFO lie; *FIRST_END: where the file's first mapping ends. */
static bool
find_bounds (const struct dl_phdr_info *info, uint64_t *low, uint64_t *high, uint64_t *first_end)
{
  *low = UINT64_MAX;
  *high = *first_end = 0;
  for (int i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *phdr = &info->dlpi_phdr[i];
      uint64_t begin = info->dlpi_addr + phdr->p_vaddr, end = begin + phdr->p_memsz;
      if (phdr->p_type != PT_LOAD)
        continue;
      if (begin < *low)
        {
          *low = begin & -PAGE;
          *first_end = (begin + phdr->p_filesz + PAGE - 1) & -PAGE;
        }
      *high = end > *high ? end : *high;
    }
  return *low < *high;
}

/* The file of a module whose name is not absolute: what is mapped there is. */
static void
find_path (struct gcg__loaded_module *module, uint64_t first_end)
{
  char link[80];
  ssize_t n = -1;

  if (module->name[0] != '/')
    {
      snprintf (link, sizeof link, "/proc/self/map_files/%llx-%llx",
                (unsigned long long)module->low, (unsigned long long)first_end);
      n = syscall (SYS_readlinkat, AT_FDCWD, link, module->path, sizeof module->path - 1);
    }
  if (n > 0)
    module->path[n] = 0;
  else
    memcpy (module->path, module->name, sizeof module->path);
}

static int
count_module (struct dl_phdr_info *info, size_t size, void *data)
{
  struct gcg__loaded *loaded = data;
  (void)size;
  loaded->subtracted = info->dlpi_subs;
  loaded->n = (size_t)(info->dlpi_adds - info->dlpi_subs);
  return 1;
}

static int
note_module (struct dl_phdr_info *info, size_t size, void *data)
{
  struct gcg__loaded *loaded = data;
  struct gcg__loaded_module *module = &loaded->modules[loaded->n];
  uint64_t first_end;
  (void)size;

  if ((loaded->n + 1) * sizeof *module > loaded->bytes)
    return 1;
  if (!info->dlpi_name[0] || strlen (info->dlpi_name) >= MOST_NAME
      || !find_bounds (info, &module->low, &module->high, &first_end))
    return 0;
  module->base = info->dlpi_addr;
  strcpy (module->name, info->dlpi_name);
  find_path (module, first_end);
  read_build_id (info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr, module->build_id);
  loaded->n++;
  return 0;
}

void
gcg__unloaded_before (struct gcg__loaded *loaded)
{
  *loaded = (struct gcg__loaded){ .n = 0 };
  dl_iterate_phdr (count_module, loaded);
  loaded->bytes = loaded->n * sizeof *loaded->modules;
  loaded->n = 0;
  loaded->modules = raw_map (loaded->bytes);
  if (loaded->modules == MAP_FAILED)
    loaded->bytes = 0;
  else
    dl_iterate_phdr (note_module, loaded);
}

static int
note_staying (struct dl_phdr_info *info, size_t size, void *data)
{
  struct gcg__loaded *loaded = data;
  (void)size;

  if (info->dlpi_subs == loaded->subtracted)
    {
      loaded->n = 0; /* none has gone */
      return 1;
    }
  for (size_t i = 0; i < loaded->n; i++)
    if (loaded->modules[i].base == info->dlpi_addr
        && strcmp (loaded->modules[i].name, info->dlpi_name) == 0)
      loaded->modules[i].stays = true;
  return 0;
}

/* The record of MODULE, which may have gone before; NULL: there is no room.  The lock is held. */
static struct gcg__unloaded *
record_of (const struct gcg__loaded_module *module)
{
  struct gcg__unloaded *record;

  for (uint32_t i = 0; i < n_records; i++)
    if (strcmp (records[i]->name, module->name) == 0
        && strcmp (records[i]->build_id, module->build_id) == 0
        && records[i]->high - records[i]->low == module->high - module->low)
      return records[i];
  record = n_records < GCG__MOST_UNLOADED ? gcg__arena_take (sizeof *record) : NULL;
  if (!record)
    return NULL;
  record->name = gcg__arena_text (module->name);
  record->path = gcg__arena_text (module->path);
  memcpy (record->build_id, module->build_id, sizeof record->build_id);
  record->place = next_place;
  next_place = (next_place + module->high - module->low + 2 * PAGE - 1) & -PAGE;
  return record;
}

static void
retire (const struct gcg__loaded_module *module)
{
  struct gcg__unloaded *record;

  gcg__lock_take (&unloaded_lock);
  record = record_of (module);
  if (record)
    {
      bool is_new = record->high == 0;
      record->low = module->low;
      record->high = module->high;
      record->base = module->base;
      if (module->low < lowest)
        __atomic_store_n (&lowest, module->low, __ATOMIC_RELAXED);
      if (module->high > highest)
        __atomic_store_n (&highest, module->high, __ATOMIC_RELAXED);
      if (is_new)
        {
          records[n_records] = record;
          __atomic_store_n (&n_records, n_records + 1, __ATOMIC_RELEASE);
        }
      gcg__site_move (record->low, record->high, record->place);
    }
  gcg__lock_give (&unloaded_lock);
}

void
gcg__unloaded_after (struct gcg__loaded *loaded)
{
  if (!loaded->bytes)
    return;
  dl_iterate_phdr (note_staying, loaded);
  for (size_t i = 0; i < loaded->n; i++)
    if (!loaded->modules[i].stays)
      retire (&loaded->modules[i]);
  raw_unmap (loaded->modules, loaded->bytes);
}

/* Is what is loaded at ADDRESS the module of RECORD?  The caller's stack returns there, so it stays
   while we look. */
static bool
is_back (const struct gcg__unloaded *record, uint64_t address)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE
  struct dl_find_object object;
  char build_id[GCG__BUILD_ID_TEXT];

  if (_dl_find_object ((void *)(uintptr_t)address, &object) != 0
      || (uintptr_t)object.dlfo_map_start != record->low
      || strcmp (object.dlfo_link_map->l_name, record->name) != 0)
    return false;
  const ElfW (Ehdr) *header = object.dlfo_map_start;
  read_build_id ((const void *)((const char *)header + header->e_phoff), header->e_phnum,
                 record->base, build_id);
  return strcmp (build_id, record->build_id) == 0;
#else
  (void)record, (void)address;
  return false;
#endif
}

void
gcg__unloaded_place (uint64_t *frames, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    {
      if (frames[i] < __atomic_load_n (&lowest, __ATOMIC_RELAXED)
          || frames[i] >= __atomic_load_n (&highest, __ATOMIC_RELAXED))
        continue;
      gcg__lock_take (&unloaded_lock);
      for (uint32_t j = 0; j < n_records; j++)
        if (frames[i] >= records[j]->low && frames[i] < records[j]->high
            && is_back (records[j], frames[i]))
          {
            frames[i] += records[j]->place - records[j]->low;
            break;
          }
      gcg__lock_give (&unloaded_lock);
    }
}

const struct gcg__unloaded *const *
gcg__unloaded_all (uint32_t *n)
{
  *n = __atomic_load_n (&n_records, __ATOMIC_ACQUIRE);
  return (const struct gcg__unloaded *const *)records;
}

void
gcg__unloaded_root (struct gcg__root_samples *root)
{
  root->n_unloaded = (uintptr_t)&n_records;
  root->unloaded = (uintptr_t)records;
}
