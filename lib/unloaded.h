/* unloaded.h -- modules that the program has unloaded: whose code allocated what is still there.
 *
 * What a plugin has allocated outlives it, but its addresses may be another's by then.  So when a
 * module goes, its addresses in call stacks become addresses in a place of its own, where no
 * program has memory (GCG__UNLOADED_LOW); snapshots list the module there, by its file and build
 * id, and names are found as those of any other.  When the same file comes back to where it was,
 * its addresses are those of the same place at once, so that the same call is the same site.
 */
#ifndef GCG_UNLOADED_H
#define GCG_UNLOADED_H

#include <stddef.h>
#include <stdint.h>

#define GCG__BUILD_ID_TEXT 65

struct gcg__unloaded
{
  uint64_t low, high, base; /* where it was; base: what its file's addresses were added to */
  uint64_t place;           /* what stands for LOW */
  const char *name;         /* as the dynamic linker has it */
  const char *path;
  char build_id[GCG__BUILD_ID_TEXT]; /* hexadecimal, "" when there is none */
};

/* What is loaded before a call of dlclose. */
struct gcg__loaded
{
  struct gcg__loaded_module *modules;
  size_t n, bytes;
  unsigned long long subtracted; /* as the dynamic linker counts */
};

/* Notes what is loaded; to be given to gcg__unloaded_after, which notes what has gone. */
void gcg__unloaded_before (struct gcg__loaded *loaded);
void gcg__unloaded_after (struct gcg__loaded *loaded);

/* Puts those of the N return addresses FRAMES into their place that are in a module which has been
   unloaded before and is back.  O(1) unless some are where a module has gone. */
void gcg__unloaded_place (uint64_t *frames, uint32_t n);

/* All of them, *N. */
const struct gcg__unloaded *const *gcg__unloaded_all (uint32_t *n);

#endif
