/* program.c -- see program.h. */
#include "config.h"

#include "tools/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "snapshot/machine.h"
#include "symbol/inside.h"

extern char **environ;

#define TEXT_BYTES  512
#define MAX_SCRIPTS 4 /* the kernel's own limit on interpreters of interpreters */
#define MAX_HEADERS 256

/* 0, or why the file at PATH cannot be run. */
static int
run_error (const char *path)
{
  struct stat status;
  if (stat (path, &status) != 0)
    return errno;
  if (S_ISDIR (status.st_mode))
    return EISDIR;
  if (!S_ISREG (status.st_mode) || access (path, X_OK) != 0)
    return EACCES;
  return 0;
}

int
program_find (const char *name, char **path, char text[TEXT_BYTES])
{
  const char *directories = getenv ("PATH");
  int failure = ENOENT;
  char *candidate;
  if (strchr (name, '/') != NULL)
    {
      failure = run_error (name);
      *path = failure == 0 ? strdup (name) : NULL;
      if (*path != NULL)
        return 0;
      snprintf (text, TEXT_BYTES, "%s: %s", name, strerror (failure == 0 ? ENOMEM : failure));
      return failure == ENOENT || failure == ENOTDIR ? PROGRAM_NOT_FOUND : PROGRAM_NOT_RUN;
    }
  if (directories == NULL)
    directories = "/bin:/usr/bin";
  for (const char *at = directories; *name != '\0'; at++)
    {
      size_t n = strcspn (at, ":");
      if (asprintf (&candidate, "%.*s%s%s", (int)n, at, n == 0 ? "" : "/", name) < 0)
        break;
      int reason = run_error (candidate);
      if (reason == 0)
        {
          *path = candidate;
          return 0;
        }
      free (candidate);
      if (reason == EACCES)
        failure = EACCES;
      at += n;
      if (*at == '\0')
        break;
    }
  if (failure == EACCES)
    {
      snprintf (text, TEXT_BYTES, "%s: %s", name, strerror (EACCES));
      return PROGRAM_NOT_RUN;
    }
  snprintf (text, TEXT_BYTES, "%s: no such program in the PATH", name);
  return PROGRAM_NOT_FOUND;
}

/* Does running the file give its process more rights than ours? */
static bool
gains_rights (const char *path, const struct stat *status)
{
  char capabilities[64];
  if ((status->st_mode & S_ISUID) != 0 && status->st_uid != geteuid ())
    return true;
  if ((status->st_mode & S_ISGID) != 0 && (status->st_mode & S_IXGRP) != 0
      && status->st_gid != getegid ())
    return true;
  return geteuid () != 0
         && getxattr (path, "security.capability", capabilities, sizeof capabilities) > 0;
}

static bool
has_interpreter (int fd, const Elf64_Ehdr *header)
{
  Elf64_Phdr segment;
  if (header->e_phentsize != sizeof segment)
    return false;
  for (unsigned i = 0; i < header->e_phnum && i < MAX_HEADERS; i++)
    {
      off_t offset = (off_t)(header->e_phoff + (uint64_t)i * sizeof segment);
      if (pread (fd, &segment, sizeof segment, offset) != (ssize_t)sizeof segment)
        return false;
      if (segment.p_type == PT_INTERP)
        return true;
    }
  return false;
}

/* Says in TEXT why the ELF file cannot be looked into; false then. */
static bool
check_elf (int fd, const char *path, const Elf64_Ehdr *header, char text[TEXT_BYTES])
{
  const char *reason = NULL;
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != GCG__MACHINE)
    reason = "it is for another kind of processor, or 32 bits wide";
  else if (!has_interpreter (fd, header))
    reason = "statically linked";
  if (reason == NULL)
    return true;
  snprintf (text, TEXT_BYTES, "%s: cannot observe: %s (--force runs it all the same)", path,
            reason);
  return false;
}

/* Copies the interpreter that the script's first line names to PATH; false when there is none. */
static bool
read_interpreter (const char *line, char path[256])
{
  line += 2 + strspn (line + 2, " \t");
  size_t n = strcspn (line, " \t\n");
  if (n == 0 || n >= 256)
    return false;
  memcpy (path, line, n);
  path[n] = '\0';
  return true;
}

