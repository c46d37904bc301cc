/* view.c -- gcglass view: the same pages about snapshots and recordings in files.
 *
 * The files are shown in the order in which they were made, whatever that of the arguments.  The
 * pages show the recorded process.  Of several recordings the samples of the newest are shown.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/recording.h"
#include "report/words.h"
#include "server/samples.h"
#include "server/source.h"
#include "tools/command.h"
#include "tools/recorded.h"
#include "tools/serving.h"

static const char *
recorded_program (const struct gcg__recording *recording)
{
  return gcg__base_name (recording->strings + recording->process.program);
}

/* A recorded_take whose CONTEXT is the source. */
static enum gcg_status
add_snapshot (void *context, int fd, const char *name, struct gcg_error *error)
{
  return gcg__source_add (context, fd, name, "", 0, error);
}

/* Shows the samples and snapshots of the recording PATH; 0 or an exit status after a message. */
static int
add_recording (struct serving *serving, const char *path)
{
  struct gcg__recording *recording;
  char left_out[RECORDED_TEXT_BYTES];
  struct gcg_error error;
  enum gcg_status status = gcg__recording_open (path, &recording, &error);
  if (status != GCG_OK)
    return command_fail (serving->command, "%s", error.text);
  double running_s = 0;
  if (recording->n_samples > 0)
    running_s = (double)(recording->samples[recording->n_samples - 1]->head.monotonic_ns
                         - recording->process.start_monotonic_ns)
                / 1e9;
  gcg__source_set_file (serving->source, recorded_program (recording));
  gcg__source_set_recorded (serving->source, (pid_t)recording->process.pid, running_s,
                            recording->ended ? recording->exit.wait_status : -1);
  status = recorded_each (recording, path, add_snapshot, serving->source, left_out, &error);
  if (status == GCG_OK && left_out[0] != '\0')
    {
      serving_say (serving, "%s", left_out);
      gcg__source_set_left_out (serving->source, left_out);
    }
  if (status != GCG_OK)
    gcg__recording_free (recording);
  else
    status = gcg__samples_show (gcg__source_samples (serving->source), recording, &error);
  return status == GCG_OK ? 0 : command_fail (serving->command, "%s", error.text);
}

/* Adds the file PATH; 0 or an exit status after a message. */
static int
add_file (struct serving *serving, const char *path)
{
  struct gcg_error error;
  if (gcg__recording_is (path))
    return add_recording (serving, path);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return command_fail (serving->command, "%s: %s", path, strerror (errno));
  if (gcg__source_add (serving->source, fd, path, NULL, 0, &error) != GCG_OK)
    return command_fail (serving->command, "%s", error.text);
  return 0;
}

/* An argument. */
struct file
{
  char *path;
  uint64_t made_ns; /* since the epoch; 0: not known */
  int place;        /* among the arguments */
};

/* Returns when the snapshot in PATH, or the last sample of the recording, was taken; 0 if the file
   cannot be read, which is reported when it is added. */
static uint64_t
time_of (const char *path)
{
  struct gcg__snapshot *snapshot;
  struct gcg__recording *recording;
  uint64_t made_ns = 0;
  if (!gcg__recording_is (path))
    {
      if (gcg__snapshot_open (path, &snapshot, NULL) == GCG_OK)
        {
          made_ns = snapshot->info->realtime_ns;
          gcg__snapshot_close (snapshot);
        }
    }
  else if (gcg__recording_open (path, &recording, NULL) == GCG_OK)
    {
      made_ns = recording->n_samples > 0
                    ? recording->samples[recording->n_samples - 1]->head.realtime_ns
                    : recording->process.start_realtime_ns;
      gcg__recording_free (recording);
    }
  return made_ns;
}

static int
file_compare (const void *a, const void *b)
{
  const struct file *x = a, *y = b;
  if (x->made_ns != y->made_ns)
    return x->made_ns < y->made_ns ? -1 : 1;
  return x->place - y->place;
}

static int
serve_files (struct serving *serving, char **paths, int n)
{
  struct signalfd_siginfo info;
  struct file files[GCG__MAX_SNAPSHOTS];
  int status = serving_begin (serving);
  for (int i = 0; i < n; i++)
    files[i] = (struct file){ paths[i], n > 1 ? time_of (paths[i]) : 0, i };
  qsort (files, (size_t)n, sizeof files[0], file_compare);
  gcg__source_set_file (serving->source, gcg__base_name (files[n - 1].path));
  for (int i = 0; status == 0 && i < n; i++)
    status = add_file (serving, files[i].path);
  if (status == 0)
    status = serving_start (serving);
  while (status == 0 && (!serving_wait (serving, &info) || !signals_is_end (&info)))
    ;
  return status;
}

static int
view_main (const struct command *self, int argc, char **argv)
{
  struct serving serving;
  int option, status = serving_init (&serving, self);
  while (status == 0 && (option = options_next (self, argc, argv)) != OPTIONS_DONE)
    status = serving_take (&serving, option, optarg);
  if (status == -1)
    return 0;
  if (status == 0 && optind == argc)
    status = command_misuse (self, "no file was given");
  if (status == 0 && argc - optind > GCG__MAX_SNAPSHOTS)
    status = command_misuse (self, "at most %d files", GCG__MAX_SNAPSHOTS);
  if (status == 0)
    status = serve_files (&serving, argv + optind, argc - optind);
  serving_end (&serving);
  return status;
}

const struct command command_view = {
  .name = "view",
  .arguments = "[OPTION]... FILE...",
  .summary = "Serves the pages about snapshots and recordings in files, the newest first",
  .options = (const struct command_option *const[]){ serving_options, NULL },
  .operands = OPTION_FILES,
  .function = view_main,
};
