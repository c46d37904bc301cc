/* sampler.c -- samples that are read from outside (link/sample.h) say what the agent's own say, and
 * are dropped when the program ends or becomes another one; damaged tables are an error.
 *
 * The program is sampled.c, which obeys commands. */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent_root.h"
#include "agent_tables.h"
#include "link/find.h"
#include "link/sample.h"
#include "recording/recording.h"
#include "tests/image/process.h"
#include "tests/random.h"

static char path[] = "/tmp/gcglass-sampler-XXXXXX";

struct fixture
{
  struct process process;
  struct gcg__sampler *sampler;
  struct gcg__recording *recording; /* what was read from outside */
};

/* Tells the program COMMAND, and waits until it has obeyed. */
static void
tell (const struct fixture *fixture, const char *command)
{
  char line[64];
  int n = snprintf (line, sizeof line, "%s\n", command);
  assert_int_equal (write (fixture->process.input, line, (size_t)n), n);
  assert_non_null (fgets (line, sizeof line, fixture->process.output));
  assert_string_equal (line, "done\n");
}

/* LATER: the program does not count yet. */
static void
begin_counting (struct fixture *fixture, bool later)
{
  struct gcg_error error = { GCG_OK, "" };
  char *arguments[] = { SAMPLED, path, PLUGIN, later ? "later" : NULL, NULL };
  memset (fixture, 0, sizeof *fixture);
  assert_true (process_start (&fixture->process, arguments));
  uint64_t root = gcg__outside_find (fixture->process.pid);
  assert_true (root != 0);
  if (gcg__sampler_new (fixture->process.pid, root, &fixture->sampler, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  assert_int_equal (gcg__recording_new (&fixture->recording, &error), GCG_OK);
}

static void
begin (struct fixture *fixture)
{
  begin_counting (fixture, false);
}

static void
end (struct fixture *fixture)
{
  gcg__sampler_free (fixture->sampler);
  gcg__recording_free (fixture->recording);
  kill (fixture->process.pid, SIGKILL);
  waitpid (fixture->process.pid, NULL, 0);
  close (fixture->process.input);
  fclose (fixture->process.output);
}

/* Takes in the records in FD (taken). */
static void
take_in (struct gcg__recording *recording, int fd)
{
  struct gcg_error error = { GCG_OK, "" };
  struct stat status;
  assert_int_equal (fstat (fd, &status), 0);
  void *bytes = mmap (NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  assert_ptr_not_equal (bytes, MAP_FAILED);
  if (gcg__recording_append (recording, bytes, (size_t)status.st_size, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  munmap (bytes, (size_t)status.st_size);
  close (fd);
}

static void
sample (struct fixture *fixture, const char *description)
{
  struct gcg_error error = { GCG_OK, "" };
  int fd;
  if (gcg__sampler_take (fixture->sampler, description, 0, &fd, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  take_in (fixture->recording, fd);
}

/* Begins anew to sample the same program. */
static void
renew (struct fixture *fixture)
{
  struct gcg_error error = { GCG_OK, "" };
  pid_t pid = fixture->process.pid;
  gcg__recording_free (fixture->recording);
  gcg__sampler_free (fixture->sampler);
  assert_int_equal (gcg__recording_new (&fixture->recording, &error), GCG_OK);
  assert_int_equal (gcg__sampler_new (pid, gcg__outside_find (pid), &fixture->sampler, &error),
                    GCG_OK);
}

/* Objects of TYPE that are alive as of NOW. */
static uint64_t
alive (const struct gcg__recording *recording, const struct gcg__sample_site *now, const char *type)
{
  uint64_t n = 0;
  for (uint32_t i = 0; i < recording->n_sites; i++)
    if (strcmp (recording->strings + recording->sites[i].type, type) == 0)
      n += now[i].live_count;
  return n;
}

/* --- is what is read what the agent says? --- */

static void
expect_sites (const struct gcg__recording *a, const struct gcg__recording *b)
{
  assert_int_equal (a->n_sites, b->n_sites);
  for (uint32_t i = 1; i < a->n_sites; i++)
    {
      const struct gcg__site *x = &a->sites[i], *y = &b->sites[i];
      assert_int_equal (x->kind, y->kind);
      assert_int_equal (x->line, y->line);
      assert_string_equal (a->strings + x->file, b->strings + y->file);
      assert_string_equal (a->strings + x->function, b->strings + y->function);
      assert_string_equal (a->strings + x->expression, b->strings + y->expression);
      assert_string_equal (a->strings + x->type, b->strings + y->type);
      assert_int_equal (x->n_frames, y->n_frames);
      for (uint32_t j = 0; j < x->n_frames; j++)
        assert_int_equal (a->frames[x->first_frame + j], b->frames[y->first_frame + j]);
      assert_int_equal (a->now[i].live_count, b->now[i].live_count);
      assert_int_equal (a->now[i].live_bytes, b->now[i].live_bytes);
      assert_int_equal (a->now[i].made_count, b->now[i].made_count);
      assert_int_equal (a->now[i].made_bytes, b->now[i].made_bytes);
    }
}

static void
expect_process (const struct gcg__recording *a, const struct gcg__recording *b)
{
  const struct gcg__record_process *x = &a->process, *y = &b->process;
  assert_int_equal (x->pid, y->pid);
  assert_int_equal (x->flags, y->flags);
  assert_int_equal (x->page_bytes, y->page_bytes);
  assert_int_equal (x->machine, y->machine);
  assert_int_equal (x->start_monotonic_ns, y->start_monotonic_ns);
  assert_string_equal (a->strings + x->program, b->strings + y->program);
  assert_string_equal (a->strings + x->command_line, b->strings + y->command_line);
  assert_string_equal (a->strings + x->agent_version, b->strings + y->agent_version);
}

static void
expect_modules (const struct gcg__recording *a, const struct gcg__recording *b)
{
  assert_int_equal (a->n_modules, b->n_modules);
  for (uint32_t i = 0; i < a->n_modules; i++)
    {
      assert_int_equal (a->modules[i].base, b->modules[i].base);
      assert_int_equal (a->modules[i].low, b->modules[i].low);
      assert_int_equal (a->modules[i].high, b->modules[i].high);
      assert_string_equal (a->strings + a->modules[i].path, b->strings + b->modules[i].path);
      assert_string_equal (a->strings + a->modules[i].build_id,
                           b->strings + b->modules[i].build_id);
    }
}

/* The figures of the last samples that nothing has changed in between. */
static void
expect_figures (const struct gcg__recording *a, const struct gcg__recording *b)
{
  const struct gcg__record_sample *x = &a->samples[a->n_samples - 1]->head;
  const struct gcg__record_sample *y = &b->samples[b->n_samples - 1]->head;
  assert_int_equal (x->collections, y->collections);
  assert_int_equal (x->heap_bytes, y->heap_bytes);
  assert_int_equal (x->free_bytes, y->free_bytes);
  assert_int_equal (x->unmapped_bytes, y->unmapped_bytes);
  assert_int_equal (x->since_gc_bytes, y->since_gc_bytes);
  assert_int_equal (x->allocated_bytes, y->allocated_bytes);
  assert_int_equal (x->threads, y->threads);
  assert_int_equal (x->code_bytes, y->code_bytes);
  assert_int_equal (x->survivors_of, y->survivors_of);
  assert_true (x->resident_bytes > 0 && x->own_bytes > 0);
}

/* Compares a sample from outside with one that the agent makes; the program is quiet. */
static void
compare (struct fixture *fixture)
{
  struct gcg_error error = { GCG_OK, "" };
  struct gcg__recording *agents;
  tell (fixture, "save");
  sample (fixture, "now");
  if (gcg__recording_open (path, &agents, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  expect_process (agents, fixture->recording);
  expect_sites (agents, fixture->recording);
  expect_modules (agents, fixture->recording);
  expect_figures (agents, fixture->recording);
  gcg__recording_free (agents);
}

static void
test_equal (void **state)
{
  struct fixture fixture;
  (void)state;
  begin (&fixture);
  compare (&fixture);
  for (int i = 0; i < 3; i++)
    {
      tell (&fixture, "grow");
      compare (&fixture);
      tell (&fixture, "thread");
      compare (&fixture);
    }
  assert_true (fixture.recording->n_sites > 5);
  /* A sample lists what has changed. */
  sample (&fixture, "the same");
  assert_int_equal (fixture.recording->samples[fixture.recording->n_samples - 1]->n_changes, 0);
  end (&fixture);
}

/* Unloaded, its frames are elsewhere, and it is listed there. */
static void
test_plugin (void **state)
{
  struct fixture fixture;
  (void)state;
  begin (&fixture);
  sample (&fixture, "without");
  uint32_t n = fixture.recording->n_modules;
  tell (&fixture, "load");
  compare (&fixture);
  assert_int_equal (fixture.recording->n_modules, n + 1);
  tell (&fixture, "unload");
  renew (&fixture);
  compare (&fixture);
  assert_int_equal (fixture.recording->n_modules, n + 1);
  end (&fixture);
}

/* While threads are born and die. */
static void
test_churn (void **state)
{
  struct fixture fixture;
  (void)state;
  begin (&fixture);
  for (int i = 0; i < 3; i++)
    {
      tell (&fixture, "churn");
      for (uint32_t j = 0; j < 3 * GCG__KEY_EVERY; j++)
        sample (&fixture, "under way");
      for (uint32_t j = 0; i == 0 && j < fixture.recording->n_samples; j++)
        assert_int_equal (fixture.recording->samples[j]->head.flags,
                          j % GCG__KEY_EVERY == 0 ? GCG__SAMPLE_KEY : 0);
      tell (&fixture, "still");
      compare (&fixture);
    }
  end (&fixture);
}

/* Counting begins with the first sample. */
static void
test_survey (void **state)
{
  struct fixture fixture;
  (void)state;
  begin_counting (&fixture, true);
  sample (&fixture, "the first");
  assert_int_equal (fixture.recording->samples[0]->n_changes > 0, 1);
  compare (&fixture);
  tell (&fixture, "grow");
  tell (&fixture, "thread");
  compare (&fixture);
  end (&fixture);
}

/* Another one samples a program that counts since the one before it came, and went. */
static void
test_survey_again (void **state)
{
  struct fixture fixture;
  (void)state;
  begin_counting (&fixture, true);
  sample (&fixture, "of one");
  tell (&fixture, "grow");
  tell (&fixture, "thread");
  renew (&fixture);
  sample (&fixture, "of the other");
  compare (&fixture);
  tell (&fixture, "grow");
  compare (&fixture);
  end (&fixture);
}

/* And when counting begins while threads allocate; each may stand between a block and its counter.
 */
static void
test_survey_churn (void **state)
{
  (void)state;
  for (int i = 0; i < 5; i++)
    {
      struct fixture fixture;
      uint64_t before = 0, after = 0;
      begin_counting (&fixture, true);
      tell (&fixture, "churn");
      sample (&fixture, "under way");
      sample (&fixture, "under way");
      tell (&fixture, "still");
      sample (&fixture, "still");
      for (uint32_t j = 0; j < fixture.recording->n_sites; j++)
        before += fixture.recording->now[j].live_count;
      renew (&fixture);
      sample (&fixture, "counted anew");
      for (uint32_t j = 0; j < fixture.recording->n_sites; j++)
        after += fixture.recording->now[j].live_count;
      assert_in_range (before, after - 6, after + 6);
      end (&fixture);
    }
}

/* Nothing of ours runs in it. */
static void
test_filter (void **state)
{
  struct fixture fixture;
  (void)state;
  begin (&fixture);
  sample (&fixture, "before");
  tell (&fixture, "filter");
  for (int i = 0; i < 5; i++)
    {
      tell (&fixture, "nothing");
      sample (&fixture, "with a filter");
    }
  assert_int_equal (fixture.recording->n_samples, 6);
  end (&fixture);
}

/* It is surveyed while it stands, since nothing may be run in it. */
static void
test_survey_filter (void **state)
{
  struct fixture fixture;
  (void)state;
  begin_counting (&fixture, true);
  tell (&fixture, "filter");
  sample (&fixture, "with a filter");
  assert_int_equal (alive (fixture.recording, fixture.recording->now, "struct node"), 700);
  tell (&fixture, "nothing");
  end (&fixture);
}

static void
expect_gone (struct fixture *fixture)
{
  struct gcg_error error = { GCG_OK, "" };
  int fd = -1;
  assert_int_equal (gcg__sampler_take (fixture->sampler, "", 0, &fd, &error), GCG_NOT_FOUND);
  assert_int_equal (fd, -1);
}

static void
test_gone (void **state)
{
  struct fixture fixture;
  int status;
  (void)state;
  begin (&fixture);
  sample (&fixture, "before");
  kill (fixture.process.pid, SIGKILL);
  siginfo_t how;
  waitid (P_PID, (id_t)fixture.process.pid, &how, WEXITED | WNOWAIT);
  expect_gone (&fixture);
  waitpid (fixture.process.pid, &status, 0);
  expect_gone (&fixture);
  assert_int_equal (gcg__sampler_new (fixture.process.pid, 4096, &fixture.sampler, NULL),
                    GCG_NOT_FOUND);
  end (&fixture);
}

/* Samples follow one another while the program becomes another one: each is right, or says that it
   has gone. */
static void
test_exec (void **state)
{
  struct fixture fixture;
  struct gcg_error error = { GCG_OK, "" };
  enum gcg_status status = GCG_OK;
  (void)state;
  begin (&fixture);
  assert_int_equal (write (fixture.process.input, "exec\n", 5), 5);
  for (int fd; status == GCG_OK;)
    {
      status = gcg__sampler_take (fixture.sampler, "", 0, &fd, &error);
      if (status == GCG_OK)
        take_in (fixture.recording, fd);
    }
  assert_int_equal (status, GCG_NOT_FOUND);
  end (&fixture);
}

/* --- gcglass run --- */

/* What the program asks for is read while it waits; and there is a sample of its end. */
static void
test_program_asks (void **state)
{
  struct gcg__recording *recording;
  struct gcg_error error = { GCG_OK, "" };
  char command[4096];
  const char *top = getenv ("top_builddir");
  uint32_t n_asked = 0, n_ends = 0;
  (void)state;
  snprintf (command, sizeof command,
            "%s/tools/gcglass run --quiet --exit --heap malloc --every 0 --record %s -- "
            "%s/tests/malloc/samples /dev/null >/dev/null",
            top, path, top);
  assert_int_equal (system (command), 0);
  if (gcg__recording_open (path, &recording, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now);
  assert_non_null (now);
  for (uint32_t i = 0; i < recording->n_samples; i++)
    {
      const struct gcg__sample *at = recording->samples[i];
      bool asked = strcmp (at->description, "under way") == 0;
      bool ends = strcmp (at->description, "at exit") == 0;
      gcg__recording_apply (at, now);
      n_asked += asked;
      n_ends += ends;
      if (asked)
        assert_int_equal (alive (recording, now, "struct early"), 20000);
      if (ends)
        assert_int_equal (alive (recording, now, "struct early"), 5000);
    }
  assert_int_equal (n_asked, 3);
  assert_int_equal (n_ends, 1);
  free (now);
  gcg__recording_free (recording);
}

/* --- tables that are made up --- */

struct made
{
  struct gcg__agent_root root;
  struct gcg__counts counts[3];
  struct gcg__counts *head;
  struct gcg__count chunk[3][2 * GCG__CHUNK];
  struct gcg__surveyed surveyed[GCG__CHUNK];
  struct gcg__surveyed *surveyed_chunks[GCG__CHUNKS];
  struct gcg__root_heap heap;
  struct gcg__root_site sites[2 * GCG__CHUNK];
  uint64_t site_chunks[GCG__CHUNKS];
  struct gcg__unloaded unloaded[2], *unloaded_table[GCG__MOST_UNLOADED];
  uint64_t frames[64], own_bytes;
  uint32_t n_sites, n_unloaded;
  bool counting, is_surveyed;
  char text[16];
};

/* Makes tables of 5,000 sites and three threads. */
static void
make_up (struct made *made)
{
  memset (made, 0, sizeof *made);
  strcpy (made->text, "text");
  made->n_sites = 5000;
  made->n_unloaded = 2;
  made->counting = made->is_surveyed = true;
  made->head = &made->counts[0];
  for (int i = 0; i < 3; i++)
    {
      made->counts[i].next = i < 2 ? &made->counts[i + 1] : NULL;
      made->counts[i].chunks[0] = made->chunk[i];
      made->counts[i].chunks[1] = i != 1 ? made->chunk[i] + GCG__CHUNK : NULL;
      for (uint32_t j = 0; j < 5000; j++)
        made->chunk[i][j] = (struct gcg__count){ j, 10 * j, j / 2, 5 * j, 0, 0 };
    }
  for (int i = 0; i < 2; i++)
    {
      made->unloaded[i]
          = (struct gcg__unloaded){ 4096, 8192, 4096, 65536, made->text, made->text, "00" };
      made->unloaded_table[i] = &made->unloaded[i];
      made->site_chunks[i] = (uintptr_t)(made->sites + i * GCG__CHUNK);
    }
  made->surveyed_chunks[0] = made->surveyed;
  for (uint32_t i = 0; i < 5000; i++)
    made->sites[i] = (struct gcg__root_site){ .file = (uintptr_t)made->text,
                                              .function = (uintptr_t)made->text,
                                              .expression = (uintptr_t)made->text,
                                              .type = (uintptr_t)made->text,
                                              .frames = (uintptr_t)made->frames,
                                              .n_frames = i % 64,
                                              .line = i };
  made->heap = (struct gcg__root_heap){ .sites = (uintptr_t)made->site_chunks,
                                        .n_sites = (uintptr_t)&made->n_sites };
  made->root = (struct gcg__agent_root){ .magic = GCG__ROOT_MAGIC,
                                         .version = GCG__ROOT_VERSION,
                                         .bytes = sizeof made->root,
                                         .pid = 1,
                                         .heap = (uintptr_t)&made->heap,
                                         .samples = { .counting = (uintptr_t)&made->counting,
                                                      .counts = (uintptr_t)&made->head,
                                                      .surveyed = (uintptr_t)made->surveyed_chunks,
                                                      .is_surveyed = (uintptr_t)&made->is_surveyed,
                                                      .n_unloaded = (uintptr_t)&made->n_unloaded,
                                                      .unloaded = (uintptr_t)made->unloaded_table,
                                                      .own_bytes = (uintptr_t)&made->own_bytes,
                                                      .agent_version = (uintptr_t)made->text } };
}

/* A sample of MADE, which is taken in; its status. */
static enum gcg_status
sample_made (struct made *made)
{
  struct gcg__memory_buffer buffer = { (uintptr_t)made, made, sizeof *made };
  struct gcg__memory_buffers buffers = { &buffer, 1 };
  struct gcg__memory_source source = gcg__buffers_source (&buffers);
  struct gcg__sampler *sampler;
  struct gcg__recording *recording;
  struct gcg_error error = { GCG_OK, "" };
  int fd;
  assert_int_equal (gcg__sampler_over (&source, (uintptr_t)&made->root, &sampler, &error), GCG_OK);
  assert_int_equal (gcg__recording_new (&recording, &error), GCG_OK);
  enum gcg_status status = gcg__sampler_take (sampler, "made up", 0, &fd, &error);
  if (status == GCG_OK)
    take_in (recording, fd);
  gcg__recording_free (recording);
  gcg__sampler_free (sampler);
  return status;
}

static void
test_damaged (void **state)
{
  struct made *made = malloc (sizeof *made);
  (void)state;
  assert_non_null (made);
  make_up (made);
  assert_int_equal (sample_made (made), GCG_OK);
  made->counting = false;
  assert_int_equal (sample_made (made), GCG_DISABLED);
  make_up (made);
  made->counts[2].next = &made->counts[0]; /* a circle */
  assert_int_equal (sample_made (made), GCG_CORRUPT);
  made->counts[2].next = &made->counts[2];
  assert_int_equal (sample_made (made), GCG_CORRUPT);
  make_up (made);
  made->n_sites = GCG__MOST_SITES + 1;
  assert_int_equal (sample_made (made), GCG_CORRUPT);
  made->n_sites = 2 * GCG__CHUNK + 1; /* there are no more chunks */
  assert_int_equal (sample_made (made), GCG_CORRUPT);
  make_up (made);
  made->sites[4999].n_frames = GCG__MOST_FRAMES + 1;
  assert_int_equal (sample_made (made), GCG_CORRUPT);
  make_up (made);
  made->n_unloaded = GCG__MOST_UNLOADED + 1;
  assert_int_equal (sample_made (made), GCG_CORRUPT);
  make_up (made);
  made->counts[1].chunks[0] = (void *)(uintptr_t)UINT64_MAX;
  assert_int_equal (sample_made (made), GCG_CORRUPT);
  make_up (made);
  made->root.bytes--;
  assert_int_equal (sample_made (made), GCG_UNSUPPORTED);
  made->root.magic++;
  assert_int_equal (sample_made (made), GCG_NOT_FOUND);
  free (made);
}

/* Bytes of pointers and numbers at random. */
static void
test_random (void **state)
{
  struct made *made = malloc (sizeof *made);
  uint64_t seed = 1;
  int n_good = 0;
  (void)state;
  assert_non_null (made);
  for (int i = 0; i < 300; i++)
    {
      struct
      {
        void *at;
        size_t n;
      } places[] = { { &made->root, sizeof made->root },
                     { made->counts, sizeof made->counts },
                     { &made->head, sizeof made->head },
                     { made->surveyed_chunks, 64 },
                     { made->site_chunks, 64 },
                     { made->sites, sizeof made->sites },
                     { made->unloaded, sizeof made->unloaded },
                     { made->unloaded_table, 64 },
                     { &made->n_sites, 8 } };
      make_up (made);
      for (uint64_t j = random_below (&seed, 3) + 1; j > 0; j--)
        {
          uint64_t k = random_below (&seed, sizeof places / sizeof *places);
          unsigned char *at = places[k].at;
          at[random_below (&seed, places[k].n)] ^= (unsigned char)(1 + random_below (&seed, 255));
        }
      n_good += sample_made (made) == GCG_OK;
    }
  assert_true (n_good > 20 && n_good < 290);
  free (made);
}

static int
make_path (void **state)
{
  (void)state;
  int fd = mkstemp (path);
  return fd >= 0 ? close (fd) : -1;
}

static int
remove_path (void **state)
{
  (void)state;
  return unlink (path);
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_equal),        cmocka_unit_test (test_plugin),
          cmocka_unit_test (test_churn),        cmocka_unit_test (test_survey),
          cmocka_unit_test (test_survey_again), cmocka_unit_test (test_survey_churn),
          cmocka_unit_test (test_filter),       cmocka_unit_test (test_survey_filter),
          cmocka_unit_test (test_gone),         cmocka_unit_test (test_exec),
          cmocka_unit_test (test_program_asks), cmocka_unit_test (test_damaged),
          cmocka_unit_test (test_random) };
  cmocka_set_message_output (CM_OUTPUT_TAP);
  return cmocka_run_group_tests (tests, make_path, remove_path);
}
