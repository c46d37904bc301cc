/* words.h -- what snapshots and recordings call things: texts, sites, the program.
 *
 * Texts go into FREEZE's column STRINGS, and are named by their offsets there; 0: "".
 */
#ifndef GCG_FREEZE_WORDS_H
#define GCG_FREEZE_WORDS_H

#include "freeze.h"

/* TEXT (NUL-terminated), cut at GCG__STRING_MAX bytes. */
uint32_t gcg__freeze_text_stopped (struct gcg__freeze *freeze, const char *text);

/* The text at ADDRESS, which was read outside, whole. */
uint32_t gcg__freeze_given_stopped (struct gcg__freeze *freeze, uint64_t address);

/* The whole of a small file below /proc; 0 when it cannot be read. */
uint32_t gcg__file_text_stopped (struct gcg__freeze *freeze, const char *path);

/* Appends site ID to SITES, its frames to FRAMES; WITH_TEXTS unless no object is of it. */
void gcg__freeze_site_stopped (struct gcg__freeze *freeze, uint32_t id, bool with_texts);

/* What INFO says of the program that FREEZE->pid runs: machine, command line, versions. */
void gcg__freeze_program_stopped (struct gcg__freeze *freeze, struct gcg__info *info);

#endif
