/* assets.c -- see assets.h. */
#include "config.h"

#include "server/assets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

/* A file of the front end is a few kilobytes; this is against mistakes. */
#define MAX_BYTES (16u << 20)

/* Made by the assembler: see the rule for server/assets.S. */
extern const struct embedded
{
  const char *name; /* NULL after the last */
  const void *data;
  uint64_t bytes;
  const void *packed;
  uint64_t packed_bytes; /* 0: gzip does not make it shorter */
} gcg__embedded[];

static const struct
{
  const char *ending;
  const char *type;
} types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".svg", "image/svg+xml" },
  { ".png", "image/png" },
};

static const char *
type_of (const char *name)
{
  const char *ending = strrchr (name, '.');
  size_t plain = strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
  if (ending == NULL || name[0] == '.' || name[plain] != '\0')
    return NULL;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp (ending, types[i].ending) == 0)
      return types[i].type;
  return NULL;
}

enum gcg_status
gcg__assets_init (struct gcg__assets *assets, const char *path, struct gcg_error *error)
{
  assets->directory = -1;
  if (path == NULL)
    return GCG_OK;
  assets->directory = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (assets->directory < 0)
    return gcg__error_write (error, GCG_SYSTEM, "templates %s: %s", path, strerror (errno));
  return GCG_OK;
}

void
gcg__assets_fini (struct gcg__assets *assets)
{
  if (assets->directory >= 0)
    close (assets->directory);
  assets->directory = -1;
}

static enum gcg_status
read_whole (int fd, struct gcg__asset *asset)
{
  struct stat status;
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    return GCG_NOT_FOUND;
  if (status.st_size > MAX_BYTES)
    return GCG_SYSTEM;
  size_t bytes = (size_t)status.st_size, done = 0;
  char *data = malloc (bytes + 1);
  if (data == NULL)
    return GCG_NO_MEMORY;
  while (done < bytes)
    {
      ssize_t n = read (fd, data + done, bytes - done);
      if (n < 0 && errno != EINTR)
        {
          free (data);
          return GCG_SYSTEM;
        }
      if (n == 0)
        break;
      done += n > 0 ? (size_t)n : 0;
    }
  asset->data = asset->owned = data;
  asset->bytes = done;
  return GCG_OK;
}

enum gcg_status
gcg__assets_find (const struct gcg__assets *assets, const char *name, struct gcg__asset *asset)
{
  asset->type = type_of (name);
  asset->owned = NULL;
  asset->packed = NULL;
  asset->packed_bytes = 0;
  if (asset->type == NULL)
    return GCG_NOT_FOUND;
  if (assets->directory >= 0)
    {
      int fd = openat (assets->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      enum gcg_status status = fd < 0 ? GCG_NOT_FOUND : read_whole (fd, asset);
      if (fd >= 0)
        close (fd);
      if (status != GCG_NOT_FOUND)
        return status;
    }
  for (const struct embedded *e = gcg__embedded; e->name != NULL; e++)
    if (strcmp (e->name, name) == 0)
      {
        asset->data = e->data;
        asset->bytes = e->bytes;
        asset->packed = e->packed_bytes > 0 ? e->packed : NULL;
        asset->packed_bytes = e->packed_bytes;
        return GCG_OK;
      }
  return GCG_NOT_FOUND;
}