bool
program_can_observe (const char *path, char text[TEXT_BYTES])
{
  char interpreter[256];
  for (int depth = 0; depth <= MAX_SCRIPTS; depth++)
    {
      union
      {
        Elf64_Ehdr elf;
        char text[256];
      } start = { .text = "" };
      struct stat status;
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      if (fd < 0 || fstat (fd, &status) != 0)
        {
          if (fd >= 0)
            close (fd);
          return true; /* executable but not readable: the kernel decides */
        }
      ssize_t n = pread (fd, start.text, sizeof start.text - 1, 0);
      bool is_elf = n >= (ssize_t)sizeof start.elf && memcmp (start.text, ELFMAG, SELFMAG) == 0;
      bool good = !is_elf || check_elf (fd, path, &start.elf, text);
      close (fd);
      if (is_elf && good && gains_rights (path, &status))
        {
          snprintf (text, TEXT_BYTES,
                    "%s: cannot observe: it runs with more rights than you have (--force runs it "
                    "all the same)",
                    path);
          return false;
        }
      if (is_elf || n < 2 || start.text[0] != '#' || start.text[1] != '!')
        return good;
      if (!read_interpreter (start.text, interpreter))
        return true;
      path = interpreter;
    }
  return true;
}

/* The interpreter (dynamic linker) that the ELF file at PATH asks for, into LINKER; false: none. */
static bool
read_linker (const char *path, char linker[256])
{
  Elf64_Ehdr header;
  Elf64_Phdr segment;
  bool found = false;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || pread (fd, &header, sizeof header, 0) != (ssize_t)sizeof header
      || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0)
    header.e_phnum = 0;
  for (unsigned i = 0; i < header.e_phnum && i < MAX_HEADERS && !found; i++)
    {
      off_t offset = (off_t)(header.e_phoff + (uint64_t)i * sizeof segment);
      if (pread (fd, &segment, sizeof segment, offset) != (ssize_t)sizeof segment)
        break;
      found = segment.p_type == PT_INTERP && segment.p_filesz > 0 && segment.p_filesz < 256
              && pread (fd, linker, segment.p_filesz, (off_t)segment.p_offset)
                     == (ssize_t)segment.p_filesz;
      if (found)
        linker[segment.p_filesz] = '\0';
    }
  if (fd >= 0)
    close (fd);
  return found;
}

/* The program that the kernel runs for the file at PATH: itself, or its interpreter's interpreter.
 */
static void
resolve_scripts (const char *path, char program[4096])
{
  char line[256], interpreter[256];
  snprintf (program, 4096, "%s", path);
  for (int depth = 0; depth < MAX_SCRIPTS; depth++)
    {
      int fd = open (program, O_RDONLY | O_CLOEXEC);
      ssize_t n = fd < 0 ? -1 : pread (fd, line, sizeof line - 1, 0);
      if (fd >= 0)
        close (fd);
      line[n > 0 ? n : 0] = '\0';
      if (line[0] != '#' || line[1] != '!' || !read_interpreter (line, interpreter))
        return;
      snprintf (program, 4096, "%s", interpreter);
    }
}

/* The file's own name in PATH. */
static const char *
last_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Returns whether the dynamic linker at PATH is glibc's, which the agent needs.  One with the name
   of ours is at most another version of it. */
static bool
is_our_linker (const char *path)
{
  char ours[256];
  return read_linker ("/proc/self/exe", ours) && strcmp (last_name (path), last_name (ours)) == 0;
}

bool
program_is_of_other_library (const char *path, char text[TEXT_BYTES])
{
  char program[4096], linker[256];
  resolve_scripts (path, program);
  if (!read_linker (program, linker) || is_our_linker (linker))
    return false;
  bool musl = strncmp (last_name (linker), "ld-musl-", 8) == 0;
  snprintf (text, TEXT_BYTES,
            "%.200s: cannot observe: it is made for %s (its dynamic linker is %.120s), and gcglass "
            "looks into programs of glibc: build it for that (--force runs it without a look)",
            path, musl ? "the C library musl" : "another C library than glibc", linker);
  return true;
}

