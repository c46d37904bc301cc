/* dump.c -- see dump.h.
 *
 * /proc/self/pagemap says which private pages are there, mincore which shared ones: to read a page
 * that was never touched would make it.  Where pagemap cannot be opened everything is written.
 * write returns EFAULT where a read would fault, as behind the end of a file.
 */
#include "dump.h"

#include <errno.h>
#include <string.h>

#include "column.h"
#include "peek.h"
#include "raw.h"
#include "thread.h"

#define PAGE            GCG__DUMP_PAGE
#define ENTRIES         512u                 /* of pagemap, or pages for mincore, at once */
#define PRESENT         (UINT64_C (3) << 62) /* in memory, or swapped out */
#define OF_FILE         (UINT64_C (1) << 61)
#define WHOLE_FILE      (UINT64_C (16) << 20)
#define HEAD_OF_FILE    (UINT64_C (1) << 20)
#define MOST_AT_ONCE    (UINT64_C (1) << 30)
#define PATH_BYTES      64
#define AWAITED_MOMENTS 500 /* of 0.1 ms: until the program goes on */

struct dump
{
  const struct gcg__dump_ask *ask;
  struct gcg__dump_header header;
  uint64_t end;         /* of the file */
  struct column ranges; /* struct gcg__dump_range */
  struct column text;   /* char: of one file */
  int pagemap;          /* -1: none */
  int error;
};

struct mapping
{
  uint64_t low, high;
  bool readable, writable, executable, shared;
  const char *name;
};

/* --- the file --- */

static void
put (struct dump *dump, const void *bytes, uint64_t n, uint64_t offset)
{
  for (uint64_t done = 0; done < n && !dump->error;)
    {
      long got = syscall (SYS_pwrite64, dump->ask->fd, (const char *)bytes + done, n - done,
                          (long)(offset + done));
      if (got > 0)
        done += (uint64_t)got;
      else if (got == 0 || errno != EINTR)
        dump->error = got == 0 ? EIO : errno;
    }
}

/* Appends N bytes. */
static struct gcg__dump_part
append (struct dump *dump, const void *bytes, uint64_t n)
{
  struct gcg__dump_part part = { dump->end, n };

  put (dump, bytes, n, dump->end);
  dump->end = (dump->end + n + 7) & -UINT64_C (8);
  return part;
}

/* Reads the file PATH, which is of /proc, into TEXT; it is empty where it cannot be read. */
static void
read_file (struct dump *dump, const char *path)
{
  int fd = raw_open (path, O_RDONLY);
  long n = 0;

  dump->text.n = 0;
  if (fd < 0)
    return;
  do
    {
      char *at = column_reserve_stopped (&dump->text, 1, PAGE, &dump->error);
      n = at ? raw_read (fd, at, PAGE) : 0;
      dump->text.n += n > 0 ? (uint64_t)n : 0;
    }
  while (n > 0);
  raw_close (fd);
}

static struct gcg__dump_part
append_file (struct dump *dump, const char *path)
{
  read_file (dump, path);
  return append (dump, dump->text.data, dump->text.n);
}

/* --- texts, threads --- */

static void
write_texts (struct dump *dump)
{
  static const char *const files[] = { [GCG__DUMP_COMMAND_LINE] = "/cmdline",
                                       [GCG__DUMP_STATUS] = "/status",
                                       [GCG__DUMP_STAT] = "/stat" };
  uint64_t pid = (uint64_t)dump->ask->pid;
  char path[PATH_BYTES], program[4096];
  long n;

  for (uint32_t i = 0; i < sizeof files / sizeof *files; i++)
    if (files[i])
      {
        gcg__path (path, sizeof path, "/proc/", pid, files[i]);
        dump->header.texts[i] = append_file (dump, path);
      }
  dump->header.texts[GCG__DUMP_SMAPS] = append (dump, dump->ask->smaps, strlen (dump->ask->smaps));
  gcg__path (path, sizeof path, "/proc/", pid, "/exe");
  n = syscall (SYS_readlinkat, AT_FDCWD, path, program, sizeof program);
  dump->header.texts[GCG__DUMP_PROGRAM] = append (dump, program, n > 0 ? (uint64_t)n : 0);
}

static void
add_thread (struct dump *dump, struct column *threads, struct gcg__dump_thread thread)
{
  char task[PATH_BYTES], path[PATH_BYTES];

  gcg__path (task, sizeof task, "/proc/", (uint64_t)dump->ask->pid, "/task/");
  gcg__path (path, sizeof path, task, thread.tid, "/comm");
  thread.name = append_file (dump, path);
  gcg__path (path, sizeof path, task, thread.tid, "/stat");
  thread.stat = append_file (dump, path);
  COLUMN_PUSH (threads, struct gcg__dump_thread, thread, &dump->error);
}

