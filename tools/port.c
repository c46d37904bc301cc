/* port.c -- see port.h.
 *
 * /proc/net/tcp gives the socket's inode, and the links in /proc/PID/fd its owner; those of other
 * users' processes cannot be read.
 */
#include <config.h>

#include "tools/port.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTENING 0x0a

/* Returns the inode of the socket that listens on PORT in the table at PATH, or 0. */
static unsigned long
listening_inode (const char *path, int port)
{
  char line[512];
  unsigned long inode = 0;
  FILE *table = fopen (path, "re");
  while (table != NULL && inode == 0 && fgets (line, sizeof line, table) != NULL)
    {
      unsigned at, state;
      unsigned long number;
      if (sscanf (line, "%*s %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", &at, &state, &number)
              == 3
          && at == (unsigned)port && state == LISTENING)
        inode = number;
    }
  if (table != NULL)
    fclose (table);
  return inode;
}

/* Returns whether the process with the /proc folder PID has a descriptor that links to LINK. */
static bool
holds (const char *pid, const char *link)
{
  char path[64], target[64];
  bool found = false;
  snprintf (path, sizeof path, "/proc/%.20s/fd", pid);
  DIR *descriptors = opendir (path);
  const struct dirent *entry;
  while (descriptors != NULL && !found && (entry = readdir (descriptors)) != NULL)
    {
      ssize_t n = readlinkat (dirfd (descriptors), entry->d_name, target, sizeof target - 1);
      target[n > 0 ? n : 0] = '\0';
      found = strcmp (target, link) == 0;
    }
  if (descriptors != NULL)
    closedir (descriptors);
  return found;
}

static void
describe (const char *pid, char text[64])
{
  char path[64], name[32] = "";
  snprintf (path, sizeof path, "/proc/%.20s/comm", pid);
  FILE *comm = fopen (path, "re");
  if (comm != NULL && fgets (name, sizeof name, comm) != NULL)
    name[strcspn (name, "\n")] = '\0';
  if (comm != NULL)
    fclose (comm);
  snprintf (text, 64, "%s (process %.20s)", name, pid);
}

bool
port_holder (int port, char text[64])
{
  char link[64];
  unsigned long inode = listening_inode ("/proc/net/tcp", port);
  bool found = false;
  if (inode == 0)
    inode = listening_inode ("/proc/net/tcp6", port);
  DIR *processes = inode == 0 ? NULL : opendir ("/proc");
  const struct dirent *entry;
  snprintf (link, sizeof link, "socket:[%lu]", inode);
  while (processes != NULL && !found && (entry = readdir (processes)) != NULL)
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && holds (entry->d_name, link))
      {
        describe (entry->d_name, text);
        found = true;
      }
  if (processes != NULL)
    closedir (processes);
  return found;
}
