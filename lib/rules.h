/* rules.h -- what the program itself wants no leaks reported of.
 *
 * A program may define gcg_default_suppressions, or, as for LeakSanitizer,
 * __lsan_default_suppressions: functions without parameters that return rules as a string.  They go
 * with each snapshot.  Where it defines __lsan_is_turned_off, and that says so, all is suppressed.
 */
#ifndef GCG_RULES_H
#define GCG_RULES_H

#include <stdbool.h>

/* Calls these functions; once, in a thread of the program's, before its main. */
void gcg__rules_ask (void);

/* What they returned, "" when there are none. */
const char *gcg__rules_text (void);

/* Does the program want no leaks to be looked for?  Asks it when it has not been asked. */
bool gcg__rules_turn_off (void);

#endif
