/* excluded.c -- see excluded.h.
 *
 * A table only grows, until it is cleared, and an entry is complete before the number of entries
 * counts it: a copy of the process has it whole at any instant.
 *
 * libgc asks the program's filter about all modules before each collection, in the dynamic linker's
 * order. The question that was the first one therefore begins a new table of what has been refused.
 */
#include "excluded.h"

#include "agent.h"
#include "arena.h"
#include "site.h"

/* libgc has room for as many, and ends the program that has more. */
#define MOST_EXCLUDED 2048u
#define MOST_REFUSED  8192u

#define WORD_MASK (~(uintptr_t)7)

static struct gcg__range excluded[MOST_EXCLUDED], refused[MOST_REFUSED];
static uint32_t n_excluded, n_refused;
static gcg__lock lock = GCG__LOCK_INIT;
static GC_has_static_roots_func program_filter;
static uintptr_t first_question;

void
gcg__exclude_static_roots (void *low, void *high)
{
  GCG__GC (exclude_static_roots) (low, high);
  gcg__lock_take (&lock);
  if (low != high && n_excluded < MOST_EXCLUDED)
    {
      excluded[n_excluded]
          = (struct gcg__range){ (uintptr_t)low & WORD_MASK, ((uintptr_t)high + 7) & WORD_MASK };
      __atomic_store_n (&n_excluded, n_excluded + 1, __ATOMIC_RELEASE);
    }
  gcg__lock_give (&lock);
}

void
gcg__clear_exclusion_table (void)
{
  GCG__GC (clear_exclusion_table) ();
  __atomic_store_n (&n_excluded, 0, __ATOMIC_RELAXED);
  if (gcg__agent_is_ready)
    gcg__agent_exclude_own ();
}

/* Called by libgc, which holds its lock, for the data at LOW of the module called NAME. */
static int GC_CALLBACK
filter (const char *name, void *low, size_t bytes)
{
  GC_has_static_roots_func ask = __atomic_load_n (&program_filter, __ATOMIC_RELAXED);
  int is_scanned = !ask || ask (name, low, bytes);

  if (first_question == 0 || first_question == (uintptr_t)low)
    {
      first_question = (uintptr_t)low;
      n_refused = 0;
    }
  if (!is_scanned && n_refused < MOST_REFUSED)
    refused[n_refused++] = (struct gcg__range){ (uintptr_t)low, (uintptr_t)low + bytes };
  return is_scanned;
}

void
gcg__register_has_static_roots_callback (GC_has_static_roots_func of_program)
{
  __atomic_store_n (&program_filter, of_program, __ATOMIC_RELAXED);
  GCG__GC (register_has_static_roots_callback) (filter);
}

bool
gcg__excluded_is_filtered (void)
{
  return program_filter != NULL;
}

const struct gcg__range *
gcg__excluded_stopped (uint32_t *n)
{
  *n = n_excluded;
  return excluded;
}

bool
gcg__excluded_refused_stopped (uint64_t address)
{
  for (uint32_t i = 0; i < n_refused; i++)
    if (address >= refused[i].low && address < refused[i].high)
      return true;
  return false;
}
