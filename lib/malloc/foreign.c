/* foreign.c -- see foreign.h. */
#include "foreign.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "callers.h"
#include "divert.h"
#include "entries.h"
#include "exported.h"
#include "mallocx.h"

#define MOST_MODULES 16u  /* that export malloc */
#define MOST_REASON  256u /* struct gcg_error */

enum owner
{
  OURS,
  C_LIBRARY,
  KNOWN, /* all that it has beside malloc is in the tables below */
  UNKNOWN
};

struct module
{
  struct dl_phdr_info info;
  enum owner owner;
};

/* malloc's functions as they would be without the agent. */
static struct
{
  __typeof__ (&malloc) malloc;
  __typeof__ (&free) free;
  __typeof__ (&realloc) realloc;
  __typeof__ (&memalign) memalign;
  __typeof__ (&malloc_usable_size) usable;
} others;

static char reason[MOST_REASON];

struct lead
{
  const char *name;
  void (*to) (void);
};

#define LEAD(name)        { #name, (void (*) (void))gcg__entry_##name },
#define ALSO(name, entry) { name, (void (*) (void))gcg__entry_##entry },
#define JEMALLOC(name)    { #name, (void (*) (void))gcg__##name },

static const struct lead standard[] = { GCG__ENTRIES (LEAD) };

/* What the two known allocators have besides; all is looked for in both. */
static const struct lead special[] = {
  JEMALLOC (mallocx) JEMALLOC (rallocx) JEMALLOC (xallocx) JEMALLOC (sallocx) JEMALLOC (dallocx)
      JEMALLOC (sdallocx) JEMALLOC (nallocx){ "tc_nallocx", (void (*) (void))gcg__nallocx },
  ALSO ("tc_malloc", malloc) ALSO ("tc_malloc_skip_new_handler", malloc) ALSO ("tc_free", free)
      ALSO ("tc_free_sized", free) ALSO ("tc_cfree", free) ALSO ("cfree", free)
          ALSO ("tc_calloc", calloc) ALSO ("tc_realloc", realloc) ALSO ("tc_memalign", memalign)
              ALSO ("tc_posix_memalign", posix_memalign) ALSO ("tc_valloc", valloc)
                  ALSO ("tc_pvalloc", pvalloc) ALSO ("tc_malloc_size", malloc_usable_size)
                      ALSO ("malloc_size", malloc_usable_size)
                          ALSO ("MallocExtension_GetAllocatedSize", malloc_usable_size)
};

/* C++'s operators, which they have, too, lead to those of the C++ library, which call malloc. */
static const char *const operators[][2] = {
  { "_Znwm", "tc_new" },
  { "_ZnwmRKSt9nothrow_t", "tc_new_nothrow" },
  { "_ZnwmSt11align_val_t", "tc_new_aligned" },
  { "_ZnwmSt11align_val_tRKSt9nothrow_t", "tc_new_aligned_nothrow" },
  { "_Znam", "tc_newarray" },
  { "_ZnamRKSt9nothrow_t", "tc_newarray_nothrow" },
  { "_ZnamSt11align_val_t", "tc_newarray_aligned" },
  { "_ZnamSt11align_val_tRKSt9nothrow_t", "tc_newarray_aligned_nothrow" },
  { "_ZdlPv", "tc_delete" },
  { "_ZdlPvm", "tc_delete_sized" },
  { "_ZdlPvRKSt9nothrow_t", "tc_delete_nothrow" },
  { "_ZdlPvSt11align_val_t", "tc_delete_aligned" },
  { "_ZdlPvmSt11align_val_t", "tc_delete_sized_aligned" },
  { "_ZdlPvSt11align_val_tRKSt9nothrow_t", "tc_delete_aligned_nothrow" },
  { "_ZdaPv", "tc_deletearray" },
  { "_ZdaPvm", "tc_deletearray_sized" },
  { "_ZdaPvRKSt9nothrow_t", "tc_deletearray_nothrow" },
  { "_ZdaPvSt11align_val_t", "tc_deletearray_aligned" },
  { "_ZdaPvmSt11align_val_t", "tc_deletearray_sized_aligned" },
  { "_ZdaPvSt11align_val_tRKSt9nothrow_t", "tc_deletearray_aligned_nothrow" },
};

