/* truth.c -- what lib/image finds in a process is what the process says of itself.
 *
 * The program shown.c prints where it keeps what and waits; here it is read from outside: while it
 * stands; while it stands and its main thread has ended (/proc/PID/maps is empty then); and from a
 * frozen copy.
 */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/threads.h"
#include "tests/image/process.h"

#define TLS_BYTES 8 /* of each library's variable */

struct seen
{
  struct process process;
  struct gcg__memory_image *image;
  struct gcg__loaded_modules modules;
  struct gcg__libc_layout layout;
  struct gcg__tls tls;
  struct gcg__stacks stacks;
  struct gcg__frozen *frozen; /* NULL: it stands */
  char copy[64];
};

enum way
{
  STANDING,
  MAIN_ENDS,
  FROZEN
};

static struct seen seen;
static const char *const threads[] = { "main", "A", "B", "C", "D", "E" };

/* Freezes it; its threads are those that the freezer reports. */
static void
freeze (struct process *process)
{
  struct gcg__freeze_ask ask = { .pid = process->pid };
  struct gcg_error error;

  if (gcg__freeze (&ask, &seen.frozen, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  assert_true (seen.frozen->copy > 0);
  assert_in_range (seen.frozen->n_threads, 1, 64);
  process->n_threads = seen.frozen->n_threads;
  memcpy (process->threads, seen.frozen->threads, process->n_threads * sizeof *process->threads);
}

/* Reads all that is compared. */
static void
read_all (pid_t pid)
{
  const struct process *process = &seen.process;
  struct gcg_error error;

  if (gcg__image_open (pid, -1, &seen.image, &error) != GCG_OK
      || gcg__modules_read (seen.image, &seen.modules, &error) != GCG_OK
      || gcg__libc_layout_read (seen.image, &seen.modules, &seen.layout, &error) != GCG_OK
      || gcg__tls_read (seen.image, &seen.modules, &seen.layout, process->threads,
                        process->n_threads, &seen.tls, &error)
             != GCG_OK
      || gcg__stacks_read (seen.image, process->pid, process->threads, process->n_threads,
                           &seen.tls, &seen.stacks, &error)
             != GCG_OK)
    fail_msg ("%s", error.text);
  gcg__modules_ask_files (&seen.modules, seen.image);
}

/* Starts the program, stops it, and reads it. */
static void
look (enum way way)
{
  struct process *process = &seen.process;
  bool main_ends = way == MAIN_ENDS;

  memset (&seen, 0, sizeof seen);
  snprintf (seen.copy, sizeof seen.copy, "/tmp/gcglass-shown-%d.so", (int)getpid ());
  char *arguments[] = { (char *)SHOWN,
                        (char *)SHOWN_LAZY,
                        (char *)SHOWN_EAGER,
                        seen.copy,
                        main_ends ? (char *)"main-ends" : NULL,
                        NULL };
  if (!process_start (process, arguments))
    fail_msg ("%s does not start", SHOWN);
  for (size_t i = main_ends; i < sizeof threads / sizeof *threads; i++)
    process_await (process, (pid_t)process_fact (process, "%s.tid", threads[i]), false);
  process_await (process, (pid_t)process_fact (process, "F.tid"), true);
  if (main_ends)
    process_await_end_of_main (process);
  if (way == FROZEN)
    freeze (process);
  else
    process_stop (process);
  assert_int_equal (process->n_threads, main_ends ? 5 : 6);
  read_all (seen.frozen ? seen.frozen->copy : process->pid);
}

static int
look_all (void **state)
{
  (void)state;
  look (STANDING);
  return 0;
}

static int
leave (void **state)
{
  (void)state;
  gcg__stacks_fini (&seen.stacks);
  gcg__tls_fini (&seen.tls);
  gcg__modules_fini (&seen.modules);
  gcg__image_free (seen.image);
  if (seen.frozen)
    {
      gcg__frozen_drop (seen.frozen);
      seen.process.n_threads = 0; /* none is traced any more */
    }
  return process_end (&seen.process) == 0 ? 0 : -1;
}

/* The program ends, and is started again; its main thread ends at once. */
static void
test_without_main (void **state)
{
  assert_int_equal (leave (state), 0);
  look (MAIN_ENDS);
}

/* The same once more, from a copy. */
static void
test_frozen (void **state)
{
  assert_int_equal (leave (state), 0);
  look (FROZEN);
}

/* Index of the thread called NAME. */
static uint32_t
thread_of (const char *name)
{
  uint32_t index
      = process_thread (&seen.process, (pid_t)process_fact (&seen.process, "%s.tid", name));
  if (index == UINT32_MAX)
    fail_msg ("thread %s is not there", name);
  return index;
}

static const struct gcg__loaded_module *
module_called (const char *path)
{
  for (size_t i = 0; i < seen.modules.n; i++)
    if (strncmp (seen.modules.items[i].path, path, strlen (path)) == 0)
      return &seen.modules.items[i];
  fail_msg ("no module %s", path);
  return NULL;
}

/* Every module that the program's own linker lists, with its load bias, and no other. */
static void
test_modules (void **state)
{
  const struct process *process = &seen.process;
  size_t listed = 0;

  for (size_t i = 0; i < process->n_facts; i++)
    {
      const char *name = process->facts[i].name;
      bool found = false;
      if (strncmp (name, "module ", 7) != 0)
        continue;
      listed++;
      for (size_t j = 0; j < seen.modules.n; j++)
        found = found || seen.modules.items[j].base == process->facts[i].value;
      if (!found)
        fail_msg ("%s at %" PRIx64 " is not found", name, process->facts[i].value);
    }
  /* pthread_exit of the main thread has loaded one more. */
  for (size_t j = 0; j < seen.modules.n; j++)
    listed += *state && strstr (seen.modules.items[j].path, "/libgcc_s.so") ? 1 : 0;
  assert_int_equal (listed, seen.modules.n);
  /* As linked: tests/image/local.mk. */
  assert_string_equal (module_called (SHOWN)->build_id, "00112233445566778899aabbccddeeff00112233");
  assert_false (module_called (SHOWN)->is_deleted);
  assert_false (module_called (SHOWN)->is_replaced);
  assert_true (module_called (seen.copy)->is_deleted);
  assert_false (module_called (seen.copy)->is_replaced);
  assert_true (module_called ("[vdso]")->is_vdso);
  /* Another file takes its name. */
  FILE *other = fopen (seen.copy, "w");
  assert_non_null (other);
  fclose (other);
  gcg__modules_ask_files (&seen.modules, seen.image);
  unlink (seen.copy);
  assert_true (module_called (seen.copy)->is_deleted);
  assert_true (module_called (seen.copy)->is_replaced);
}

static bool
in_data (uint32_t module, uint64_t address)
{
  for (size_t i = 0; i < seen.modules.n_data; i++)
    if (seen.modules.data[i].module == module && address >= seen.modules.data[i].low
        && address < seen.modules.data[i].high)
      return true;
  return false;
}

static void
test_data (void **state)
{
  static const char *const names[] = { "program", "library" };

  (void)state;
  for (int i = 0; i < 2; i++)
    {
      uint64_t at = process_fact (&seen.process, "%s.data", names[i]);
      const struct gcg__loaded_module *module = gcg__modules_find (&seen.modules, at);
      assert_non_null (module);
      uint32_t index = (uint32_t)(module - seen.modules.items);
      assert_true (in_data (index, at));
      assert_true (in_data (index, process_fact (&seen.process, "%s.bss", names[i])));
      assert_false (in_data (index, process_fact (&seen.process, "%s.relro", names[i])));
    }
}

static void
test_symbols (void **state)
{
  struct gcg__module_symbol symbol;
  uint64_t data = process_fact (&seen.process, "library.data");
  const struct gcg__loaded_module *library = gcg__modules_find (&seen.modules, data);

  (void)state;
  assert_non_null (library);
  assert_true (gcg__module_symbol (seen.image, library, "shown_library_tls", &symbol));
  assert_ptr_equal (gcg__modules_find (&seen.modules, symbol.value), library);
  assert_false (symbol.is_tls);
  assert_false (gcg__module_symbol (seen.image, library, "shown_library_nothing", &symbol));
  assert_false (gcg__module_symbol (seen.image, library, "malloc", &symbol));
  assert_non_null (gcg__modules_symbol (seen.image, &seen.modules, "malloc", &symbol));
  assert_non_null (gcg__modules_symbol (seen.image, &seen.modules, "_rtld_global", &symbol));
  assert_null (gcg__modules_symbol (seen.image, &seen.modules, "no such symbol", &symbol));
#if defined __x86_64__
  assert_true (
      gcg__module_symbol (seen.image, module_called ("[vdso]"), "__vdso_clock_gettime", &symbol));
#endif
}

/* The range of THREAD's block of thread-local data that holds ADDRESS. */
static const struct gcg__tls_range *
block_with (uint32_t thread, uint64_t address)
{
  for (size_t i = 0; i < seen.tls.n_ranges; i++)
    {
      const struct gcg__tls_range *range = &seen.tls.ranges[i];
      if (range->kind == GCG__TLS_BLOCK && range->thread == thread && address >= range->low
          && address < range->high)
        return range;
    }
  return NULL;
}

static void
test_tls (void **state)
{
  static const char *const kinds[] = { "main", "library", "lazy", "eager", "unloaded" };
  size_t n = 0;

  (void)state;
  for (size_t t = *state != NULL; t < sizeof threads / sizeof *threads; t++)
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
      {
        char name[64];
        snprintf (name, sizeof name, "%s.tls.%s", threads[t], kinds[k]);
        for (size_t i = 0; i < seen.process.n_facts; i++)
          if (strcmp (seen.process.facts[i].name, name) == 0)
            {
              uint64_t at = seen.process.facts[i].value;
              const struct gcg__tls_range *range = block_with (thread_of (threads[t]), at);
              bool gone = strcmp (kinds[k], "unloaded") == 0;
              if (!range != gone)
                fail_msg ("%s %s", name, gone ? "is still believed" : "is not found");
              n++;
              if (gone)
                continue;
              assert_true (at + TLS_BYTES <= range->high);
              assert_int_equal (range->high - range->low,
                                seen.modules.items[range->module].tls_bytes);
            }
      }
  assert_true (n >= 14);
}

/* A block where none has been made yet: no thread but A has called LAZY. */
static void
test_no_block (void **state)
{
  const struct gcg__loaded_module *lazy = module_called (SHOWN_LAZY);

  (void)state;
  assert_true (lazy->tls_bytes > 0);
  for (size_t i = 0; i < seen.tls.n_ranges; i++)
    if (seen.tls.ranges[i].kind == GCG__TLS_BLOCK
        && seen.tls.ranges[i].module == (uint32_t)(lazy - seen.modules.items))
      assert_int_equal (seen.tls.ranges[i].thread, thread_of ("A"));
}

static void
test_controls (void **state)
{
  (void)state;
  for (size_t t = *state != NULL; t < sizeof threads / sizeof *threads; t++)
    {
      uint64_t control = process_fact (&seen.process, "%s.control", threads[t]);
      const struct gcg__tls_thread *thread = gcg__tls_find (&seen.tls, thread_of (threads[t]));
      assert_non_null (thread);
      assert_int_equal (thread->control, control);
      assert_false (thread->has_ended);
      if (strcmp (threads[t], "A") == 0)
        assert_int_equal (thread->argument, 0xa00a00);
      if (strcmp (threads[t], "B") == 0)
        assert_int_equal (thread->argument, 0xb00b00);
    }
}

/* F has ended: its result is where a range says. */
static void
test_result (void **state)
{
  uint64_t control = process_fact (&seen.process, "F.control"), word;
  bool found = false, range = false;

  (void)state;
  for (size_t i = 0; i < seen.tls.n_threads; i++)
    if (seen.tls.threads[i].control == control)
      {
        found = true;
        assert_true (seen.tls.threads[i].has_ended);
        assert_int_equal (seen.tls.threads[i].result, 0xf00f00);
      }
  for (size_t i = 0; i < seen.tls.n_ranges; i++)
    if (seen.tls.ranges[i].kind == GCG__TLS_RESULT)
      {
        /* A main thread that has ended has one, too. */
        assert_true (gcg__image_word (seen.image, seen.tls.ranges[i].low, &word));
        range = range || word == 0xf00f00;
        assert_int_equal (seen.tls.ranges[i].thread, GCG__TLS_NO_THREAD);
      }
  assert_true (found);
  assert_true (range);
}

/* Exactly the values that the threads have set, of keys that exist. */
static void
test_keys (void **state)
{
  size_t expected = 0;

  (void)state;
  for (size_t t = *state != NULL; t < sizeof threads / sizeof *threads; t++)
    for (size_t i = 0; i < seen.process.n_facts; i++)
      {
        const struct process_fact *fact = &seen.process.facts[i];
        unsigned key;
        char name[16];
        bool found = false;
        if (sscanf (fact->name, "%15[^.].key.%u", name, &key) != 2
            || strcmp (name, threads[t]) != 0)
          continue;
        expected++;
        for (size_t j = 0; j < seen.tls.n_keys; j++)
          {
            const struct gcg__tls_key *at = &seen.tls.keys[j];
            uint64_t word = 0;
            bool in_table = false;
            if (at->thread != thread_of (threads[t]) || at->key != key)
              continue;
            found = at->value == fact->value && gcg__image_word (seen.image, at->address, &word)
                    && word == fact->value;
            for (size_t r = 0; r < seen.tls.n_ranges; r++)
              in_table = in_table
                         || (seen.tls.ranges[r].kind == GCG__TLS_KEYS
                             && seen.tls.ranges[r].thread == at->thread
                             && at->address >= seen.tls.ranges[r].low
                             && at->address + 8 <= seen.tls.ranges[r].high);
            assert_true (in_table);
          }
        if (!found)
          fail_msg ("%s is not found", fact->name);
      }
  assert_int_equal (seen.tls.n_keys, expected);
}

/* The stack of thread NAME that it runs on, or has left. */
static const struct gcg__stack *
stack_of (const char *name, bool left)
{
  uint32_t thread = thread_of (name);

  for (size_t i = 0; i < seen.stacks.n; i++)
    if (seen.stacks.items[i].thread == thread && seen.stacks.items[i].is_left == left)
      return &seen.stacks.items[i];
  return NULL;
}

static void
test_stacks (void **state)
{
  const struct process *process = &seen.process;

  (void)state;
  for (size_t t = *state != NULL; t < sizeof threads / sizeof *threads; t++)
    {
      const struct gcg__stack *stack = stack_of (threads[t], false);
      uint64_t local = process_fact (process, "%s.local", threads[t]);
      uint64_t control = process_fact (process, "%s.control", threads[t]);
      if (!stack || local < stack->low || local >= stack->high)
        fail_msg ("the stack of %s is not found", threads[t]);
      assert_true (control < stack->low || control >= stack->high);
      assert_true (stack->sp - stack->low <= 128);
      assert_true (strcmp (threads[t], "E") == 0 || !stack_of (threads[t], true));
    }
  /* Side by side: each ends below what the C library keeps, and begins above the other's. */
  uint64_t middle = process_fact (process, "shared.low") + (256 << 10);
  assert_true (stack_of ("C", false)->high <= middle);
  assert_true (stack_of ("D", false)->low >= middle);
  const struct gcg__stack *left = stack_of ("E", true);
  assert_non_null (left);
  assert_in_range (process_fact (process, "E.left"), left->low, left->high - 1);
  assert_true (left->high <= process_fact (process, "E.control"));
  const struct gcg__stack *coroutine = stack_of ("E", false);
  assert_in_range (coroutine->low, process_fact (process, "E.coroutine.low"),
                   process_fact (process, "E.coroutine.high"));
}

/* A word that is in a register only: the freezer's side is the test's own, but the image agrees
   that it is in no memory of the thread. */
static void
test_register (void **state)
{
#if defined __x86_64__
  const struct gcg__frozen_thread *thread = &seen.process.threads[thread_of ("A")];
  const struct gcg__stack *stack = stack_of ("A", false);

  assert_int_equal (thread->registers[12], 0x5ee0f00d1234);
  for (uint64_t at = stack->low; at < stack->high; at += 8)
    {
      uint64_t word;
      assert_true (gcg__image_word (seen.image, at, &word));
      assert_int_not_equal (word, 0x5ee0f00d1234);
    }
#else
  skip ();
#endif
  (void)state;
}

/* The layout is refused where it is not that of the program. */
static void
test_refused (void **state)
{
  struct gcg__libc_layout wrong = seen.layout;
  struct gcg__loaded_modules none = { 0 };
  struct gcg__tls tls = { 0 };
  struct gcg_error error = { 0 };

  (void)state;
  wrong.tid += 4;
  assert_int_equal (gcg__tls_read (seen.image, &seen.modules, &wrong, seen.process.threads,
                                   seen.process.n_threads, &tls, &error),
                    GCG_UNSUPPORTED);
  assert_true (strstr (error.text, seen.layout.version) != NULL);
  assert_null (tls.ranges);
  assert_int_equal (gcg__libc_layout_read (seen.image, &none, &wrong, &error), GCG_UNSUPPORTED);
}

int
main (void)
{
  static char without_main;
#define WITHOUT_MAIN(test)                                                                         \
  {                                                                                                \
#test ", main has ended", test, NULL, NULL, &without_main                                      \
  }
#define FROM_COPY(test)                                                                            \
  {                                                                                                \
#test ", from a copy", test, NULL, NULL, NULL                                                  \
  }
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_modules),
                                      cmocka_unit_test (test_data),
                                      cmocka_unit_test (test_symbols),
                                      cmocka_unit_test (test_tls),
                                      cmocka_unit_test (test_no_block),
                                      cmocka_unit_test (test_controls),
                                      cmocka_unit_test (test_result),
                                      cmocka_unit_test (test_keys),
                                      cmocka_unit_test (test_stacks),
                                      cmocka_unit_test (test_register),
                                      cmocka_unit_test (test_refused),
                                      cmocka_unit_test (test_without_main),
                                      WITHOUT_MAIN (test_modules),
                                      WITHOUT_MAIN (test_tls),
                                      WITHOUT_MAIN (test_controls),
                                      WITHOUT_MAIN (test_result),
                                      WITHOUT_MAIN (test_keys),
                                      WITHOUT_MAIN (test_stacks),
                                      cmocka_unit_test (test_frozen),
                                      FROM_COPY (test_modules),
                                      FROM_COPY (test_data),
                                      FROM_COPY (test_symbols),
                                      FROM_COPY (test_tls),
                                      FROM_COPY (test_no_block),
                                      FROM_COPY (test_controls),
                                      FROM_COPY (test_result),
                                      FROM_COPY (test_keys),
                                      FROM_COPY (test_stacks),
                                      FROM_COPY (test_register) };
  return cmocka_run_group_tests (tests, look_all, leave);
}
