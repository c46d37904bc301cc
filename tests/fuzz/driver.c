/* driver.c -- runs a fuzz target without a fuzzer: a corpus as it is, then seeded mutations of it.
 *
 *   tests/fuzz/NAME [-n EXECUTIONS] [-s SEED] [-o NUMBER] [FILE-OR-DIRECTORY]...
 *
 * A target is LLVMFuzzerTestOneInput of libFuzzer: it takes any bytes, returns 0 and aborts where a
 * promise does not hold.  Without arguments the corpus is $top_srcdir/tests/fuzz/corpus/NAME, and
 * the number of mutations is $GCG_FUZZ_EXECUTIONS, default 10000: that is what `make check` runs.
 * Configured by CC=clang --enable-fuzzing, targets are linked with libFuzzer in place of this file
 * and search for hours:
 *
 *   tests/fuzz/NAME -max_total_time=3600 -timeout=10 new-corpus tests/fuzz/corpus/NAME
 *
 * Input NUMBER is made from the seed, its number and the corpus alone.  A crash, an abort or an
 * input that takes longer than SECONDS_MAX reports the number of its input; with -o NUMBER that one
 * alone is written to standard output, to be given to the target as a file.  Inputs lie in memory
 * of their exact size, so that the address sanitizer sees what reads beyond them.
 *
 * Output is TAP; one test for the corpus, one for the mutations.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/target.h"
#include "tests/random.h"

/* Of the sanitizers' runtime, where there is one. */
void __sanitizer_set_death_callback (void (*callback) (void)) __attribute__ ((weak));

/* Asked for by the address sanitizer: what makes millions of executions take no longer than need
   be.  ASAN_OPTIONS in the environment comes after it. */
const char *__asan_default_options (void) __attribute__ ((visibility ("default")));

enum
{
  INPUT_BYTES_MAX = 1 << 16,
  CHANGES_MAX = 8,
  SECONDS_MAX = 120,
  WATCHED = 64 /* inputs from one setting of the alarm to the next, a system call each */
};

struct input
{
  uint8_t *bytes;
  size_t size;
};

struct corpus
{
  struct input *inputs;
  size_t n;
};

/* What is running, for the handlers of signals: an input's number, behind the words for it. */
static const char *running = "";
static char seed_option[40];
static volatile uint64_t running_number;

const char *
__asan_default_options (void)
{
  return "malloc_context_size=3:quarantine_size_mb=8:allocator_release_to_os_interval_ms=-1";
}

static _Noreturn void
fail (const char *what, const char *name)
{
  printf ("Bail out! %s %s: %s\n", what, name, strerror (errno));
  exit (99);
}

static void
print_text (const char *text)
{
  (void)!write (STDOUT_FILENO, text, strlen (text));
}

static void
report_running (void)
{
  char digits[24], *first = digits + sizeof digits - 1;
  uint64_t number = running_number;
  *first = '\0';
  do
    *--first = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  print_text ("not ok - ");
  print_text (running);
  print_text (first);
  print_text ("\n");
}

static void
handle (int sig)
{
  report_running ();
  signal (sig, SIG_DFL);
  raise (sig);
}

/* Calls the target with a copy of INPUT, which is number NUMBER. */
static void
execute (const struct input *input, uint64_t number)
{
  running_number = number;
  if (number % WATCHED == 0)
    alarm (SECONDS_MAX);
  uint8_t *exact = malloc (input->size + !input->size);
  if (!exact)
    fail ("cannot copy", "an input");
  if (input->size > 0)
    memcpy (exact, input->bytes, input->size);
  (void)LLVMFuzzerTestOneInput (exact, input->size);
  free (exact);
}

static void
corpus_add_file (struct corpus *corpus, const char *path)
{
  FILE *file = fopen (path, "rbe");
  uint8_t *bytes = malloc (INPUT_BYTES_MAX);
  if (!file || !bytes)
    fail ("cannot read", path);
  size_t size = fread (bytes, 1, INPUT_BYTES_MAX, file);
  if (ferror (file))
    fail ("cannot read", path);
  fclose (file);
  struct input *inputs = realloc (corpus->inputs, (corpus->n + 1) * sizeof *inputs);
  if (!inputs)
    fail ("cannot keep", path);
  corpus->inputs = inputs;
  inputs[corpus->n++] = (struct input){ bytes, size };
}

