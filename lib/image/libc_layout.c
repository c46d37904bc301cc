/* libc_layout.c -- see libc_layout.h.
 *
 * One table says which description goes to which member of the layout, and between which bounds it
 * is believed.  A description is three 32-bit words: bits of one element, number of elements,
 * offset; a size is one word (nptl_db/db_info.c).
 */
#include "config.h"

#include "image/libc_layout.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"

#define MOST_CONTROL 65536u
#define MOST_OFFSET  (1u << 20)

/* What a description is asked for. */
enum wanted
{
  SIZE,   /* the one word */
  OFFSET, /* the third */
  BYTES   /* of one element */
};

struct description
{
  const char *name; /* behind _thread_db_ */
  enum wanted wanted;
  uint16_t member;  /* of the layout: an uint32_t */
  uint32_t most;    /* the largest value that is believed */
  uint8_t multiple; /* and what it is a multiple of */
};

#define MEMBER(name) offsetof (struct gcg__libc_layout, name)

static const struct description descriptions[] = {
  { "sizeof_pthread", SIZE, MEMBER (control_bytes), MOST_CONTROL, 8 },
  { "pthread_list", OFFSET, MEMBER (list), MOST_CONTROL, 8 },
  { "pthread_tid", OFFSET, MEMBER (tid), MOST_CONTROL, 4 },
  { "pthread_dtvp", OFFSET, MEMBER (vector), MOST_CONTROL, 8 },
  { "pthread_specific", OFFSET, MEMBER (specific), MOST_CONTROL, 8 },
  { "pthread_start_routine", OFFSET, MEMBER (start_routine), MOST_CONTROL, 8 },
  { "pthread_schedparam_sched_priority", OFFSET, MEMBER (result), MOST_CONTROL, 8 },
  { "pthread_cancelhandling", OFFSET, MEMBER (cancelhandling), MOST_CONTROL, 4 },
  { "list_t_next", OFFSET, MEMBER (list_next), 64, 8 },
  { "list_t_prev", OFFSET, MEMBER (list_prev), 64, 8 },
  { "sizeof_pthread_key_data", SIZE, MEMBER (key_bytes), 64, 8 },
  { "pthread_key_data_seq", OFFSET, MEMBER (key_sequence), 64, 8 },
  { "pthread_key_data_data", OFFSET, MEMBER (key_value), 64, 8 },
  { "sizeof_pthread_key_struct", SIZE, MEMBER (key_struct_bytes), 64, 8 },
  { "pthread_key_struct_seq", OFFSET, MEMBER (key_struct_sequence), 64, 8 },
  { "dtv_dtv", BYTES, MEMBER (vector_bytes), 64, 8 },
  { "dtv_t_pointer_val", OFFSET, MEMBER (vector_value), 64, 8 },
  { "dtv_slotinfo_list_len", OFFSET, MEMBER (slots_length), 64, 8 },
  { "dtv_slotinfo_list_next", OFFSET, MEMBER (slots_next), 64, 8 },
  { "dtv_slotinfo_list_slotinfo", OFFSET, MEMBER (slots_first), 64, 8 },
  { "sizeof_dtv_slotinfo", SIZE, MEMBER (slot_bytes), 64, 8 },
  { "dtv_slotinfo_gen", OFFSET, MEMBER (slot_generation), 64, 8 },
  { "dtv_slotinfo_map", OFFSET, MEMBER (slot_map), 64, 8 },
  { "link_map_l_tls_modid", OFFSET, MEMBER (map_number), 65536, 8 },
  { "link_map_l_tls_offset", OFFSET, MEMBER (map_offset), 65536, 8 },
};

/* Reads the words of the description _thread_db_NAME of LIBRARY; false when it has none. */
static bool
describe (const struct gcg__memory_image *image, const struct gcg__loaded_module *library,
          const char *name, uint32_t words[3], size_t n)
{
  char symbol_name[64] = "_thread_db_";
  struct gcg__module_symbol symbol;

  strncat (symbol_name, name, sizeof symbol_name - strlen (symbol_name) - 1);
  return gcg__module_symbol (image, library, symbol_name, &symbol)
         && gcg__image_get (image, symbol.value, words, n * sizeof *words);
}

/* Fills LAYOUT from the table; returns the name of what is missing or cannot be, NULL: nothing. */
static const char *
read_descriptions (const struct gcg__memory_image *image, const struct gcg__loaded_module *library,
                   struct gcg__libc_layout *layout)
{
  for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; i++)
    {
      const struct description *d = &descriptions[i];
      uint32_t words[3] = { 0 }, value;
      if (!describe (image, library, d->name, words, d->wanted == SIZE ? 1 : 3))
        return d->name;
      value = d->wanted == SIZE ? words[0] : d->wanted == BYTES ? words[0] / 8 : words[2];
      if (value > d->most || value % d->multiple != 0 || (d->wanted != OFFSET && value == 0))
        return d->name;
      memcpy ((char *)layout + d->member, &value, sizeof value);
    }
  return NULL;
}

