/* recording.c -- lib/recording: what is written is read, what is wrong is refused, what is too much
 * is thinned.  Figures are compared with a table of all samples that were ever made.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/recording.h"
#include "recording/writer.h"
#include "tests/heap.h"
#include "tests/tape.h"

static struct gcg__recording *
new_recording (void)
{
  struct gcg__recording *recording;
  assert_int_equal (gcg__recording_new (&recording, NULL), GCG_OK);
  return recording;
}

/* All of TAPE, which must be right. */
static struct gcg__recording *
play (const struct tape *tape)
{
  struct gcg__recording *recording = new_recording ();
  struct gcg_error error;
  size_t n;
  const void *records = tape_records (tape, &n);
  if (gcg__recording_append (recording, records, n, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  return recording;
}

/* SITE as of sample INDEX. */
static struct gcg__sample_site
at (const struct gcg__recording *recording, uint32_t index, uint32_t site)
{
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now), result;
  for (uint32_t i = 0; i <= index; i++)
    gcg__recording_apply (recording->samples[i], now);
  result = now[site];
  free (now);
  return result;
}

static void
reads_what_was_written (void **state)
{
  struct tape *tape = tape_new (42);
  uint32_t node = tape_site (tape, "struct node", "list.c", 12, "new_node"), leaf;
  (void)state;
  tape_alive (tape, node, 10, 400, 10);
  tape_sample (tape, "begin", 0);
  leaf = tape_site (tape, NULL, "leaf.c", 7, "grow");
  tape_alive (tape, leaf, 3, 30, 3);
  tape_sample (tape, "", 0);
  tape_alive (tape, node, 0, 0, 10);
  tape_died (tape, node, 10, 5);
  tape_sample (tape, "end", GCG__SAMPLE_SNAPSHOT);
  tape_exit (tape, 256);
  struct gcg__recording *r = play (tape);
  assert_int_equal (r->process.pid, 42);
  assert_string_equal (r->strings + r->process.program, "/bin/program");
  assert_int_equal (r->n_modules, 1);
  assert_int_equal (r->n_sites, 3);
  assert_string_equal (r->strings + r->sites[leaf].function, "grow");
  assert_int_equal (r->n_samples, 3);
  assert_string_equal (r->samples[2]->description, "end");
  assert_int_equal (at (r, 0, node).live_bytes, 400);
  assert_int_equal (at (r, 1, node).live_bytes, 400);
  assert_int_equal (at (r, 1, leaf).live_count, 3);
  assert_int_equal (at (r, 2, node).live_count, 0);
  assert_int_equal (at (r, 2, node).made_count, 10);
  assert_int_equal (r->deaths[node].died_count, 10);
  assert_int_equal (r->deaths[node].by_age[3], 10);
  assert_true (r->ended);
  assert_int_equal (r->exit.wait_status, 256);
  assert_int_equal (gcg__recording_find (r, 2), 1);
  assert_int_equal (gcg__recording_find (r, 4), 3);
  gcg__recording_free (r);
  tape_free (tape);
}

/* A KEY sample says of sites that it does not list that there is nothing; one that is lost before
   it does no harm after it. */
static void
key_samples (void **state)
{
  struct tape *tape = tape_new (1);
  uint32_t a = tape_site (tape, "A", "a.c", 1, "a"), b = tape_site (tape, "B", "b.c", 2, "b");
  struct gcg__recording *r = new_recording ();
  size_t n, lost;
  (void)state;
  tape_alive (tape, a, 1, 10, 1);
  tape_sample (tape, "", 0);
  const char *records = tape_records (tape, &n);
  assert_int_equal (gcg__recording_append (r, records, n, NULL), GCG_OK);
  tape_alive (tape, b, 5, 50, 5);
  tape_sample (tape, "", 0); /* is lost */
  tape_records (tape, &lost);
  tape_alive (tape, a, 0, 0, 0);
  tape_sample (tape, "", GCG__SAMPLE_KEY);
  size_t all;
  records = tape_records (tape, &all);
  assert_int_equal (gcg__recording_append (r, records + lost, all - lost, NULL), GCG_OK);
  assert_int_equal (r->n_samples, 2);
  assert_int_equal (at (r, 1, a).live_count, 0);
  assert_int_equal (at (r, 1, b).live_bytes, 50);
  /* What comes again changes nothing. */
  assert_int_equal (gcg__recording_append (r, records, all, NULL), GCG_OK);
  assert_int_equal (r->n_samples, 2);
  assert_int_equal (r->n_sites, 3);
  gcg__recording_free (r);
  tape_free (tape);
}

/* Many samples of changing sites: those that are kept say what they said, the described ones are
   all there, and it stays within its bounds. */
static void
thinning (void **state)
{
  enum
  {
    SITES = 20,
    SAMPLES = 3 * GCG__SAMPLES_MAX
  };
  struct tape *tape = tape_new (1);
  uint64_t (*oracle)[SITES + 1] = calloc (SAMPLES + 1, sizeof *oracle), alive[SITES + 1] = { 0 };
  struct gcg__recording *r = new_recording ();
  size_t from = 0, to;
  uint32_t described = 0;
  (void)state;
  for (uint32_t i = 0; i < SITES; i++)
    tape_site (tape, "T", "t.c", i + 1, "t");
  srand (7);
  for (uint32_t i = 1; i <= SAMPLES; i++)
    {
      for (int k = rand () % 4; k > 0; k--)
        {
          uint32_t site = 1 + (uint32_t)rand () % SITES;
          alive[site] = (uint64_t)(rand () % 3);
          tape_alive (tape, site, alive[site], alive[site] * 8, 3);
        }
      memcpy (oracle[i], alive, sizeof alive);
      tape_sample (tape, i % 500 == 0 ? "kept" : "", i % 64 == 1 ? GCG__SAMPLE_KEY : 0);
      const char *records = tape_records (tape, &to);
      assert_int_equal (gcg__recording_append (r, records + from, to - from, NULL), GCG_OK);
      from = to;
    }
  assert_true (r->n_samples <= GCG__SAMPLES_MAX && r->n_samples > GCG__SAMPLES_MAX / 4);
  struct gcg__sample_site *now = calloc (r->n_sites, sizeof *now);
  for (uint32_t i = 0; i < r->n_samples; i++)
    {
      gcg__recording_apply (r->samples[i], now);
      described += r->samples[i]->description[0] != '\0';
      for (uint32_t site = 1; site <= SITES; site++)
        assert_int_equal (now[site].live_count, oracle[r->samples[i]->head.number][site]);
    }
  assert_int_equal (described, SAMPLES / 500);
  assert_int_equal (r->samples[r->n_samples - 1]->head.number, SAMPLES);
  free (now);
  gcg__recording_free (r);
  tape_free (tape);
  free (oracle);
}

/* Described ones only: the bound holds all the same. */
static void
thinning_described (void **state)
{
  struct tape *tape = tape_new (1);
  (void)state;
  for (uint32_t i = 0; i < GCG__SAMPLES_MAX + 10; i++)
    tape_sample (tape, "described", 0);
  struct gcg__recording *r = play (tape);
  assert_true (r->n_samples <= GCG__SAMPLES_MAX);
  gcg__recording_free (r);
  tape_free (tape);
}

/* Every byte of a tape changed, with checksums made right: refused or harmless, never a crash. */
static void
mutations (void **state)
{
  struct tape *tape = tape_new (9);
  uint32_t site = tape_site (tape, "struct node", "list.c", 12, "new_node");
  size_t n;
  uint32_t refused = 0;
  (void)state;
  tape_alive (tape, site, 2, 16, 2);
  tape_died (tape, site, 1, 1);
  tape_sample (tape, "one", 0);
  tape_exit (tape, 0);
  const char *records = tape_records (tape, &n);
  for (size_t i = 0; i < n; i++)
    for (int what = 0; what < 3; what++)
      {
        struct gcg__recording *r = new_recording ();
        char *copy = malloc (n);
        struct gcg_error error = { GCG_OK, "" };
        memcpy (copy, records, n);
        copy[i] = (char)(what == 0 ? copy[i] + 1 : what == 1 ? 0xff : copy[i] ^ 0x80);
        for (size_t k = 0; n - k >= sizeof (struct gcg__record_head);)
          {
            struct gcg__record_head *head = (void *)(copy + k);
            if (head->bytes > n - k - sizeof *head || head->bytes % 8 != 0)
              break;
            head->checksum = gcg__checksum (head + 1, head->bytes);
            k += sizeof *head + head->bytes;
          }
        if (gcg__recording_append (r, copy, n, &error) != GCG_OK)
          {
            refused++;
            assert_true (error.status == GCG_CORRUPT && error.text[0] != '\0');
          }
        for (uint32_t k = 0; k < r->n_samples; k++)
          at (r, k, 0);
        gcg__recording_free (r);
        free (copy);
      }
  assert_true (refused > n / 4);
  gcg__recording_free (play (tape));
  tape_free (tape);
}

/* One wrong number each, which nothing else gives away. */
static void
refuses (void **state)
{
  (void)state;
  for (int what = 0; what < 7; what++)
    {
      struct tape *tape = tape_new (9);
      uint32_t site = tape_site (tape, "struct node", "list.c", 12, "new_node");
      struct gcg__recording *r = new_recording ();
      size_t before, n;
      tape_records (tape, &before);
      tape_alive (tape, site, 2, 16, 2);
      tape_sample (tape, "one", 0);
      char *records = (char *)(uintptr_t)tape_records (tape, &n);
      struct gcg__record_head *head = (void *)(records + before);
      struct gcg__record_sample *sample = (void *)(head + 1);
      struct gcg__sample_site *sites = (void *)(sample + 1);
      switch (what)
        {
        case 0:
          sites[0].site = 2;
          break;
        case 1:
          sample->n_sites = UINT32_MAX;
          break;
        case 2:
          sample->n_deaths = 1;
          break;
        case 3:
          sample->description_bytes = 0;
          break;
        case 4:
          ((char *)(sites + 1))[3] = 'x'; /* the description's NUL */
          break;
        case 5:
          head->code = GCG__RECORD_PROCESS;
          break;
        default:
          head->code = GCG__RECORD_MODULES;
        }
      head->checksum = gcg__checksum (head + 1, head->bytes);
      assert_int_equal (gcg__recording_append (r, records, n, NULL), GCG_CORRUPT);
      assert_int_equal (r->n_samples, 0);
      gcg__recording_free (r);
      tape_free (tape);
    }
}

static void
two_processes (void **state)
{
  struct tape *one = tape_new (1), *two = tape_new (2);
  struct gcg__recording *r = play (one);
  size_t n;
  (void)state;
  const void *records = tape_records (two, &n);
  assert_int_equal (gcg__recording_append (r, records, n, NULL), GCG_CORRUPT);
  gcg__recording_free (r);
  tape_free (one);
  tape_free (two);
}

static void
make_path (char path[64])
{
  int fd;
  strcpy (path, "/tmp/gcglass-test-XXXXXX");
  fd = mkstemp (path);
  assert_true (fd >= 0);
  close (fd);
}

/* Cut short anywhere it is the recording up to there; other files are not recordings. */
static void
files (void **state)
{
  char path[64];
  struct tape *tape = tape_new (3);
  struct gcg__recording *r;
  struct gcg_error error;
  size_t n;
  (void)state;
  make_path (path);
  tape_sample (tape, "one", 0);
  tape_records (tape, &n);
  tape_sample (tape, "two", 0);
  tape_write (tape, path);
  assert_true (gcg__recording_is (path));
  assert_int_equal (gcg__recording_open (path, &r, &error), GCG_OK);
  assert_int_equal (r->n_samples, 2);
  gcg__recording_free (r);
  assert_int_equal (truncate (path, (off_t)(64 + n + 100)), 0);
  assert_int_equal (gcg__recording_open (path, &r, &error), GCG_OK);
  assert_int_equal (r->n_samples, 1);
  gcg__recording_free (r);
  assert_int_equal (truncate (path, 10), 0);
  assert_int_equal (gcg__recording_open (path, &r, &error), GCG_CORRUPT);
  assert_non_null (strstr (error.text, path));
  assert_int_equal (gcg__recording_open ("/nonexistent.gcrec", &r, &error), GCG_SYSTEM);
  assert_int_equal (gcg__recording_open ("/dev/null", &r, &error), GCG_CORRUPT);
  assert_false (gcg__recording_is ("/dev/null"));
  tape_write (tape, path);
  int fd = open (path, O_WRONLY);
  assert_int_equal (pwrite (fd, "\2", 1, 8), 1);
  close (fd);
  assert_int_equal (gcg__recording_open (path, &r, &error), GCG_VERSION);
  unlink (path);
  tape_free (tape);
}

/* The writer's file, with a snapshot and the end in it. */
static void
written_file (void **state)
{
  char path[64], bytes[65536];
  struct tape *tape = tape_new (3);
  struct heap *heap = heap_new ();
  struct gcg__recording_writer *writer;
  struct gcg__recording *r;
  struct gcg__snapshot *snapshot;
  struct gcg_error error;
  size_t n;
  int fd;
  (void)state;
  make_path (path);
  heap_root (heap, heap_object (heap, 24, GCG__KIND_NORMAL, 0));
  fd = heap_write (heap);
  ssize_t got = pread (fd, bytes, sizeof bytes, 0);
  close (fd);
  assert_true (got > 0 && (size_t)got < sizeof bytes);
  tape_sample (tape, "one", 0);
  const void *records = tape_records (tape, &n);
  assert_int_equal (gcg__recording_writer_new (path, &writer, &error), GCG_OK);
  assert_int_equal (gcg__recording_writer_append (writer, records, n, &error), GCG_OK);
  assert_int_equal (gcg__recording_writer_snapshot (writer, bytes, (size_t)got, &error), GCG_OK);
  assert_int_equal (gcg__recording_writer_exit (writer, 9, &error), GCG_OK);
  assert_int_equal (gcg__recording_writer_close (writer, &error), GCG_OK);
  assert_int_equal (gcg__recording_open (path, &r, &error), GCG_OK);
  assert_int_equal (r->n_snapshots, 1);
  assert_int_equal (r->exit.wait_status, 9);
  assert_int_equal (gcg__recording_snapshot (r, 0, path, &fd, &error), GCG_OK);
  assert_int_equal (gcg__snapshot_open_fd (fd, path, &snapshot, &error), GCG_OK);
  assert_int_equal (snapshot->n_objects, 1);
  gcg__snapshot_close (snapshot);
  close (fd);
  gcg__recording_free (r);
  unlink (path);
  heap_free (heap);
  tape_free (tape);
}

static void
full_disk (void **state)
{
  struct gcg__recording_writer *writer;
  struct gcg_error error = { GCG_OK, "" };
  (void)state;
  assert_int_equal (gcg__recording_writer_new ("/nonexistent/x", &writer, &error), GCG_SYSTEM);
  assert_non_null (strstr (error.text, "/nonexistent/x"));
  if (access ("/dev/full", W_OK) == 0)
    assert_int_equal (gcg__recording_writer_new ("/dev/full", &writer, &error), GCG_SYSTEM);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (reads_what_was_written),
    cmocka_unit_test (key_samples),
    cmocka_unit_test (thinning),
    cmocka_unit_test (thinning_described),
    cmocka_unit_test (mutations),
    cmocka_unit_test (refuses),
    cmocka_unit_test (two_processes),
    cmocka_unit_test (files),
    cmocka_unit_test (written_file),
    cmocka_unit_test (full_disk),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
