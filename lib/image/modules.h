/* modules.h -- the ELF files that are loaded in a process, read from its memory alone.
 *
 * A module is a mapping of the beginning of an ELF file whose other segments lie where its program
 * headers say; so files that a program merely reads through a mapping are none.  The dynamic
 * linker's list is not used: it may be in the middle of a change.  Files are not opened: they may
 * have been replaced since.
 */
#ifndef GCG_IMAGE_MODULES_H
#define GCG_IMAGE_MODULES_H

#include "image/image.h"

#define GCG__BUILD_ID_MAX 64u /* bytes; longer ones are ignored */

struct gcg__loaded_module
{
  const char *path;   /* as the kernel spells it, " (deleted)" included; "[vdso]".  Of the image */
  uint64_t base;      /* load bias: run-time address = base + address in the file */
  uint64_t low, high; /* lowest mapped address, one past the highest */
  uint64_t dynamic;   /* run-time address of PT_DYNAMIC, 0 = none */
  uint64_t tls_bytes; /* of its thread-local data in each thread, 0 = none */
  uint64_t tls_align;
  uint32_t machine; /* ELF e_machine */
  bool is_vdso;
  bool is_deleted;                          /* its file has no name any more */
  bool is_replaced;                         /* and another one has it: gcg__modules_ask_files */
  char build_id[2 * GCG__BUILD_ID_MAX + 1]; /* hexadecimal, "" = none */
};

/* Writable data, those that are read-only after relocation left out. */
struct gcg__module_data
{
  uint32_t module;
  uint64_t low, high;
};

struct gcg__loaded_modules
{
  struct gcg__loaded_module *items; /* ascending by the address of the ELF header */
  size_t n;
  struct gcg__module_data *data; /* in the order of modules and their segments */
  size_t n_data;
};

/* Finds the modules of IMAGE, which needs mappings and must live as long as they are used.  The
   caller frees what MODULES holds by gcg__modules_fini.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__modules_read (const struct gcg__memory_image *image,
                                   struct gcg__loaded_modules *modules, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Compares the files that the paths lead to, as the process sees them, with what is mapped in
   IMAGE, and sets is_deleted and is_replaced.  Nothing where IMAGE is of no process. */
void gcg__modules_ask_files (struct gcg__loaded_modules *modules,
                             const struct gcg__memory_image *image);

/* Harmless on zeroed ones. */
void gcg__modules_fini (struct gcg__loaded_modules *modules);

/* The module that ADDRESS is in, or NULL. */
const struct gcg__loaded_module *gcg__modules_find (const struct gcg__loaded_modules *modules,
                                                    uint64_t address);

/* A dynamic symbol. */
struct gcg__module_symbol
{
  uint64_t value; /* its address; of thread-local data the offset in the module's block */
  uint64_t bytes;
  bool is_tls;
};

/* Looks NAME up among what MODULE defines for others; false when it does not. */
bool gcg__module_symbol (const struct gcg__memory_image *image,
                         const struct gcg__loaded_module *module, const char *name,
                         struct gcg__module_symbol *symbol);

/* The same in all modules: the first that defines it, or NULL. */
const struct gcg__loaded_module *gcg__modules_symbol (const struct gcg__memory_image *image,
                                                      const struct gcg__loaded_modules *modules,
                                                      const char *name,
                                                      struct gcg__module_symbol *symbol);

#endif
