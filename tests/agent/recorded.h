/* recorded.h -- what the program has been sampled as, read back from its own recording. */
#ifndef GCG_TESTS_RECORDED_H
#define GCG_TESTS_RECORDED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gcglass/gcglass.h>

#include "recording/recording.h"

static struct gcg__recording *recording;

/* Saves to PATH what has been sampled so far, one sample more, and reads that. */
static inline void
recorded_read (const char *path)
{
  struct gcg_error error = { GCG_OK, "" };
  gcg__recording_free (recording);
  recording = NULL;
  if (gcg_save_recording (path, &error) != GCG_OK
      || gcg__recording_open (path, &recording, &error) != GCG_OK)
    {
      printf ("Bail out! %s\n", error.text);
      exit (1);
    }
}

/* The first sample with DESCRIPTION. */
static inline uint32_t
recorded_sample (const char *description)
{
  uint32_t i = 0;
  while (i + 1 < recording->n_samples
         && strcmp (recording->samples[i]->description, description) != 0)
    i++;
  return i;
}

/* The sums over sites of TYPE (NULL: of what has no tag) as of SAMPLE. */
static inline struct gcg__sample_site
recorded_figures (const char *type, uint32_t sample)
{
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now), sum = { .site = 0 };
  for (uint32_t i = 0; i <= sample; i++)
    gcg__recording_apply (recording->samples[i], now);
  for (uint32_t site = 0; site < recording->n_sites; site++)
    if (type ? strcmp (recording->strings + recording->sites[site].type, type) == 0 : site == 0)
      {
        sum.live_count += now[site].live_count;
        sum.live_bytes += now[site].live_bytes;
        sum.made_count += now[site].made_count;
        sum.made_bytes += now[site].made_bytes;
      }
  free (now);
  return sum;
}

#endif
