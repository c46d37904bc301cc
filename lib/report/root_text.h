/* root_text.h -- a root in words: which variable, which thread's stack, which register. */
#ifndef GCG_REPORT_ROOT_TEXT_H
#define GCG_REPORT_ROOT_TEXT_H

#include "report/model.h"

/* Adds ROOT in words: "registry+16 (static data of server)", "stack of thread 4243 (worker), at
   0x7ffd…", "register rbx of thread 4243 (worker)". */
void gcg__root_text (const struct gcg__model *model, const struct gcg__root *root,
                     struct gcg__buffer *out);

/* The page about where ROOT is, "/threads/4243", or NULL; perhaps in SCRATCH. */
const char *gcg__root_href (const struct gcg__model *model, const struct gcg__root *root,
                            char scratch[32]);

#define GCG__REGISTER_TEXT 8

/* The name of the register with DWARF number NUMBER, perhaps in SCRATCH. */
const char *gcg__register_text (const struct gcg__model *model, uint64_t number,
                                char scratch[GCG__REGISTER_TEXT]);

/* Adds "4243 (worker)". */
void gcg__thread_text (const struct gcg__model *model, uint32_t thread, struct gcg__buffer *out);

#endif
