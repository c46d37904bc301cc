/* snapshot_fault.c -- damaged snapshots and failing writes.
 *
 * A damaged file must be refused; a forged one, all checksums right, must be refused or be sound in
 * every way of reading it (tour).  Mutations are made from seeds, which the messages name; they are
 * read from memory of exact size, so that a sanitizer sees every step beside a column.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "snapshot/writer.h"
#include "tests/columns.h"
#include "tests/heap.h"
#include "tests/random.h"

#define MUTANTS 10000

/* A heap that has something in every section; WIDE adds the escapes, which take room. */
static struct gcg__snapshot *
make_base (bool wide, uint64_t seed)
{
  const uint64_t frames[] = { 0x1000, 0x2000, 0x3000 };
  struct heap *heap = heap_new ();
  uint32_t sites[3]
      = { 0, heap_site (heap, "struct node", "a.c", 1, "f"), heap_stack_site (heap, frames, 3) };
  unsigned n = wide ? 60 : 6;
  for (unsigned i = 0; i < n; i++)
    {
      heap_object (heap, i % 7 < 5 ? 40 : 88, GCG__KIND_NORMAL, sites[random_next (&seed) % 3]);
      if (random_next (&seed) % 4 == 0)
        heap_skip (heap, 1);
      heap_edge (heap, i, 8, random_next (&seed) % (i + 1));
      heap_edge (heap, i, 24, random_next (&seed) % (i + 1));
    }
  if (wide)
    {
      uint32_t large = heap_object (heap, 40000, GCG__KIND_NORMAL, sites[1]);
      uint32_t slack = heap_slot (heap, 300, 4096, GCG__KIND_NORMAL, sites[1]);
      for (unsigned i = 0; i < 280; i++)
        heap_edge (heap, large, 8 * i, random_next (&seed) % n);
      heap_edge (heap, large, 39992, slack);
      heap_edge (heap, slack, 2400, large);
    }
  heap_edge_at (heap, 1, 32, n - 1, GCG__PLACE_INSIDE);
  heap_root (heap, 0);
  heap_root (heap, n - 1);
  uint32_t lost = heap_object (heap, 24, GCG__KIND_NORMAL, sites[1]);
  for (uint64_t i = 0; i < 9; i++)
    heap_hazard (heap, lost, GCG__HAZARD_TLS + i % 4, 0x7000 + 8 * i);
  heap_hazards_left_out (heap, 3);
  heap_finalizer (heap, n / 2, GCG__FINALIZER_ORDERED);
  heap_finalizer (heap, n - 1, GCG__FINALIZER_IGNORE_SELF);
  heap_contents (heap, n - 1, "contents", 8);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  return s;
}

static int
memfd_with (const void *bytes, size_t n)
{
  int fd = memfd_create ("fault", MFD_CLOEXEC);
  assert_true (fd >= 0);
  assert_true (pwrite (fd, bytes, n, 0) == (ssize_t)n);
  return fd;
}

static bool
refused (int fd)
{
  struct gcg__snapshot *s = NULL;
  struct gcg_error error = { GCG_OK, "" };
  if (gcg__snapshot_open_fd (fd, "damaged", &s, &error) == GCG_OK)
    {
      gcg__snapshot_close (s);
      return false;
    }
  assert_true (error.status == GCG_CORRUPT || error.status == GCG_VERSION);
  assert_true (strlen (error.text) > 20 && !strchr (error.text, '\n'));
  return true;
}

/* Cut short at every byte, and longer by one. */
static void
test_truncated (void **state)
{
  (void)state;
  struct gcg__snapshot *s = make_base (false, 1);
  int fd = memfd_with (s->map, s->map_bytes);
  assert_false (refused (fd));
  for (uint64_t n = s->map_bytes; n-- > 0;)
    {
      assert_int_equal (ftruncate (fd, n), 0);
      if (!refused (fd))
        fail_msg ("accepted with %llu of %llu bytes", (unsigned long long)n,
                  (unsigned long long)s->map_bytes);
    }
  close (fd);
  fd = memfd_with (s->map, s->map_bytes);
  assert_int_equal (ftruncate (fd, s->map_bytes + 1), 0);
  assert_true (refused (fd));
  close (fd);
  gcg__snapshot_close (s);
}