/* Our environment, with LIBRARIES as LD_LIBRARY_PATH unless that is NULL.  Caller frees the array
   and *VARIABLE; NULL: out of memory. */
static char **
make_environment (const char *libraries, char **variable)
{
  static const char name[] = "LD_LIBRARY_PATH=";
  size_t n = 0, kept = 0;
  while (environ[n] != NULL)
    n++;
  char **result = calloc (n + 2, sizeof *result);
  *variable = NULL;
  if (result != NULL && libraries != NULL && libraries[0] != '\0'
      && asprintf (variable, "%s%s", name, libraries) < 0)
    *variable = NULL;
  if (result != NULL && *variable != NULL)
    result[kept++] = *variable;
  for (size_t i = 0; result != NULL && i < n; i++)
    if (libraries == NULL || strncmp (environ[i], name, sizeof name - 1) != 0)
      result[kept++] = environ[i];
  return result;
}

const char *
program_unseen (const char *path)
{
  char program[4096];
  struct gcg__inside inside;
  resolve_scripts (path, program);
  gcg__inside_read (program, &inside);
  return gcg__inside_words (&inside);
}

/* The sanitizer whose runtime the line LINE of a list of libraries names; NULL: none.  Those that
   are made for another malloc than theirs only. */
static const char *
sanitizer_of (const char *line)
{
  static const char *const names[][3]
      = { { "libasan.so.", "libclang_rt.asan", "AddressSanitizer" },
          { "liblsan.so.", "libclang_rt.lsan", "LeakSanitizer" },
          { "libtsan.so.", "libclang_rt.tsan", "ThreadSanitizer" },
          { "libhwasan.so.", "libclang_rt.hwasan", "HWAddressSanitizer" } };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strstr (line, names[i][0]) != NULL || strstr (line, names[i][1]) != NULL)
      return names[i][2];
  return NULL;
}

/* What the libraries that LINKER lists for PROGRAM show. */
struct listed
{
  bool linked;           /* libgcglass-malloc */
  bool collector;        /* libgc */
  const char *sanitizer; /* NULL: none */
};

/* Asks LINKER for them, with LIBRARIES as LD_LIBRARY_PATH unless that is NULL; false: it cannot be
   asked. */
