/* serve.c -- gcglass serve as the agent meets it: the test is the agent at the other end of the
 * socketpair, and says HELLO and SERVE.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gcglass/error.h"
#include "protocol.h"
#include "tests/server/client.h"

static char directory[] = "/tmp/test-XXXXXX";

struct pair
{
  int fd; /* the agent's end */
  pid_t pid;
  struct gcg__message answer;
  struct server server; /* port and token only */
};

static int
make_directory (void **state)
{
  (void)state;
  if (mkdtemp (directory) == NULL)
    return -1;
  return setenv ("TMPDIR", directory, 1);
}

static int
remove_directory (void **state)
{
  (void)state;
  return rmdir (directory);
}

static bool
is_empty (void)
{
  DIR *entries = opendir (directory);
  struct dirent *entry;
  bool empty = true;
  assert_non_null (entries);
  while ((entry = readdir (entries)) != NULL)
    empty = empty && entry->d_name[0] == '.';
  closedir (entries);
  return empty;
}

static void
say (const struct pair *pair, enum gcg__message_type type, const char *text)
{
  struct gcg__message message = { .magic = GCG__PROTOCOL_MAGIC,
                                  .version = GCG__PROTOCOL_VERSION,
                                  .type = (uint16_t)type,
                                  .pid = (uint32_t)getpid () };
  snprintf (message.text, sizeof message.text, "%s", text);
  assert_int_equal (send (pair->fd, &message, sizeof message, MSG_NOSIGNAL), sizeof message);
}