/* Every single byte altered, in several ways: no byte is outside a checksum, a gap or the magic. */
static void
test_altered (void **state)
{
  (void)state;
  struct gcg__snapshot *s = make_base (false, 2);
  static const uint8_t flips[] = { 0x01, 0x80, 0xff, 0x10 };
  const uint8_t *bytes = s->map;
  int fd = memfd_with (bytes, s->map_bytes);
  for (uint64_t i = 0; i < s->map_bytes; i++)
    {
      for (unsigned f = 0; f < sizeof flips; f++)
        {
          uint8_t altered = bytes[i] ^ flips[f];
          assert_int_equal (pwrite (fd, &altered, 1, i), 1);
          if (!refused (fd))
            fail_msg ("accepted with byte %llu altered", (unsigned long long)i);
        }
      assert_int_equal (pwrite (fd, bytes + i, 1, i), 1);
    }
  assert_false (refused (fd));
  close (fd);
  gcg__snapshot_close (s);
}

/* Pages lost, as after a crash: each aligned run of 64 bytes zeroed, unless it was zero. */
static void
test_holes (void **state)
{
  (void)state;
  struct gcg__snapshot *s = make_base (true, 3);
  static const uint8_t zero[64];
  const uint8_t *bytes = s->map;
  int fd = memfd_with (bytes, s->map_bytes);
  for (uint64_t i = 0; i < s->map_bytes; i += 64)
    {
      assert_int_equal (pwrite (fd, zero, 64, i), 64);
      assert_int_equal (refused (fd), memcmp (bytes + i, zero, 64) != 0);
      assert_int_equal (pwrite (fd, bytes + i, 64, i), 64);
    }
  close (fd);
  gcg__snapshot_close (s);
}

/* Header and table forged, their checksums right. */
static void
test_forged_table (void **state)
{
  (void)state;
  struct gcg__snapshot *s = make_base (false, 4);
  static const uint64_t values[] = { 0,
                                     1,
                                     8,
                                     18,
                                     19,
                                     20,
                                     63,
                                     64,
                                     65,
                                     255,
                                     256,
                                     257,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffc0,
                                     0xffffffff,
                                     1ull << 32,
                                     1ull << 63,
                                     UINT64_MAX,
                                     UINT64_MAX - 63,
                                     UINT64_MAX / 32 };
  const unsigned n_values = sizeof values / sizeof *values;
  uint8_t *bytes = malloc (s->map_bytes);
  struct gcg__file_header *header = (void *)bytes;
  uint64_t front = sizeof *header + GCG__N_SECTIONS * sizeof (struct gcg__file_section);
  unsigned changed = 0;
  for (uint64_t at = 12; at < front; at += 4)
    for (unsigned v = 0; v < 2 * n_values; v++)
      {
        memcpy (bytes, s->map, s->map_bytes);
        unsigned width = at % 8 == 0 && v >= n_values ? 8 : 4;
        memcpy (bytes + at, &values[v % n_values], width);
        header->table_checksum = gcg__checksum (
            header + 1, header->n_sections <= GCG__N_SECTIONS
                            ? header->n_sections * sizeof (struct gcg__file_section)
                            : 0);
        header->header_checksum = gcg__checksum (header, 56);
        int fd = memfd_with (bytes, s->map_bytes);
        /* The last section may be missing: under an unknown code it is passed over. */
        bool same = memcmp (bytes, s->map, s->map_bytes) == 0
                    || (at == front - sizeof (struct gcg__file_section)
                        && (uint32_t)values[v % n_values] > GCG__N_SECTIONS);
        if (refused (fd) == same)
          fail_msg ("byte %llu, value %u", (unsigned long long)at, v % n_values);
        changed += !same;
        close (fd);
      }
  assert_true (changed > 1000);
  free (bytes);
  gcg__snapshot_close (s);
}

/* A section of a code that is not known yet is passed over, and its checksum holds. */
static void
test_unknown_section (void **state)
{
  (void)state;
  struct gcg__snapshot *s = make_base (false, 5);
  const uint64_t room = 64;
  const uint64_t front = 64 + GCG__N_SECTIONS * sizeof (struct gcg__file_section);
  const uint64_t old_front = (front + 63) / 64 * 64, new_front = (front + 32 + 63) / 64 * 64;
  uint64_t n = s->map_bytes + 2 * room;
  uint8_t *bytes = calloc (1, n);
  struct gcg__file_header *header = (void *)bytes;
  struct gcg__file_section *table = (void *)(header + 1);
  memcpy (bytes, s->map, front);
  memcpy (bytes + new_front, (const char *)s->map + old_front, s->map_bytes - old_front);
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    table[i].offset += new_front - old_front;
  uint64_t at = s->map_bytes + new_front - old_front;
  memset (bytes + at, 'x', 40);
  table[GCG__N_SECTIONS]
      = (struct gcg__file_section){ 77, 4, at, 40, gcg__checksum (bytes + at, 40) };
  header->n_sections++;
  header->file_bytes = at + room;
  header->table_checksum = gcg__checksum (table, header->n_sections * sizeof *table);
  header->header_checksum = gcg__checksum (header, 56);
  int fd = memfd_with (bytes, at + room);
  assert_false (refused (fd));
  close (fd);
  bytes[at] = 'y';
  fd = memfd_with (bytes, at + room);
  assert_true (refused (fd));
  close (fd);
  bytes[at] = 'x';
  bytes[at + 40] = 'x'; /* in the gap */
  fd = memfd_with (bytes, at + room);
  assert_true (refused (fd));
  close (fd);
  free (bytes);
  gcg__snapshot_close (s);
}

