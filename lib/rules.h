/* rules.h -- suppression rules that the program itself defines.
 *
 * A program may define gcg_default_suppressions, or, as for LeakSanitizer,
 * __lsan_default_suppressions: functions without parameters that return rules as a string.  They go
 * with each snapshot.  If it defines __lsan_is_turned_off and that returns non-zero, everything is
 * suppressed.
 */
#ifndef GCG_RULES_H
#define GCG_RULES_H

#include <stdbool.h>
#include <stdint.h>

/* Calls these functions; once, in a thread of the program's, before its main. */
void gcg__rules_ask (void);

/* What they returned, "" when there are none. */
const char *gcg__rules_text (void);

/* The address of the address of the same (agent_root.h). */
uint64_t gcg__rules_place (void);

/* Returns whether the program has turned leak detection off; calls its function the first time. */
bool gcg__rules_turn_off (void);

#endif
