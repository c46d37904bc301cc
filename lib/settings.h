/* settings.h -- what the collector and the kernel report about the program, for a snapshot.
 *
 * The settings are noted before the capture's collection, in the thread that asks for it: some of
 * libgc's getters take its lock, which the frozen child could not; and how much memory is shared
 * with other processes is told before the child shares all of it.  The figures are those at the end
 * of the marking.
 */
#ifndef GCG_SETTINGS_H
#define GCG_SETTINGS_H

#include "snapshot/format.h"

struct gcg__settings
{
  struct gcg__statistics noted; /* the settings; no figures, no text */
  char smaps[2048];             /* "" when the system does not provide it */
};

/* Notes the settings of now.  Any thread that does not hold the collector's lock. */
void gcg__settings_note (struct gcg__settings *settings);

/* Notes what the kernel reports.  In the program, not in its child. */
void gcg__settings_note_smaps (struct gcg__settings *settings);

/* Completes STATISTICS, a copy of what was noted, with the collector's figures. */
void gcg__statistics_stopped (struct gcg__statistics *statistics);

#endif
