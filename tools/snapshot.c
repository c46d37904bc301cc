/* snapshot.c -- gcglass snapshot: asks a process that runs the agent for a snapshot and saves it.
 *
 * What comes back is checked like any file before it is saved.
 */
#include <config.h>

#include <unistd.h>

#include "base/save.h"
#include "protocol.h"
#include "report/words.h"
#include "snapshot/snapshot.h"
#include "tools/agent.h"

/* Saves FD to PATH and says so. */
static enum gcg_status
keep (const struct command *self, int fd, const char *path, struct gcg_error *error)
{
  struct gcg__snapshot *snapshot;
  enum gcg_status status = gcg__snapshot_open_fd (fd, "the process's answer", &snapshot, error);
  if (status != GCG_OK)
    return status;
  uint32_t n_objects = snapshot->n_objects;
  uint64_t bytes = snapshot->map_bytes;
  gcg__snapshot_close (snapshot);
  if ((status = gcg__save_copy (fd, path, error)) != GCG_OK)
    return status;
  fprintf (stderr, "gcglass: %s: %s: %s object%s, %s\n", self->name, path,
           gcg__word_count (n_objects).text, n_objects == 1 ? "" : "s",
           gcg__word_size (bytes).text);
  return GCG_OK;
}

static int
snapshot (const struct command *self, int argc, char **argv)
{
  struct agent_arguments arguments;
  int result = agent_parse (self, argc, argv, &arguments);
  if (result != 0)
    return result;
  if (arguments.help)
    return command_usage (self);

  struct gcg_error error;
  char name[40];
  snprintf (name, sizeof name, "gcglass-%u.gcsnap", arguments.pid);
  const char *path = arguments.output != NULL ? arguments.output : name;
  int fd;
  enum gcg_status status = agent_ask (&arguments, GCG__CAPTURE, &fd, &error);
  if (status == GCG_OK)
    {
      status = keep (self, fd, path, &error);
      close (fd);
    }
  return status == GCG_OK ? 0 : command_fail (self, "%s", error.text);
}

static const struct command_option snapshot_options[]
    = { { "output", 'o', "FILE", OPTION_FILES,
          "the file, default gcglass-PID.gcsnap; replaced as a whole" },
        { "description", 'd', "TEXT", NULL, "a description, shown with it" },
        { "collect", AGENT_COLLECT, NULL, NULL,
          "let the collector collect first and say what is garbage; refused where the heap is "
          "malloc's" },
        { "timeout", 't', "SECONDS", NULL, "how long to wait for the process, default 60" },
        OPTION_HELP,
        OPTION_END };

const struct command command_snapshot = {
  .name = "snapshot",
  .arguments = "[OPTION]... PID",
  .summary = "Takes a snapshot of a process that runs with gcglass and saves it",
  .options = (const struct command_option *const[]){ snapshot_options, NULL },
  .operands = OPTION_PROCESSES,
  .function = snapshot,
};
