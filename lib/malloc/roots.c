/* roots.c -- see roots.h. */
#include "roots.h"

#include "confined.h"
#include "freeze/keytables.h"
#include "lookup.h"
#include "raw.h"

unsigned gcg__looks;

static uint64_t exit_frame, tls_bytes;
static pid_t exit_thread; /* 0: it may not ask for its number */

void
gcg__exit_note (uint64_t frame)
{
  pid_t thread = gcg__confined ? 0 : (pid_t)syscall (SYS_gettid);
  __atomic_store_n (&exit_thread, thread, __ATOMIC_RELAXED);
  __atomic_store_n (&exit_frame, frame, __ATOMIC_RELEASE);
}

/* What sanitizers ask, too: there is no public way. */
void
gcg__tls_ask (void)
{
  void (*ask) (size_t * bytes, size_t * alignment);
  size_t bytes = 0, alignment;

  gcg__control_ask ();
  *(void **)&ask = gcg__lookup_private ("_dl_get_tls_static_info");
  if (ask)
    ask (&bytes, &alignment);
  tls_bytes = bytes > gcg__control_bytes ? bytes : gcg__control_bytes;
}

void
gcg__roots_show (struct gcg__root_areas *areas)
{
  areas->exit_frame = (uintptr_t)&exit_frame;
  areas->exit_thread = (uintptr_t)&exit_thread;
  areas->tls_bytes = tls_bytes;
  areas->control_bytes = gcg__control_bytes;
  areas->looks = gcg__looks;
}
