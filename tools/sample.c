/* sample.c -- gcglass sample: asks a process that runs the agent for a sample and reports what is
 * alive.
 *
 * The agent sends all samples that it has, so that the table can say what has grown since the one
 * before, and so that they can be saved.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol.h"
#include "recording/recording.h"
#include "recording/writer.h"
#include "base/error.h"
#include "report/report.h"
#include "tools/agent.h"

/* The records in FD, checked; *BYTES (to be freed) holds the N of them. */
static enum gcg_status
read_records (int fd, struct gcg__recording **recording, char **bytes, size_t *n,
              struct gcg_error *error)
{
  struct stat about;
  ssize_t got = -1;
  if (fstat (fd, &about) != 0 || about.st_size <= 0)
    return gcg__error_write (error, GCG_CORRUPT, "the process's answer is empty");
  *n = (size_t)about.st_size;
  *bytes = malloc (*n);
  for (size_t done = 0; *bytes != NULL && done < *n; done += (size_t)got)
    if ((got = pread (fd, *bytes + done, *n - done, (off_t)done)) <= 0)
      break;
  if (*bytes == NULL || got <= 0)
    return gcg__error_write (error, GCG_SYSTEM, "cannot read the process's answer");
  enum gcg_status status = gcg__recording_new (recording, error);
  if (status != GCG_OK)
    return status;
  status = gcg__recording_append (*recording, *bytes, *n, error);
  if (status != GCG_OK)
    {
      gcg__recording_free (*recording);
      *recording = NULL;
    }
  return status;
}

static enum gcg_status
save (const char *path, const char *bytes, size_t n, struct gcg_error *error)
{
  struct gcg__recording_writer *writer;
  enum gcg_status status = gcg__recording_writer_new (path, &writer, error);
  if (status != GCG_OK)
    return status;
  status = gcg__recording_writer_append (writer, bytes, n, error);
  enum gcg_status closed = gcg__recording_writer_close (writer, status == GCG_OK ? error : NULL);
  return status == GCG_OK ? closed : status;
}

/* Prints RECORDING (taken). */
static enum gcg_status
tell (struct gcg__recording *recording, uint32_t top, struct gcg_error *error)
{
  struct gcg__timeline *timeline;
  struct gcg__buffer out;
  enum gcg_status status = gcg__timeline_new (recording, &timeline, error);
  if (status != GCG_OK)
    {
      gcg__recording_free (recording);
      return status;
    }
  status = gcg__timeline_update (timeline, error);
  gcg__buffer_init (&out, command_sink, stdout);
  if (status == GCG_OK)
    status = gcg__sample_text_write (timeline, false, top, &out, error);
  gcg__buffer_flush (&out);
  gcg__buffer_fini (&out);
  gcg__timeline_free (timeline);
  return status;
}

static int
sample (const struct command *self, int argc, char **argv)
{
  struct agent_arguments arguments;
  struct gcg__recording *recording = NULL;
  struct gcg_error error;
  char *bytes = NULL;
  size_t n = 0;
  int fd, result = agent_parse (self, argc, argv, &arguments);
  if (result != 0)
    return result;
  if (arguments.help)
    return command_usage (self);
  signal (SIGPIPE, SIG_IGN); /* a closed pipe is reported like a full disk */
  signal (SIGXFSZ, SIG_IGN); /* a limit as well */
  enum gcg_status status = agent_ask (&arguments, GCG__SAMPLE, &fd, &error);
  if (status == GCG_OK)
    {
      status = read_records (fd, &recording, &bytes, &n, &error);
      close (fd);
    }
  if (status == GCG_OK && arguments.output != NULL)
    status = save (arguments.output, bytes, n, &error);
  if (status == GCG_OK)
    status = tell (recording, arguments.top, &error);
  else
    gcg__recording_free (recording);
  free (bytes);
  if (ferror (stdout))
    return 0; /*
reported by main */
  return status == GCG_OK ? 0 : command_fail (self, "%s", error.text);
}

static const struct command_option sample_options[]
    = { { "output", 'o', "FILE", OPTION_FILES,
          "save all samples so far to FILE, for gcglass view" },
        { "description", 'd', "TEXT", NULL, "a description, shown with it" },
        { "top", 'n', "N", NULL, "rows of the table, default 10" },
        { "timeout", 't', "SECONDS", NULL, "how long to wait for the process, default 60" },
        OPTION_HELP,
        OPTION_END };

const struct command command_sample = {
  .name = "sample",
  .arguments = "[OPTION]... PID",
  .summary = "Counts what is alive in a process that runs with gcglass, without stopping it",
  .options = (const struct command_option *const[]){ sample_options, NULL },
  .operands = OPTION_PROCESSES,
  .function = sample,
};