static int
not_hidden (const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

/* A file, or all files of a directory in order of their names. */
static void
corpus_add (struct corpus *corpus, const char *path)
{
  struct dirent **entries;
  int n = scandir (path, &entries, not_hidden, alphasort);
  if (n < 0 && errno == ENOTDIR)
    {
      corpus_add_file (corpus, path);
      return;
    }
  if (n < 0)
    fail ("cannot read", path);
  for (int i = 0; i < n; i++)
    {
      char *file;
      if (asprintf (&file, "%s/%s", path, entries[i]->d_name) < 0)
        fail ("cannot read", path);
      corpus_add_file (corpus, file);
      free (file);
      free (entries[i]);
    }
  free (entries);
}

static void
corpus_free (struct corpus *corpus)
{
  for (size_t i = 0; i < corpus->n; i++)
    free (corpus->inputs[i].bytes);
  free (corpus->inputs);
}

/* Makes room for N bytes at AT, as far as INPUT may grow; returns for how many. */
static size_t
insert_room (struct input *input, size_t at, size_t n)
{
  if (input->size > INPUT_BYTES_MAX || at > input->size)
    return 0;
  if (n > INPUT_BYTES_MAX - input->size)
    n = INPUT_BYTES_MAX - input->size;
  memmove (input->bytes + at + n, input->bytes + at, input->size - at);
  input->size += n;
  return n;
}

/* Overwrites bytes at AT with a number at which programs tend to err. */
static void
write_number (struct input *input, size_t at, uint64_t *state)
{
  static const uint64_t numbers[] = { 0,
                                      1,
                                      7,
                                      8,
                                      16,
                                      127,
                                      128,
                                      255,
                                      256,
                                      4095,
                                      4096,
                                      32767,
                                      65535,
                                      65536,
                                      INT32_MAX,
                                      UINT32_MAX,
                                      INT64_MAX,
                                      UINT64_MAX,
                                      UINT64_MAX - 7,
                                      UINT64_C (1) << 63 };
  size_t width = (size_t)1 << random_below (state, 4);
  uint64_t number = numbers[random_below (state, sizeof numbers / sizeof *numbers)];
  if (width > input->size - at)
    width = input->size - at;
  memcpy (input->bytes + at, &number, width);
}

/* Inserts a piece of OTHER (or of INPUT itself) at AT. */
static void
insert_piece (struct input *input, size_t at, const struct input *other, uint64_t *state)
{
  uint8_t piece[64];
  if (other->size == 0)
    return;
  size_t from = random_below (state, other->size), n = 1 + random_below (state, sizeof piece);
  if (n > other->size - from)
    n = other->size - from;
  memcpy (piece, other->bytes + from, n);
  n = insert_room (input, at, n);
  memcpy (input->bytes + at, piece, n);
}

/* One change of INPUT, which has room for INPUT_BYTES_MAX bytes. */
static void
change (struct input *input, const struct corpus *corpus, uint64_t *state)
{
  size_t at = random_below (state, input->size), n;
  switch (random_below (state, input->size > 0 ? 8 : 2))
    {
    case 0: /* a byte more, anywhere or at the end */
      at = random_below (state, input->size + 1);
      if (insert_room (input, at, 1) > 0)
        input->bytes[at] = (uint8_t)random_next (state);
      break;
    case 1:
      if (corpus->n > 0)
        insert_piece (input, at, &corpus->inputs[random_below (state, corpus->n)], state);
      break;
    case 2:
      input->bytes[at] ^= (uint8_t)(1u << random_below (state, 8));
      break;
    case 3:
      input->bytes[at] = (uint8_t)random_next (state);
      break;
    case 4:
      write_number (input, at, state);
      break;
    case 5: /* a piece less */
      n = 1 + random_below (state, 16);
      if (n > input->size - at)
        n = input->size - at;
      memmove (input->bytes + at, input->bytes + at + n, input->size - at - n);
      input->size -= n;
      break;
    case 6:
      insert_piece (input, at, input, state);
      break;
    default: /* cut short */
      input->size = at;
      break;
    }
}

/* Makes input NUMBER of SEED in INPUT. */
static void
mutate (struct input *input, const struct corpus *corpus, uint64_t seed, uint64_t number)
{
  uint64_t state = seed * UINT64_C (0xd1342543de82ef95) + number;
  input->size = 0;
  if (corpus->n > 0)
    {
      const struct input *from = &corpus->inputs[random_below (&state, corpus->n)];
      memcpy (input->bytes, from->bytes, from->size);
      input->size = from->size;
    }
  for (size_t n = 1 + random_below (&state, CHANGES_MAX); n > 0; n--)
    change (input, corpus, &state);
}

static void
catch_ends (void)
{
  static const int signals[] = { SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
  /* The sanitizers report of signals themselves, then end by the callback. */
  bool sanitized = __sanitizer_set_death_callback != NULL;
  if (sanitized)
    __sanitizer_set_death_callback (report_running);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (!sanitized || i < 2)
      signal (signals[i], handle);
}

static void
run (const struct corpus *corpus, uint64_t seed, uint64_t n)
{
  struct input input = { malloc (INPUT_BYTES_MAX), 0 };
  if (!input.bytes)
    fail ("cannot make", "an input");
  running = "file of the corpus, in order of names: ";
  for (size_t i = 0; i < corpus->n; i++)
    execute (&corpus->inputs[i], i + 1);
  printf ("ok 1 - %zu files\n", corpus->n);
  uint64_t accepted = &fuzz_accepted ? fuzz_accepted : 0;
  snprintf (seed_option, sizeof seed_option, "to see the input: -s %ju -o ", (uintmax_t)seed);
  running = seed_option;
  for (uint64_t i = 0; i < n; i++)
    {
      mutate (&input, corpus, seed, i);
      execute (&input, i);
    }
  alarm (0);
  printf ("ok 2 - %ju mutations, seed %ju\n", (uintmax_t)n, (uintmax_t)seed);
  if (&fuzz_accepted && n > 0)
    printf ("# %.1f %% were accepted\n", 100.0 * (double)(fuzz_accepted - accepted) / (double)n);
  printf ("1..2\n");
  free (input.bytes);
}

static void
print_input (const struct corpus *corpus, uint64_t seed, uint64_t number)
{
  struct input input = { malloc (INPUT_BYTES_MAX), 0 };
  if (!input.bytes)
    fail ("cannot make", "an input");
  mutate (&input, corpus, seed, number);
  fwrite (input.bytes, 1, input.size, stdout);
  free (input.bytes);
}

int
main (int argc, char **argv)
{
  struct corpus corpus = { 0 };
  const char *executions = getenv ("GCG_FUZZ_EXECUTIONS"), *top = getenv ("top_srcdir"),
             *show = NULL;
  const char *name = strrchr (argv[0], '/') ? strrchr (argv[0], '/') + 1 : argv[0];
  uint64_t n = executions ? strtoull (executions, NULL, 10) : 10000, seed = 1;
  for (int option; (option = getopt (argc, argv, "n:s:o:")) != -1;)
    if (option == 'n')
      n = strtoull (optarg, NULL, 10);
    else if (option == 's')
      seed = strtoull (optarg, NULL, 10);
    else if (option == 'o')
      show = optarg;
    else
      return 2;
  setvbuf (stdout, NULL, _IOLBF, 0);
  if (optind == argc)
    {
      char *path;
      if (asprintf (&path, "%s/tests/fuzz/corpus/%s", top ? top : ".", name) < 0)
        fail ("cannot name the corpus of", name);
      corpus_add (&corpus, path);
      free (path);
    }
  for (int i = optind; i < argc; i++)
    corpus_add (&corpus, argv[i]);
  if (show)
    print_input (&corpus, seed, strtoull (show, NULL, 10));
  else
    {
      catch_ends ();
      run (&corpus, seed, n);
    }
  corpus_free (&corpus);
  return 0;
}
