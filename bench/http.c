/* http.c -- see http.h. */
#include <config.h>

#include "bench/http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/stats.h"

static void __attribute__ ((noreturn)) fail (const char *url, const char *path, const char *what)
{
  fprintf (stderr, "bench: GET %s%s: %s\n", url, path, what);
  exit (1);
}

/* Room for the beginning of an answer: its head and the frame. */
static char answer[65536];

/* Asks for PATH; the answer's beginning is in ANSWER, NUL-terminated.  Returns its length. */
static size_t
ask (const char *url, const char *path)
{
  static char rest[65536];
  unsigned port;
  if (sscanf (url, "http://%*[^:]:%u", &port) != 1)
    fail (url, path, "not a URL with a port");
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((uint16_t)port) };
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address))
    fail (url, path, "cannot connect");
  int length
      = snprintf (answer, sizeof answer,
                  "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", path, port);
  if (write (fd, answer, (size_t)length) != length)
    fail (url, path, "cannot send");
  size_t total = 0, kept = 0;
  ssize_t n;
  do
    {
      if (kept < sizeof answer - 1)
        {
          n = read (fd, answer + kept, sizeof answer - 1 - kept);
          kept += n > 0 ? (size_t)n : 0;
        }
      else
        n = read (fd, rest, sizeof rest);
      total += n > 0 ? (size_t)n : 0;
    }
  while (n > 0);
  answer[kept] = '\0';
  close (fd);
  return total;
}

double
http_get (const char *url, const char *path, size_t *bytes)
{
  double start = stats_now ();
  size_t length = ask (url, path);
  if (strncmp (answer, "HTTP/1.1 200", 12) != 0)
    {
      answer[strcspn (answer, "\r\n")] = '\0';
      fail (url, path, answer);
    }
  if (bytes)
    *bytes = length;
  return stats_now () - start;
}

const char *
http_text (const char *url, const char *path)
{
  http_get (url, path, NULL);
  return answer;
}

double
http_wait (const char *url, const char *path, const char *description)
{
  double start = stats_now ();
  for (;;)
    {
      char shown[256] = "";
      ask (url, path);
      const char *frame = strstr (answer, "\"snapshot\":{");
      if (frame
          && sscanf (frame, "\"snapshot\":{\"id\":%*u,\"description\":\"%255[^\"]", shown) == 1
          && strcmp (shown, description) == 0 && strncmp (answer, "HTTP/1.1 200", 12) == 0)
        return stats_now () - start;
      if (stats_now () - start > 20)
        {
          fprintf (stderr, "%.1000s\n", answer);
          fail (url, path, "the snapshot does not come; the last answer is above");
        }
    }
}