static bool
list_libraries (char *linker, char *program, const char *libraries, struct listed *listed)
{
  char list[] = "--list", line[4096], *variable;
  char *arguments[] = { linker, list, program, NULL };
  char **environment = make_environment (libraries, &variable);
  int out[2];
  pid_t child;
  posix_spawn_file_actions_t files;
  if (environment == NULL || pipe2 (out, O_CLOEXEC) != 0)
    {
      free (environment);
      free (variable);
      return false;
    }
  posix_spawn_file_actions_init (&files);
  posix_spawn_file_actions_adddup2 (&files, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen (&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  int failure = posix_spawn (&child, linker, &files, NULL, arguments, environment);
  free (environment);
  free (variable);
  posix_spawn_file_actions_destroy (&files);
  close (out[1]);
  FILE *names = fdopen (out[0], "r");
  while (failure == 0 && names != NULL && fgets (line, sizeof line, names) != NULL)
    {
      listed->linked |= strstr (line, "libgcglass-malloc.so.") != NULL;
      listed->collector |= strstr (line, "libgc.so.") != NULL;
      if (listed->sanitizer == NULL)
        listed->sanitizer = sanitizer_of (line);
    }
  if (names != NULL)
    fclose (names);
  else
    close (out[0]);
  while (failure == 0 && waitpid (child, NULL, 0) < 0 && errno == EINTR)
    ;
  return failure == 0;
}

enum program_heap
program_heap_of (const char *path, const char *libraries, bool *linked, const char **sanitizer)
{
  char program[4096], linker[256];
  const char *options = getenv ("ASAN_OPTIONS");
  bool tolerated = options != NULL && strstr (options, "verify_asan_link_order=0") != NULL;
  struct listed listed = { .linked = false };
  struct gcg__inside inside;
  *linked = false;
  *sanitizer = NULL;
  resolve_scripts (path, program);
  if (!read_linker (program, linker) || !list_libraries (linker, program, libraries, &listed))
    return PROGRAM_COLLECTOR;
  gcg__inside_read (program, &inside);
  *linked = listed.linked;
  *sanitizer = inside.sanitizer != NULL ? inside.sanitizer : listed.sanitizer;
  /* Our own library needs libgc; that does not make this a libgc program. */
  bool collector = listed.collector && !listed.linked;
  /* In libgc programs LeakSanitizer accepts a library before its own. */
  if (*sanitizer != NULL && !(tolerated && inside.sanitizer == NULL)
      && !(collector && strcmp (*sanitizer, "LeakSanitizer") == 0))
    return PROGRAM_SANITIZED;
  return collector ? PROGRAM_COLLECTOR : PROGRAM_MALLOC;
}

/* DIRECTORY of this program and FILE seen from there; NULL when it is not there. */
static char *
beside_us (const char *file)
{
  char own[4096], *path;
  ssize_t n = readlink ("/proc/self/exe", own, sizeof own - 1);
  if (n <= 0)
    return NULL;
  own[n] = '\0';
  char *slash = strrchr (own, '/');
  if (slash == NULL)
    return NULL;
  *slash = '\0';
  if (asprintf (&path, "%s/%s", own, file) < 0)
    return NULL;
  if (access (path, R_OK) == 0)
    return path;
  free (path);
  return NULL;
}

/* NAME beside the file GIVEN, or in the folder above, or GIVEN itself where it is in neither. */
static char *
sibling (const char *given, const char *name)
{
  const char *slash = strrchr (given, '/');
  char *path, *real = NULL;
  for (int above = 0; above < 2 && real == NULL && slash != NULL; above++)
    {
      if (asprintf (&path, "%.*s%s%s", (int)(slash - given + 1), given, above ? "../" : "", name)
          < 0)
        break;
      real = realpath (path, NULL);
      free (path);
    }
  return real != NULL ? real : realpath (given, NULL);
}

int
program_find_preload (enum program_heap heap, char **path, char text[TEXT_BYTES])
{
  /* The one that programs are linked with is preloaded into others: never are there two. */
  bool is_malloc = heap != PROGRAM_COLLECTOR;
  const char *name = is_malloc ? "libgcglass-malloc.so.0" : "libgcglass-preload.so";
  char installed[256], built[64];
  const char *given = secure_getenv ("GCGLASS_PRELOAD");
  snprintf (installed, sizeof installed, "%s/%s", is_malloc ? LIBDIR : PKGLIBDIR, name);
  *path = NULL;
  if (given != NULL && *given != '\0')
    {
      if (access (given, R_OK) != 0)
        {
          snprintf (text, TEXT_BYTES, "cannot observe: %s: %s (from GCGLASS_PRELOAD)", given,
                    strerror (errno));
          return PROGRAM_FAILED;
        }
      *path = sibling (given, name);
    }
  else if (access (installed, R_OK) == 0)
    *path = strdup (installed);
  else
    {
      snprintf (built, sizeof built, "../lib/%s%s", is_malloc ? "" : "gcglass/", name);
      *path = beside_us (built);
      snprintf (built, sizeof built, "../lib/.libs/%s", name);
      if (*path == NULL)
        *path = beside_us (built);
    }
  if (*path == NULL)
    {
      snprintf (text, TEXT_BYTES,
                "cannot observe: no %s: looked for %s: install gcglass or set GCGLASS_PRELOAD",
                name, installed);
      return PROGRAM_FAILED;
    }
  if ((*path)[strcspn (*path, " :\t\n")] != '\0')
    {
      snprintf (text, TEXT_BYTES,
                "cannot observe: %s: the dynamic linker takes no path with a space or a colon: set "
                "GCGLASS_PRELOAD to a link to it",
                *path);
      free (*path);
      *path = NULL;
      return PROGRAM_FAILED;
    }
  return 0;
}
