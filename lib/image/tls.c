/* tls.c -- see tls.h.
 *
 * Threads come from two sides: the thread pointers of those that stand, and the C library's own
 * lists, walked forwards and backwards, for a thread may have been frozen while it changed one.
 * Each struct pthread is believed when it holds the id of one of the threads (and, on x86-64, its
 * own address, as the psABI wants it), or 0 and the mark of a thread that has ended.
 *
 * The vector's entry of a module is believed only when the vector is as new as the module: before,
 * it belongs to one that was unloaded.  Where the linker has given a module a place beside struct
 * pthread the entry is not needed.
 *
 * Literature: Drepper, "ELF Handling For Thread-Local Storage".
 */
#include "config.h"

#include "image/tls.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/room.h"

#define MOST_THREADS 65536u /* links of a list that are followed */
#define MOST_MODULES 65536u
#define MOST_BLOCK   (UINT64_C (1) << 30)
#define UNALLOCATED  UINT64_MAX /* in the vector: no access yet */
#define EXITING      0x10u      /* in cancelhandling: nptl/descr.h */

/* A module that has thread-local data. */
struct tls_module
{
  uint64_t generation; /* of the vectors that know it */
  uint64_t offset;     /* of its block from the thread pointer; 0: none, or not known */
  uint64_t bytes;      /* 0: no module has this number */
  uint32_t index;      /* of the loaded module */
};

struct reading
{
  const struct gcg__memory_image *image;
  const struct gcg__loaded_modules *modules;
  const struct gcg__libc_layout *layout;
  const struct gcg__frozen_thread *frozen;
  size_t n_frozen;
  struct gcg__tls *tls;
  uint32_t threads_room, ranges_room, keys_room;
  struct tls_module *by_number;
  size_t n_numbers;
  uint32_t numbers_room;
  uint8_t *known;   /* the table of all keys; NULL: it cannot be read */
  uint8_t *entries; /* a vector, or a table of keys */
  bool no_memory;
};

static bool
word_at (const struct reading *reading, uint64_t address, uint64_t *word)
{
  return gcg__image_word (reading->image, address, word);
}

static uint64_t
word_in (const uint8_t *bytes)
{
  uint64_t word;

  memcpy (&word, bytes, sizeof word);
  return word;
}

static void
add_range (struct reading *reading, struct gcg__tls_range range)
{
  struct gcg__tls *tls = reading->tls;

  if (range.low >= range.high)
    return;
  if (!gcg__room_for_one (&tls->ranges, (uint32_t)tls->n_ranges, &reading->ranges_room,
                          sizeof *tls->ranges))
    reading->no_memory = true;
  else
    tls->ranges[tls->n_ranges++] = range;
}

/* Notes module NUMBER, whose link map is at MAP. */
static void
note_module (struct reading *reading, size_t number, uint64_t generation, uint64_t map)
{
  const struct gcg__libc_layout *layout = reading->layout;
  uint64_t dynamic, itself, offset;
  struct tls_module module = { .generation = generation };

  if (map && word_at (reading, map + 16, &dynamic) /* l_ld: link.h */
      && word_at (reading, map + layout->map_number, &itself) && itself == number
      && word_at (reading, map + layout->map_offset, &offset))
    {
      const struct gcg__loaded_module *loaded = gcg__modules_find (reading->modules, dynamic);
      if (loaded && loaded->tls_bytes <= MOST_BLOCK)
        {
          module.bytes = loaded->tls_bytes;
          module.index = (uint32_t)(loaded - reading->modules->items);
          /* -1: it shall never have one. */
          module.offset = offset < MOST_BLOCK ? offset : 0;
        }
    }
  while (reading->n_numbers <= number)
    {
      if (!gcg__room_for_one (&reading->by_number, (uint32_t)reading->n_numbers,
                              &reading->numbers_room, sizeof *reading->by_number))
        {
          reading->no_memory = true;
          return;
        }
      reading->by_number[reading->n_numbers++] = (struct tls_module){ 0 };
    }
  reading->by_number[number] = module;
}

