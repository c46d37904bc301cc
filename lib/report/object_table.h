/* object_table.h -- objects as rows: sorted, filtered and paged for millions. */
#ifndef GCG_REPORT_OBJECT_TABLE_H
#define GCG_REPORT_OBJECT_TABLE_H

#include "report/json.h"
#include "report/model.h"
#include "report/query.h"

/* Writes the members "total", "offset", "limit" and "rows" of the object that is open.  MEMBERS:
   ids of the N objects, most bytes first; NULL: all objects in order of address.  Linear in N, less
   when nothing is sorted nor filtered.  Errors: GCG_INVALID: unknown column; GCG_NO_MEMORY. */
enum gcg_status gcg__object_table_write (const struct gcg__model *model, const uint32_t *members,
                                         uint32_t n, const struct gcg__query *query,
                                         struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Writes what a row says of object ID into the object that is open. */
void gcg__object_members (const struct gcg__model *model, uint32_t id, struct gcg__json *json);

/* Collections that OBJECT has lived through; 0 when its birth is not known. */
uint32_t gcg__object_age (const struct gcg__model *model, const struct gcg__object *object);

/* "normal", "pointer-free", ... */
const char *gcg__object_kind_name (uint32_t kind);

#endif
