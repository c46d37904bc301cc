/* types.h -- what the objects are called.
 *
 * The name of an object is, the first that is known:
 *   the type that its allocation said                       struct node
 *   the type of its size expression, by debug information   struct node
 *   the type of what points to it (infer.h)                 struct node
 *   where it comes from                                     from new_node (list.c:12)
 *                                                           from libfoo.so.1+0x1234
 * Of a call stack, "where" is the first frame that has a name and is not the collector's or
 * gcglass's own.  Objects with one name make one group; those of one site may be of several, when
 * they were inferred.  Groups are numbered in order of name, so comparing group numbers compares
 * names.  Names are clean (buffer.h) and at most 400 bytes.  Objects without a tag are of no group
 * unless their type was inferred.
 *
 * Immutable once made.  Borrows from the snapshot and the symbols.
 */
#ifndef GCG_REPORT_TYPES_H
#define GCG_REPORT_TYPES_H

#include "snapshot/snapshot.h"
#include "symbol/symbol.h"

/* Where a site stands. */
struct gcg__place
{
  const char *function; /* never NULL, empty when unknown; as found, not clean */
  const char *file;
  uint32_t line;
  const char *text; /* clean: "list.c:12 (new_node)", "libfoo.so.1+0x1234", "0x1234", "unknown" */
};

/* How a type is known. */
enum gcg__basis
{
  GCG__BASIS_SITE, /* it is not: the site stands in its place */
  GCG__BASIS_INFERRED,
  GCG__BASIS_EXPRESSION,
  GCG__BASIS_GIVEN
};

struct gcg__type
{
  const char *name;
  const char *type;      /* as the symbols know it, NULL when the site stands in its place */
  const char *from;      /* INFERRED: "from the global head (list.c)", clean; else NULL */
  enum gcg__basis basis; /* the best of all its sites */
  uint32_t n_sites;
};

struct gcg__types
{
  struct gcg__type *groups;  /* [n_groups] in order of name */
  uint32_t *group_of_site;   /* [n_sites]: of most of its objects; [0] is 0 and means nothing */
  uint32_t *group_of_object; /* [n_objects]: GCG__NONE when it is of none */
  struct gcg__place *places; /* [n_sites] */
  struct gcg__pool *pool;    /* of the strings made here */
  uint32_t n_groups, n_sites;
};

/* Names the sites and objects of SNAPSHOT (which may have no objects).  Asks SYMBOLS once for each
   expression and each frame up to the first with a name, and what inference takes.  On GCG_OK
   *TYPES is to be freed.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__types_new (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
                                struct gcg__types **types, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__types_free (struct gcg__types *types);

#define GCG__TYPE_SCRATCH 64

/* The name of OBJECT's type; borrowed, perhaps from SCRATCH: "untagged, 16 B" is made there. */
const char *gcg__types_of (const struct gcg__types *types, const struct gcg__object *object,
                           char scratch[GCG__TYPE_SCRATCH]);
/* The name of untagged objects of SLOT_BYTES and KIND; SLOT_BYTES 0: of all other sizes. */
void gcg__types_untagged (uint64_t slot_bytes, uint32_t kind, char scratch[GCG__TYPE_SCRATCH]);

/* True when MODULE (a base name) is the collector or gcglass itself: not where a program
   allocates. */
bool gcg__types_own_module (const char *module);

#endif
