/* recording.h -- a recording in memory: what a program's heap was like over time.
 *
 * Fed with records as they come, from a file or from a live program, all of them untrusted: each is
 * checked before anything of it is kept, and what is kept is bounded.  Samples are kept as changes
 * to the sample before, so that a thousand samples of a quiet program cost little; when there are
 * too many, plain ones are merged into their successors, samples with a description or a snapshot
 * last.
 *
 *   struct gcg__recording *r;
 *   gcg__recording_open ("x.gcrec", &r, error);
 *   struct gcg__sample_site *now = calloc (r->n_sites, sizeof *now);
 *   for (uint32_t i = 0; i < r->n_samples; i++)
 *     {
 *       gcg__recording_apply (r->samples[i], now);
 *       now[site].live_bytes, now[site].made_count ...      as of sample i
 *     }
 *
 * One thread at a time; callers that share it must lock.
 */
#ifndef GCG_RECORDING_H
#define GCG_RECORDING_H

#include <stdbool.h>
#include <stddef.h>

#include "gcglass/error.h"
#include "recording/format.h"
#include "snapshot/snapshot.h"

#define GCG__SAMPLES_MAX      4096u
#define GCG__SAMPLE_BYTES_MAX (UINT64_C (64) << 20)  /* of all samples */
#define GCG__SITE_BYTES_MAX   (UINT64_C (256) << 20) /* of sites, frames, modules and strings */

struct gcg__sample
{
  struct gcg__record_sample head; /* its counts of sites and deaths mean nothing here */
  const char *description;        /* never NULL */
  uint32_t n_changes;
  struct gcg__sample_site changes[]; /* what differs from the sample before, ascending by site */
};

/* A snapshot inside a file. */
struct gcg__recorded_snapshot
{
  uint64_t offset, bytes;
};

struct gcg__recording
{
  struct gcg__record_process process; /* pid 0: not known yet; strings are those below */
  struct gcg__module *modules;
  struct gcg__site *sites; /* [n_sites], site 0 is there from the start */
  uint64_t *frames;
  char *strings;
  uint32_t n_modules, n_sites;
  uint64_t n_frames, n_strings;
  uint32_t module_changes; /* goes up when modules come or go */

  struct gcg__sample **samples; /* ascending by number; pointers are good until more is appended */
  uint32_t n_samples;
  struct gcg__sample_deaths *deaths; /* [n_sites], the last figures */
  struct gcg__sample_site *now;      /* [n_sites], as of the last sample */

  struct gcg__recorded_snapshot *snapshots;
  uint32_t n_snapshots;
  bool ended;
  struct gcg__record_exit exit;

  int fd;                /* of the file, -1: none */
  uint64_t sample_bytes; /* memory of all samples */
  uint64_t site_room, frame_room, string_room, sample_room;
};

/* An empty recording.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__recording_new (struct gcg__recording **recording, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Takes RECORDING (NULL is fine). */
void gcg__recording_free (struct gcg__recording *recording);

/* Appends the N bytes of whole records at BYTES.  What comes before a damaged record is kept, of it
   and what follows nothing.  Samples that are not newer than the last one are passed over.
   Errors: GCG_CORRUPT, GCG_NO_MEMORY. */
enum gcg_status gcg__recording_append (struct gcg__recording *recording, const void *bytes,
                                       size_t n, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Reads the file PATH, whose last record may be cut short: then it ends before it.  Snapshots in it
   are noted, not read.  Errors: GCG_CORRUPT, GCG_VERSION, GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status gcg__recording_open (const char *path, struct gcg__recording **recording,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));

/* True when the file PATH begins as a recording does. */
bool gcg__recording_is (const char *path);

/* Copies snapshot I of the file into a sealed memory file, which the caller closes; NAME stands in
   messages.  It is not checked yet.  Errors: GCG_CORRUPT, GCG_SYSTEM. */
enum gcg_status gcg__recording_snapshot (const struct gcg__recording *recording, uint32_t i,
                                         const char *name, int *fd, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Makes NOW, [n_sites] by site and as of the sample before SAMPLE, that as of SAMPLE. */
void gcg__recording_apply (const struct gcg__sample *sample, struct gcg__sample_site *now);

/* Index of the sample NUMBER, or of the next one that is kept; n_samples when there is none. */
uint32_t gcg__recording_find (const struct gcg__recording *recording, uint64_t number);

#endif
