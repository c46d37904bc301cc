/* divert.c -- see divert.h.
 *
 * The pages become writable and stay executable.  A refusal happens before anything has been
 * changed, and the pages are executable at all times (the function that changes them back may lie
 * there).
 */
#include "divert.h"

#include <string.h>

#include "raw.h"

#define ALIGNMENT 16u /* of functions: what is behind a short one is padding */
#define MOST_JUMP 20u

#if defined __x86_64__
static const unsigned char landing[] = { 0xf3, 0x0f, 0x1e, 0xfa }; /* endbr64 */

/* Returns whether the function begins with a landing pad for indirect calls, which has to stay. */
static bool
has_landing (const void *code)
{
  return memcmp (code, landing, sizeof landing) == 0;
}

/* jmp *0(%rip), and the address; or, where it reaches, jmp. */
static unsigned
encode (unsigned char jump[MOST_JUMP], uintptr_t from, uintptr_t to)
{
  int64_t distance = (int64_t)(to - (from + 5));
  if (distance == (int32_t)distance)
    {
      int32_t near = (int32_t)distance;
      jump[0] = 0xe9;
      memcpy (jump + 1, &near, sizeof near);
      return 5;
    }
  memcpy (jump, "\xff\x25\0\0\0\0", 6);
  memcpy (jump + 6, &to, sizeof to);
  return 14;
}
#elif defined __aarch64__
static const unsigned char landing[] = { 0x5f, 0x24, 0x03, 0xd5 }; /* bti c */

static bool
has_landing (const void *code)
{
  (void)code;
  return true; /* where it is not asked for it does nothing */
}

/* ldr x16, 8; br x16, and the address. */
static unsigned
encode (unsigned char jump[MOST_JUMP], uintptr_t from, uintptr_t to)
{
  (void)from;
  memcpy (jump, "\x50\0\0\x58\0\x02\x1f\xd6", 8);
  memcpy (jump + 8, &to, sizeof to);
  return 16;
}
#endif

/* The bytes that take the place of a function's first; returns how many. */
static unsigned
make_jump (const struct gcg__diversion *diversion, unsigned char jump[MOST_JUMP + 4])
{
  uintptr_t at = diversion->from.address;
  unsigned n = 0;

  if (has_landing ((const void *)at))
    {
      memcpy (jump, landing, sizeof landing);
      n = sizeof landing;
    }
  return n + encode (jump + n, at + n, diversion->to);
}

static bool
has_room (const struct gcg__diversion *diversion)
{
  unsigned char jump[MOST_JUMP + 4];
  size_t room = (diversion->from.bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (diversion->from.address % ALIGNMENT != 0)
    room = diversion->from.bytes;
  return make_jump (diversion, jump) <= room;
}

static void
write_jump (const struct gcg__diversion *diversion)
{
  unsigned char jump[MOST_JUMP + 4];
  char *at = (char *)diversion->from.address;
  unsigned n = make_jump (diversion, jump);

  memcpy (at, jump, n);
  __builtin___clear_cache (at, at + n);
}

bool
gcg__divert (const struct gcg__diversion *diversions, unsigned n)
{
  uintptr_t page = (uintptr_t)getpagesize (), low = UINTPTR_MAX, high = 0;

  for (unsigned i = 0; i < n; i++)
    {
      uintptr_t at = diversions[i].from.address;
      if (!has_room (&diversions[i]))
        return false;
      low = at < low ? at : low;
      high = at + MOST_JUMP + 4 > high ? at + MOST_JUMP + 4 : high;
    }
  if (!n)
    return true;
  low &= ~(page - 1);
  high = (high + page - 1) & ~(page - 1);
  if (syscall (SYS_mprotect, low, high - low, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    return false;
  for (unsigned i = n; i-- > 0;)
    write_jump (&diversions[i]);
  syscall (SYS_mprotect, low, high - low, PROT_READ | PROT_EXEC);
  return true;
}
