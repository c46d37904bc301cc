/* source_type.c -- see source_type.h.
 *
 * This reads C as far as a line shows it: names, parentheses, strings and comments.  If a line has
 * several allocator calls, the column in the debug information selects the one that a frame is in;
 * without columns, or if a macro hides the call, the type is known only if all calls agree.
 */
#include <config.h>

#include "report/source_type.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/types.h"

#define MAX_SOURCE     (8u << 20)
#define MAX_WRAPPERS   4u    /* calls outward */
#define MAX_CALL       2000u /* characters */
#define MAX_EXPRESSION 256u

static void
source_fini (struct gcg__source *source)
{
  free (source->path);
  free (source->text);
  free (source->starts);
}

void
gcg__sources_fini (struct gcg__sources *sources)
{
  for (uint32_t i = 0; i < GCG__SOURCE_FILES; i++)
    source_fini (&sources->files[i]);
}

/* Reads the file at PATH, if it is one: its text, ending in NUL; NULL when it cannot be read. */
static char *
read_source (const char *path, int64_t *seconds)
{
  struct stat about;
  char *text = NULL;
  int fd = path[0] == '/' ? open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
  if (fd < 0)
    return NULL;
  if (fstat (fd, &about) == 0 && S_ISREG (about.st_mode) && about.st_size <= MAX_SOURCE
      && (text = malloc ((size_t)about.st_size + 1)) != NULL)
    {
      ssize_t n = read (fd, text, (size_t)about.st_size);
      text[n > 0 ? n : 0] = '\0';
      *seconds = about.st_mtim.tv_sec;
    }
  close (fd);
  return text;
}

/* Finds where the lines of SOURCE begin; false: no memory. */
static bool
find_lines (struct gcg__source *source)
{
  uint32_t n = 1, at = 1;
  for (const char *c = source->text; *c != '\0'; c++)
    n += *c == '\n';
  source->starts = calloc (n, sizeof *source->starts);
  if (source->starts == NULL)
    return false;
  for (const char *c = source->text; *c != '\0'; c++)
    if (*c == '\n')
      source->starts[at++] = (uint32_t)(c + 1 - source->text);
  source->n_lines = n;
  return true;
}

/* The file at PATH, read now or before; NULL: no memory. */
static const struct gcg__source *
source_at (struct gcg__sources *sources, const char *path)
{
  for (uint32_t i = 0; i < GCG__SOURCE_FILES; i++)
    if (sources->files[i].path != NULL && strcmp (sources->files[i].path, path) == 0)
      return &sources->files[i];
  struct gcg__source *source = &sources->files[sources->next++ % GCG__SOURCE_FILES];
  source_fini (source);
  *source = (struct gcg__source){ .path = strdup (path) };
  if (source->path == NULL)
    return NULL;
  source->text = read_source (path, &source->seconds);
  if (source->text != NULL && !find_lines (source))
    {
      free (source->text);
      source->text = NULL;
    }
  return source;
}

static bool
is_name (char c)
{
  return isalnum ((unsigned char)c) || c == '_';
}

/* Where what begins at TEXT ends, when it is a comment, a string or a character; else TEXT. */
static const char *
past_quoted (const char *text)
{
  if (text[0] == '/' && text[1] == '*')
    {
      const char *end = strstr (text + 2, "*/");
      return end != NULL ? end + 2 : text + strlen (text);
    }
  if (text[0] == '/' && text[1] == '/')
    return text + strcspn (text, "\n");
  if (text[0] != '"' && text[0] != '\'')
    return text;
  const char *end = text + 1;
  while (*end != '\0' && *end != *text && *end != '\n')
    end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
  return *end == *text ? end + 1 : end;
}

/* Is the name at TEXT, N long, that of an allocator: CALLEE, or any? */
static bool
is_allocator (const char *text, size_t n, const char *callee)
{
  if (callee != NULL)
    return strlen (callee) == n && strncmp (text, callee, n) == 0;
  for (size_t i = 0; i + 5 <= n; i++)
    if (strncasecmp (text + i, "alloc", 5) == 0)
      return true;
  return false;
}

/* Does the C library's function NAME, N long, hand out a block, whose size no argument gives? */
static bool
hands_out (const char *name, size_t n)
{
  static const char *const names[] = { "strdup",    "strndup", "wcsdup",   "asprintf",
                                       "vasprintf", "getline", "getdelim", "realpath" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen (names[i]) == n && strncmp (name, names[i], n) == 0)
      return true;
  return false;
}

/* Returns the end of the parentheses whose contents begin at TEXT, or the end of TEXT. */
static const char *
past_parentheses (const char *text)
{
  unsigned depth = 1;
  const char *at = text;
  while (*at != '\0' && depth > 0 && at - text < (ptrdiff_t)MAX_CALL)
    {
      const char *past = past_quoted (at);
      depth += *at == '(' ? 1 : 0;
      depth -= *at == ')' ? 1 : 0;
      at = past > at ? past : at + 1;
    }
  return at;
}

/* Returns whether the name at TEXT, N long and followed by the parenthesis OPEN, is a candidate
   call. */
static bool
is_call (const char *text, size_t n, const char *open, const char *callee)
{
  return n > 0 && *open == '('
         && (is_allocator (text, n, callee) || (callee == NULL && hands_out (text, n)));
}