#define N(table) (sizeof (table) / sizeof (table)[0])

/* --- modules --- */

struct search
{
  struct module modules[MOST_MODULES];
  unsigned n;
  struct dl_phdr_info cxx;       /* the C++ library; its name is NULL if not loaded */
  struct dl_phdr_info collector; /* that takes our calls; likewise */
};

static enum owner
owner_of (const struct dl_phdr_info *module, uintptr_t its_malloc)
{
  struct gcg__export found;

  if (its_malloc == (uintptr_t)gcg__entry_malloc)
    return OURS;
  if (gcg__caller_is (GCG__C_LIBRARY, its_malloc))
    return C_LIBRARY;
  return module->dlpi_name[0]
                 && (gcg__exported (module, "mallocx", &found)
                     || gcg__exported (module, "tc_malloc", &found))
             ? KNOWN
             : UNKNOWN;
}

static int
look_at (struct dl_phdr_info *module, size_t size, void *context)
{
  struct search *search = context;
  struct gcg__export found;

  (void)size;
  if (!search->collector.dlpi_name && gcg__exported (module, "GC_malloc", &found))
    search->collector = *module;
  if (!search->cxx.dlpi_name && strstr (module->dlpi_name, "/libstdc++.so"))
    search->cxx = *module;
  /* Behind the C library's there is none that the program would use. */
  if (search->n == MOST_MODULES || (search->n && search->modules[search->n - 1].owner == C_LIBRARY)
      || !gcg__exported (module, "malloc", &found) || gcg__caller_is (GCG__LINKER, found.address))
    return 0;
  search->modules[search->n].info = *module;
  search->modules[search->n++].owner = owner_of (module, found.address);
  return 0;
}

/* --- led to ours --- */

static unsigned
add_leads (const struct dl_phdr_info *module, const struct lead *leads, unsigned n,
           struct gcg__diversion *diversions)
{
  unsigned added = 0;

  for (unsigned i = 0; i < n; i++)
    if (gcg__exported (module, leads[i].name, &diversions[added].from))
      diversions[added++].to = (uintptr_t)leads[i].to;
  return added;
}

/* The operators of MODULE to the *N DIVERSIONS; false when there is one that CXX does not have. */
static bool
add_operators (const struct dl_phdr_info *module, const struct dl_phdr_info *cxx,
               struct gcg__diversion *diversions, unsigned *n)
{
  unsigned added = *n;

  for (unsigned i = 0; i < 2 * N (operators); i++)
    {
      struct gcg__export to;
      if (!gcg__exported (module, operators[i / 2][i % 2], &diversions[added].from))
        continue;
      if (!cxx->dlpi_name || !gcg__exported (cxx, operators[i / 2][0], &to))
        return false;
      diversions[added++].to = to.address;
    }
  *n = added;
  return true;
}

static bool
lead_here (const struct module *module, const struct dl_phdr_info *cxx)
{
  struct gcg__diversion diversions[N (standard) + N (special) + 2 * N (operators)];
  unsigned n = add_leads (&module->info, standard, N (standard), diversions);

  if (module->owner == KNOWN)
    {
      n += add_leads (&module->info, special, N (special), diversions + n);
      if (!add_operators (&module->info, cxx, diversions, &n))
        return false;
    }
  return gcg__divert (diversions, n);
}

/* --- passed on --- */

/* Returns the first NAME that a module other than ours exports. */
static uintptr_t
other_function (const struct search *search, const char *name)
{
  struct gcg__export found;

  for (unsigned i = 0; i < search->n; i++)
    if (search->modules[i].owner != OURS && gcg__exported (&search->modules[i].info, name, &found))
      return found.address;
  return 0;
}

static bool
takes_blocks (const char *name)
{
  static const char *const names[] = { "free", "realloc", "reallocarray", "malloc_usable_size" };
  bool is = false;

  for (unsigned i = 0; i < N (names); i++)
    is = is || strcmp (name, names[i]) == 0;
  return is;
}

/* Diverts our allocating functions to those of the same name that the program would use without the
   agent.  If our own code cannot be made writable, gcg__foreign_new has nearly the same effect.
   Freeing functions stay: the dynamic linker may hold blocks from before we stood aside. */