static void
write_threads (struct dump *dump)
{
  uint32_t n;
  const struct gcg__stopped *stopped = gcg__thread_stopped (&n);
  uint64_t calling = dump->header.calling_tid;
  struct column threads = { 0 };

  if (calling)
    add_thread (
        dump, &threads,
        (struct gcg__dump_thread){ .tid = calling,
                                   .context = (uintptr_t)dump->ask->context,
                                   .thread_pointer = (uintptr_t)__builtin_thread_pointer () });
  for (uint32_t i = 0; i < n; i++)
    if (stopped[i].tid && stopped[i].tid != calling)
      add_thread (dump, &threads,
                  (struct gcg__dump_thread){ .tid = stopped[i].tid,
                                             .context = (uintptr_t)stopped[i].context,
                                             .thread_pointer = stopped[i].thread_pointer });
  dump->header.threads = append (dump, threads.data, threads.n * sizeof (struct gcg__dump_thread));
  column_fini_stopped (&threads);
}

/* --- memory --- */

/* N bytes from LOW on have been written at the end. */
static void
add_range (struct dump *dump, uint64_t low, uint64_t n)
{
  struct gcg__dump_range *last = (struct gcg__dump_range *)dump->ranges.data + dump->ranges.n - 1;

  if (dump->ranges.n && last->address + last->bytes == low
      && last->offset + last->bytes == dump->end)
    last->bytes += n;
  else
    COLUMN_PUSH (&dump->ranges, struct gcg__dump_range,
                 ((struct gcg__dump_range){ low, n, dump->end }), &dump->error);
  dump->end += n;
}

/* Writes what of [LOW, HIGH) can be read. */
static void
write_pages (struct dump *dump, uint64_t low, uint64_t high)
{
  while (low < high && !dump->error)
    {
      uint64_t n = high - low < MOST_AT_ONCE ? high - low : MOST_AT_ONCE;
      long got = syscall (SYS_pwrite64, dump->ask->fd, low, n, (long)dump->end);
      if (got >= (long)PAGE)
        {
          n = (uint64_t)got & -PAGE;
          add_range (dump, low, n);
          low += n;
        }
      else if (got >= 0 || errno == EFAULT)
        low += PAGE;
      else if (errno != EINTR)
        dump->error = errno;
    }
}

/* Sets bits of ENTRIES pages from LOW on: PRESENT, OF_FILE; false where the kernel does not say. */
static bool
read_entries (const struct dump *dump, uint64_t low, uint32_t n, uint64_t entries[ENTRIES])
{
  return dump->pagemap >= 0
         && syscall (SYS_pread64, dump->pagemap, entries, n * sizeof *entries,
                     (long)(low / PAGE * sizeof *entries))
                == (long)(n * sizeof *entries);
}

/* The same of shared memory. */
static bool
look_for_shared (uint64_t low, uint32_t n, uint64_t entries[ENTRIES])
{
  unsigned char resident[ENTRIES];

  if (syscall (SYS_mincore, low, n * PAGE, resident) != 0)
    return false;
  for (uint32_t i = 0; i < n; i++)
    entries[i] = resident[i] & 1 ? PRESENT : 0;
  return true;
}

/* Writes the pages of [LOW, HIGH) that are there; of a file's those that the program has changed
   (IS_FILE). */
static void
write_present (struct dump *dump, uint64_t low, uint64_t high, bool is_shared, bool is_file)
{
  uint64_t entries[ENTRIES], refused = is_file ? OF_FILE : 0;

  while (low < high)
    {
      uint64_t pages = (high - low) / PAGE, from = low;
      uint32_t n = pages < ENTRIES ? (uint32_t)pages : ENTRIES;
      bool known
          = is_shared ? look_for_shared (low, n, entries) : read_entries (dump, low, n, entries);
      low += n * PAGE;
      for (uint32_t i = 0; known && i < n; i++)
        {
          if ((entries[i] & PRESENT) && !(entries[i] & refused))
            continue;
          write_pages (dump, from, low - (n - i) * PAGE);
          from = low - (n - i - 1) * PAGE;
        }
      write_pages (dump, from, low);
    }
}

static bool
begins_with (const char *name, const char *start)
{
  return strncmp (name, start, strlen (start)) == 0;
}

/* Does MAPPING look like one of a file, and is memory? */
static bool
is_memory (const struct mapping *mapping)
{
  return begins_with (mapping->name, "/memfd:") || begins_with (mapping->name, "/SYSV")
         || begins_with (mapping->name, "/dev/shm/") || begins_with (mapping->name, "/dev/zero");
}