uint32_t
gcg__source_calls (const char *text, const char *callee, uint32_t column,
                   const char *arguments[GCG__SOURCE_CALLS])
{
  const char *wanted = NULL;
  uint32_t n = 0;
  for (const char *at = text; *at != '\0' && *at != '\n';)
    {
      const char *past = past_quoted (at);
      if (past > at)
        {
          at = past;
          continue;
        }
      size_t length = 0;
      while (is_name (at[length]))
        length++;
      const char *open = at + length + strspn (at + length, " \t\n");
      if (is_call (at, length, open, callee))
        {
          /* Compilers give the column of the name or of a parenthesis: the innermost call around
             it is meant, and that is the last one that begins before it. */
          if (column > at - text && column <= past_parentheses (open + 1) - text)
            wanted = open + 1;
          if (n < GCG__SOURCE_CALLS)
            arguments[n] = open + 1;
          n++;
        }
      at += length > 0 ? length : 1;
    }
  if (wanted == NULL)
    return n <= GCG__SOURCE_CALLS ? n : 0;
  arguments[0] = wanted;
  return 1;
}

static bool
has_sizeof (const char *text, size_t n)
{
  for (size_t i = 0; i + 6 <= n; i++)
    if (strncmp (text + i, "sizeof", 6) == 0 && (i == 0 || !is_name (text[i - 1]))
        && (i + 6 == n || !is_name (text[i + 6])))
      return true;
  return false;
}

bool
gcg__source_expression (const char *arguments, char *expression, size_t bytes, bool *called)
{
  const char *argument = arguments;
  bool found = false;
  unsigned depth = 0;
  *called = false;
  for (const char *at = argument; *at != '\0' && at - arguments < (ptrdiff_t)MAX_CALL;)
    {
      const char *past = past_quoted (at);
      bool ends = depth == 0 && (*at == ',' || *at == ')');
      if (past > at)
        {
          at = past;
          continue;
        }
      if (ends && has_sizeof (argument, (size_t)(at - argument)))
        {
          size_t n = (size_t)(at - argument);
          if (found || n >= bytes)
            return false;
          memcpy (expression, argument, n);
          expression[n] = '\0';
          found = true;
        }
      if (ends && *at == ')')
        {
          *called = !found;
          return found;
        }
      if (ends)
        argument = at + 1;
      depth += *at == '(' || *at == '[';
      depth -= (*at == ')' || *at == ']') && depth > 0;
      at++;
    }
  return false;
}

/* When the module that holds ADDRESS was made; false: unknown. */
static bool
module_seconds (const struct gcg__snapshot *s, uint64_t address, int64_t *seconds)
{
  struct stat about;
  for (uint32_t m = 0; m < s->n_modules; m++)
    if (address >= s->modules[m].low && address < s->modules[m].high)
      {
        if (stat (gcg__text (s, s->modules[m].path), &about) != 0)
          return false;
        *seconds = about.st_mtim.tv_sec;
        return true;
      }
  return false;
}

/* May a call of FUNCTION, which allocates, stand for the allocation? */
static bool
is_wrapper (const char *function)
{
  return is_allocator (function, strlen (function), NULL) || strcasestr (function, "new") != NULL;
}

/* Returns the common type of the calls of CALLEE in TEXT that FRAME may be in, or NULL.  *CALLED:
   there are such calls, and none of them gives a size. */
static const char *
type_of_calls (struct gcg__symbols *symbols, const struct gcg__frame *frame, const char *text,
               const char *callee, bool *called)
{
  const char *calls[GCG__SOURCE_CALLS], *type = NULL;
  uint32_t n = gcg__source_calls (text, callee, frame->column, calls);
  *called = n > 0;
  for (uint32_t i = 0; i < n; i++)
    {
      char expression[MAX_EXPRESSION];
      bool without;
      const char *other = NULL;
      if (gcg__source_expression (calls[i], expression, sizeof expression, &without))
        other = gcg__symbols_expression_type (symbols, expression, frame->function, frame->file,
                                              frame->line);
      *called = *called && without;
      if (i == 0)
        type = other;
      else if (other == NULL || type == NULL || strcmp (other, type) != 0)
        type = NULL;
    }
  return type;
}

const char *
gcg__source_type (struct gcg__sources *sources, const struct gcg__snapshot *snapshot,
                  struct gcg__symbols *symbols, const struct gcg__site *site)
{
  const char *callee = NULL;
  uint32_t looked_at = 0;
  for (uint32_t i = 0; i < site->n_frames; i++)
    {
      const struct gcg__frame *frames;
      uint64_t address = snapshot->frames[site->first_frame + i];
      int64_t made;
      uint32_t n = gcg__symbols_frames (symbols, address, true, &frames);
      for (uint32_t k = 0; k < n; k++)
        {
          const struct gcg__frame *frame = &frames[k];
          bool called;
          if (gcg__types_own_module (frame->module) && callee == NULL)
            continue;
          if (frame->file[0] == '\0' || frame->line == 0 || looked_at++ == MAX_WRAPPERS
              || !module_seconds (snapshot, address, &made))
            return NULL;
          const struct gcg__source *source = source_at (sources, frame->file);
          if (source == NULL || source->text == NULL || frame->line > source->n_lines
              || source->seconds > made)
            return NULL;
          const char *type = type_of_calls (
              symbols, frame, source->text + source->starts[frame->line - 1], callee, &called);
          if (type != NULL || !called || !is_wrapper (frame->function))
            return type;
          callee = frame->function;
        }
    }
  return NULL;
}
