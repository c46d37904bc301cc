/* symbol_damage.c -- lib/symbol on damaged debug information: no crash, no endless loop.
 *
 *   symbol_damage FILE ROUNDS [SEED]
 *
 * Copies FILE, overwrites some bytes of its .debug_ and symbol sections, and asks everything of the
 * copy in a child process with a time limit; as often as ROUNDS says, each round from its own seed,
 * which is printed when a round fails.  What is answered does not matter, but some rounds must
 * answer otherwise than the file itself, or the damage was none.
 */
#include "config.h"

#include "symbol/symbol.h"
#include "tests/modules.h"
#include "tests/random.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 30u

struct file
{
  unsigned char *bytes;
  size_t n;
};

static bool
file_read (const char *path, struct file *file)
{
  struct stat about;
  FILE *stream = fopen (path, "re");
  if (stream == NULL)
    return false;
  bool done = fstat (fileno (stream), &about) == 0;
  file->n = done ? (size_t)about.st_size : 0;
  file->bytes = malloc (file->n + 1);
  done = done && file->bytes != NULL && fread (file->bytes, 1, file->n, stream) == file->n
         && file->n > sizeof (ElfW (Ehdr)) && memcmp (file->bytes, ELFMAG, SELFMAG) == 0;
  fclose (stream);
  return done;
}

/* Overwrites up to 32 bytes, each in a section that lib/symbol reads. */
static void
file_damage (struct file *file, uint64_t *state)
{
  const ElfW (Ehdr) *header = (const void *)file->bytes;
  const ElfW (Shdr) *sections = (const void *)(file->bytes + header->e_shoff);
  const char *names = (const char *)file->bytes + sections[header->e_shstrndx].sh_offset;
  for (uint64_t n = 1 + random_next (state) % 32; n > 0;)
    {
      const ElfW (Shdr) *section = &sections[random_next (state) % header->e_shnum];
      const char *name = names + section->sh_name;
      if (section->sh_size == 0 || section->sh_type == SHT_NOBITS
          || (strncmp (name, ".debug_", 7) != 0 && strcmp (name, ".symtab") != 0
              && strcmp (name, ".strtab") != 0))
        continue;
      const uint64_t at = random_next (state) % section->sh_size;
      static const unsigned char telling[] = { 0, 1, 0x7f, 0x80, 0xff };
      const uint64_t choice = random_next (state);
      file->bytes[section->sh_offset + at]
          = choice % 2 ? telling[choice / 2 % sizeof telling] : (unsigned char)(choice >> 8);
      n--;
    }
}

static uint64_t
mix_text (uint64_t hash, const char *text)
{
  for (; *text != '\0'; text++)
    hash = (hash ^ (unsigned char)*text) * UINT64_C (0x100000001b3);
  return hash;
}

static uint64_t
ask_addresses (struct gcg__symbols *symbols, const struct file *original, uint64_t hash)
{
  const ElfW (Ehdr) *header = (const void *)original->bytes;
  const ElfW (Shdr) *sections = (const void *)(original->bytes + header->e_shoff);
  for (unsigned int i = 0; i < header->e_shnum; i++)
    if (sections[i].sh_flags & SHF_ALLOC)
      for (uint64_t at = 0; at < sections[i].sh_size; at += 5)
        {
          const struct gcg__frame *frames;
          const char *name = "";
          uint64_t offset;
          const uint32_t n
              = gcg__symbols_frames (symbols, sections[i].sh_addr + at, at % 2, &frames);
          for (uint32_t k = 0; k < n; k++)
            hash = mix_text (mix_text (hash + frames[k].line, frames[k].function), frames[k].file);
          gcg__symbols_data (symbols, sections[i].sh_addr + at, &name, &offset);
          hash = mix_text (hash, name);
        }
  return hash;
}