/* One number of COLUMNS becomes another, likely a bad one. */
static void
mutate (struct columns *columns, uint64_t *random)
{
  unsigned code;
  do
    code = 1 + random_next (random) % GCG__N_SECTIONS;
  while (columns->sections[code - 1].n == 0 && random_next (random) % 8 != 0);
  uint64_t n = columns->sections[code - 1].n, element = columns->sections[code - 1].element_bytes;
  if (n == 0 || random_next (random) % 16 == 0)
    {
      columns_resize (columns, code, random_next (random) % 2 ? n + 1 : n / 2);
      return;
    }
  unsigned width = element == 1 ? 1 : element < 8 || random_next (random) % 2 ? 4 : 8;
  uint8_t *at = columns->sections[code - 1].data + random_next (random) % n * element
                + random_next (random) % (element / width) * width;
  uint64_t old = 0, value = 0;
  memcpy (&old, at, width);
  switch (random_next (random) % 8)
    {
    case 0:
      value = old + 1;
      break;
    case 1:
      value = old - 1;
      break;
    case 2:
      value = old ^ UINT64_C (1) << random_next (random) % (8 * width);
      break;
    case 3:
      value = UINT64_MAX - random_next (random) % 16;
      break;
    case 4:
      value = UINT64_C (1) << random_next (random) % (8 * width);
      break;
    case 5:
      value = random_next (random) % 300;
      break;
    case 6:
      value = columns->sections[random_next (random) % GCG__N_SECTIONS].n;
      break;
    case 7:
      value = random_next (random);
      break;
    }
  memcpy (at, &value, width);
}

static void
test_mutants (void **state)
{
  (void)state;
  struct gcg__snapshot *bases[2] = { make_base (false, 6), make_base (true, 7) };
  unsigned accepted = 0, by_invariant[9] = { 0 }, previews = 0, places = 0, hazards = 0;
  for (uint64_t seed = 1; seed <= MUTANTS; seed++)
    {
      uint64_t random = seed;
      struct columns columns;
      columns_load (&columns, bases[random_next (&random) % 2]);
      for (unsigned i = random_next (&random) % 3 + 1; i > 0; i--)
        mutate (&columns, &random);
      int fd = columns_write (&columns);
      struct gcg__snapshot *s;
      struct gcg_error error = { GCG_OK, "" };
      enum gcg_status status = gcg__snapshot_open_fd (fd, "mutant", &s, &error);
      if (status == GCG_OK)
        {
          struct gcg__snapshot view = columns_view (&columns);
          assert_true (tour (&view) == tour (s));
          gcg__snapshot_close (s);
          accepted++;
        }
      else if (status != GCG_CORRUPT)
        fail_msg ("seed %llu: status %d: %s", (unsigned long long)seed, status, error.text);
      for (unsigned i = 1; i <= 8; i++)
        {
          char invariant[4] = { 'I', '0' + i, 0 };
          by_invariant[i] += strstr (error.text, invariant) != NULL;
        }
      previews += strstr (error.text, "(I10)") != NULL;
      places += strstr (error.text, "(I11)") != NULL;
      hazards += strstr (error.text, "(I12)") != NULL;
      close (fd);
      columns_free (&columns);
    }
  print_message ("# %d mutants: %u sound, refused for I1 %u, I2 %u, I3 %u, I4 %u, I5 %u, I6 %u, "
                 "I7 %u, I10 %u, I11 %u, I12 %u\n",
                 MUTANTS, accepted, by_invariant[1], by_invariant[2], by_invariant[3],
                 by_invariant[4], by_invariant[5], by_invariant[6], by_invariant[7], previews,
                 places, hazards);
  /* Not one of the checks was idle. */
  for (unsigned i = 1; i <= 7; i++)
    assert_true (by_invariant[i] > 20);
  assert_true (previews > 20);
  assert_true (places > 20);
  assert_true (hazards > 20);
  assert_int_equal (by_invariant[8], 0); /* the checksums were right */
  assert_true (accepted > 100);
  gcg__snapshot_close (bases[0]);
  gcg__snapshot_close (bases[1]);
}

