/* snapshot.c -- gcglass snapshot: asks a process that runs the agent for a snapshot and saves it.
 *
 * Abstract socket names can be squatted: who listens must be the process that was asked for, and
 * this user's or root's.  What comes back is checked like any file before it is saved.
 */
#include <config.h>

#include "tools/command.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol.h"
#include "report/fail.h"
#include "report/words.h"
#include "server/live.h"
#include "snapshot/snapshot.h"
#include "tools/save.h"

#define TIMEOUT_SECONDS 60u

struct arguments
{
  uint32_t pid, timeout;
  const char *output, *description;
  bool help;
};

static int
take_option (const struct command *self, int c, char **argv, struct arguments *arguments)
{
  switch (c)
    {
    case 'o':
      arguments->output = optarg;
      return 0;
    case 'd':
      arguments->description = optarg;
      return 0;
    case 't':
      if (!command_number (optarg, 1, 86400, &arguments->timeout))
        return command_misuse (self, "--timeout %s: not a number of seconds from 1 to 86400",
                               optarg);
      return 0;
    case 'h':
      arguments->help = true;
      return 0;
    default:
      return command_misuse_option (self, argv);
    }
}

static int
parse (const struct command *self, int argc, char **argv, struct arguments *arguments)
{
  static const struct option options[] = { { "output", required_argument, NULL, 'o' },
                                           { "description", required_argument, NULL, 'd' },
                                           { "timeout", required_argument, NULL, 't' },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  *arguments = (struct arguments){ .timeout = TIMEOUT_SECONDS, .description = "" };
  for (int c; (c = getopt_long (argc, argv, "o:d:t:h", options, NULL)) != -1;)
    {
      int result = take_option (self, c, argv, arguments);
      if (result != 0 || arguments->help)
        return result;
    }
  if (optind == argc)
    return command_misuse (self, "no process given");
  if (optind + 1 < argc)
    return command_misuse (self, "one process at a time, not also %s", argv[optind + 1]);
  if (!command_number (argv[optind], 1, INT32_MAX, &arguments->pid))
    return command_misuse (self, "%s: not the number of a process", argv[optind]);
  return 0;
}

/* Connects to the agent of process PID; *FD is the caller's to close. */
static enum gcg_status
connect_to (uint32_t pid, uint32_t timeout, int *fd, struct gcg_error *error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval patience = { .tv_sec = timeout };
  int n = snprintf (address.sun_path + 1, sizeof address.sun_path - 1, GCG__AGENT_NAME, (int)pid);
  socklen_t length = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + (size_t)n);
  if (kill ((pid_t)pid, 0) != 0 && errno == ESRCH)
    return gcg__report_fail (error, GCG_NOT_FOUND, "there is no process %u", pid);
  int s = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (s < 0)
    return gcg__report_fail (error, GCG_SYSTEM, "no socket: %s", strerror (errno));
  setsockopt (s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect (s, (struct sockaddr *)&address, length) != 0)
    {
      int why = errno;
      close (s);
      if (why == ECONNREFUSED)
        return gcg__report_fail (error, GCG_NO_COLLECTOR,
                                 "process %u does not listen: start it with gcglass run, or let it "
                                 "call gcg_start_in_background",
                                 pid);
      return gcg__report_fail (error, GCG_SYSTEM, "process %u: %s", pid, strerror (why));
    }
  struct ucred peer;
  socklen_t peer_bytes = sizeof peer;
  if (!gcg__live_peer_allowed (s)
      || getsockopt (s, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0 || peer.pid != (pid_t)pid)
    {
      close (s);
      return gcg__report_fail (error, GCG_SYSTEM,
                               "who answers for process %u is not this process, or another user's",
                               pid);
    }
  *fd = s;
  return GCG_OK;
}

/* Why nothing more came over the connection. */
static enum gcg_status
fail_receive (uint32_t pid, uint32_t timeout, struct gcg_error *error)
{
  if (errno == EAGAIN || errno == EWOULDBLOCK)
    return gcg__report_fail (error, GCG_TIMEOUT, "process %u took no snapshot within %u s", pid,
                             timeout);
  return gcg__report_fail (error, GCG_SYSTEM, "process %u ended the conversation", pid);
}

/* Asks over the connection S; *FD is the snapshot, the caller's to close. */
static enum gcg_status
ask (int s, const struct arguments *arguments, int *fd, struct gcg_error *error)
{
  struct gcg__message message;
  int attached;
  errno = 0;
  if (!gcg__live_receive (s, &message, &attached))
    return fail_receive (arguments->pid, arguments->timeout, error);
  if (attached >= 0)
    close (attached);
  memset (&message, 0, sizeof message);
  message.type = GCG__CAPTURE;
  message.sequence = 1;
  snprintf (message.text, sizeof message.text, "%s", arguments->description);
  if (!gcg__live_send (s, &message))
    return fail_receive (arguments->pid, arguments->timeout, error);
  for (;;)
    {
      errno = 0;
      if (!gcg__live_receive (s, &message, &attached))
        return fail_receive (arguments->pid, arguments->timeout, error);
      if (message.type == GCG__SNAPSHOT && message.sequence == 1)
        break;
      if (attached >= 0)
        close (attached);
    }
  if (message.status == GCG_OK && attached >= 0)
    {
      *fd = attached;
      return GCG_OK;
    }
  if (attached >= 0)
    close (attached);
  return gcg__report_fail (error, message.status != GCG_OK ? message.status : GCG_CORRUPT,
                           "process %u: %s", arguments->pid,
                           message.status != GCG_OK ? message.text
                                                    : "the snapshot came without its file");
}

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
  if ((status = save_file (fd, path, error)) != GCG_OK)
    return status;
  fprintf (stderr, "gcglass: %s: %s: %s object%s, %s\n", self->name, path,
           gcg__word_count (n_objects).text, n_objects == 1 ? "" : "s",
           gcg__word_size (bytes).text);
  return GCG_OK;
}

static int
snapshot (const struct command *self, int argc, char **argv)
{
  struct arguments arguments;
  int result = parse (self, argc, argv, &arguments);
  if (result != 0)
    return result;
  if (arguments.help)
    return command_help (self);

  struct gcg_error error;
  char name[40];
  snprintf (name, sizeof name, "gcglass-%u.gcsnap", arguments.pid);
  const char *path = arguments.output != NULL ? arguments.output : name;
  int s = -1, fd = -1;
  enum gcg_status status = connect_to (arguments.pid, arguments.timeout, &s, &error);
  if (status == GCG_OK)
    {
      status = ask (s, &arguments, &fd, &error);
      close (s);
    }
  if (status == GCG_OK)
    {
      status = keep (self, fd, path, &error);
      close (fd);
    }
  return status == GCG_OK ? 0 : command_fail (self, "%s", error.text);
}

const struct command command_snapshot = {
  .name = "snapshot",
  .arguments = "[OPTION]... PID",
  .summary = "Takes a snapshot of a process that runs with gcglass and saves it",
  .options
  = "  -o, --output=FILE        the file (default gcglass-PID.gcsnap); replaced as a whole\n"
    "  -d, --description=TEXT   what it is of, shown with it\n"
    "  -t, --timeout=SECONDS    how long to wait for the process (default 60)\n"
    "  -h, --help               this text\n",
  .function = snapshot,
};
