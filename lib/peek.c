/* peek.c -- see peek.h. */
#include "peek.h"

#include <sys/uio.h>

#include "raw.h"

bool
gcg__peek (uint64_t address, void *bytes, size_t n)
{
  struct iovec here = { bytes, n }, there = { (void *)(uintptr_t)address, n };
  return syscall (SYS_process_vm_readv, syscall (SYS_getpid), &here, 1ul, &there, 1ul, 0ul)
         == (long)n;
}

void
gcg__path (char *path, size_t bytes, const char *prefix, uint64_t number, const char *suffix)
{
  char digits[24];
  size_t n = sizeof digits, at = 0;

  digits[--n] = 0;
  do
    digits[--n] = (char)('0' + number % 10);
  while (number /= 10);
  const char *parts[] = { prefix, digits + n, suffix };
  for (int i = 0; i < 3; i++)
    for (const char *c = parts[i]; *c && at + 1 < bytes; c++)
      path[at++] = *c;
  path[at] = 0;
}