static void
columns_of (const struct columns *columns, struct gcg__column sections[GCG__N_SECTIONS])
{
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    sections[i] = (struct gcg__column){ columns->sections[i].data, columns->sections[i].n };
}

/* Every write cut short: the file may grow to each size in turn and no further. */
static void
test_full_disk (void **state)
{
  (void)state;
  struct gcg__snapshot *s = make_base (false, 8);
  struct columns columns;
  struct gcg__column sections[GCG__N_SECTIONS];
  columns_load (&columns, s);
  columns_of (&columns, sections);
  int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_true (fd >= 0);
  errno = 0;
  assert_int_equal (gcg__snapshot_write (fd, sections), GCG_SYSTEM);
  assert_int_equal (errno, ENOSPC);
  close (fd);
  assert_int_equal (gcg__snapshot_write (-1, sections), GCG_SYSTEM);
  assert_int_equal (errno, EBADF);

  struct rlimit old, limit;
  assert_int_equal (getrlimit (RLIMIT_FSIZE, &old), 0);
  void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
  char path[] = "snapshot_fault.XXXXXX";
  fd = mkstemp (path);
  assert_true (fd >= 0);
  unlink (path);
  for (uint64_t most = 0; most <= s->map_bytes; most++)
    {
      assert_int_equal (ftruncate (fd, 0), 0);
      assert_int_equal (lseek (fd, 0, SEEK_SET), 0);
      limit = (struct rlimit){ most, old.rlim_max };
      assert_int_equal (setrlimit (RLIMIT_FSIZE, &limit), 0);
      errno = 0;
      enum gcg_status status = gcg__snapshot_write (fd, sections);
      int error = errno;
      assert_int_equal (setrlimit (RLIMIT_FSIZE, &old), 0);
      assert_int_equal (status, most < s->map_bytes ? GCG_SYSTEM : GCG_OK);
      if (status != GCG_OK)
        assert_int_equal (error, EFBIG);
      assert_int_equal (lseek (fd, 0, SEEK_END), most); /* nothing beyond, nothing left out */
      assert_int_equal (refused (fd), status != GCG_OK);
    }
  signal (SIGXFSZ, handler);
  close (fd);
  columns_free (&columns);
  gcg__snapshot_close (s);
}

static void
on_alarm (int signal_number)
{
  (void)signal_number;
}

/* Into a pipe that is read slowly, while signals interrupt: short writes and EINTR. */
static void
test_interrupted (void **state)
{
  (void)state;
  struct heap *heap = heap_new ();
  for (unsigned i = 0; i < 100000; i++)
    heap_object (heap, 32, GCG__KIND_NORMAL, 0);
  struct gcg__snapshot *s = heap_snapshot (heap);
  struct columns columns;
  struct gcg__column sections[GCG__N_SECTIONS];
  columns_load (&columns, s);
  columns_of (&columns, sections);
  int ends[2];
  assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
  pid_t writer = fork ();
  assert_true (writer >= 0);
  if (writer == 0)
    {
      const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */
      const struct itimerval often = { { 0, 200 }, { 0, 200 } };
      close (ends[0]);
      sigaction (SIGALRM, &action, NULL);
      setitimer (ITIMER_REAL, &often, NULL);
      _exit (gcg__snapshot_write (ends[1], sections) != GCG_OK);
    }
  close (ends[1]);
  char *bytes = malloc (s->map_bytes + 1);
  size_t n = 0;
  ssize_t part;
  while ((part = read (ends[0], bytes + n, n % 997 + 1)) > 0 && n <= s->map_bytes)
    n += part;
  close (ends[0]);
  int status;
  assert_int_equal (waitpid (writer, &status, 0), writer);
  assert_int_equal (status, 0);
  assert_int_equal (n, s->map_bytes);
  assert_memory_equal (bytes, s->map, n);
  free (bytes);
  columns_free (&columns);
  gcg__snapshot_close (s);
  heap_free (heap);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_truncated),       cmocka_unit_test (test_altered),
    cmocka_unit_test (test_holes),           cmocka_unit_test (test_forged_table),
    cmocka_unit_test (test_unknown_section), cmocka_unit_test (test_mutants),
    cmocka_unit_test (test_full_disk),       cmocka_unit_test (test_interrupted),
  };
  return cmocka_run_group_tests_name ("snapshot_fault", tests, NULL, NULL);
}
