/* memory.c -- mappings, reading and loading: of this process itself, of a child, of buffers. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/window.h"

#define PAGE UINT64_C (4096)

static const char listing[]
    = "00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/dbus-daemon\n"
      "00e03000-00e24000 rw-p 00000000 00:00 0           [heap]\n"
      "35b1800000-35b1820000 r--s 00000000 103:02 135522  /tmp/a b\\012c (deleted)\n"
      "not a mapping\n"
      "35b1a21000-35b1a21000 rw-p 00000000 00:00 0 \n"
      "35b1a21000-35b1a22000 ---p 00000000 00:00 0 \n"
      "35b1a21800-35b1a23000 rw-p 00000800 00:00 0       \n"
      "35b1a21000-35b1a22000 rw-p 00000000 00:00 0\n"
      "7f0000000000-7f0000001000 rw-s 00000000 00:06 1028   /dev/mem\n"
      "7f0000001000-7f0000002000 rw-p 00000000 00:06 1028   /dev/zero (deleted)\n"
      "7fff9e0e5000-7fff9e106000 rw-p 00000000 00:00 0   [stack]\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]";

static void
test_parse (void **state)
{
  struct gcg__vmas vmas;

  (void)state;
  assert_int_equal (gcg__vmas_parse (listing, strlen (listing), &vmas, NULL), GCG_OK);
  assert_int_equal (vmas.n, 9);
  const struct gcg__vma *all = vmas.items;
  assert_int_equal (all[0].low, 0x400000);
  assert_int_equal (all[0].high, 0x452000);
  assert_int_equal (all[0].offset, 0x1000);
  assert_int_equal (all[0].inode, 173521);
  assert_int_equal (all[0].device, 0x802);
  assert_string_equal (all[0].name, "/usr/bin/dbus-daemon");
  assert_true (all[0].is_readable && all[0].is_executable && all[0].is_file);
  assert_false (all[0].is_writable || all[0].is_shared || all[0].is_deleted || all[0].is_stack);
  assert_string_equal (all[1].name, "[heap]");
  assert_false (all[1].is_file);
  assert_string_equal (all[2].name, "/tmp/a b\\012c (deleted)");
  assert_true (all[2].is_shared && all[2].is_deleted);
  assert_string_equal (all[3].name, "");
  assert_false (all[3].is_readable);
  /* What overlaps is clipped, what is left of it is at its place in the file. */
  assert_int_equal (all[4].low, 0x35b1a22000);
  assert_int_equal (all[4].offset, 0x800 + 0x800);
  assert_true (all[5].is_device);
  assert_false (all[6].is_device);
  assert_true (all[7].is_stack);
  assert_null (gcg__vmas_find (&vmas, 0x3fffff));
  assert_ptr_equal (gcg__vmas_find (&vmas, 0x400000), &all[0]);
  assert_ptr_equal (gcg__vmas_find (&vmas, 0x451fff), &all[0]);
  assert_null (gcg__vmas_find (&vmas, 0x452000));
  assert_int_equal (gcg__vmas_above (&vmas, 0x452000), 1);
  assert_int_equal (gcg__vmas_above (&vmas, UINT64_MAX), 9);
  gcg__vmas_fini (&vmas);
  assert_int_equal (gcg__vmas_parse ("", 0, &vmas, NULL), GCG_OK);
  assert_int_equal (vmas.n, 0);
  gcg__vmas_fini (&vmas);
}

