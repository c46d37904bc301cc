/* stress.c -- slow clients, clients that leave, many at once, renderers that fail; the temporary
 * directory in all of it.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/server/client.h"

static char directory[] = "/tmp/test-XXXXXX";

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

/* Number of entries of our TMPDIR; the last one goes to NAME. */
static int
count_entries (char name[512])
{
  DIR *entries = opendir (directory);
  struct dirent *entry;
  int n = 0;
  assert_non_null (entries);
  while ((entry = readdir (entries)) != NULL)
    if (entry->d_name[0] != '.')
      {
        n++;
        snprintf (name, 512, "%s/%s", directory, entry->d_name);
      }
  closedir (entries);
  return n;
}

static struct server
view (unsigned nodes)
{
  const char *arguments[] = { "view", "--port", "0", test_snapshot (nodes), NULL };
  struct server server;
  server_start (&server, arguments);
  await_snapshot (&server);
  return server;
}

/* A renderer that is a shell script. */
static void
write_renderer (char path[512], const char *script)
{
  static int n;
  snprintf (path, 512, "renderer-%d-%d.sh", (int)getpid (), ++n);
  FILE *file = fopen (path, "w");
  assert_non_null (file);
  fprintf (file, "#!/bin/sh\n%s\n", script);
  assert_int_equal (fclose (file), 0);
  assert_int_equal (chmod (path, 0700), 0);
  setenv ("GCGLASS_RENDER", path, 1);
}

/* --- R3 --- */

/* How much has been written to PATH, by a program that writes after each round of its work. */
static off_t
rounds (const char *path)
{
  struct stat status;
  return stat (path, &status) == 0 ? status.st_size : 0;
}

static bool dripping = true;