/* Starts it with SERVE, and has its answer. */
static void
begin (struct pair *pair, const char *serve)
{
  const char *top = getenv ("top_builddir");
  char program[4096];
  int ends[2];
  memset (pair, 0, sizeof *pair);
  snprintf (program, sizeof program, "%s/tools/gcglass", top == NULL ? "." : top);
  assert_int_equal (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  pair->fd = ends[0];
  pair->pid = fork ();
  if (pair->pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      dup2 (ends[1], 3);
      fcntl (3, F_SETFD, 0);
      execl (program, "gcglass", "serve", "--fd", "3", (char *)NULL);
      _exit (127);
    }
  close (ends[1]);
  say (pair, GCG__HELLO, "test");
  say (pair, GCG__SERVE, serve);
  assert_int_equal (recv (pair->fd, &pair->answer, sizeof pair->answer, 0), sizeof pair->answer);
  assert_int_equal (pair->answer.magic, GCG__PROTOCOL_MAGIC);
  assert_int_equal (pair->answer.type, GCG__URL);
  if (pair->answer.status == GCG_OK
      && sscanf (pair->answer.text, "http://localhost:%d/?token=%159s", &pair->server.port,
                 pair->server.token)
             != 2)
    fail_msg ("%s", pair->answer.text);
}

/* Waits for the end of the connection; whatever was made is gone then. */
static void
await_end (struct pair *pair)
{
  struct pollfd fd = { pair->fd, POLLIN, 0 };
  struct gcg__message message;
  assert_int_equal (poll (&fd, 1, 20000), 1);
  assert_int_equal (recv (pair->fd, &message, sizeof message, 0), 0);
  assert_true (is_empty ());
  close (pair->fd);
}

static int
exit_status (struct pair *pair)
{
  int status;
  assert_int_equal (waitpid (pair->pid, &status, 0), pair->pid);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void
serves_until_stop (void **state)
{
  struct pair pair;
  (void)state;
  begin (&pair, "host=localhost\nport=0\ntoken=\nnew=thing\n");
  assert_int_equal (pair.answer.status, GCG_OK);
  assert_false (is_empty ());
  struct answer answer = ask_as_owner (&pair.server, "GET", "/api/frame", NULL, NULL);
  assert_int_equal (answer.status, 200);
  assert_non_null (strstr (answer.body, "\"state\":\"live\""));
  answer_free (&answer);
  /* The look asked for a snapshot. */
  struct gcg__message ask;
  assert_int_equal (recv (pair.fd, &ask, sizeof ask, 0), sizeof ask);
  assert_int_equal (ask.type, GCG__CAPTURE);
  say (&pair, GCG__STOP, "");
  await_end (&pair);
  assert_int_equal (exit_status (&pair), 0);
}

static void
ends_with_the_agent (void **state)
{
  struct pair pair;
  (void)state;
  begin (&pair, "port=0\n");
  close (pair.fd);
  assert_int_equal (exit_status (&pair), 0);
  assert_true (is_empty ());
}

static void
stops_by_the_page (void **state)
{
  struct pair pair;
  (void)state;
  begin (&pair, "port=0\ntoken=a-token-of-my-own\n");
  assert_string_equal (pair.server.token, "a-token-of-my-own");
  struct answer answer = ask_as_owner (&pair.server, "POST", "/api/stop", "", "");
  assert_int_equal (answer.status, 403);
  answer_free (&answer);
  answer = ask_as_owner (&pair.server, "POST", "/api/stop", "X-Gcglass: 1\r\n", "");
  assert_int_equal (answer.status, 200);
  assert_string_equal (answer.body, "{\"stopping\":true}");
  answer_free (&answer);
  await_end (&pair);
  assert_int_equal (exit_status (&pair), 0);
}

/* Ctrl+C is for the program. */
static void
does_not_mind_interrupts (void **state)
{
  struct pair pair;
  (void)state;
  begin (&pair, "port=0\n");
  kill (pair.pid, SIGINT);
  await_signal_taken (pair.pid, SIGINT);
  assert_int_equal (status_of (&pair.server, "/api/frame"), 200);
  kill (pair.pid, SIGTERM);
  assert_int_equal (exit_status (&pair), 0);
  close (pair.fd);
}

static void
shows_a_file (void **state)
{
  char serve[600], cwd[300];
  struct pair pair;
  (void)state;
  assert_non_null (getcwd (cwd, sizeof cwd));
  snprintf (serve, sizeof serve, "port=0\nsnapshot=%s/%s\n", cwd, test_snapshot (4));
  begin (&pair, serve);
  assert_int_equal (pair.answer.status, GCG_OK);
  struct answer answer = ask_as_owner (&pair.server, "GET", "/api/frame", NULL, NULL);
  assert_non_null (strstr (answer.body, "\"state\":\"file\""));
  answer_free (&answer);
  say (&pair, GCG__STOP, "");
  await_end (&pair);
  assert_int_equal (exit_status (&pair), 0);
}

static void
says_why_not (void **state)
{
  struct pair first, pair;
  char busy[64];
  (void)state;
  begin (&first, "port=0\n");
  snprintf (busy, sizeof busy, "port=%d\n", first.server.port);
  const struct
  {
    const char *serve;
    enum gcg_status status;
    const char *text;
  } rows[] = { { busy, GCG_BUSY, "gcg_options.port" },
               { "port=0\nhost=0.0.0.0\n", GCG_INVALID, "this machine" },
               { "port=70000\n", GCG_INVALID, "70000" },
               { "port=0\ntoken=short\n", GCG_INVALID, "token" },
               { "port=0\nsnapshot=/none\n", GCG_SYSTEM, "/none" },
               { "port=0\nsnapshot=/dev/null\n", GCG_CORRUPT, "/dev/null" },
               { "port=0\ntemplates=/none\n", GCG_SYSTEM, "/none" } };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
      begin (&pair, rows[i].serve);
      if (pair.answer.status != rows[i].status || strstr (pair.answer.text, rows[i].text) == NULL)
        fail_msg ("%s: %u %s", rows[i].serve, pair.answer.status, pair.answer.text);
      assert_null (strchr (pair.answer.text, '\n'));
      assert_int_equal (exit_status (&pair), 1);
      close (pair.fd);
    }
  say (&first, GCG__STOP, "");
  await_end (&first);
  assert_int_equal (exit_status (&first), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (serves_until_stop), cmocka_unit_test (ends_with_the_agent),
    cmocka_unit_test (stops_by_the_page), cmocka_unit_test (does_not_mind_interrupts),
    cmocka_unit_test (shows_a_file),      cmocka_unit_test (says_why_not),
  };
  return cmocka_run_group_tests (tests, make_directory, remove_directory);
}
