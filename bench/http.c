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

double
http_get (const char *url, const char *path, size_t *bytes)
{
  static char buffer[65536];
  unsigned port;
  if (sscanf (url, "http://%*[^:]:%u", &port) != 1)
    fail (url, path, "not a URL with a port");
  double start = stats_now ();
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((uint16_t)port) };
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address))
    fail (url, path, "cannot connect");
  int length
      = snprintf (buffer, sizeof buffer,
                  "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", path, port);
  if (write (fd, buffer, (size_t)length) != length)
    fail (url, path, "cannot send");
  size_t total = 0;
  ssize_t n;
  char status[16] = "";
  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    {
      if (total == 0)
        memcpy (status, buffer, n < 15 ? (size_t)n : 15);
      total += (size_t)n;
    }
  close (fd);
  if (strncmp (status, "HTTP/1.1 200", 12) != 0)
    fail (url, path, status);
  if (bytes)
    *bytes = total;
  return stats_now () - start;
}
