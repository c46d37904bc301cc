/* sampler_faults.c -- every allocation of a sample from outside fails in turn: that is
 * GCG_NO_MEMORY, everything is given back, and the next sample has what that one would have had.
 *
 * The linker leads malloc and its kin of what samples here (--wrap).
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "link/find.h"
#include "link/sample.h"
#include "recording/recording.h"
#include "tests/image/process.h"

void *__real_malloc (size_t);
void *__real_calloc (size_t, size_t);
void *__real_realloc (void *, size_t);
void *__real_reallocarray (void *, size_t, size_t);
void *__wrap_malloc (size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_realloc (void *, size_t);
void *__wrap_reallocarray (void *, size_t, size_t);

static int until_failure = -1; /* allocations that still succeed; -1: all do */

static bool
fails (void)
{
  if (until_failure < 0 || until_failure-- > 0)
    return false;
  errno = ENOMEM;
  return true;
}

void *
__wrap_malloc (size_t n)
{
  return fails () ? NULL : __real_malloc (n);
}

void *
__wrap_calloc (size_t n, size_t bytes)
{
  return fails () ? NULL : __real_calloc (n, bytes);
}

void *
__wrap_realloc (void *block, size_t n)
{
  return fails () ? NULL : __real_realloc (block, n);
}

void *
__wrap_reallocarray (void *block, size_t n, size_t bytes)
{
  return fails () ? NULL : __real_reallocarray (block, n, bytes);
}

/* Descriptors of this process. */
static int
count_descriptors (void)
{
  DIR *directory = opendir ("/proc/self/fd");
  int n = 0;
  assert_non_null (directory);
  while (readdir (directory) != NULL)
    n++;
  closedir (directory);
  return n;
}

/* Takes in the records in FD (taken). */
static void
take_in (struct gcg__recording *recording, int fd)
{
  struct stat status;
  assert_int_equal (fstat (fd, &status), 0);
  void *bytes = mmap (NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  assert_ptr_not_equal (bytes, MAP_FAILED);
  assert_int_equal (gcg__recording_append (recording, bytes, (size_t)status.st_size, NULL), GCG_OK);
  munmap (bytes, (size_t)status.st_size);
  close (fd);
}

/* A sample of SAMPLER, after as many as there are allocations that have failed. */
static int
sample_in_the_end (struct gcg__sampler *sampler)
{
  int before = count_descriptors (), fd = -1, n = 0;
  for (enum gcg_status status = GCG_NO_MEMORY; status != GCG_OK; n++)
    {
      struct gcg_error error = { GCG_OK, "" };
      until_failure = n;
      status = gcg__sampler_take (sampler, "", 0, &fd, &error);
      until_failure = -1;
      if (status == GCG_OK)
        continue;
      assert_int_equal (status, GCG_NO_MEMORY);
      assert_int_equal (error.status, GCG_NO_MEMORY);
      assert_true (error.text[0] != '\0');
      assert_int_equal (fd, -1);
      assert_int_equal (count_descriptors (), before);
    }
  assert_true (n > 10);
  return fd;
}

static void
test_faults (void **state)
{
  char *arguments[] = { SAMPLED, "/dev/null", "", NULL };
  struct process process;
  struct gcg__sampler *sampler = NULL;
  struct gcg__recording *recording;
  char line[16];
  (void)state;
  assert_true (process_start (&process, arguments));
  uint64_t root = gcg__outside_find (process.pid);
  until_failure = 0;
  assert_int_equal (gcg__sampler_new (process.pid, root, &sampler, NULL), GCG_NO_MEMORY);
  until_failure = -1;
  assert_null (sampler);
  assert_int_equal (gcg__sampler_new (process.pid, root, &sampler, NULL), GCG_OK);
  assert_int_equal (gcg__recording_new (&recording, NULL), GCG_OK);
  take_in (recording, sample_in_the_end (sampler));
  assert_int_equal (recording->n_samples, 1);
  assert_true (recording->samples[0]->n_changes > 0 && recording->n_modules > 2);
  uint32_t n_sites = recording->n_sites;
  assert_int_equal (write (process.input, "thread\n", 7), 7);
  assert_non_null (fgets (line, sizeof line, process.output));
  take_in (recording, sample_in_the_end (sampler));
  assert_int_equal (recording->n_samples, 2);
  assert_int_equal (recording->samples[1]->head.number, 2);
  assert_true (recording->n_sites > n_sites && recording->samples[1]->n_changes > 0);
  gcg__recording_free (recording);
  gcg__sampler_free (sampler);
  kill (process.pid, SIGKILL);
  waitpid (process.pid, NULL, 0);
  close (process.input);
  fclose (process.output);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_faults) };
  cmocka_set_message_output (CM_OUTPUT_TAP);
  return cmocka_run_group_tests (tests, NULL, NULL);
}