static void
test_no_process (void **state)
{
  struct gcg__memory_image *image = NULL;
  struct gcg__vmas vmas = { 0 };
  struct gcg_error error = { 0 };
  pid_t child = fork ();

  (void)state;
  if (child == 0)
    _exit (0);
  siginfo_t info;
  assert_int_equal (waitid (P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
  /* It has ended, and has no memory any more. */
  assert_int_equal (gcg__image_open (child, -1, &image, &error), GCG_NOT_FOUND);
  assert_null (image);
  assert_int_equal (waitpid (child, NULL, 0), child);
  assert_int_equal (gcg__vmas_read (child, &vmas, &error), GCG_NOT_FOUND);
  assert_null (vmas.items);
  assert_true (error.text[0]);
}

/* Six pages of this process: the second may not be read, the fourth is not there. */
struct pages
{
  uint8_t *bytes;
  struct gcg__memory_image *image;
};

static int
make_pages (void **state)
{
  static struct pages pages;
  pages.bytes = mmap (NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal (pages.bytes, MAP_FAILED);
  for (size_t i = 0; i < 6 * PAGE; i++)
    pages.bytes[i] = (uint8_t)(i * 7 + i / PAGE);
  mprotect (pages.bytes + PAGE, PAGE, PROT_NONE);
  munmap (pages.bytes + 3 * PAGE, PAGE);
  assert_int_equal (gcg__image_open (getpid (), -1, &pages.image, NULL), GCG_OK);
  *state = &pages;
  return 0;
}

static int
free_pages (void **state)
{
  struct pages *pages = *state;
  gcg__image_free (pages->image);
  munmap (pages->bytes, 3 * PAGE);
  munmap (pages->bytes + 4 * PAGE, 2 * PAGE);
  return 0;
}

static bool
right (const uint8_t *bytes, size_t first, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (bytes[i] != (uint8_t)((first + i) * 7 + (first + i) / PAGE))
      return false;
  return true;
}

static void
test_read (void **state)
{
  const struct pages *pages = *state;
  uint64_t base = (uintptr_t)pages->bytes, word;
  uint8_t bytes[6 * PAGE];
  char text[32];

  assert_int_equal (gcg__image_read (pages->image, base + 100, bytes, sizeof bytes),
                    3 * PAGE - 100);
  assert_true (right (bytes, 100, 3 * PAGE - 100));
  assert_int_equal (gcg__image_read (pages->image, base + 3 * PAGE, bytes, 8), 0);
  assert_int_equal (gcg__image_read (pages->image, base + 4 * PAGE, bytes, PAGE), PAGE);
  assert_true (right (bytes, 4 * PAGE, PAGE));
  assert_true (gcg__image_get (pages->image, base + PAGE - 4, bytes, 8));
  assert_false (gcg__image_get (pages->image, base + 3 * PAGE - 4, bytes, 8));
  assert_false (gcg__image_word (pages->image, base + 4, &word));
  assert_true (gcg__image_word (pages->image, base + 8, &word));
  assert_memory_equal (&word, pages->bytes + 8, 8);
  assert_int_equal (gcg__image_read (pages->image, UINT64_MAX - 3, bytes, 8), 0);
  static const char greeting[] = "as it is";
  assert_true (gcg__image_text (pages->image, (uintptr_t)greeting, text, sizeof text));
  assert_string_equal (text, greeting);
  assert_true (gcg__image_text (pages->image, (uintptr_t)greeting, text, 4));
  assert_string_equal (text, "as ");
  memset (pages->bytes + 3 * PAGE - 8, 'x', 8);
  assert_false (gcg__image_text (pages->image, base + 3 * PAGE - 8, text, sizeof text));
  assert_string_equal (text, "");
  for (size_t i = 3 * PAGE - 8; i < 3 * PAGE; i++)
    pages->bytes[i] = (uint8_t)(i * 7 + i / PAGE);
}

static void
test_load (void **state)
{
  struct pages *pages = *state;
  uint64_t base = (uintptr_t)pages->bytes, n;
  struct gcg__memory_range ranges[] = { { base + 4 * PAGE, base + 5 * PAGE + 3, NULL },
                                        { base + 8, base + 2 * PAGE, NULL },
                                        { base + PAGE, base + 4 * PAGE, NULL } };
  const struct gcg__memory_hole *holes;
  size_t n_holes, got;
  uint8_t buffer[6 * PAGE];

  assert_null (gcg__image_at (pages->image, base + 8, &n));
  assert_int_equal (gcg__image_load (pages->image, ranges, 3, 4, NULL), GCG_OK);
  /* Ranges that touch are one piece. */
  const uint8_t *piece = gcg__image_at (pages->image, base + 8, &n);
  assert_non_null (piece);
  assert_int_equal (n, 5 * PAGE + 3 - 8);
  assert_int_equal ((uintptr_t)piece % PAGE, 8);
  assert_true (right (piece, 8, 3 * PAGE - 8));
  assert_true (right (piece + 4 * PAGE - 8, 4 * PAGE, PAGE + 3));
  holes = gcg__image_holes (pages->image, &n_holes);
  assert_int_equal (n_holes, 1);
  assert_int_equal (holes[0].low, base + 3 * PAGE);
  assert_int_equal (holes[0].high, base + 4 * PAGE);
  assert_int_equal (piece[3 * PAGE], 0);
  assert_null (gcg__image_at (pages->image, base + 7, &n));
  assert_null (gcg__image_at (pages->image, base + 5 * PAGE + 3, &n));
  /* A hole is missing, whatever stands there in the piece. */
  assert_int_equal (gcg__image_read (pages->image, base, buffer, 6 * PAGE), 3 * PAGE);
  assert_ptr_equal (gcg__image_view (pages->image, base + 16, buffer, 4 * PAGE, &got), piece + 8);
  assert_int_equal (got, 3 * PAGE - 16);
  assert_ptr_equal (gcg__image_view (pages->image, base + 5 * PAGE, buffer, 32, &got), buffer);
  assert_int_equal (got, 32);
  assert_true (right (buffer, 5 * PAGE, 32));
  /* What has been loaded stays as it is, also when it is asked for once more. */
  pages->bytes[64] ^= 0xff;
  pages->bytes[4] ^= 0xff;
  ranges[0] = (struct gcg__memory_range){ base, base + 3 * PAGE, NULL };
  assert_int_equal (gcg__image_load (pages->image, ranges, 1, 1, NULL), GCG_OK);
  assert_int_equal (gcg__image_read (pages->image, base, buffer, PAGE), PAGE);
  pages->bytes[64] ^= 0xff;
  assert_int_equal (buffer[64], pages->bytes[64]);
  assert_int_equal (buffer[4], pages->bytes[4]);
  pages->bytes[4] ^= 0xff;
}

/* Of a child that has inherited nothing of one page, and another page wiped, both are loaded from
   its parent. */
static void
test_second_source (void **state)
{
  struct pages *pages = *state;
  uint64_t base = (uintptr_t)pages->bytes, n;
  struct gcg__process_memory parent = { open ("/proc/self/mem", O_RDONLY | O_CLOEXEC) };
  struct gcg__memory_source source = gcg__process_source (&parent);
  struct gcg__memory_image *image;
  uint8_t buffer[4 * PAGE];

  madvise (pages->bytes, PAGE, MADV_WIPEONFORK);
  madvise (pages->bytes + 4 * PAGE, PAGE, MADV_DONTFORK);
  pid_t child = fork ();
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        pause ();
    }
  assert_int_equal (gcg__image_open (child, -1, &image, NULL), GCG_OK);
  assert_int_equal (gcg__image_read (image, base, buffer, 8), 8);
  assert_int_equal (buffer[1], 0);
  assert_int_equal (gcg__image_read (image, base + 4 * PAGE, buffer, 8), 0);
  struct gcg__memory_range ranges[] = { { base, base + PAGE, &source },
                                        { base + PAGE, base + 3 * PAGE, NULL },
                                        { base + 4 * PAGE, base + 5 * PAGE, &source } };
  assert_int_equal (gcg__image_load (image, ranges, 3, 2, NULL), GCG_OK);
  const uint8_t *piece = gcg__image_at (image, base, &n);
  assert_non_null (piece);
  assert_int_equal (n, 3 * PAGE);
  assert_true (right (piece, 0, 3 * PAGE));
  assert_int_equal (gcg__image_read (image, base + 4 * PAGE, buffer, PAGE), PAGE);
  assert_true (right (buffer, 4 * PAGE, PAGE));
  gcg__image_free (image);
  close (parent.mem);
  kill (child, SIGKILL);
  assert_int_equal (waitpid (child, NULL, 0), child);
  madvise (pages->bytes, PAGE, MADV_KEEPONFORK);
  madvise (pages->bytes + 4 * PAGE, PAGE, MADV_DOFORK);
}

/* Bytes of the mapping at ADDRESS of process PID that it shares with others, as the kernel counts
   them. */
static uint64_t
count_shared (pid_t pid, const void *address)
{
  char path[64], line[256];
  uint64_t low, high, kilobytes, sum = 0;
  bool is_there = false, any = false;

  snprintf (path, sizeof path, "/proc/%d/smaps", (int)pid);
  FILE *file = fopen (path, "r");
  assert_non_null (file);
  while (fgets (line, sizeof line, file))
    if (sscanf (line, "%" SCNx64 "-%" SCNx64 " ", &low, &high) == 2)
      is_there = (uintptr_t)address >= low && (uintptr_t)address < high;
    else if (is_there && sscanf (line, "Shared_%*[^:]: %" SCNu64, &kilobytes) == 1)
      {
        sum += kilobytes * 1024;
        any = true;
      }
  fclose (file);
  assert_true (any);
  return sum;
}

/* What is read of a copy stays shared with the process: reading takes no memory. */
static void
test_shared (void **state)
{
  const size_t bytes = 256 * PAGE;
  char *all = mmap (NULL, bytes + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *memory = all + PAGE; /* a mapping of its own */
  static char buffer[256 * PAGE];
  struct gcg__memory_image *image;

  (void)state;
  assert_true (all != MAP_FAILED);
  assert_int_equal (mprotect (memory, bytes, PROT_READ | PROT_WRITE), 0);
  memset (memory, 1, bytes);
  pid_t child = fork ();
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        pause ();
    }
  uint64_t before = count_shared (child, memory), after;
  assert_int_equal (gcg__image_open (child, -1, &image, NULL), GCG_OK);
  size_t got = gcg__image_read (image, (uintptr_t)memory, buffer, bytes);
  gcg__image_free (image);
  after = count_shared (child, memory);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  assert_int_equal (got, bytes);
  assert_memory_equal (buffer, memory, bytes);
  assert_int_equal (before, bytes);
  assert_int_equal (after, bytes);
  munmap (all, bytes + 2 * PAGE);
}

static void
test_buffers (void **state)
{
  const struct gcg__memory_buffer items[]
      = { { 0x1000, "abcdefgh", 8 }, { 0x1008, "ijkl", 4 }, { 0x2000, "mnop", 4 } };
  const struct gcg__memory_buffers buffers = { items, 3 };
  struct gcg__memory_source source = gcg__buffers_source (&buffers);
  struct gcg__memory_image *image;
  struct gcg__vmas vmas;
  char bytes[32];

  (void)state;
  assert_int_equal (gcg__image_new (&source, NULL, &image, NULL), GCG_OK);
  assert_int_equal (gcg__image_read (image, 0x1002, bytes, 32), 10);
  assert_memory_equal (bytes, "cdefghijkl", 10);
  assert_int_equal (gcg__image_read (image, 0x0fff, bytes, 4), 0);
  assert_int_equal (gcg__image_read (image, 0x2003, bytes, 4), 1);
  assert_int_equal (gcg__image_read (image, 0x2004, bytes, 4), 0);
  gcg__image_free (image);
  /* A device is never read. */
  static const char maps[] = "1000-2000 rw-s 00000000 00:06 1028 /dev/mem\n"
                             "2000-3000 rw-p 00000000 00:00 0 \n";
  assert_int_equal (gcg__vmas_parse (maps, strlen (maps), &vmas, NULL), GCG_OK);
  assert_int_equal (gcg__image_new (&source, &vmas, &image, NULL), GCG_OK);
  assert_null (vmas.items);
  assert_int_equal (gcg__image_read (image, 0x1002, bytes, 4), 0);
  assert_int_equal (gcg__image_read (image, 0x2000, bytes, 4), 4);
  gcg__image_free (image);
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_parse),
          cmocka_unit_test (test_no_process),
          cmocka_unit_test_setup_teardown (test_read, make_pages, free_pages),
          cmocka_unit_test_setup_teardown (test_load, make_pages, free_pages),
          cmocka_unit_test_setup_teardown (test_second_source, make_pages, free_pages),
          cmocka_unit_test (test_shared),
          cmocka_unit_test (test_buffers) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
