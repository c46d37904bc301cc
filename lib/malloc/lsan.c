/* lsan.c -- LeakSanitizer's interface (<sanitizer/lsan_interface.h>), so that programs annotated
 * for it work unchanged; weak references are bound as well.
 *
 * Each function is an alias for one of ours.  rules.c calls those that the program may define
 * (__lsan_default_suppressions, __lsan_is_turned_off).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "ending.h"
#include "gcglass/gcglass.h"
#include "rules.h"
#include "visible.h"

#define LSAN_STATUS 23 /* with which LeakSanitizer ends a program that leaks */

API void __lsan_disable (void);
API void __lsan_enable (void);
API void __lsan_ignore_object (const void *object);
API void __lsan_register_root_region (const void *area, size_t bytes);
API void __lsan_unregister_root_region (const void *area, size_t bytes);
API void __lsan_do_leak_check (void);
API int __lsan_do_recoverable_leak_check (void);

void
__lsan_disable (void)
{
  gcg_disable ();
}

void
__lsan_enable (void)
{
  gcg_enable ();
}

void
__lsan_ignore_object (const void *object)
{
  struct gcg_error error;
  gcg_ignore (object, &error);
}

void
__lsan_register_root_region (const void *area, size_t bytes)
{
  struct gcg_error error;
  gcg_add_roots (area, bytes, &error);
}

void
__lsan_unregister_root_region (const void *area, size_t bytes)
{
  gcg_remove_roots (area, bytes);
}

/* Returns whether anything is leaked, and prints how much. */
static bool
leaks (void)
{
  struct gcg_error error;
  size_t objects, bytes;

  if (gcg__rules_turn_off ())
    return false;
  if (gcg_check_leaks (&objects, &bytes, &error) != GCG_OK)
    {
      fprintf (stderr, "gcglass: leaks cannot be counted: %s\n", error.text);
      return false;
    }
  if (objects)
    fprintf (stderr, "gcglass: %zu bytes in %zu blocks are leaked\n", bytes, objects);
  return objects > 0;
}

int
__lsan_do_recoverable_leak_check (void)
{
  return leaks ();
}

/* Does once what happens at the program's end.  Under gcglass leaks that is the report; the program
   goes on, and gcglass exits with the configured status.  Under gcglass run, which must not change
   the program, it does nothing. */
void
__lsan_do_leak_check (void)
{
  static bool done;

  if (!__atomic_exchange_n (&done, true, __ATOMIC_ACQ_REL) && !gcg__ending_now () && leaks ())
    _exit (LSAN_STATUS);
}