static uint64_t
ask_types (struct gcg__symbols *symbols, uint64_t hash)
{
  static const char *const types[]
      = { "struct everything", "struct node", "node_t",        "pair_t",         "struct flexible",
          "union either",      "struct list", "struct opaque", "struct unknown", "unsigned long" };
  static const char *const expressions[]
      = { "sizeof *p", "sizeof *list->table[0]", "n * sizeof (*list->head)", "sizeof (node_t)" };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    for (uint64_t offset = 0; offset < 512; offset += 4)
      {
        char text[64];
        gcg__symbols_field (symbols, types[i], 512, offset, text, sizeof text);
        hash = mix_text (hash, text);
        gcg__symbols_field (symbols, types[i], 0, offset, text, sizeof text);
        hash = mix_text (hash, text) + gcg__symbols_type_size (symbols, types[i]);
      }
  for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
    for (uint32_t line = 300; line < 500; line += 7)
      {
        const char *type = gcg__symbols_expression_type (
            symbols, expressions[i], "expression_facts", "symbol_fixture.c", line);
        hash = mix_text (hash, type != NULL ? type : "?");
      }
  return hash;
}

/* Asks everything of the file at PATH, which has the sections of ORIGINAL.  Returns a hash of the
   answers. */
static uint64_t
ask_everything (const char *path, const struct file *original)
{
  struct modules *modules = modules_new ();
  struct gcg__symbols *symbols;
  struct gcg_error error;
  if (!modules_add_file (modules, path, path, 0)
      || gcg__symbols_new (modules_snapshot (modules), &symbols, &error) != GCG_OK)
    _exit (2);
  const uint64_t hash = ask_types (symbols, ask_addresses (symbols, original, 0));
  gcg__symbols_free (symbols);
  modules_free (modules);
  return hash;
}

/* One round with one seed.  Returns the child's wait status: 0 when the answers hash to EXPECTED,
   exit status 1 when they do not. */
static int
round_run (const struct file *original, uint64_t seed, uint64_t expected)
{
  char path[] = "/tmp/gcglass-damage-XXXXXX";
  struct file copy = { malloc (original->n), original->n };
  const int fd = mkostemp (path, O_CLOEXEC);
  int status = -1;
  if (copy.bytes == NULL || fd < 0)
    exit (2);
  memcpy (copy.bytes, original->bytes, original->n);
  file_damage (&copy, &seed);
  if (write (fd, copy.bytes, copy.n) != (ssize_t)copy.n)
    exit (2);
  close (fd);
  fflush (stdout);
  const pid_t child = fork ();
  if (child == 0)
    {
      alarm (SECONDS);
      _exit (ask_everything (path, original) != expected);
    }
  if (child > 0)
    waitpid (child, &status, 0);
  unlink (path);
  free (copy.bytes);
  return status;
}

int
main (int argc, char **argv)
{
  struct file original;
  unsigned int failed = 0, otherwise = 0;
  char *path = argc >= 3 ? realpath (argv[1], NULL) : NULL;
  if (path == NULL || !file_read (path, &original))
    {
      fprintf (stderr, "symbol_damage: wants an ELF file and a number of rounds\n");
      return 2;
    }
  const uint64_t rounds = strtoull (argv[2], NULL, 10);
  const uint64_t first = argc > 3 ? strtoull (argv[3], NULL, 10) : 1;
  const uint64_t expected = ask_everything (path, &original);
  for (uint64_t seed = first; seed < first + rounds; seed++)
    {
      const int status = round_run (&original, seed, expected);
      if (WIFEXITED (status) && WEXITSTATUS (status) <= 1)
        {
          otherwise += WEXITSTATUS (status) == 1;
          continue;
        }
      failed++;
      printf ("# seed %llu: %s %d\n", (unsigned long long)seed,
              WIFSIGNALED (status) ? "signal" : "status",
              WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status));
    }
  printf ("# %llu rounds, %u answered otherwise than the file itself, %u failed\n",
          (unsigned long long)rounds, otherwise, failed);
  free (original.bytes);
  free (path);
  return failed > 0 || otherwise == 0;
}
