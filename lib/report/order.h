/* order.h -- the whole order of a long table, made once and kept. */
#ifndef GCG_REPORT_ORDER_H
#define GCG_REPORT_ORDER_H

#include "report/query.h"

/* As gcg__query_choose, for a TABLE with `kept`, sorted by COLUMN (key NULL: its own order,
   BACKWARDS: against it), into CHOSEN, whose rows have room for the query's limit.  The first time
   O(n), then O(limit).  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__order_choose (const struct gcg__query *query, const struct gcg__table *table,
                                   const struct gcg__table_column *column, bool backwards,
                                   struct gcg__chosen *chosen, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
