/* client.c -- see client.h. */
#include "config.h"

#include "tests/server/client.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/heap.h"

#define START_SECONDS 30.0
#define READ_SECONDS  60.0

/* Output of the server started last that no test has read yet: it may explain what went wrong.  -1:
   no server. */
static int latest_fd = -1;

/* Where the test works, and in which process. */
static char scratch[] = "/tmp/gcglass-test-XXXXXX";
static pid_t scratch_owner;

static int
remove_entry (const char *path, const struct stat *status, int type, struct FTW *where)
{
  (void)status, (void)type, (void)where;
  return remove (path);
}

static void
remove_scratch (void)
{
  if (getpid () == scratch_owner)
    nftw (scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void __attribute__ ((constructor)) work_in_scratch (void)
{
  const char *top = getenv ("top_builddir");
  char *whole = realpath (top == NULL ? "." : top, NULL);
  if (whole == NULL || setenv ("top_builddir", whole, 1) != 0 || mkdtemp (scratch) == NULL
      || chdir (scratch) != 0)
    {
      perror (scratch);
      _exit (1);
    }
  free (whole);
  scratch_owner = getpid ();
  atexit (remove_scratch);
}

static void
tell_what_is_said (void)
{
  char piece[4096];
  ssize_t n;
  if (latest_fd < 0)
    return;
  usleep (500000);
  fcntl (latest_fd, F_SETFL, O_NONBLOCK);
  while ((n = read (latest_fd, piece, sizeof piece)) > 0)
    fwrite (piece, 1, (size_t)n, stderr);
}

static void __attribute__ ((noreturn, format (printf, 1, 2))) give_up (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  fputs ("# the test itself failed: ", stderr);
  vfprintf (stderr, format, arguments);
  fputc ('\n', stderr);
  va_end (arguments);
  tell_what_is_said ();
  abort ();
}

double
seconds_now (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- the server --- */

bool
server_says (struct server *server, const char *needle, double seconds)
{
  double end = seconds_now () + seconds;
  while (strstr (server->said, needle) == NULL)
    {
      struct pollfd fd = { server->error_fd, POLLIN, 0 };
      double left = end - seconds_now ();
      if (left < 0 || poll (&fd, 1, (int)(left * 1000) + 1) <= 0)
        return false;
      ssize_t n = read (server->error_fd, server->said + server->n_said,
                        sizeof server->said - 1 - server->n_said);
      if (n <= 0)
        return false;
      server->n_said += (size_t)n;
      server->said[server->n_said] = '\0';
    }
  return true;
}

static void
find_url (struct server *server)
{
  static const char before[] = "http://localhost:";
  const char *url = strstr (server->said, before);
  char *end;
  if (url == NULL)
    {
      static const char numeric[] = "http://127.0.0.1:";
      url = strstr (server->said, numeric);
    }
  if (url == NULL)
    give_up ("no address in '%s'", server->said);
  server->port = (int)strtol (url + strlen (before), &end, 10);
  server->token[0] = '\0';
  if (strncmp (end, "/?token=", 8) == 0)
    sscanf (end + 8, "%159[^\n]", server->token);
}

void
server_start (struct server *server, const char *const *arguments)
{
  const char *top = getenv ("top_builddir");
  const char *all[32] = { "gcglass" };
  char program[4096];
  int pipes[2];
  memset (server, 0, sizeof *server);
  snprintf (program, sizeof program, "%s/tools/gcglass", top == NULL ? "." : top);
  for (int i = 0; i < 30 && arguments[i] != NULL; i++)
    all[i + 1] = arguments[i];
  if (pipe2 (pipes, O_CLOEXEC) != 0)
    give_up ("pipe: %s", strerror (errno));
  /* The first race ends it: nobody reads many. */
  setenv ("TSAN_OPTIONS", "halt_on_error=1", 0);
  server->pid = fork ();
  if (server->pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      /* What a program writes is not TAP, and one that outlives a failure must not keep the pipe.
       */
      int nowhere = open ("/dev/null", O_WRONLY);
      dup2 (nowhere, 1);
      dup2 (pipes[1], 2);
      execv (program, (char *const *)(uintptr_t)all);
      _exit (127);
    }
  close (pipes[1]);
  server->error_fd = pipes[0];
  if (server->pid < 0 || !server_says (server, "http://", START_SECONDS)
      || !server_says (server, "\n", 5))
    give_up ("%s does not start: '%s'", program, server->said);
  find_url (server);
  latest_fd = server->error_fd;
}

/* Its status is often that of a program or of a signal, so it does not show that. */
static void
look_for_sanitizers (const struct server *server)
{
  static const char *const words[] = { "Sanitizer", "runtime error:" };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strstr (server->said, words[i]) != NULL)
      give_up ("%s", server->said);
}

int
server_end (struct server *server, int signal)
{
  int status = -1;
  if (signal != 0)
    kill (server->pid, signal);
  server_says (server, "\377 what it never says", 60);
  if (waitpid (server->pid, &status, 0) != server->pid)
    give_up ("waitpid: %s", strerror (errno));
  close (server->error_fd);
  latest_fd = -1;
  look_for_sanitizers (server);
  return status;
}

void
await_signal_taken (pid_t pid, int signal)
{
  char path[64], line[256];
  bool pending = true;
  double end = seconds_now () + READ_SECONDS;
  snprintf (path, sizeof path, "/proc/%d/status", (int)pid);
  while (pending)
    {
      FILE *status = fopen (path, "r");
      unsigned long long set;
      if (status == NULL)
        give_up ("%s: %s", path, strerror (errno));
      for (pending = false; fgets (line, sizeof line, status) != NULL;)
        if (sscanf (line, "SigPnd: %llx", &set) == 1 || sscanf (line, "ShdPnd: %llx", &set) == 1)
          pending = pending || (set >> (signal - 1) & 1);
      fclose (status);
      if (seconds_now () > end)
        give_up ("signal %d is never taken", signal);
      usleep (1000);
    }
}

void
await_snapshot (const struct server *server)
{
  double end = seconds_now () + START_SECONDS;
  bool ready = false;
  while (!ready)
    {
      struct answer answer = ask_as_owner (server, "GET", "/api/frame", NULL, NULL);
      ready = answer.status == 200 && strstr (answer.body, "\"waiting\":null") != NULL;
      answer_free (&answer);
      if (seconds_now () > end)
        give_up ("no snapshot is ever shown");
      usleep (20000);
    }
}

int
count_descriptors (pid_t pid)
{
  char path[64];
  int n = 0;
  snprintf (path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *directory = opendir (path);
  if (directory == NULL)
    give_up ("%s: %s", path, strerror (errno));
  while (readdir (directory) != NULL)
    n++;
  closedir (directory);
  return n;
}

static char snapshot_path[256];

const char *
test_snapshot (unsigned nodes)
{
  struct heap *heap = heap_new ();
  char piece[65536];
  ssize_t n;
  uint32_t site = heap_site (heap, "struct node", "list.c", 12, "new_node");
  uint32_t other = heap_site (heap, "struct <b>&\"'", "evil.c", 3, "</script><img src=x>");
  for (unsigned i = 0; i < nodes; i++)
    heap_object (heap, 32, GCG__KIND_NORMAL, site);
  for (unsigned i = 0; i < nodes; i++)
    {
      heap_edge (heap, i, 0, (i + 1) % nodes);
      heap_edge (heap, i, 8, (i * 7919u + 13u) % nodes);
    }
  heap_finalizer (heap, 0, GCG__FINALIZER_ORDERED);
  heap_object (heap, 100, GCG__KIND_NORMAL, other);
  uint32_t alive = heap_object (heap, 64, GCG__KIND_NORMAL, site);
  heap_root (heap, alive);
  int from = heap_write (heap);
  snprintf (snapshot_path, sizeof snapshot_path, "test-%d.gcsnap", (int)getpid ());
  int to = open (snapshot_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (from < 0 || to < 0 || lseek (from, 0, SEEK_SET) != 0)
    give_up ("%s: %s", snapshot_path, strerror (errno));
  while ((n = read (from, piece, sizeof piece)) > 0)
    if (write (to, piece, (size_t)n) != n)
      give_up ("%s: %s", snapshot_path, strerror (errno));
  close (from);
  close (to);
  heap_free (heap);
  return snapshot_path;
}

/* --- requests --- */

int
dial (int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((uint16_t)port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) != 0)
    give_up ("port %d: %s", port, strerror (errno));
  return fd;
}

void
answer_free (struct answer *answer)
{
  free (answer->text);
  answer->text = NULL;
}

static void
find_body (struct answer *answer)
{
  const char *end = strstr (answer->text, "\r\n\r\n");
  answer->body = end == NULL ? answer->text + answer->n : end + 4;
  answer->n_body = answer->n - (size_t)(answer->body - answer->text);
  if (sscanf (answer->text, "HTTP/1.%*d %d", &answer->status) != 1)
    answer->status = 0;
}

struct answer
ask_raw (int port, const char *text, size_t n)
{
  struct answer answer = { 0, malloc (1), 0, NULL, 0, 0 };
  double start = seconds_now ();
  size_t size = 0, sent = 0;
  int fd = dial (port);
  for (;;)
    {
      struct pollfd p = { fd, (short)(POLLIN | (sent < n ? POLLOUT : 0)), 0 };
      if (poll (&p, 1, (int)(READ_SECONDS * 1000)) <= 0)
        give_up ("no answer within %.0f s", READ_SECONDS);
      if ((p.revents & POLLOUT) != 0)
        {
          ssize_t k = send (fd, text + sent, n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
          sent = k > 0 ? sent + (size_t)k : errno == EAGAIN ? sent : n;
        }
      if ((p.revents & (POLLIN | POLLHUP | POLLERR)) == 0)
        continue;
      if (size - answer.n < 65536)
        answer.text = realloc (answer.text, size = 2 * size + 131072);
      if (answer.text == NULL)
        give_up ("out of memory");
      ssize_t k = recv (fd, answer.text + answer.n, size - answer.n - 1, 0);
      if (k <= 0)
        break;
      answer.n += (size_t)k;
    }
  close (fd);
  answer.text[answer.n] = '\0';
  answer.seconds = seconds_now () - start;
  find_body (&answer);
  return answer;
}

struct answer
ask (int port, const char *format, ...)
{
  va_list arguments;
  char *text;
  va_start (arguments, format);
  int n = vasprintf (&text, format, arguments);
  va_end (arguments);
  if (n < 0)
    give_up ("out of memory");
  struct answer answer = ask_raw (port, text, (size_t)n);
  free (text);
  return answer;
}

struct answer
ask_as_owner (const struct server *server, const char *method, const char *path, const char *more,
              const char *body)
{
  char length[64] = "";
  if (body != NULL)
    snprintf (length, sizeof length, "Content-Length: %zu\r\n", strlen (body));
  return ask (server->port,
              "%s %s HTTP/1.1\r\nHost: localhost:%d\r\nAuthorization: Bearer %s\r\n%s%s\r\n%s",
              method, path, server->port, server->token, more == NULL ? "" : more, length,
              body == NULL ? "" : body);
}

int
status_of (const struct server *server, const char *path)
{
  struct answer answer = ask_as_owner (server, "GET", path, NULL, NULL);
  int status = answer.status;
  answer_free (&answer);
  return status;
}

const char *
answer_header (const struct answer *answer, const char *name)
{
  static char value[1024];
  size_t n = strlen (name);
  int found = 0;
  for (const char *line = strstr (answer->text, "\r\n"); line != NULL && line + 2 < answer->body;
       line = strstr (line + 2, "\r\n"))
    if (strncasecmp (line + 2, name, n) == 0 && line[2 + n] == ':')
      {
        const char *from = line + 3 + n;
        from += strspn (from, " ");
        snprintf (value, sizeof value, "%.*s", (int)strcspn (from, "\r"), from);
        found++;
      }
  return found == 1 ? value : NULL;
}
