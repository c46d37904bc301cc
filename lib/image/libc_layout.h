/* libc_layout.h -- where the C library keeps what belongs to threads.
 *
 * glibc describes its own structures for debuggers (libthread_db): each _thread_db_... is the size,
 * number and offset of a member.  From 2.34 on they are dynamic symbols of the library itself, so
 * every version says where its members are, and nothing of that is written down here.  What they do
 * not describe, a thread's argument and result, stands beside members that they do.
 */
#ifndef GCG_IMAGE_LIBC_LAYOUT_H
#define GCG_IMAGE_LIBC_LAYOUT_H

#include "image/modules.h"

struct gcg__libc_layout
{
  char version[32];       /* of the C library */
  bool tls_is_below;      /* thread-local data below the thread pointer (x86-64), or above it */
  uint64_t keys;          /* address of the table of all keys */
  uint64_t list_heads[2]; /* addresses of the heads of the lists of threads */
  uint64_t slots;         /* address of the pointer to the list of modules with thread-local data */

  /* struct pthread, offsets. */
  uint32_t control_bytes;
  uint32_t list, tid, vector, specific, start_routine, argument, result, cancelhandling;
  uint32_t list_next, list_prev;

  /* Keys: N_TABLES tables of TABLE_KEYS values each. */
  uint32_t n_tables, table_keys, key_bytes, key_sequence, key_value;
  uint32_t key_struct_bytes, key_struct_sequence;

  /* The dynamic thread vector, and the modules in it. */
  uint32_t vector_bytes, vector_value;
  uint32_t slots_length, slots_next, slots_first;
  uint32_t slot_bytes, slot_generation, slot_map;
  uint32_t map_number, map_offset; /* of a link map: number and offset of its block */
};

/* Finds the C library among MODULES and reads its layout.  Errors: GCG_UNSUPPORTED: there is none,
   it does not describe itself (another C library, glibc before 2.34, one that is linked
   statically), or its description does not add up: the text says which. */
enum gcg_status gcg__libc_layout_read (const struct gcg__memory_image *image,
                                       const struct gcg__loaded_modules *modules,
                                       struct gcg__libc_layout *layout, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
