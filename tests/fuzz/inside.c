/* inside.c -- a fuzz target (driver.c): no file that may be a program crashes or stalls the search
 * for allocators inside it, and nothing is found that is not there.
 *
 * An input whose first byte is 0 is, from its second byte on, such a file; any other is a list of
 * changes (change.h) to a small program, of which the first byte says what it has.
 */
#include "config.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/inside.h"
#include "tests/fuzz/change.h"
#include "tests/fuzz/target.h"

uint64_t fuzz_accepted;

enum
{
  WITH_MALLOC = 1, /* it exports malloc */
  WITH_LIBGC = 2,  /* and needs libgc */
  APART = 4        /* constants are in a segment that is not executed */
};

struct program
{
  Elf64_Ehdr header;
  Elf64_Phdr segments[2];
  Elf64_Shdr sections[4];
  Elf64_Sym symbols[3];
  Elf64_Dyn dynamic[2];
  char names[40];
  char code[40];
  char constants[128];
};

static const char names[] = "\0malloc\0free\0libgc.so.1\0libc.so.6";
static const char constants[] = "<jemalloc>: \0mimalloc: error: \0AddressSanitizer\0GC_INITIAL_HEAP"
                                "_SIZE\0GC_MAXIMUM_HEAP_SIZE";

#define SECTION(type, member, strings)                                                             \
  {                                                                                                \
    .sh_type = type, .sh_offset = offsetof (struct program, member),                               \
    .sh_size = sizeof (((struct program *)NULL)->member), .sh_link = strings                       \
  }
#define SEGMENT(flags, member)                                                                     \
  {                                                                                                \
    .p_type = PT_LOAD, .p_flags = flags, .p_offset = offsetof (struct program, member),            \
    .p_filesz = sizeof (((struct program *)NULL)->member)                                          \
  }

static void
make_program (struct program *program, unsigned with)
{
  *program = (struct program){
    .header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
                .e_phoff = offsetof (struct program, segments),
                .e_shoff = offsetof (struct program, sections),
                .e_phnum = 2,
                .e_shnum = 4 },
    .segments
    = { SEGMENT (PF_R | PF_X, code), SEGMENT (with & APART ? PF_R : PF_R | PF_X, constants) },
    .sections = { { .sh_type = SHT_NULL },
                  SECTION (SHT_DYNSYM, symbols, 3),
                  SECTION (SHT_DYNAMIC, dynamic, 3),
                  SECTION (SHT_STRTAB, names, 0) },
    .symbols = { { 0 },
                 { .st_name = with & WITH_MALLOC ? 1 : 8, .st_shndx = 1 },
                 { .st_name = 1, .st_shndx = SHN_UNDEF } },
    .dynamic = { { .d_tag = DT_NEEDED, .d_un.d_val = with & WITH_LIBGC ? 13 : 24 } },
  };
  memcpy (program->names, names, sizeof names);
  memcpy (program->constants, constants, sizeof constants);
}

static void
check (const uint8_t *bytes, size_t n, const char *text)
{
  if (text != NULL && memmem (bytes, n, text, strlen (text)) == NULL)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct gcg__inside inside;
  if (size < 1)
    return 0;
  size_t n = data[0] == 0 ? size - 1 : sizeof (struct program);
  /* Of its exact size, so that the address sanitizer sees what reads beyond it. */
  uint8_t *bytes = malloc (n + !n);
  if (bytes == NULL)
    abort ();
  if (data[0] == 0)
    memcpy (bytes, data + 1, n);
  else
    {
      make_program ((void *)bytes, data[0]);
      changes_apply_to_bytes (bytes, n, data + 1, size - 1);
    }
  gcg__inside_look (bytes, n, &inside);
  check (bytes, n, inside.sanitizer);
  check (bytes, n, inside.allocator);
  check (bytes, n, inside.collector ? "GC_INITIAL_HEAP_SIZE" : NULL);
  fuzz_accepted += inside.sanitizer != NULL || inside.allocator != NULL || inside.collector;
  free (bytes);
  return 0;
}
