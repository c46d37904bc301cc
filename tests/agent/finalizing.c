/* finalizing.c -- a program with what the collector holds for it: disappearing links, finalizers
 * before, while and after they run, toggle references; for finalizing.test, which says what is
 * alive.
 *
 *   finalizing links|registered|ready|running|toggled
 *
 * The objects are made by a thread that has ended when it says "ready PID": no stack holds any but
 * that of a finalizer which runs.  Then it waits for the end of its input.
 */
#define GC_THREADS 1
#ifdef TRACKED
#include "gcglass/gc.h"
#else
#include <gc.h>
#endif

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct
{
  void **scanned, **atomic, **hidden, *link, *final, *toggled;
} data;
static void **malloced; /* not scanned */
static bool is_running;

/* An object of BYTES that does not begin a block: addresses of blocks stand on the stack while the
   collector sweeps, and then it keeps what begins there. */
static void *
fresh (size_t bytes)
{
  void *object = GC_MALLOC (bytes), *first = object;
  if ((uintptr_t)object % 4096 == 0)
    {
      object = GC_MALLOC (bytes);
      GC_FREE (first);
    }
  return object;
}

/* An object of BYTES whose first word leads to TARGET; of TARGET, 0: to none. */
static void **
make (size_t bytes, void *target)
{
  void **object = fresh (bytes);
  object[0] = target;
  return object;
}

/* --- links --- */

static void
make_short_links (void)
{
  void **holder = make (1001, fresh (1002));
  GC_general_register_disappearing_link (&holder[0], holder[0]);
  holder = make (1003, fresh (1004));
  GC_general_register_disappearing_link (&holder[0], holder[0]);
  holder[1] = holder[0];
  GC_move_disappearing_link (&holder[0], &holder[1]);
  holder = make (1005, fresh (1006));
  GC_general_register_disappearing_link (&holder[0], holder[0]);
  GC_unregister_disappearing_link (&holder[0]);
}

static void
make_long_links (void)
{
  void **holder = make (1007, fresh (1008));
  GC_register_long_link (&holder[0], holder[0]);
  holder = make (1009, fresh (1010));
  GC_register_long_link (&holder[0], holder[0]);
  holder[1] = holder[0];
  GC_move_long_link (&holder[0], &holder[1]);
  holder = make (1011, fresh (1012));
  GC_register_long_link (&holder[0], holder[0]);
  GC_unregister_long_link (&holder[0]);
}

static void
make_links (void)
{
  make_short_links ();
  make_long_links ();
  data.scanned = make (1013, fresh (1014));
  GC_general_register_disappearing_link (&data.scanned[0], data.scanned[0]);
  data.atomic = GC_MALLOC_ATOMIC (1015);
  data.atomic[0] = fresh (1016);
  GC_general_register_disappearing_link (&data.atomic[0], data.atomic[0]);
  data.hidden = make (1017, NULL);
  void *object = fresh (1018);
  data.hidden[0] = (void *)GC_HIDE_POINTER (object);
  GC_general_register_disappearing_link (&data.hidden[0], object);
  data.link = fresh (1019);
  GC_general_register_disappearing_link (&data.link, data.link);
  malloced[0] = fresh (1020);
  GC_general_register_disappearing_link (&malloced[0], malloced[0]);
  malloced[1] = fresh (1021);
}

/* --- finalizers --- */

static void GC_CALLBACK
on_final (void *object, void *of_object)
{
  (void)object, (void)of_object;
}

static void GC_CALLBACK
run_forever (void *object, void *of_object)
{
  void *volatile held[2] = { object, of_object };
  __atomic_store_n (&is_running, true, __ATOMIC_RELEASE);
  for (;;)
    pause ();
  (void)held;
}

