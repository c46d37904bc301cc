/* recording.c -- see recording.h: what is kept of a recording.
 *
 * Memory grows by doubling up to the bounds of the header; beyond them sites and strings refuse the
 * record (no program has so many), samples are thinned.  Thinning merges every second plain sample
 * into its successor: the changes of both, where the later wins.  When all that is left is
 * described every second goes, whatever it is.
 */
#include "recording/recording.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/internal.h"

enum gcg_status
gcg__recording_new (struct gcg__recording **result, struct gcg_error *error)
{
  struct gcg__recording *recording = calloc (1, sizeof *recording);

  if (recording == NULL)
    return gcg__recording_fail (error, GCG_NO_MEMORY, "no memory for a recording");
  recording->fd = -1;
  if (!gcg__recording_reserve_sites (recording, 1, 0, 1))
    {
      gcg__recording_free (recording);
      return gcg__recording_fail (error, GCG_NO_MEMORY, "no memory for a recording");
    }
  recording->n_sites = 1;
  recording->strings[0] = '\0';
  recording->n_strings = 1;
  *result = recording;
  return GCG_OK;
}

void
gcg__recording_free (struct gcg__recording *recording)
{
  if (recording == NULL)
    return;
  for (uint32_t i = 0; i < recording->n_samples; i++)
    free (recording->samples[i]);
  free (recording->samples);
  free (recording->modules);
  free (recording->sites);
  free (recording->frames);
  free (recording->strings);
  free (recording->deaths);
  free (recording->now);
  free (recording->snapshots);
  if (recording->fd >= 0)
    close (recording->fd);
  free (recording);
}

/* Makes ARRAY of elements of BYTES hold NEED; *ROOM is how many it holds.  New room is zero. */
static bool
grow (void *array, uint64_t *room, uint64_t need, size_t bytes)
{
  void **at = array;
  uint64_t more = *room ? *room : 64;
  void *grown;

  if (need <= *room)
    return true;
  while (more < need)
    more *= 2;
  grown = reallocarray (*at, more, bytes);
  if (grown == NULL)
    return false;
  memset ((char *)grown + *room * bytes, 0, (more - *room) * bytes);
  *at = grown;
  *room = more;
  return true;
}

bool
gcg__recording_reserve_sites (struct gcg__recording *recording, uint64_t sites, uint64_t frames,
                              uint64_t strings)
{
  uint64_t rooms[3] = { recording->site_room, recording->site_room, recording->site_room };
  uint64_t need = recording->n_sites + sites;

  return grow (&recording->sites, &rooms[0], need, sizeof *recording->sites)
         && grow (&recording->deaths, &rooms[1], need, sizeof *recording->deaths)
         && grow (&recording->now, &rooms[2], need, sizeof *recording->now)
         && (recording->site_room = rooms[2], true)
         && grow (&recording->frames, &recording->frame_room, recording->n_frames + frames,
                  sizeof *recording->frames)
         && grow (&recording->strings, &recording->string_room, recording->n_strings + strings, 1);
}

static uint64_t
sample_size (const struct gcg__sample *sample)
{
  return sizeof *sample + sample->n_changes * sizeof *sample->changes + strlen (sample->description)
         + 1;
}

struct gcg__sample *
gcg__recording_new_sample (const struct gcg__record_sample *head, uint32_t n_changes,
                           const char *description)
{
  size_t text = strlen (description) + 1;
  struct gcg__sample *sample = malloc (sizeof *sample + n_changes * sizeof *sample->changes + text);

  if (sample == NULL)
    return NULL;
  sample->head = *head;
  sample->n_changes = n_changes;
  sample->description = memcpy ((char *)(sample->changes + n_changes), description, text);
  return sample;
}

/* LATER with the changes of EARLIER that it does not overrule; NULL: no memory. */
static struct gcg__sample *
merged (const struct gcg__sample *earlier, const struct gcg__sample *later)
{
  uint32_t n = 0, i = 0, j = 0;
  struct gcg__sample *sample = gcg__recording_new_sample (
      &later->head, earlier->n_changes + later->n_changes, later->description);

  if (sample == NULL)
    return NULL;
  while (i < earlier->n_changes || j < later->n_changes)
    {
      bool old = j == later->n_changes
                 || (i < earlier->n_changes && earlier->changes[i].site < later->changes[j].site);
      if (!old && i < earlier->n_changes && earlier->changes[i].site == later->changes[j].site)
        i++;
      sample->changes[n++] = old ? earlier->changes[i++] : later->changes[j++];
    }
  struct gcg__sample *exact = gcg__recording_new_sample (&sample->head, n, sample->description);
  if (exact != NULL)
    memcpy (exact->changes, sample->changes, n * sizeof *sample->changes);
  free (sample);
  return exact;
}

/* Merges every second sample into the next, plain ones only unless ALL; the last one stays.  Where
   memory is out samples stay as they are. */
static void
thin (struct gcg__recording *recording, bool all)
{
  uint32_t kept = 0;
  bool second = false;

  for (uint32_t i = 0; i < recording->n_samples; i++)
    {
      struct gcg__sample *sample = recording->samples[i], *joined = NULL;
      bool plain = sample->description[0] == '\0' && !(sample->head.flags & GCG__SAMPLE_SNAPSHOT);
      if ((plain || all) && i + 1 < recording->n_samples)
        {
          second = !second;
          if (!second)
            joined = merged (sample, recording->samples[i + 1]);
        }
      if (joined == NULL)
        {
          recording->samples[kept++] = sample;
          continue;
        }
      recording->sample_bytes -= sample_size (sample) + sample_size (recording->samples[i + 1]);
      recording->sample_bytes += sample_size (joined);
      free (sample);
      free (recording->samples[i + 1]);
      recording->samples[i + 1] = joined;
    }
  recording->n_samples = kept;
}

bool
gcg__recording_add_sample (struct gcg__recording *recording, struct gcg__sample *sample)
{
  const uint32_t most = GCG__SAMPLES_MAX / 4 * 3;
  uint32_t before = 0;

  if (!grow (&recording->samples, &recording->sample_room, recording->n_samples + 1u,
             sizeof *recording->samples))
    return false;
  gcg__recording_apply (sample, recording->now);
  recording->samples[recording->n_samples++] = sample;
  recording->sample_bytes += sample_size (sample);
  if (recording->n_samples <= GCG__SAMPLES_MAX && recording->sample_bytes <= GCG__SAMPLE_BYTES_MAX)
    return true;
  thin (recording, false);
  while (
      recording->n_samples != before
      && (recording->n_samples > most || recording->sample_bytes > GCG__SAMPLE_BYTES_MAX / 4 * 3))
    {
      before = recording->n_samples;
      thin (recording, true);
    }
  return true;
}

void
gcg__recording_apply (const struct gcg__sample *sample, struct gcg__sample_site *now)
{
  for (uint32_t i = 0; i < sample->n_changes; i++)
    now[sample->changes[i].site] = sample->changes[i];
}

uint32_t
gcg__recording_find (const struct gcg__recording *recording, uint64_t number)
{
  uint32_t low = 0, high = recording->n_samples;

  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (recording->samples[middle]->head.number < number)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}
