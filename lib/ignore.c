/* ignore.c -- gcg_disable, gcg_enable, gcg_ignore, gcg_track: what the program says of objects. */
#include "ignore.h"

#include <string.h>

#include "agent.h"
#include "alloc.h"
#include "fail.h"
#include "gc_calls.h"
#include "registry.h"
#include "sample/survivors.h"
#include "tag.h"
#ifdef GCG_MALLOC
#include "malloc/blocks.h"
#endif

_Thread_local unsigned gcg__disabled;
bool gcg__ever_disabled;

void
gcg_disable (void)
{
  gcg__disabled++;
  __atomic_store_n (&gcg__ever_disabled, true, __ATOMIC_RELAXED);
}

void
gcg_enable (void)
{
  if (gcg__disabled > 0)
    gcg__disabled--;
}

#ifdef GCG_MALLOC

/* The block that OBJECT lies in and its tag; NULL: none that the program has now. */
static void *
find_object (const void *object, uint64_t *tag)
{
  uint64_t *place;
  void *base = object ? gcg__block_at (object, &place) : NULL;
  *tag = base ? *place : 0;
  return base;
}

static void
set_site (void *base, uint32_t site)
{
  gcg__block_set_site (base, site);
}

#else

static void *
find_object (const void *object, uint64_t *tag)
{
  void *base = object ? GC_base ((void *)(uintptr_t)object) : NULL;
  *tag = base ? gcg__tag_of (base) : 0;
  return base;
}

static void
set_site (void *base, uint32_t site)
{
  struct gcg__taken taken = gcg__untag (base);
  tag_write (base, taken.place, taken.slack, site, tag_birth (taken.tag));
  gcg__survivors_moved (tag_site (taken.tag), taken.bytes, tag_birth (taken.tag),
                        (uintptr_t)taken.place, site);
  gcg__registry_retag ((uintptr_t)base, taken.tag, *taken.place);
}

#endif

enum gcg_status
gcg_track (const void *object, const char *type_name, struct gcg_error *error)
{
  uint64_t tag;
  void *base;

  gcg__agent_ready ();
  if (!type_name || !*type_name)
    return gcg__fail (error, GCG_INVALID, "no type name");
  base = find_object (object, &tag);
  if (!tag)
    return gcg__fail (error, GCG_NOT_FOUND, "%p is not an object allocated through gcglass",
                      object);
  set_site (base, gcg__site_with_type (tag_site (tag), type_name));
  return GCG_OK;
}

enum gcg_status
gcg_ignore (const void *object, struct gcg_error *error)
{
  uint32_t site = 0;
  uint64_t tag;
  void *base;

  gcg__agent_ready ();
  base = find_object (object, &tag);
  if (!base)
    return gcg__fail (error, GCG_NOT_FOUND,
                      "%p is not an object of the collector's heap, nor a block of malloc", object);
  if (tag && (site = gcg__site_ignored (tag_site (tag))) != 0)
    set_site (base, site);
  else if (tag || !gcg__registry_ignore ((uintptr_t)base, tag))
    return gcg__fail (error, GCG_NO_MEMORY, "no memory to note an ignored object");
  return GCG_OK;
}
