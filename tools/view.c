/* view.c -- gcglass view: the same pages about snapshots and recordings in files.
 *
 * The pages show the recorded process.  Of several recordings the samples of the last are shown.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recording/recording.h"
#include "report/words.h"
#include "server/samples.h"
#include "server/source.h"
#include "tools/command.h"
#include "tools/serving.h"

static const char *
recorded_program (const struct gcg__recording *recording)
{
  return gcg__base_name (recording->strings + recording->process.program);
}

/* Shows the samples and snapshots of the recording PATH; 0 or an exit status after a message. */
static int
add_recording (struct serving *serving, const char *path)
{
  struct gcg__recording *recording;
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
  for (uint32_t i = 0; i < recording->n_snapshots && status == GCG_OK; i++)
    {
      int fd;
      status = gcg__recording_snapshot (recording, i, path, &fd, &error);
      if (status == GCG_OK)
        status = gcg__source_add (serving->source, fd, path, "", 0, &error);
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

static int
serve_files (struct serving *serving, char **files, int n)
{
  struct signalfd_siginfo info;
  int status = serving_begin (serving);
  gcg__source_set_file (serving->source, gcg__base_name (files[n - 1]));
  for (int i = 0; status == 0 && i < n; i++)
    status = add_file (serving, files[i]);
  if (status == 0)
    status = serving_start (serving);
  while (status == 0 && (!serving_wait (serving, &info) || !signals_is_end (&info)))
    ;
  return status;
}

static int
view_main (const struct command *self, int argc, char **argv)
{
  static const struct option options[] = { SERVING_LONG_OPTIONS, { NULL, 0, NULL, 0 } };
  struct serving serving;
  int option, status = serving_init (&serving, self);
  while (status == 0 && (option = getopt_long (argc, argv, "h", options, NULL)) != -1)
    status = serving_take (&serving, option == 'h' ? SERVING_HELP : option, optarg, argv);
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
  .summary = "Serves the pages about snapshots and recordings in files, the last one first",
  .options = SERVING_HELP_TEXT,
  .function = view_main,
};
