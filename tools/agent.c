/* agent.c -- see agent.h. */
#include <config.h>

#include "tools/agent.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "image/proc.h"
#include "link/find.h"
#include "link/outside.h"
#include "link/read.h"
#include "link/sample.h"
#include "protocol.h"
#include "base/error.h"
#include "server/live.h"

static int
take_option (const struct command *self, int c, struct agent_arguments *arguments)
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
    case 'n':
      if (!command_number (optarg, 1, 1000000, &arguments->top))
        return command_misuse (self, "--top %s: not a number from 1 to 1000000", optarg);
      return 0;
    case AGENT_COLLECT:
      arguments->collect = true;
      return 0;
    case 'h':
      arguments->help = true;
      return 0;
    default:
      return COMMAND_MISUSED;
    }
}

int
agent_parse (const struct command *self, int argc, char **argv, struct agent_arguments *arguments)
{
  *arguments = (struct agent_arguments){ .timeout = AGENT_TIMEOUT, .description = "", .top = 10 };
  for (int c; (c = options_next (self, argc, argv)) != OPTIONS_DONE;)
    {
      int result = take_option (self, c, arguments);
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
    return gcg__error_write (error, GCG_NOT_FOUND, "there is no process %u", pid);
  struct gcg__proc_status process;
  if (geteuid () != 0 && gcg__proc_status ((pid_t)pid, (pid_t)pid, &process)
      && process.euid != geteuid ())
    return gcg__error_write (error, GCG_DISABLED,
                             "process %u belongs to user %u: run gcglass as that user or as root",
                             pid, (unsigned)process.euid);
  int s = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (s < 0)
    return gcg__error_write (error, GCG_SYSTEM, "no socket: %s", strerror (errno));
  setsockopt (s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect (s, (struct sockaddr *)&address, length) != 0)
    {
      int why = errno;
      close (s);
      if (why == ECONNREFUSED)
        return gcg__error_write (error, GCG_NO_COLLECTOR,
                                 "process %u does not listen: start it with gcglass run, or let it "
                                 "call gcg_start_in_background",
                                 pid);
      return gcg__error_write (error, GCG_SYSTEM, "process %u: %s", pid, strerror (why));
    }
  struct ucred peer;
  socklen_t peer_bytes = sizeof peer;
  if (!gcg__link_allows (s) || getsockopt (s, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0
      || !gcg__link_is_ancestor (peer.pid, (pid_t)pid))
    {
      close (s);
      return gcg__error_write (
          error, GCG_SYSTEM, "who answers for process %u has not started it, or is another user's",
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
    return gcg__error_write (error, GCG_TIMEOUT, "process %u did not answer within %u s", pid,
                             timeout);
  return gcg__error_write (error, GCG_SYSTEM, "process %u ended the conversation", pid);
}

/* Receives messages until one of TYPE answers; *FD is what came with it, or -1. */
static enum gcg_status
await_answer (int s, const struct agent_arguments *arguments, uint16_t type,
              struct gcg__message *message, int *fd, struct gcg_error *error)
{
  for (;;)
    {
      errno = 0;
      if (!gcg__link_receive (s, message, fd))
        return fail_receive (arguments->pid, arguments->timeout, error);
      if (message->type == type && message->sequence == 1)
        {
          gcg__read_received (message, fd);
          return GCG_OK;
        }
      if (*fd >= 0)
        close (*fd);
    }
}

/* Asks over the connection S. */
static enum gcg_status
converse (int s, const struct agent_arguments *arguments, uint16_t type, int *fd,
          struct gcg_error *error)
{
  struct gcg__message message;
  int attached;
  errno = 0;
  if (!gcg__link_receive (s, &message, &attached))
    return fail_receive (arguments->pid, arguments->timeout, error);
  if (attached >= 0)
    close (attached);
  memset (&message, 0, sizeof message);
  message.type = type;
  message.sequence = 1;
  message.flags = arguments->collect ? GCG__FLAG_COLLECT : 0;
  snprintf (message.text, sizeof message.text, "%s", arguments->description);
  if (!gcg__link_send (s, &message))
    return fail_receive (arguments->pid, arguments->timeout, error);
  enum gcg_status status
      = await_answer (s, arguments, type == GCG__CAPTURE ? GCG__SNAPSHOT : GCG__SAMPLES, &message,
                      &attached, error);
  if (status != GCG_OK)
    return status;
  if (message.status == GCG_OK && attached >= 0)
    {
      *fd = attached;
      return GCG_OK;
    }
  if (attached >= 0)
    close (attached);
  return gcg__error_write (
      error, message.status != GCG_OK ? message.status : GCG_CORRUPT, "process %u: %s",
      arguments->pid, message.status != GCG_OK ? message.text : "the answer came without its file");
}

/* Takes a sample of a process without a connection to its agent. */
static enum gcg_status
sample_from_outside (const struct agent_arguments *arguments, uint64_t root, int *fd,
                     struct gcg_error *error)
{
  struct gcg__sampler *sampler;
  enum gcg_status status = gcg__sampler_new ((pid_t)arguments->pid, root, &sampler, error);
  if (status != GCG_OK)
    return status;
  status = gcg__sampler_take (sampler, arguments->description, 0, fd, error);
  gcg__sampler_free (sampler);
  return status;
}

/* Takes a snapshot of such a process. */
static enum gcg_status
take_from_outside (const struct agent_arguments *arguments, uint64_t root, int *fd, bool *is_opaque,
                   struct gcg_error *error)
{
  struct gcg__outside_ask ask = { .pid = (pid_t)arguments->pid,
                                  .root = root,
                                  .description = arguments->description,
                                  .is_opaque = is_opaque };
  return gcg__outside_take (&ask, fd, error);
}

/* Does process PID answer at S itself, and is it kept stopped by who traces it?  The gcglass that
   has started it answers all the same, and may be who stops it. */
static bool
is_kept (int s, pid_t pid)
{
  struct gcg__proc_status process;
  struct ucred peer;
  socklen_t n = sizeof peer;
  return getsockopt (s, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.pid == pid
         && gcg__proc_status (pid, pid, &process) && process.state == 't';
}

/* Asks the agent of a process, which answers itself, or the gcglass that has started it. */
static enum gcg_status
ask_inside (const struct agent_arguments *arguments, uint16_t type, int *fd,
            struct gcg_error *error)
{
  int s = -1;
  enum gcg_status status = connect_to (arguments->pid, arguments->timeout, &s, error);
  if (status != GCG_OK)
    return status;
  if (is_kept (s, (pid_t)arguments->pid))
    status = gcg__error_write (error, GCG_BUSY, "process %u is kept stopped", arguments->pid);
  else
    status = converse (s, arguments, type, fd, error);
  close (s);
  return status;
}

/* A snapshot of a process that can be looked at from outside, or else its agent's. */
static enum gcg_status
take_snapshot (const struct agent_arguments *arguments, uint64_t root, int *fd,
               struct gcg_error *error)
{
  struct gcg_error outside;
  bool is_opaque = false;
  if (take_from_outside (arguments, root, fd, &is_opaque, &outside) == GCG_OK)
    return GCG_OK;
  if (is_opaque)
    return ask_inside (arguments, GCG__CAPTURE, fd, error);
  /* Why it could not be stopped says more than why there is no answer. */
  if (ask_inside (arguments, GCG__CAPTURE, fd, error) != GCG_OK)
    return gcg__error_write (error, outside.status, "%s", outside.text);
  return GCG_OK;
}

enum gcg_status
agent_ask (const struct agent_arguments *arguments, uint16_t type, int *fd, struct gcg_error *error)
{
  uint64_t root = gcg__outside_is_wanted () ? gcg__outside_find ((pid_t)arguments->pid) : 0;
  if (root != 0 && type == GCG__CAPTURE && !arguments->collect)
    return take_snapshot (arguments, root, fd, error);
  /* An agent that takes samples itself has those before, too; only an agent can collect. */
  enum gcg_status status = ask_inside (arguments, type, fd, error);
  return status == GCG_NO_COLLECTOR && root != 0 && type == GCG__SAMPLE
             ? sample_from_outside (arguments, root, fd, error)
             : status;
}
