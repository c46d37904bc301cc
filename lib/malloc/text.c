/* text.c -- functions of the C library that hand out malloc'd texts.
 *
 * They are here so that <gcglass/malloc.h> can say where they are called (place.h).  strdup and its
 * kin are made anew.  The others do what the C library's do, by calling it; the block that it has
 * made is then given the site that was left, if one was.  A fortified program calls the functions
 * that are called __..._chk.
 */
/* What these functions are defined as here: no header defines them inline. */
#undef _FORTIFY_SOURCE
#define __NO_INLINE__   1
#define GCG_NO_REDIRECT 1

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "allocate.h"
#include "blocks.h"
#include "foreign.h"
#include "gcglass/malloc.h"
#include "lookup.h"
#include "place.h"
#include "visible.h"

#define CALLER __builtin_return_address (0)

_Thread_local struct gcg__place gcg__place;

void
gcg__at (size_t key, struct gcg__static_site *site)
{
  gcg__place.site = site;
  gcg__place.key = key;
}

/* Gives BLOCK, which the C library has made, SITE unless that is 0. */
static void
put_at (void *block, uint32_t site)
{
  if (site && block && !gcg__foreign_reason ())
    gcg__block_set_site (block, gcg__site_now (site));
}

static void *
copy (const void *text, size_t n, size_t end, const void *key, void *caller)
{
  char *block = gcg__allocate (n + end, (size_t)key, caller);
  if (block)
    {
      memcpy (block, text, n);
      memset (block + n, 0, end);
    }
  return block;
}

API char *
strdup (const char *text)
{
  void *volatile block = copy (text, strlen (text), 1, text, CALLER);
  return block;
}

API char *
strndup (const char *text, size_t most)
{
  void *volatile block = copy (text, strnlen (text, most), 1, text, CALLER);
  return block;
}

API char *__strdup (const char *text);
API char *
__strdup (const char *text)
{
  void *volatile block = copy (text, strlen (text), 1, text, CALLER);
  return block;
}

API char *__strndup (const char *text, size_t most);
API char *
__strndup (const char *text, size_t most)
{
  void *volatile block = copy (text, strnlen (text, most), 1, text, CALLER);
  return block;
}

API wchar_t *
wcsdup (const wchar_t *text)
{
  void *volatile block = copy (text, wcslen (text) * sizeof *text, sizeof *text, text, CALLER);
  return block;
}

GCG__BEHIND (vasprintf);
API int
vasprintf (char **to, const char *format, va_list arguments)
{
  uint32_t site = gcg__place_take ((size_t)to, (size_t)to);
  int n = BEHIND (vasprintf) (to, format, arguments);
  if (n >= 0)
    put_at (*to, site);
  return n;
}

API int
asprintf (char **to, const char *format, ...)
{
  uint32_t site = gcg__place_take ((size_t)to, (size_t)to);
  va_list arguments;
  int n;

  va_start (arguments, format);
  n = BEHIND (vasprintf) (to, format, arguments);
  va_end (arguments);
  if (n >= 0)
    put_at (*to, site);
  return n;
}

API int __vasprintf_chk (char **to, int flag, const char *format, va_list arguments);
GCG__BEHIND (__vasprintf_chk);
API int
__vasprintf_chk (char **to, int flag, const char *format, va_list arguments)
{
  uint32_t site = gcg__place_take ((size_t)to, (size_t)to);
  int n = BEHIND (__vasprintf_chk) (to, flag, format, arguments);
  if (n >= 0)
    put_at (*to, site);
  return n;
}

API int __asprintf_chk (char **to, int flag, const char *format, ...);
API int
__asprintf_chk (char **to, int flag, const char *format, ...)
{
  uint32_t site = gcg__place_take ((size_t)to, (size_t)to);
  va_list arguments;
  int n;

  va_start (arguments, format);
  n = BEHIND (__vasprintf_chk) (to, flag, format, arguments);
  va_end (arguments);
  if (n >= 0)
    put_at (*to, site);
  return n;
}

/* A call of getdelim or getline, for a line that has been there before or has not. */
struct line
{
  char **place;
  size_t *room;
  const char *old;
  size_t old_room;
  uint32_t site;
};

static struct line
line_before (char **place, size_t *room)
{
  struct line line = { place, room, NULL, 0, gcg__place_take ((size_t)place, (size_t)place) };
  if (place && room)
    {
      line.old = *place;
      line.old_room = *room;
    }
  return line;
}

/* Returns N.  The site goes to a line that had to grow. */
static ssize_t
line_after (const struct line *line, ssize_t n)
{
  if (line->place && line->room && (*line->place != line->old || *line->room != line->old_room))
    put_at (*line->place, line->site);
  return n;
}

GCG__BEHIND (getdelim);
API ssize_t
getdelim (char **place, size_t *room, int delimiter, FILE *file)
{
  struct line line = line_before (place, room);
  return line_after (&line, BEHIND (getdelim) (place, room, delimiter, file));
}

API ssize_t __getdelim (char **place, size_t *room, int delimiter, FILE *file);
API ssize_t
__getdelim (char **place, size_t *room, int delimiter, FILE *file)
{
  struct line line = line_before (place, room);
  return line_after (&line, BEHIND (getdelim) (place, room, delimiter, file));
}

GCG__BEHIND (getline);
API ssize_t
getline (char **place, size_t *room, FILE *file)
{
  struct line line = line_before (place, room);
  return line_after (&line, BEHIND (getline) (place, room, file));
}

GCG__BEHIND (realpath);
API char *
realpath (const char *path, char *resolved)
{
  uint32_t site = gcg__place_take ((size_t)path, (size_t)path);
  char *result = BEHIND (realpath) (path, resolved);
  if (!resolved)
    put_at (result, site);
  return result;
}

API char *__realpath_chk (const char *path, char *resolved, size_t room);
GCG__BEHIND (__realpath_chk);
API char *
__realpath_chk (const char *path, char *resolved, size_t room)
{
  uint32_t site = gcg__place_take ((size_t)path, (size_t)path);
  char *result = BEHIND (__realpath_chk) (path, resolved, room);
  if (!resolved)
    put_at (result, site);
  return result;
}

GCG__BEHIND (canonicalize_file_name);
API char *
canonicalize_file_name (const char *path)
{
  uint32_t site = gcg__place_take ((size_t)path, (size_t)path);
  char *result = BEHIND (canonicalize_file_name) (path);
  put_at (result, site);
  return result;
}

GCG__BEHIND (getcwd);
API char *
getcwd (char *buffer, size_t bytes)
{
  uint32_t site = gcg__place_take ((size_t)buffer, (size_t)buffer);
  char *result = BEHIND (getcwd) (buffer, bytes);
  if (!buffer)
    put_at (result, site);
  return result;
}

API char *__getcwd_chk (char *buffer, size_t bytes, size_t room);
GCG__BEHIND (__getcwd_chk);
API char *
__getcwd_chk (char *buffer, size_t bytes, size_t room)
{
  uint32_t site = gcg__place_take ((size_t)buffer, (size_t)buffer);
  char *result = BEHIND (__getcwd_chk) (buffer, bytes, room);
  if (!buffer)
    put_at (result, site);
  return result;
}
