/* foreign_allocator.c -- an allocator of its own, for programs of foreign.test: linked into them,
 * linked as a library, or preloaded.
 *
 * Blocks come from one buffer, each behind a header that says that it is one; what is freed and has
 * no such header ends the program.  This shows that no block comes here that was made elsewhere.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM ((size_t)64 << 20)
#define MARK UINT64_C (0x6f776e20626c6f63)

struct header
{
  uint64_t mark, bytes;
};

static char buffer[ROOM] __attribute__ ((aligned (4096)));
static size_t used;

void *memalign (size_t alignment, size_t bytes);
size_t malloc_usable_size (void *block);

void *
memalign (size_t alignment, size_t bytes)
{
  size_t align = alignment < 16 ? 16 : alignment;
  size_t at = __atomic_load_n (&used, __ATOMIC_RELAXED), begin;
  do
    {
      begin = (at + sizeof (struct header) + align - 1) & ~(align - 1);
      if (bytes > ROOM || begin > ROOM - bytes)
        {
          errno = ENOMEM;
          return NULL;
        }
    }
  while (!__atomic_compare_exchange_n (&used, &at, begin + bytes, 0, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED));
  ((struct header *)(void *)(buffer + begin))[-1] = (struct header){ MARK, bytes };
  return buffer + begin;
}

static struct header *
header_of (void *block)
{
  static const char words[] = "foreign_allocator: not a block of this allocator\n";
  struct header *header = (struct header *)block - 1;
  if ((char *)block < buffer || (char *)block > buffer + ROOM || header->mark != MARK)
    {
      (void)!write (STDERR_FILENO, words, sizeof words - 1);
      _Exit (99);
    }
  return header;
}

void *
malloc (size_t bytes)
{
  return memalign (16, bytes);
}

void
free (void *block)
{
  if (block)
    header_of (block)->mark = 0;
}

void *
calloc (size_t n, size_t bytes)
{
  return malloc (n * bytes);
}

void *
realloc (void *old, size_t bytes)
{
  char *block = malloc (bytes);
  size_t had = old ? header_of (old)->bytes : 0;
  if (block && old)
    memcpy (block, old, had < bytes ? had : bytes);
  if (block)
    free (old);
  return block;
}

int
posix_memalign (void **block, size_t alignment, size_t bytes)
{
  *block = memalign (alignment, bytes);
  return *block ? 0 : ENOMEM;
}

void *
aligned_alloc (size_t alignment, size_t bytes)
{
  return memalign (alignment, bytes);
}

size_t
malloc_usable_size (void *block)
{
  return block ? header_of (block)->bytes : 0;
}
