/* type_edges.h -- what the objects of one type point to and what points to them, by field. */
#ifndef GCG_REPORT_TYPE_EDGES_H
#define GCG_REPORT_TYPE_EDGES_H

#include "report/json.h"
#include "report/model.h"

/* Which objects are meant. */
struct gcg__subject
{
  const struct gcg__model *model;
  const char *name;
  uint32_t group; /* GCG__NONE: those without one */
  enum
  {
    GCG__SUBJECT_NONE,  /* no object */
    GCG__SUBJECT_GROUP, /* those of GROUP */
    GCG__SUBJECT_SIZE,  /* without one, of a slot size and kind */
    GCG__SUBJECT_REST,  /* without one, of those that have no row of their own */
    GCG__SUBJECT_UNTAGGED
  } which;
  uint64_t slot_bytes;
  uint32_t kind;
};

/* The objects that are called NAME; false: the snapshot knows no such name. */
bool gcg__subject_find (const struct gcg__model *model, const char *name,
                        struct gcg__subject *subject);

/* Returns whether OBJECT is one of them. */
bool gcg__subject_has (const struct gcg__subject *subject, const struct gcg__object *object);

/* Writes the members "referents" and "referrers" of the object that is open, most pointers first.
   All pointers of the snapshot are looked at once.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__type_edges_write (const struct gcg__subject *subject, struct gcg__json *json,
                                       struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