static void
lead_to_others (const struct search *search, const struct dl_phdr_info *us)
{
  struct gcg__diversion diversions[N (standard)];
  unsigned n = 0;

  for (unsigned i = 0; i < N (standard); i++)
    if (!takes_blocks (standard[i].name)
        && gcg__exported (us, standard[i].name, &diversions[n].from)
        && (diversions[n].to = other_function (search, standard[i].name)))
      n++;
  gcg__divert (diversions, n);
}

static void
find_others (const struct search *search)
{
  others.malloc = (__typeof__ (others.malloc))other_function (search, "malloc");
  others.free = (__typeof__ (others.free))other_function (search, "free");
  others.realloc = (__typeof__ (others.realloc))other_function (search, "realloc");
  others.memalign = (__typeof__ (others.memalign))other_function (search, "memalign");
  others.usable = (__typeof__ (others.usable))other_function (search, "malloc_usable_size");
}

static void
pass_on (const struct search *search)
{
  find_others (search);
  for (unsigned i = 0; i < search->n; i++)
    if (search->modules[i].owner == OURS)
      lead_to_others (search, &search->modules[i].info);
}

/* "" for the program itself. */
static const char *
name_of (const struct dl_phdr_info *module)
{
  const char *slash = strrchr (module->dlpi_name, '/');
  return slash ? slash + 1 : module->dlpi_name;
}

static bool
step_aside (const struct search *search, const struct module *why)
{
  const char *name = name_of (&why->info);

  pass_on (search);
  if (why->owner == C_LIBRARY)
    snprintf (reason, sizeof reason,
              "libgcglass-malloc was loaded when the C library's malloc was in use: preload it, or "
              "link the program with it");
  else if (!name[0])
    snprintf (reason, sizeof reason,
              "its own malloc is linked into it, and its blocks are not seen; to observe them, "
              "link it with the C library's malloc");
  else
    snprintf (reason, sizeof reason,
              "its malloc is that of %s, and its blocks are not seen; to observe them, run it "
              "with the C library's malloc",
              name);
  return false;
}

static bool
leave_collector (const struct search *search)
{
  const char *name = name_of (&search->collector);

  pass_on (search);
  snprintf (reason, sizeof reason,
            "libgc is linked statically into %s, and its objects are not seen; to observe "
            "them, link it with libgc.so",
            name[0] ? name : "it");
  return false;
}

bool
gcg__foreign_begin (void)
{
  struct search search = { .n = 0 };

  dl_iterate_phdr (look_at, &search);
  if (search.collector.dlpi_name && !strstr (search.collector.dlpi_name, "/libgc.so"))
    return leave_collector (&search);
  if (search.n && search.modules[0].owner != OURS)
    return step_aside (&search, &search.modules[0]);
  /* Behind the C library's there is none that the program would use. */
  for (unsigned i = 1; i < search.n && search.modules[i - 1].owner != C_LIBRARY; i++)
    if (search.modules[i].owner == UNKNOWN
        || (search.modules[i].owner == KNOWN && !lead_here (&search.modules[i], &search.cxx)))
      return step_aside (&search, &search.modules[i]);
    else if (search.modules[i].owner == C_LIBRARY && !lead_here (&search.modules[i], &search.cxx))
      find_others (&search);
  return true;
}

const char *
gcg__foreign_reason (void)
{
  return reason[0] ? reason : NULL;
}

void *
gcg__foreign_new (size_t bytes, size_t alignment)
{
  void *block = NULL;

  if (alignment <= 16 && others.malloc)
    block = others.malloc (bytes);
  else if (alignment > 16 && others.memalign)
    block = others.memalign (alignment, bytes);
  return block ? memset (block, 0, bytes) : NULL;
}

bool
gcg__foreign_free (void *block)
{
  if (!others.free)
    return false;
  others.free (block);
  return true;
}

bool
gcg__foreign_realloc (void *block, size_t bytes, void **new)
{
  if (!others.realloc)
    return false;
  *new = others.realloc (block, bytes);
  return true;
}

bool
gcg__foreign_bytes (void *block, size_t *bytes)
{
  if (!others.usable)
    return false;
  *bytes = others.usable (block);
  return true;
}
