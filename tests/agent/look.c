/* look.c -- what a snapshot says of the objects of a test: those of LOW to HIGH bytes, a line each.
 *
 *   look SNAPSHOT LOW HIGH
 *
 *   4001 alive static explicit final 3 hazard -> 4002 4003
 *
 * are its bytes, the verdict, the kinds of its roots, how its finalizer was registered, whether
 * something points to it that the collector does not scan, and the objects of these sizes that it
 * leads to.  In order of size.  Registers change from one snapshot to the next, and are left out.
 * The last line says how many objects carry no tag: in a program whose objects all do, none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "snapshot/snapshot.h"

#define MOST 1000

static uint64_t low, high;

/* The bytes of OBJECT if it is one of the test's, else 0. */
static uint64_t
bytes_of (const struct gcg__object *object)
{
  return object->requested_bytes >= low && object->requested_bytes <= high ? object->requested_bytes
                                                                           : 0;
}

static void
say_roots (const struct gcg__snapshot *s, uint32_t id)
{
  static const char *const kinds[] = { "", "static", "stack", "", "explicit", "", "tls" };
  unsigned seen = 0;
  for (uint64_t i = 0; i < s->n_roots; i++)
    if (s->roots[i].object == id)
      seen |= 1u << s->regions[s->roots[i].region].kind;
  for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
    if (seen >> kind & 1 && kinds[kind][0])
      printf (" %s", kinds[kind]);
}

static void
say (const struct gcg__snapshot *s, uint32_t id)
{
  struct gcg__object object, target;
  struct gcg__edge_walk edges = gcg__edges_of (s, id);
  bool any = false;
  uint32_t n_hazards;
  gcg__snapshot_object (s, id, &object);
  printf ("%" PRIu64 " %s", object.requested_bytes,
          object.flags & GCG__OBJECT_MARKED ? "alive" : "garbage");
  say_roots (s, id);
  for (uint32_t i = 0; i < s->n_finalizers; i++)
    if (s->finalizers[i].object == id)
      printf (" final %" PRIu32, s->finalizers[i].mode);
  gcg__snapshot_hazards (s, id, &n_hazards);
  printf ("%s", n_hazards ? " hazard" : "");
  while (gcg__next_edge (&edges))
    {
      gcg__snapshot_object (s, edges.target, &target);
      if (bytes_of (&target))
        printf ("%s %" PRIu64, any ? "" : " ->", target.requested_bytes);
      any |= bytes_of (&target) > 0;
    }
  printf ("\n");
}

int
main (int argc, char **argv)
{
  struct gcg__snapshot *s;
  struct gcg_error error;
  uint32_t ids[MOST];
  uint64_t n = 0, others = 0;
  if (argc != 4)
    return fprintf (stderr, "usage: look SNAPSHOT LOW HIGH\n"), 2;
  low = strtoull (argv[2], NULL, 10);
  high = strtoull (argv[3], NULL, 10);
  if (gcg__snapshot_open (argv[1], &s, &error) != GCG_OK)
    return fprintf (stderr, "%s\n", error.text), 2;
  struct gcg__object_walk walk = gcg__objects (s);
  while (gcg__next_object (&walk) && n < MOST)
    if (!(walk.object.flags & GCG__OBJECT_TAGGED))
      others++;
    else if (bytes_of (&walk.object))
      ids[n++] = walk.object.id;
  for (uint64_t bytes = low; bytes <= high; bytes++)
    for (uint64_t i = 0; i < n; i++)
      {
        struct gcg__object object;
        gcg__snapshot_object (s, ids[i], &object);
        if (object.requested_bytes == bytes)
          say (s, ids[i]);
      }
  printf ("%" PRIu64 " others\n", others);
  gcg__snapshot_close (s);
  return 0;
}