static void
make_registered (void)
{
  GC_REGISTER_FINALIZER (make (1101, fresh (1102)), on_final, NULL, NULL, NULL);
  void **object = make (1103, NULL);
  object[0] = object;
  GC_REGISTER_FINALIZER_IGNORE_SELF (object, on_final, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER_NO_ORDER (fresh (1104), on_final, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER_UNREACHABLE (fresh (1105), on_final, NULL, NULL, NULL);
  object = make (1106, fresh (1107));
  GC_REGISTER_FINALIZER (object, on_final, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER (object[0], on_final, NULL, NULL, NULL);
  object = make (1108, make (1109, NULL));
  *(void **)object[0] = object;
  GC_REGISTER_FINALIZER (object, on_final, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER (object[0], on_final, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER_NO_ORDER (fresh (1110), on_final, fresh (1111), NULL, NULL);
  object = make (1112, NULL);
  GC_REGISTER_FINALIZER (object, on_final, fresh (1113), NULL, NULL);
  GC_REGISTER_FINALIZER (object, NULL, NULL, NULL, NULL);
  data.final = fresh (1114);
  GC_REGISTER_FINALIZER (data.final, on_final, NULL, NULL, NULL);
}

static void
make_ready (GC_finalization_proc function)
{
  GC_REGISTER_FINALIZER_NO_ORDER (make (1201, fresh (1203)), function, fresh (1202), NULL, NULL);
}

static void
make_chain (void)
{
  void **object = make (1204, fresh (1205));
  GC_REGISTER_FINALIZER (object, on_final, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER (object[0], on_final, NULL, NULL, NULL);
}

static void *
invoke (void *unused)
{
  GC_invoke_finalizers ();
  return unused;
}

/* --- toggle references --- */

enum
{
  IS_WEAK,
  IS_STRONG
};

static GC_ToggleRefStatus GC_CALLBACK
decide (void *object)
{
  return ((uintptr_t *)object)[1] == IS_STRONG ? GC_TOGGLE_REF_STRONG : GC_TOGGLE_REF_WEAK;
}

/* A toggle reference that is STRONG now and will be FUTURE to OBJECT. */
static void **
toggle (void **object, int strong, uintptr_t future)
{
  ((uintptr_t *)object)[1] = future;
  if (GC_toggleref_add (object, strong) != GC_SUCCESS)
    abort ();
  return object;
}

static void
make_toggled (void)
{
  void **strong = toggle (make (1301, fresh (1302)), true, IS_STRONG);
  void **holder = make (1306, strong);
  GC_general_register_disappearing_link (&holder[0], strong);
  toggle (make (1303, NULL), false, IS_WEAK);
  data.toggled = toggle (make (1304, NULL), false, IS_WEAK);
  toggle (make (1305, NULL), true, IS_WEAK);
}

static void *
fill (void *way)
{
  if (strcmp (way, "links") == 0)
    make_links ();
  else if (strcmp (way, "registered") == 0)
    make_registered ();
  else if (strcmp (way, "toggled") == 0)
    make_toggled ();
  else
    make_ready (strcmp (way, "running") == 0 ? run_forever : on_final);
  if (strcmp (way, "ready") == 0)
    make_chain ();
  return NULL;
}

int
main (int argc, char **argv)
{
  char *way = argc > 1 ? argv[1] : "";
  pthread_t thread;
  char c;
  GC_INIT ();
  GC_allow_register_threads ();
  GC_set_finalize_on_demand (1);
  GC_set_toggleref_func (decide);
  malloced = calloc (2, sizeof *malloced);
  if (malloced == NULL || pthread_create (&thread, NULL, fill, way) != 0
      || pthread_join (thread, NULL) != 0)
    return 1;
  if (strcmp (way, "ready") == 0 || strcmp (way, "running") == 0)
    GC_gcollect ();
  if (strcmp (way, "running") == 0 && pthread_create (&thread, NULL, invoke, NULL) != 0)
    return 1;
  while (strcmp (way, "running") == 0 && !__atomic_load_n (&is_running, __ATOMIC_ACQUIRE))
    usleep (1000);
  printf ("ready %d\n", (int)getpid ());
  fflush (stdout);
  while (read (STDIN_FILENO, &c, 1) > 0)
    ;
  return 0;
}