/* Sends a byte to each of 50 connections every 50 ms. */
static void *
drip (void *context)
{
  const int *fds = context;
  while (__atomic_load_n (&dripping, __ATOMIC_RELAXED))
    {
      for (int i = 0; i < 50; i++)
        (void)!send (fds[i], "y", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      usleep (50000);
    }
  return NULL;
}

/* The program works on, whatever clients are connected to its server, and a good request is
   answered. */
static void
slow_clients (void **state)
{
  const char *top = getenv ("top_builddir");
  char work[512], probe[4096];
  snprintf (work, sizeof work, "work-%d", (int)getpid ());
  snprintf (probe, sizeof probe, "%s/tests/server/probe", top == NULL ? "." : top);
  const char *arguments[]
      = { "run", "--port", "0", "--heap", "gc", "--", probe, "work", work, NULL };
  struct server server;
  int idle[50], drops[50];
  pthread_t thread;
  (void)state;
  unlink (work);
  server_start (&server, arguments);
  for (int i = 0; i < 500 && rounds (work) == 0; i++)
    usleep (20000);
  for (int i = 0; i < 50; i++)
    {
      idle[i] = dial (server.port);
      drops[i] = dial (server.port);
      assert_int_equal (write (drops[i], "GET / HTTP/1.1\r\nX: ", 19), 19);
    }
  pthread_create (&thread, NULL, drip, drops);
  off_t before = rounds (work);
  assert_true (before > 0);
  struct answer answer = ask_as_owner (&server, "GET", "/api/frame", NULL, NULL);
  /* On a busy machine its turn may not come in time: it asks again, as a browser does. */
  for (int i = 0; i < 4 && answer.status != 200; i++)
    {
      answer_free (&answer);
      answer = ask_as_owner (&server, "GET", "/api/frame", NULL, NULL);
    }
  assert_int_equal (answer.status, 200);
  print_message ("# one good request among 100 slow ones: %.2f s, %ld rounds of the program\n",
                 answer.seconds, (long)(rounds (work) - before));
  answer_free (&answer);
  for (int i = 0; i < 1500 && rounds (work) == before; i++)
    usleep (20000);
  assert_true (rounds (work) > before);
  __atomic_store_n (&dripping, false, __ATOMIC_RELAXED);
  pthread_join (thread, NULL);
  for (int i = 0; i < 50; i++)
    {
      close (idle[i]);
      close (drops[i]);
    }
  server_end (&server, SIGTERM);
  unlink (work);
}

/* --- R7 --- */

static void
clients_that_leave (void **state)
{
  static const char *const paths[]
      = { "/garbage/1/graph.dot", "/api/garbage/1", "/static/style.css", "/help" };
  struct server server = view (3000);
  int before = count_descriptors (server.pid);
  (void)state;
  for (int i = 0; i < 1000; i++)
    {
      struct linger hard = { 1, 0 };
      char some[64];
      int fd = dial (server.port);
      dprintf (fd, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nAuthorization: Bearer %s\r\n\r\n",
               paths[i % 4], server.port, server.token);
      if (i % 3 == 0)
        (void)!read (fd, some, sizeof some);
      if (i % 2 == 0)
        setsockopt (fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      close (fd);
    }
  assert_int_equal (status_of (&server, "/api/frame"), 200);
  for (int i = 0; i < 100 && count_descriptors (server.pid) > before; i++)
    usleep (100000);
  assert_true (count_descriptors (server.pid) <= before);
  server_end (&server, SIGTERM);
}

/* --- R4 --- */

struct request
{
  const struct server *server;
  char path[128];
  struct answer answer;
  bool retry;
  pthread_t thread;
};

static void *
ask_for_picture (void *context)
{
  struct request *request = context;
  request->answer = ask_as_owner (request->server, "GET", request->path, NULL, NULL);
  return NULL;
}

static void
many_pictures (void **state)
{
  char renderer[512], log[4096] = "";
  struct request requests[20];
  int drawn = 0, later = 0, running = 0, most = 0;
  (void)state;
  write_renderer (renderer, "echo + >>renders.log\ncat >/dev/null\nsleep 1\necho '<svg/>'\n"
                            "echo - >>renders.log");
  struct server server = view (50000);
  for (int i = 0; i < 20; i++)
    {
      /* Four different pictures, each asked for five times. */
      requests[i].server = &server;
      snprintf (requests[i].path, sizeof requests[i].path, "/garbage/1/graph.%s%s",
                i % 2 == 0 ? "svg" : "png", i % 4 < 2 ? "" : "?reduce=1");
      pthread_create (&requests[i].thread, NULL, ask_for_picture, &requests[i]);
    }
  for (int i = 0; i < 20; i++)
    {
      pthread_join (requests[i].thread, NULL);
      struct answer *answer = &requests[i].answer;
      if (answer->status == 200)
        {
          drawn++;
          assert_string_equal (answer->body, "<svg/>\n");
        }
      else
        {
          later++;
          assert_int_equal (answer->status, 503);
          assert_non_null (answer_header (answer, "Retry-After"));
        }
      answer_free (answer);
    }
  print_message ("# %d pictures were sent, %d asked to come back\n", drawn, later);
  assert_true (drawn >= 2);
  assert_true (later >= 1);
  /* Drawn by now, or after this: the second time it comes from the file. */
  for (int i = 0; i < 100 && status_of (&server, requests[0].path) != 200; i++)
    usleep (100000);
  off_t logged = rounds ("renders.log");
  assert_int_equal (status_of (&server, requests[0].path), 200);
  assert_int_equal (rounds ("renders.log"), logged);
  server_end (&server, SIGTERM);
  int fd = open ("renders.log", O_RDONLY);
  assert_true (read (fd, log, sizeof log - 1) > 0);
  close (fd);
  for (const char *p = log; *p != '\0'; p++)
    {
      running += *p == '+' ? 1 : *p == '-' ? -1 : 0;
      most = running > most ? running : most;
    }
  assert_int_equal (most, 2);
  unlink ("renders.log");
  unlink (renderer);
}

/* --- L4: what the renderer gets --- */

static void
renderer_environment (void **state)
{
  char renderer[512], text[65536] = "", path[4096];
  const char *top = getenv ("top_builddir");
  (void)state;
  write_renderer (renderer, "env >renderer.env; ulimit -c >>renderer.env; ls -l /proc/self/fd "
                            ">>renderer.env; cat >/dev/null; echo '<svg/>'");
  snprintf (path, sizeof path, "%s/tests/server/.libs/empty.so", top == NULL ? "." : top);
  setenv ("LD_PRELOAD", path, 1);
  setenv ("LD_LIBRARY_PATH", "/none", 1);
  setenv ("GCGLASS_TOKEN", "a-token-for-nobody", 1);
  setenv ("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
  struct server server = view (10);
  unsetenv ("LD_PRELOAD");
  unsetenv ("LD_LIBRARY_PATH");
  unsetenv ("GCGLASS_TOKEN");
  assert_int_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
  server_end (&server, SIGTERM);
  int fd = open ("renderer.env", O_RDONLY);
  assert_true (read (fd, text, sizeof text - 1) > 0);
  close (fd);
  assert_non_null (strstr (text, "PATH="));
  assert_null (strstr (text, "LD_"));
  assert_null (strstr (text, "GCGLASS_"));
  assert_null (strstr (text, "a-token-for-nobody"));
  /* Neither the snapshot nor a client. */
  assert_null (strstr (text, ".gcsnap"));
  unlink ("renderer.env");
  unlink (renderer);
}

static void
check_failure (const char *script, int status, const char *text)
{
  char renderer[512];
  if (script != NULL)
    write_renderer (renderer, script);
  else
    setenv ("GCGLASS_RENDER", "/nonexistent/renderer", 1);
  struct server server = view (10);
  struct answer answer = ask_as_owner (&server, "GET", "/garbage/1/graph.png", NULL, NULL);
  if (answer.status != status)
    fail_msg ("%s: %d: %s", script, answer.status, answer.body);
  assert_non_null (strstr (answer.body, text));
  assert_non_null (strstr (answer.body, "/garbage/1/graph.dot"));
  assert_string_equal (answer_header (&answer, "Content-Type"), "text/html; charset=utf-8");
  assert_non_null (strstr (answer_header (&answer, "Link"), "</garbage/1/graph.dot>"));
  answer_free (&answer);
  assert_int_equal (status_of (&server, "/garbage/1/graph.dot"), 200);
  assert_int_equal (status_of (&server, "/garbage/1"), 200);
  server_end (&server, SIGTERM);
  if (script != NULL)
    unlink (renderer);
}

static void
renderers_that_fail (void **state)
{
  (void)state;
  check_failure (NULL, 503, "cannot be started");
  check_failure ("echo 'graph is <b>bad</b>' >&2; exit 1", 503, "&lt;b&gt;bad");
  check_failure ("kill -9 $$", 503, "signal 9");
  check_failure ("cat >/dev/null", 503, "no picture");
}

static void
renderer_that_hangs_does_not_keep_us (void **state)
{
  char renderer[512];
  struct request request = { .path = "/garbage/1/graph.svg" };
  (void)state;
  write_renderer (renderer, "echo + >>renders.log; exec sleep 60");
  struct server server = view (10);
  request.server = &server;
  pthread_create (&request.thread, NULL, ask_for_picture, &request);
  for (int i = 0; i < 1500 && rounds ("renders.log") == 0; i++)
    usleep (20000);
  assert_true (rounds ("renders.log") > 0);
  server_end (&server, SIGINT);
  pthread_join (request.thread, NULL);
  assert_int_not_equal (request.answer.status, 200);
  /* It was not waited for until it had taken too long. */
  assert_true (request.answer.body == NULL
               || strstr (request.answer.body, "not drawn within") == NULL);
  unlink ("renders.log");
  answer_free (&request.answer);
  unlink (renderer);
}

/* --- S: the temporary directory --- */

static void
temporary_directory (void **state)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
  char renderer[512], path[512], file[1024];
  (void)state;
  write_renderer (renderer, "cat >/dev/null; echo '<svg/>'");
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    {
      struct server server = view (10);
      struct stat status;
      assert_int_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
      assert_int_equal (count_entries (path), 1);
      assert_int_equal (stat (path, &status), 0);
      assert_int_equal (status.st_mode & 07777, 0700);
      snprintf (file, sizeof file, "%s/picture-1", path);
      assert_int_equal (stat (file, &status), 0);
      assert_int_equal (status.st_mode & 07777, 0600);
      server_end (&server, signals[i]);
      assert_int_equal (count_entries (path), 0);
    }
  unlink (renderer);
}

static const struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

/* A file with one byte, whose fate is watched. */
static void
make_victim (const char *path)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_int_equal (write (fd, "v", 1), 1);
  close (fd);
}

static void
check_victim (const char *path)
{
  struct stat status;
  assert_int_equal (stat (path, &status), 0);
  assert_int_equal (status.st_size, 1);
}

/* Another process has put something else where a picture is to be, or was. */
static void
planted_files (void **state)
{
  char renderer[512], path[512], file[1024], victim[512];
  (void)state;
  write_renderer (renderer, "cat >/dev/null; echo '<svg/>'");
  snprintf (victim, sizeof victim, "victim-%d", (int)getpid ());
  make_victim (victim);
  char *whole = realpath (victim, NULL);
  struct server server = view (10);
  assert_int_equal (count_entries (path), 1);
  snprintf (file, sizeof file, "%s/picture-1", path);
  assert_int_equal (symlink (whole, file), 0);
  assert_int_not_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
  check_victim (victim);
  snprintf (file, sizeof file, "%s/picture-2", path);
  assert_int_equal (mkfifo (file, 0600), 0);
  assert_int_not_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
  /* The third one is drawn, and replaced. */
  assert_int_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
  snprintf (file, sizeof file, "%s/picture-3", path);
  assert_int_equal (unlink (file), 0);
  assert_int_equal (symlink (whole, file), 0);
  assert_int_not_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
  assert_int_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
  snprintf (file, sizeof file, "%s/picture-4", path);
  assert_int_equal (unlink (file), 0);
  assert_int_equal (mkfifo (file, 0600), 0);
  assert_int_not_equal (status_of (&server, "/garbage/1/graph.svg"), 200);
  check_victim (victim);
  server_end (&server, SIGTERM);
  assert_int_equal (count_entries (path), 0);
  check_victim (victim);
  unlink (victim);
  free (whole);
  unlink (renderer);
}

/* Names like that of a directory that was left behind: what they lead to is left alone. */
static void
planted_directories (void **state)
{
  char victim[512], path[512], file[640], file_elsewhere[640], foreign[640];
  (void)state;
  snprintf (victim, sizeof victim, "%s/own", directory);
  assert_int_equal (mkdir (victim, 0700), 0);
  snprintf (file, sizeof file, "%s/picture-1", victim);
  make_victim (file);
  assert_int_equal (utimensat (AT_FDCWD, victim, long_ago, 0), 0);
  snprintf (path, sizeof path, "%s/gcglass-aaaaaa", directory);
  assert_int_equal (symlink (victim, path), 0);
  snprintf (path, sizeof path, "%s/gcglass-bbbbbb", directory);
  assert_int_equal (mkfifo (path, 0600), 0);
  assert_int_equal (utimensat (AT_FDCWD, path, long_ago, 0), 0);
  /* A person's own, by chance or not. */
  snprintf (path, sizeof path, "%s/gcglass-cccccc", directory);
  assert_int_equal (mkdir (path, 0700), 0);
  snprintf (file_elsewhere, sizeof file_elsewhere, "%s/night.gcsnap", path);
  make_victim (file_elsewhere);
  assert_int_equal (utimensat (AT_FDCWD, path, long_ago, 0), 0);
  snprintf (foreign, sizeof foreign, "%s/gcglass-dddddd", directory);
  assert_int_equal (mkdir (foreign, 0700), 0);
  bool root = geteuid () == 0 && chown (foreign, 65534, 65534) == 0;
  assert_int_equal (utimensat (AT_FDCWD, foreign, long_ago, 0), 0);
  struct server server = view (4);
  server_end (&server, SIGTERM);
  check_victim (file);
  check_victim (file_elsewhere);
  /* Ours would have gone: it is empty. */
  assert_int_equal (access (foreign, F_OK), root ? 0 : -1);
  unlink (file);
  rmdir (victim);
  unlink (file_elsewhere);
  rmdir (path);
  rmdir (foreign);
  snprintf (path, sizeof path, "%s/gcglass-aaaaaa", directory);
  assert_int_equal (unlink (path), 0);
  snprintf (path, sizeof path, "%s/gcglass-bbbbbb", directory);
  assert_int_equal (unlink (path), 0);
}

/* A gcglass that is killed cannot tidy up: the next one does, once the directory is old enough not
   to belong to one that is starting.  One that is in use is left alone, however old. */
static void
left_behind (void **state)
{
  char path[512], other[512];
  (void)state;
  struct server server = view (4);
  server_end (&server, SIGKILL);
  assert_int_equal (count_entries (path), 1);
  server = view (4);
  assert_int_equal (count_entries (other), 2);
  server_end (&server, SIGTERM);
  assert_int_equal (count_entries (path), 1);
  assert_int_equal (utimensat (AT_FDCWD, path, long_ago, 0), 0);
  server = view (4);
  assert_int_equal (count_entries (other), 1);
  assert_string_not_equal (path, other);
  assert_int_equal (utimensat (AT_FDCWD, other, long_ago, 0), 0);
  struct server second = view (4);
  assert_int_equal (count_entries (path), 2);
  server_end (&second, SIGTERM);
  server_end (&server, SIGTERM);
  assert_int_equal (count_entries (path), 0);
}

static void
nowhere_to_write (void **state)
{
  const char *top = getenv ("top_builddir");
  char command[5000], line[512] = "";
  (void)state;
  snprintf (command, sizeof command,
            "TMPDIR=%s/none %s/tools/gcglass view --port 0 %s 2>&1 >/dev/null", directory,
            top == NULL ? "." : top, test_snapshot (4));
  FILE *said = popen (command, "r");
  assert_non_null (said);
  assert_non_null (fgets (line, sizeof line, said));
  assert_non_null (strstr (line, "TMPDIR"));
  assert_null (fgets (line, sizeof line, said));
  assert_int_equal (WEXITSTATUS (pclose (said)), 1);
}

/* It stops, whatever clients are connected, and leaves no connection behind. */
static void
quick_stop (void **state)
{
  double worst = 0;
  (void)state;
  for (int i = 0; i < 10; i++)
    {
      struct server server = view (4);
      int fd = i % 2 == 0 ? dial (server.port) : -1;
      char byte;
      assert_int_equal (status_of (&server, "/api/frame"), 200);
      double start = seconds_now ();
      server_end (&server, SIGTERM);
      double took = seconds_now () - start;
      worst = took > worst ? took : worst;
      if (fd >= 0)
        assert_true (recv (fd, &byte, 1, 0) <= 0);
      close (fd);
    }
  print_message ("# the longest of 10 stops: %.3f s\n", worst);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    { "R3 slow clients", slow_clients, NULL, NULL, NULL },
    { "R7 clients that leave", clients_that_leave, NULL, NULL, NULL },
    { "R4 many pictures at once", many_pictures, NULL, NULL, NULL },
    { "L4 the renderer's environment", renderer_environment, NULL, NULL, NULL },
    { "R4 renderers that fail", renderers_that_fail, NULL, NULL, NULL },
    { "R4 a renderer that hangs does not keep us", renderer_that_hangs_does_not_keep_us, NULL, NULL,
      NULL },
    { "S1 the temporary directory is ours alone", temporary_directory, NULL, NULL, NULL },
    { "S2 planted links and FIFOs", planted_files, NULL, NULL, NULL },
    { "S3 directories of others", planted_directories, NULL, NULL, NULL },
    cmocka_unit_test (left_behind),
    cmocka_unit_test (nowhere_to_write),
    cmocka_unit_test (quick_stop),
  };
  return cmocka_run_group_tests (tests, make_directory, remove_directory);
}