/* All modules with thread-local data, by their numbers. */
static void
note_modules (struct reading *reading)
{
  const struct gcg__libc_layout *layout = reading->layout;
  uint64_t at, length, number = 0;

  if (!word_at (reading, layout->slots, &at))
    return;
  for (uint32_t lists = 0; at && lists < MOST_MODULES && number < MOST_MODULES; lists++)
    {
      if (!word_at (reading, at + layout->slots_length, &length))
        return;
      for (uint64_t i = 0; i < length && number < MOST_MODULES; i++, number++)
        {
          uint64_t slot = at + layout->slots_first + i * layout->slot_bytes, generation, map;
          if (!word_at (reading, slot + layout->slot_generation, &generation)
              || !word_at (reading, slot + layout->slot_map, &map))
            return;
          if (number > 0 && map)
            note_module (reading, number, generation, map);
        }
      if (!word_at (reading, at + layout->slots_next, &at))
        return;
    }
}

static uint64_t
pointer_of (const struct gcg__libc_layout *layout, uint64_t control)
{
  return layout->tls_is_below ? control : control + layout->control_bytes;
}

/* Index of the thread whose id, as the process sees it, is TID. */
static uint32_t
thread_with (const struct reading *reading, uint32_t tid)
{
  for (size_t i = 0; i < reading->n_frozen; i++)
    if (tid != 0 && reading->frozen[i].own_tid == (pid_t)tid)
      return (uint32_t)i;
  return GCG__TLS_NO_THREAD;
}

/* Where block NUMBER of the thread with thread pointer POINTER is; 0: it has none. */
static uint64_t
block_of (const struct reading *reading, size_t number, uint64_t pointer, uint64_t generation,
          size_t n_entries)
{
  const struct gcg__libc_layout *layout = reading->layout;
  const struct tls_module *module = &reading->by_number[number];
  uint64_t value;

  if (module->offset)
    return layout->tls_is_below ? pointer - module->offset : pointer + module->offset;
  if (number >= n_entries || module->generation > generation)
    return 0;
  value = word_in (reading->entries + number * layout->vector_bytes + layout->vector_value);
  return value == UNALLOCATED || value > UINT64_MAX - module->bytes ? 0 : value;
}

/* The blocks of thread-local data of THREAD, which grows by those beside its pointer. */
static void
add_blocks (struct reading *reading, struct gcg__tls_thread *thread)
{
  const struct gcg__libc_layout *layout = reading->layout;
  uint64_t vector = 0, length = 0, generation = 0;
  size_t n_entries = 0;

  /* The vector's entry -1 is its length, entry 0 its generation. */
  if (word_at (reading, thread->control + layout->vector, &vector)
      && word_at (reading, vector - layout->vector_bytes, &length) && length < MOST_MODULES)
    {
      uint64_t wanted = length + 1 < reading->n_numbers ? length + 1 : reading->n_numbers;
      n_entries = gcg__image_read (reading->image, vector, reading->entries,
                                   wanted * layout->vector_bytes)
                  / layout->vector_bytes;
      generation = n_entries ? word_in (reading->entries) : 0;
      add_range (reading,
                 (struct gcg__tls_range){ vector - layout->vector_bytes,
                                          vector + (length + 1) * layout->vector_bytes,
                                          thread->thread, GCG__TLS_NO_MODULE, GCG__TLS_VECTOR });
    }
  for (size_t i = 1; i < reading->n_numbers; i++)
    {
      const struct tls_module *module = &reading->by_number[i];
      uint64_t low
          = module->bytes ? block_of (reading, i, thread->pointer, generation, n_entries) : 0;
      if (!low)
        continue;
      add_range (reading, (struct gcg__tls_range){ low, low + module->bytes, thread->thread,
                                                   module->index, GCG__TLS_BLOCK });
      if (module->offset && low < thread->low)
        thread->low = low;
      if (module->offset && low + module->bytes > thread->high)
        thread->high = low + module->bytes;
    }
}

