/* offer.c -- see offer.h. */
#include "offer.h"

#include <sys/types.h>
#include <unistd.h>

#include "confined.h"
#include "visible.h"

#define SCRATCH_BYTES 65536

API struct gcg__agent_root gcg__agent_root;

/* Written to by gcglass only; untouched pages cost nothing. */
static char scratch[SCRATCH_BYTES] __attribute__ ((aligned (4096)));

#if defined __x86_64__
void gcg__offer_syscall (void);
void gcg__offer_return (void);
__asm__(".text\n.hidden gcg__offer_syscall\n.type gcg__offer_syscall,@function\n"
        "gcg__offer_syscall:\n  syscall\n  ret\n"
        ".hidden gcg__offer_return\n.type gcg__offer_return,@function\n"
        "gcg__offer_return:\n  mov $15, %eax\n  syscall\n");
#endif

void
gcg__offer_prepare (void)
{
  gcg__agent_root = (struct gcg__agent_root)
  {
    .version = GCG__ROOT_VERSION, .bytes = sizeof gcg__agent_root, .pid = (uint32_t)getpid (),
    .scratch = (uintptr_t)scratch, .scratch_bytes = sizeof scratch,
#if defined __x86_64__
    .syscall_ret = (uintptr_t)gcg__offer_syscall, .restorer = (uintptr_t)gcg__offer_return,
#endif
  };
}

void
gcg__offer_make (void)
{
  __atomic_store_n (&gcg__agent_root.magic, GCG__ROOT_MAGIC, __ATOMIC_RELEASE);
}

void
gcg__offer_forget (void)
{
  if (!gcg__confined)
    gcg__agent_root.pid = (uint32_t)getpid ();
  gcg__agent_root.in_libgc = 0;
}
