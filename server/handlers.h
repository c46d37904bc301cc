/* handlers.h -- what answers the addresses of routes.c, and what the answers share. */
#ifndef GCG_SERVER_HANDLERS_H
#define GCG_SERVER_HANDLERS_H

#include <stdbool.h>
#include <stdint.h>

#include "gcglass/error.h"
#include "server/routes.h"

struct gcg__entry;
struct gcg__overall;

#define GCG__HANDLER(name)                                                                         \
  void name (struct gcg__server *server, const struct gcg__request *request,                       \
             const struct gcg__captures *captures, struct gcg__reply *reply)

/* pages.c */
GCG__HANDLER (gcg__page_overview);
GCG__HANDLER (gcg__page_process);
GCG__HANDLER (gcg__page_threads);
GCG__HANDLER (gcg__page_thread);
GCG__HANDLER (gcg__page_types);
GCG__HANDLER (gcg__page_objects);
GCG__HANDLER (gcg__page_object);
GCG__HANDLER (gcg__page_tracker);
GCG__HANDLER (gcg__page_sample);
GCG__HANDLER (gcg__page_difference);
GCG__HANDLER (gcg__page_type);
GCG__HANDLER (gcg__page_garbage);
GCG__HANDLER (gcg__page_component);
GCG__HANDLER (gcg__page_help);
GCG__HANDLER (gcg__page_static);
GCG__HANDLER (gcg__picture_png);
GCG__HANDLER (gcg__picture_svg);
GCG__HANDLER (gcg__picture_dot);

/* api.c */
GCG__HANDLER (gcg__api_frame);
GCG__HANDLER (gcg__api_overview);
GCG__HANDLER (gcg__api_process);
GCG__HANDLER (gcg__api_threads);
GCG__HANDLER (gcg__api_thread);
GCG__HANDLER (gcg__api_types);
GCG__HANDLER (gcg__api_sites);
GCG__HANDLER (gcg__api_garbage);
GCG__HANDLER (gcg__api_kinds);
GCG__HANDLER (gcg__api_hazards);
GCG__HANDLER (gcg__api_component);
GCG__HANDLER (gcg__api_objects);
GCG__HANDLER (gcg__api_object);
GCG__HANDLER (gcg__api_referents);
GCG__HANDLER (gcg__api_referrers);

GCG__HANDLER (gcg__api_tracker);
GCG__HANDLER (gcg__api_samples);
GCG__HANDLER (gcg__api_sample);
GCG__HANDLER (gcg__api_difference);
GCG__HANDLER (gcg__api_type);
GCG__HANDLER (gcg__api_instances);

/* actions.c */
GCG__HANDLER (gcg__api_take_sample);
GCG__HANDLER (gcg__api_sampling);
GCG__HANDLER (gcg__api_snapshot);
GCG__HANDLER (gcg__api_stop);
GCG__HANDLER (gcg__refresh);

/* routes.c */
GCG__HANDLER (gcg__api_index);

/* The HTTP status that says what STATUS says. */
int gcg__http_status (enum gcg_status status);

/* Answers ERROR. */
void gcg__answer_failure (struct gcg__server *server, const struct gcg__request *request,
                          struct gcg__reply *reply, const struct gcg_error *error);

/* Gets the snapshot that the parameter "snapshot" asks for, the newest without one.  When there is
   none yet, one is asked for and *ENTRY is NULL: the answer is about waiting.  False: REPLY is the
   answer, an error. */
bool gcg__answer_entry (struct gcg__server *server, const struct gcg__request *request,
                        struct gcg__reply *reply, const struct gcg__entry **entry);

/* The component's number in CAPTURES, 0 when it is none. */
uint64_t gcg__captured_number (const struct gcg__captures *captures);

#endif