/* The values in the table of keys number TABLE, which is at ADDRESS, of THREAD. */
static void
add_values (struct reading *reading, uint32_t thread, uint32_t table, uint64_t address)
{
  const struct gcg__libc_layout *layout = reading->layout;
  struct gcg__tls *tls = reading->tls;
  size_t n = gcg__image_read (reading->image, address, reading->entries,
                              (size_t)layout->table_keys * layout->key_bytes)
             / layout->key_bytes;

  for (uint32_t i = 0; i < n; i++)
    {
      const uint8_t *entry = reading->entries + (size_t)i * layout->key_bytes;
      uint32_t key = table * layout->table_keys + i;
      uint64_t value = word_in (entry + layout->key_value), sequence;
      sequence = word_in (reading->known + (size_t)key * layout->key_struct_bytes
                          + layout->key_struct_sequence);
      /* An odd number: the key is in use; another one: the value is of a key that was deleted. */
      if (!value || sequence % 2 == 0 || word_in (entry + layout->key_sequence) != sequence)
        continue;
      if (!gcg__room_for_one (&tls->keys, (uint32_t)tls->n_keys, &reading->keys_room,
                              sizeof *tls->keys))
        {
          reading->no_memory = true;
          return;
        }
      tls->keys[tls->n_keys++]
          = (struct gcg__tls_key){ thread, key, value,
                                   address + (uint64_t)i * layout->key_bytes + layout->key_value };
    }
}

static void
add_keys (struct reading *reading, const struct gcg__tls_thread *thread)
{
  const struct gcg__libc_layout *layout = reading->layout;
  uint64_t bytes = (uint64_t)layout->table_keys * layout->key_bytes, table;

  for (uint32_t i = 0; i < layout->n_tables; i++)
    if (word_at (reading, thread->control + layout->specific + 8 * i, &table) && table
        && table <= UINT64_MAX - bytes)
      {
        add_range (reading, (struct gcg__tls_range){ table, table + bytes, thread->thread,
                                                     GCG__TLS_NO_MODULE, GCG__TLS_KEYS });
        if (reading->known)
          add_values (reading, thread->thread, i, table);
      }
}

/* Adds the thread with the struct pthread at CONTROL, unless it is there; false: it is none, or,
   where it MUST_LIVE, of no thread that there is. */
static bool
add_thread (struct reading *reading, uint64_t control, bool must_live)
{
  const struct gcg__libc_layout *layout = reading->layout;
  struct gcg__tls *tls = reading->tls;
  struct gcg__tls_thread thread = { .control = control,
                                    .pointer = pointer_of (layout, control),
                                    .low = control,
                                    .high = control + layout->control_bytes };
  uint32_t tid, cancel;
  uint64_t self;

  for (size_t i = 0; i < tls->n_threads; i++)
    if (tls->threads[i].control == control)
      return true;
  if (!gcg__image_get (reading->image, control + layout->tid, &tid, sizeof tid)
      || !gcg__image_get (reading->image, control + layout->cancelhandling, &cancel, sizeof cancel)
      || !word_at (reading, control + layout->start_routine, &thread.start_routine)
      || !word_at (reading, control + layout->argument, &thread.argument)
      || !word_at (reading, control + layout->result, &thread.result)
      || (layout->tls_is_below && (!word_at (reading, control, &self) || self != control)))
    return false;
  thread.thread = thread_with (reading, tid);
  thread.has_ended = thread.thread == GCG__TLS_NO_THREAD && tid == 0 && (cancel & EXITING);
  if (thread.thread == GCG__TLS_NO_THREAD && (tid != 0 || must_live))
    return false;
  if (!gcg__room_for_one (&tls->threads, (uint32_t)tls->n_threads, &reading->threads_room,
                          sizeof *tls->threads))
    {
      reading->no_memory = true;
      return true;
    }
  uint64_t word = control + (thread.has_ended ? layout->result : layout->argument);
  add_range (reading,
             (struct gcg__tls_range){ word, word + 8, thread.thread, GCG__TLS_NO_MODULE,
                                      thread.has_ended ? GCG__TLS_RESULT : GCG__TLS_ARGUMENT });
  if (!thread.has_ended)
    {
      add_range (reading, (struct gcg__tls_range){ thread.low, thread.high, thread.thread,
                                                   GCG__TLS_NO_MODULE, GCG__TLS_CONTROL });
      add_blocks (reading, &thread);
      add_keys (reading, &thread);
    }
  tls->threads[tls->n_threads++] = thread;
  return true;
}

