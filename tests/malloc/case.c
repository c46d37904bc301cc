/* case.c -- see case.h. */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *ALONE
case_block (size_t n)
{
  void *block = malloc (n);
  if (block == NULL)
    abort ();
  if (n > 0)
    memset (block, 'x', n);
  return block;
}

/* Empties the registers that calls need not preserve: the dynamic linker saves them on the stack
   when it binds a name, and swapcontext where it saves the others. */
static inline void
clear_registers (void)
{
#if defined __x86_64__
  __asm__ volatile("xor %%eax, %%eax\n\txor %%ecx, %%ecx\n\txor %%edx, %%edx\n\t"
                   "xor %%esi, %%esi\n\txor %%edi, %%edi\n\txor %%r8d, %%r8d\n\t"
                   "xor %%r9d, %%r9d\n\txor %%r10d, %%r10d\n\txor %%r11d, %%r11d"
                   :
                   :
                   : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
#endif
}

void ALONE
case_clear_stack (void)
{
  char bytes[16384];
  clear_registers ();
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
  clear_registers ();
}

int
case_run (const struct one_case *cases, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (cases[i].name, name) == 0)
      {
        cases[i].function ();
        case_clear_stack ();
        return 0;
      }
  fprintf (stderr, "no case '%s'\n", name);
  return 9;
}