/* The same of what the table has no columns for. */
static const char *
read_others (const struct gcg__memory_image *image, const struct gcg__loaded_modules *modules,
             const struct gcg__loaded_module *library, struct gcg__libc_layout *layout)
{
  static const char *const lists[] = { "rtld_global__dl_stack_used", "rtld_global__dl_stack_user" };
  struct gcg__module_symbol keys, global;
  uint32_t words[3];

  /* Behind the flags, before the scheduling parameters; behind the start routine. */
  if (layout->result < 8)
    return "pthread_schedparam_sched_priority";
  layout->result -= 8;
  layout->argument = layout->start_routine + 8;
  if (!describe (image, library, "pthread_specific", words, 3) || words[0] / 64 == 0
      || words[0] / 64 > 1024)
    return "pthread_specific";
  layout->n_tables = words[0] / 64 * words[1];
  if (!describe (image, library, "pthread_key_data_level2_data", words, 3) || words[1] == 0
      || words[1] > 1024)
    return "pthread_key_data_level2_data";
  layout->table_keys = words[1];
  if (!gcg__module_symbol (image, library, "__pthread_keys", &keys))
    return "__pthread_keys";
  if (!gcg__modules_symbol (image, modules, "_rtld_global", &global))
    return "_rtld_global";
  layout->keys = keys.value;
  for (int i = 0; i < 2; i++)
    {
      if (!describe (image, library, lists[i], words, 3) || words[2] > MOST_OFFSET)
        return lists[i];
      layout->list_heads[i] = global.value + words[2];
    }
  if (!describe (image, library, "rtld_global__dl_tls_dtv_slotinfo_list", words, 3)
      || words[2] > MOST_OFFSET)
    return "rtld_global__dl_tls_dtv_slotinfo_list";
  layout->slots = global.value + words[2];
  return NULL;
}

/* Is each member within its structure? */
static bool
adds_up (const struct gcg__libc_layout *layout)
{
  const uint32_t members[] = { layout->list + 16u,
                               layout->tid + 4u,
                               layout->vector + 8u * layout->tls_is_below,
                               layout->specific + 8u * layout->n_tables,
                               layout->argument + 8u,
                               layout->result + 8u,
                               layout->cancelhandling + 4u };

  if (!layout->tls_is_below && layout->vector < layout->control_bytes)
    return false;
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    if (members[i] > layout->control_bytes && (i != 2 || layout->tls_is_below))
      return false;
  return layout->n_tables * layout->table_keys <= 1u << 20
         && layout->key_sequence + 8 <= layout->key_bytes
         && layout->key_value + 8 <= layout->key_bytes
         && layout->key_struct_sequence + 8 <= layout->key_struct_bytes
         && layout->vector_value + 8 <= layout->vector_bytes
         && layout->slot_generation + 8 <= layout->slot_bytes
         && layout->slot_map + 8 <= layout->slot_bytes && layout->list_next != layout->list_prev;
}

enum gcg_status
gcg__libc_layout_read (const struct gcg__memory_image *image,
                       const struct gcg__loaded_modules *modules, struct gcg__libc_layout *layout,
                       struct gcg_error *error)
{
  struct gcg__libc_layout found = { .version = "unknown version" };
  struct gcg__module_symbol symbol;
  const struct gcg__loaded_module *library
      = gcg__modules_symbol (image, modules, "_thread_db_sizeof_pthread", &symbol);
  const char *wrong;

  if (!library)
    return gcg__error_write (error, GCG_UNSUPPORTED,
                             "no C library here describes its threads: it is not glibc, older than "
                             "2.34, or linked statically");
  if (gcg__module_symbol (image, library, "__nptl_version", &symbol))
    gcg__image_text (image, symbol.value, found.version, sizeof found.version);
  if (library->machine != EM_X86_64 && library->machine != EM_AARCH64)
    return gcg__error_write (error, GCG_UNSUPPORTED, "threads of machine %u are not known",
                             (unsigned)library->machine);
  found.tls_is_below = library->machine == EM_X86_64;
  wrong = read_descriptions (image, library, &found);
  wrong = wrong ? wrong : read_others (image, modules, library, &found);
  if (!wrong && !adds_up (&found))
    wrong = "sizeof_pthread";
  if (wrong)
    return gcg__error_write (error, GCG_UNSUPPORTED,
                             "glibc %s: the description of its threads (%s) does not add up",
                             found.version, wrong);
  *layout = found;
  return GCG_OK;
}