/* Writes a private mapping that the program may not read, as far as it has been used. */
static void
write_locked (struct dump *dump, const struct mapping *mapping)
{
  uint64_t bytes = mapping->high - mapping->low;
  int protection = mapping->writable ? PROT_WRITE : mapping->executable ? PROT_EXEC : PROT_NONE;

  if (dump->pagemap < 0 || syscall (SYS_mprotect, mapping->low, bytes, PROT_READ) != 0)
    return;
  write_present (dump, mapping->low, mapping->high, false, false);
  if (dump->ask->in_place)
    syscall (SYS_mprotect, mapping->low, bytes, protection);
}

static void
write_mapping (struct dump *dump, const struct mapping *mapping)
{
  bool is_file = *mapping->name == '/' && !is_memory (mapping);
  uint64_t low = mapping->low, high = mapping->high;

  if (begins_with (mapping->name, "/dev/") && !is_memory (mapping))
    return;
  if (mapping->shared && !is_file && mapping->readable)
    write_present (dump, low, high, true, false);
  else if (mapping->shared)
    return;
  else if (!mapping->readable && !is_file)
    write_locked (dump, mapping);
  else if (!mapping->readable)
    return;
  else if (!is_file)
    write_present (dump, low, high, false, false);
  else if (high - low <= WHOLE_FILE)
    write_pages (dump, low, high);
  else
    {
      write_pages (dump, low, low + HEAD_OF_FILE);
      write_present (dump, low + HEAD_OF_FILE, high, false, true);
    }
}

static uint64_t
take_number (const char **at)
{
  uint64_t value = 0;

  for (; (**at >= '0' && **at <= '9') || (**at >= 'a' && **at <= 'f'); (*at)++)
    value = value * 16 + (uint64_t)(**at <= '9' ? **at - '0' : **at - 'a' + 10);
  return value;
}

/* LINE of /proc/self/maps: "low-high rwxp offset device inode   name". */
static bool
parse (const char *line, struct mapping *mapping)
{
  const char *at = line;

  mapping->low = take_number (&at);
  if (*at++ != '-')
    return false;
  mapping->high = take_number (&at);
  if (*at++ != ' ' || strnlen (at, 5) < 5)
    return false;
  mapping->readable = at[0] == 'r';
  mapping->writable = at[1] == 'w';
  mapping->executable = at[2] == 'x';
  mapping->shared = at[3] == 's';
  for (int i = 0; i < 4 && at; i++)
    at = strchr (at + 1, ' ');
  while (at && *at == ' ')
    at++;
  mapping->name = at ? at : "";
  return mapping->low < mapping->high;
}

/* Writes all that is mapped, as listed in the text of maps, which is there. */
static void
write_memory (struct dump *dump)
{
  char *line = dump->text.data, *last = line + dump->text.n, *end;
  struct mapping mapping;

  dump->end = (dump->end + PAGE - 1) & -PAGE;
  for (; line < last && (end = memchr (line, '\n', (size_t)(last - line))); line = end + 1)
    {
      *end = 0;
      if (parse (line, &mapping))
        write_mapping (dump, &mapping);
    }
  dump->header.ranges
      = append (dump, dump->ranges.data, dump->ranges.n * sizeof (struct gcg__dump_range));
}

/* --- all of it --- */

/* How long the program has stood: it goes on while this is written. */
static uint64_t
await_pause (const struct gcg__dump_ask *ask)
{
  const struct timespec moment = { 0, 100000 };

  for (int i = 0; i < AWAITED_MOMENTS && !ask->in_place && !*ask->pause_ns; i++)
    syscall (SYS_nanosleep, &moment, NULL);
  return *ask->pause_ns;
}

int
gcg__dump_write_stopped (const struct gcg__dump_ask *ask)
{
  struct dump dump = { .ask = ask, .header = ask->header, .end = sizeof dump.header };

  dump.pagemap = raw_open ("/proc/self/pagemap", O_RDONLY);
  write_texts (&dump);
  write_threads (&dump);
  dump.header.texts[GCG__DUMP_MAPS] = append_file (&dump, "/proc/self/maps");
  write_memory (&dump);
  dump.header.magic = GCG__DUMP_MAGIC;
  dump.header.version = GCG__DUMP_VERSION;
  dump.header.bytes = sizeof dump.header;
  dump.header.pause_ns = await_pause (ask);
  put (&dump, &dump.header, sizeof dump.header, 0);
  column_fini_stopped (&dump.text);
  column_fini_stopped (&dump.ranges);
  if (dump.pagemap >= 0)
    raw_close (dump.pagemap);
  return dump.error;
}