/* Adds the threads of the list with head HEAD, in the direction of LINK. */
static void
walk_list (struct reading *reading, uint64_t head, uint32_t link)
{
  uint64_t at = head;

  for (uint32_t n = 0; n < MOST_THREADS; n++)
    if (!word_at (reading, at + link, &at) || at == head || at < reading->layout->list
        || !add_thread (reading, at - reading->layout->list, false))
      return;
}

/* Adds the threads that their own thread pointers lead to; false: there are pointers, and none
   does. A thread that runs with another one's pointer (clone by hand) is not told apart by its
   pointer, but the one that it belongs to is found. */
static bool
walk_pointers (struct reading *reading)
{
  const struct gcg__libc_layout *layout = reading->layout;
  bool any = false, all = true;

  for (size_t i = 0; i < reading->n_frozen; i++)
    {
      uint64_t pointer = reading->frozen[i].thread_pointer;
      if (!pointer)
        continue;
      bool right = layout->tls_is_below || pointer > layout->control_bytes;
      right = right
              && add_thread (reading, pointer - (layout->tls_is_below ? 0 : layout->control_bytes),
                             true);
      any = any || right;
      all = false;
    }
  return any || all;
}

static int
compare_threads (const void *a, const void *b)
{
  const struct gcg__tls_thread *x = a, *y = b;

  return x->low < y->low ? -1 : x->low > y->low;
}

/* Memory for vectors and tables, and the table of all keys. */
static bool
prepare (struct reading *reading)
{
  const struct gcg__libc_layout *layout = reading->layout;
  size_t vector = reading->n_numbers * layout->vector_bytes;
  size_t table = (size_t)layout->table_keys * layout->key_bytes;
  size_t known = (size_t)layout->n_tables * layout->table_keys * layout->key_struct_bytes;

  reading->entries = malloc (vector > table ? vector : table);
  reading->known = malloc (known);
  if (!reading->entries || !reading->known)
    return false;
  if (!gcg__image_get (reading->image, layout->keys, reading->known, known))
    {
      free (reading->known);
      reading->known = NULL;
    }
  return true;
}

enum gcg_status
gcg__tls_read (const struct gcg__memory_image *image, const struct gcg__loaded_modules *modules,
               const struct gcg__libc_layout *layout, const struct gcg__frozen_thread *threads,
               size_t n_threads, struct gcg__tls *tls, struct gcg_error *error)
{
  struct gcg__tls found = { 0 };
  struct reading reading = { .image = image,
                             .modules = modules,
                             .layout = layout,
                             .frozen = threads,
                             .n_frozen = n_threads,
                             .tls = &found };
  bool right = true;

  note_modules (&reading);
  reading.no_memory = reading.no_memory || !prepare (&reading);
  if (!reading.no_memory)
    {
      right = walk_pointers (&reading);
      for (int i = 0; i < 2 && right; i++)
        {
          walk_list (&reading, layout->list_heads[i], layout->list_next);
          walk_list (&reading, layout->list_heads[i], layout->list_prev);
        }
    }
  free (reading.by_number);
  free (reading.known);
  free (reading.entries);
  if (!reading.no_memory && right)
    {
      if (found.n_threads)
        qsort (found.threads, found.n_threads, sizeof *found.threads, compare_threads);
      *tls = found;
      return GCG_OK;
    }
  gcg__tls_fini (&found);
  if (reading.no_memory)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the threads of a process");
  return gcg__error_write (error, GCG_UNSUPPORTED,
                           "glibc %s: no thread pointer leads to what the library keeps of its "
                           "thread: its layout is not the one it describes",
                           layout->version);
}

void
gcg__tls_fini (struct gcg__tls *tls)
{
  free (tls->threads);
  free (tls->ranges);
  free (tls->keys);
  *tls = (struct gcg__tls){ 0 };
}

const struct gcg__tls_thread *
gcg__tls_find (const struct gcg__tls *tls, uint32_t thread)
{
  for (size_t i = 0; i < tls->n_threads && thread != GCG__TLS_NO_THREAD; i++)
    if (tls->threads[i].thread == thread)
      return &tls->threads[i];
  return NULL;
}
