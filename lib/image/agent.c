/* agent.c -- see agent.h. */
#include "config.h"

#include "image/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define MOST_RANGES  (UINT64_C (1) << 20)
#define MOST_CONTROL 4096u

static bool
read_tables (struct gcg__agent *agent, uint64_t address)
{
  const struct gcg__memory_image *image = agent->image;
  const struct gcg__agent_root *root = &agent->root;

  return gcg__image_get (image, address, &agent->root, sizeof *root)
         && root->magic == GCG__ROOT_MAGIC && root->version == GCG__ROOT_VERSION
         && root->bytes >= sizeof *root
         && gcg__image_get (image, root->heap, &agent->heap, sizeof agent->heap)
         && gcg__image_get (image, root->areas, &agent->areas, sizeof agent->areas)
         && gcg__image_get (image, root->facts, &agent->facts, sizeof agent->facts)
         && agent->areas.control_bytes <= MOST_CONTROL && agent->areas.control_bytes % 8 == 0;
}

/* Takes out what is no file: snapshots list files. */
static void
drop_kernels (struct gcg__loaded_modules *modules)
{
  uint32_t n = 0, n_data = 0;

  for (uint32_t i = 0; i < modules->n; i++)
    {
      if (modules->items[i].is_vdso)
        continue;
      for (size_t j = 0; j < modules->n_data; j++)
        if (modules->data[j].module == i)
          {
            modules->data[n_data] = modules->data[j];
            modules->data[n_data++].module = n;
          }
      modules->items[n++] = modules->items[i];
    }
  modules->n = n;
  modules->n_data = n_data;
}

enum gcg_status
gcg__agent_read (const struct gcg__memory_image *image, uint64_t address,
                 const struct gcg__frozen_thread *threads, size_t n_threads, pid_t calling,
                 bool ends, struct gcg__agent *agent, struct gcg_error *error)
{
  struct gcg__agent found = { .image = image, .threads = threads, .n_threads = n_threads };
  enum gcg_status status;

  if (!read_tables (&found, address))
    return gcg__error_write (error, GCG_UNSUPPORTED,
                             "what the agent keeps cannot be read: it is of another version of "
                             "gcglass, or has been overwritten");
  status = gcg__modules_read (image, &found.modules, error);
  if (status != GCG_OK)
    return status;
  drop_kernels (&found.modules);
  for (size_t i = 0; i < n_threads && calling; i++)
    if (threads[i].own_tid == calling)
      found.calling = calling;
  found.ends = ends && found.calling;
  uint32_t exit_thread = gcg__agent_number (&found, found.areas.exit_thread);
  if (found.ends && (exit_thread == (uint32_t)found.calling || exit_thread == 0))
    found.exit_frame = gcg__agent_word (&found, found.areas.exit_frame);
  *agent = found;
  return GCG_OK;
}

void
gcg__agent_fini (struct gcg__agent *agent)
{
  gcg__modules_fini (&agent->modules);
}

uint32_t
gcg__agent_number (const struct gcg__agent *agent, uint64_t address)
{
  uint32_t number;

  return gcg__image_get (agent->image, address, &number, sizeof number) ? number : 0;
}

uint64_t
gcg__agent_word (const struct gcg__agent *agent, uint64_t address)
{
  uint64_t word;

  return gcg__image_get (agent->image, address, &word, sizeof word) ? word : 0;
}

/* Of a thread that could not be stopped, as it waits for the child that it has made by vfork, the
   kernel does not say where its data is; of the first thread the agent knows it. */
uint64_t
gcg__agent_pointer (const struct gcg__agent *agent, size_t number)
{
  const struct gcg__frozen_thread *thread = &agent->threads[number];

  if (!thread->thread_pointer && (uint32_t)thread->own_tid == agent->root.pid)
    return gcg__agent_word (agent, agent->areas.first_pointer);
  return thread->thread_pointer;
}

uint64_t
gcg__agent_control (const struct gcg__agent *agent, uint64_t pointer)
{
#if defined __x86_64__
  (void)agent;
  return pointer;
#elif defined __aarch64__
  return pointer - agent->areas.control_bytes;
#endif
}

/* The first table stands in the control block, right before the addresses of all. */
uint32_t
gcg__agent_key_tables (const struct gcg__agent *agent, uint64_t pointer,
                       uint64_t tables[GCG__AGENT_KEY_TABLES])
{
  uint64_t words[MOST_CONTROL / 8], low = gcg__agent_control (agent, pointer);
  size_t n = agent->areas.control_bytes / 8, first = GCG__AGENT_KEY_TABLE_BYTES / 8;

  if (!pointer || n == 0 || !gcg__image_get (agent->image, low, words, n * 8))
    return 0;
  for (size_t i = first; i + GCG__AGENT_KEY_TABLES <= n; i++)
    if (words[i] == low + 8 * i - GCG__AGENT_KEY_TABLE_BYTES)
      {
        memcpy (tables, words + i, GCG__AGENT_KEY_TABLES * sizeof *tables);
        return GCG__AGENT_KEY_TABLES;
      }
  return 0;
}

static int
compare_ranges (const void *a, const void *b)
{
  const struct gcg__root_range *x = a, *y = b;

  return x->low < y->low ? -1 : x->low > y->low;
}

/* Makes N ranges ascending and without overlaps; returns how many are left. */
static size_t
join_ranges (struct gcg__root_range *ranges, size_t n)
{
  size_t joined = 0;

  qsort (ranges, n, sizeof *ranges, compare_ranges);
  for (size_t i = 0; i < n; i++)
    {
      struct gcg__root_range *last = joined ? &ranges[joined - 1] : NULL;
      if (ranges[i].low >= ranges[i].high)
        continue;
      if (!last || ranges[i].low >= last->high)
        ranges[joined++] = ranges[i];
      else if (ranges[i].high > last->high)
        last->high = ranges[i].high;
    }
  return joined;
}

struct gcg__root_range *
gcg__agent_ranges (const struct gcg__agent *agent, uint64_t address, uint64_t n, size_t *got)
{
  struct gcg__root_range *ranges;

  n = n < MOST_RANGES ? n : MOST_RANGES;
  ranges = malloc ((n + 1) * sizeof *ranges);
  *got = 0;
  if (ranges)
    *got = join_ranges (ranges, gcg__image_read (agent->image, address, ranges, n * sizeof *ranges)
                                    / sizeof *ranges);
  return ranges;
}
