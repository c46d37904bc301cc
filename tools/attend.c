/* attend.c -- gcglass attend: what a program starts that calls gcg_save and its kin, at the other
 * end of a socketpair, to be looked at from outside.
 *
 * Hidden: only the agent calls it (lib/attendant.h).  It says HELLO, so that its number is known,
 * hears the agent's HELLO, and does what it is asked (link/jobs.h) until the connection ends, or
 * until it has had nothing to do for a while.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "link/jobs.h"
#include "link/message.h"
#include "tools/command.h"

#define START_SECONDS 20
#define IDLE_MS       10000

/* Nothing of the program's is kept busy by us: no folder, no terminal. */
static void
let_go (void)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0)
    {
      dup2 (null, STDERR_FILENO);
      close (null);
    }
  (void)!chdir ("/");
}

/* Hears HELLO and answers whether the process may be stopped; if not, raw dumps can still be
   read. */
static bool
greet (struct gcg__jobs *jobs, struct gcg__agent_link *link)
{
  struct timeval patience = { .tv_sec = START_SECONDS };
  struct gcg__message hello = { .type = GCG__HELLO, .text = PACKAGE_VERSION };
  struct gcg_error error;
  int attached = -1;
  setsockopt (link->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  bool heard = gcg__link_allows (link->fd) && gcg__link_send (link->fd, &hello)
               && gcg__link_receive (link->fd, &hello, &attached) && hello.type == GCG__HELLO;
  if (attached >= 0)
    close (attached);
  link->pid = heard ? (pid_t)hello.pid : 0;
  if (heard)
    gcg__jobs_hello (jobs, link, &hello, false, &error);
  return heard;
}

/* Reads one message; false: the connection has ended. */
static bool
read_one (struct gcg__jobs *jobs, const struct gcg__agent_link *link)
{
  struct gcg__message message;
  int attached;
  if (!gcg__link_receive (link->fd, &message, &attached))
    return false;
  gcg__jobs_message (jobs, link, &message, attached);
  if (attached >= 0)
    close (attached);
  return true;
}

static void
attend (struct gcg__jobs *jobs, const struct gcg__agent_link *link)
{
  struct gcg__job_result result;
  bool goes_on = true;
  while (goes_on)
    {
      struct pollfd fds[2] = { { link->fd, POLLIN, 0 }, { gcg__jobs_fd (jobs), POLLIN, 0 } };
      int n = poll (fds, 2, IDLE_MS);
      if (n < 0 && errno != EINTR)
        return;
      /* Those who ask have been answered: there are no results. */
      gcg__jobs_next (jobs, &result);
      goes_on = n != 0 || gcg__jobs_has (jobs, 0);
      if (n > 0 && fds[0].revents != 0)
        goes_on = read_one (jobs, link);
    }
}

static int
attend_main (const struct command *self, int argc, char **argv)
{
  struct gcg__agent_link link = { .key = 1 };
  struct gcg__jobs *jobs;
  struct gcg_error error;
  uint32_t number = UINT32_MAX;
  int option;
  while ((option = options_next (self, argc, argv)) != OPTIONS_DONE)
    if (option != 'f' || !command_number (optarg, 0, 1u << 20, &number))
      return COMMAND_MISUSED;
  link.fd = number == UINT32_MAX ? -1 : fcntl ((int)number, F_DUPFD_CLOEXEC, 3);
  if (link.fd < 0)
    return command_misuse (self, "this command is started by programs that call gcg_save");
  close ((int)number);
  let_go ();
  if (gcg__jobs_new (&jobs, &error) != GCG_OK)
    return COMMAND_FAILED;
  bool greeted = greet (jobs, &link);
  if (greeted)
    attend (jobs, &link);
  close (link.fd);
  gcg__jobs_free (jobs);
  return greeted ? 0 : COMMAND_FAILED;
}

static const struct command_option attend_options[]
    = { { "fd", 'f', "N", NULL, "the descriptor of its end of the connection" }, OPTION_END };

const struct command command_attend = {
  .name = "attend",
  .arguments = "--fd N",
  .summary = "Looks at the process at the other end of a descriptor when that asks",
  .options = (const struct command_option *const[]){ attend_options, NULL },
  .hidden = true,
  .function = attend_main,
};
