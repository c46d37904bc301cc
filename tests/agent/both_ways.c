/* both_ways.c -- compares a snapshot that was taken from inside with one of the same process from
 * outside: the same objects, verdicts, edges, finalizers, hazards; from outside no root is missing.
 *
 * What an earlier collection has found dead is garbage again from inside, where libgc does not
 * sweep: blocks that are nearly full.  From outside it is not there.  And while libgc collects, the
 * address of a block that it has just swept, or of an object, may stand on its stack: then that is
 * alive from inside, with all that it leads to, although no root is to be seen.  But objects of
 * 3000 to 3099 bytes, which are held by what libgc alone knows, are to be alive.
 *
 *   both_ways INSIDE OUTSIDE
 *
 * Prints what differs, at most ten lines of a kind; status 1 if anything does.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gcglass/error.h"
#include "snapshot/snapshot.h"

#define MOST_LINES 10

static unsigned n_found;

static bool
tell (void)
{
  return n_found++ < MOST_LINES;
}

static uint64_t
address_of (const struct gcg__snapshot *s, uint32_t id)
{
  struct gcg__object object;
  gcg__snapshot_object (s, id, &object);
  return object.address;
}

static void
say (const char *what, const struct gcg__object *o)
{
  if (tell ())
    printf (
        "%s: 0x%" PRIx64 " %" PRIu64 " of %" PRIu64 " bytes kind %u site %u birth %u flags %x\n",
        what, o->address, o->requested_bytes, o->slot_bytes, o->kind, o->site, o->birth, o->flags);
}

/* What holds object ID in S: a root, or else an object that is alive. */
static void
say_holder (const struct gcg__snapshot *s, uint32_t id)
{
  struct gcg__object_walk walk = gcg__objects (s);
  if (n_found > MOST_LINES)
    return;
  for (uint64_t i = 0; i < s->n_roots; i++)
    if (s->roots[i].object == id)
      {
        const struct gcg__region *region = &s->regions[s->roots[i].region];
        printf ("  root at 0x%" PRIx64 ", region of kind %u from 0x%" PRIx64 " to 0x%" PRIx64
                " of %u\n",
                s->roots[i].address, region->kind, region->low, region->high, region->index);
      }
  while (gcg__next_object (&walk))
    for (struct gcg__edge_walk edges = gcg__edges_here (&walk); gcg__next_edge (&edges);)
      if (edges.target == id && walk.object.flags & GCG__OBJECT_MARKED)
        say ("  object", &walk.object);
}

static bool
are_same (const struct gcg__object *a, const struct gcg__object *b)
{
  return a->slot_bytes == b->slot_bytes && a->requested_bytes == b->requested_bytes
         && a->kind == b->kind && a->site == b->site && a->birth == b->birth
         && a->flags == b->flags;
}

static uint32_t last_collection; /* before both snapshots */
static bool *is_excused;         /* by inside's ids */

/* Is object A, alive from inside, garbage from outside? */
static bool
is_garbage_outside (const struct gcg__object *a, const struct gcg__snapshot *outside)
{
  uint32_t id;
  uint64_t offset;
  if ((a->flags & GCG__OBJECT_MARKED) == 0)
    return false;
  return !gcg__snapshot_find (outside, a->address, &id, &offset)
         || (gcg__word_flags (outside->words[id]) & GCG__OBJECT_MARKED) == 0;
}

static void *
room_for (const struct gcg__snapshot *s, size_t bytes)
{
  void *room = calloc (s->n_objects + 1, bytes);
  if (room == NULL)
    abort ();
  return room;
}

/* By id: is there a root, or an object that is alive, that leads to it?  The caller frees. */
static bool *
find_held (const struct gcg__snapshot *s)
{
  bool *is_held = room_for (s, sizeof *is_held);
  struct gcg__object_walk walk = gcg__objects (s);
  for (uint64_t i = 0; i < s->n_roots; i++)
    is_held[s->roots[i].object] = true;
  while (gcg__next_object (&walk))
    for (struct gcg__edge_walk edges = gcg__edges_here (&walk); gcg__next_edge (&edges);)
      if (walk.object.flags & GCG__OBJECT_MARKED)
        is_held[edges.target] = true;
  return is_held;
}

/* Excuses what is alive from inside only and begins a block, or is held by nothing, and what that
   leads to. */
static void
excuse (const struct gcg__snapshot *inside, const struct gcg__snapshot *outside)
{
  struct gcg__object_walk walk = gcg__objects (inside);
  uint32_t *queue = room_for (inside, sizeof *queue), n = 0;
  bool *is_held = find_held (inside);
  is_excused = room_for (inside, sizeof *is_excused);
  while (gcg__next_object (&walk))
    if ((walk.object.address % 4096 == 0 || !is_held[walk.object.id])
        && is_garbage_outside (&walk.object, outside))
      is_excused[queue[n++] = walk.object.id] = true;
  free (is_held);
  while (n > 0)
    for (struct gcg__edge_walk edges = gcg__edges_of (inside, queue[--n]); gcg__next_edge (&edges);)
      {
        struct gcg__object object;
        gcg__snapshot_object (inside, edges.target, &object);
        if (!is_excused[edges.target] && is_garbage_outside (&object, outside))
          is_excused[queue[n++] = edges.target] = true;
      }
  free (queue);
}

static bool
was_dead (const struct gcg__snapshot *s, uint32_t id)
{
  uint64_t word = s->words[id];
  return (gcg__word_flags (word) & GCG__OBJECT_MARKED) == 0
         && gcg__word_birth (word) != last_collection;
}

/* Is object ID of S an object that INSIDE has and excuses? */
static bool
is_excused_in (const struct gcg__snapshot *inside, const struct gcg__snapshot *s, uint32_t id)
{
  uint64_t offset;
  return gcg__snapshot_find (inside, address_of (s, id), &id, &offset) && is_excused[id];
}

/* The next edge that does not lead to what was dead, or is excused. */
static bool
next_edge (const struct gcg__snapshot *inside, struct gcg__edge_walk *edges)
{
  while (gcg__next_edge (edges))
    if (!was_dead (edges->snapshot, edges->target)
        && !is_excused_in (inside, edges->snapshot, edges->target))
      return true;
  return false;
}

static void
compare_edges (const struct gcg__object_walk *a, const struct gcg__object_walk *b)
{
  if (is_excused[a->object.id])
    return;
  struct gcg__edge_walk in = gcg__edges_here (a), out = gcg__edges_here (b);
  for (;;)
    {
      bool has = next_edge (a->snapshot, &in);
      if (next_edge (a->snapshot, &out) != has)
        {
          say ("not as many edges", &b->object);
          return;
        }
      if (!has)
        return;
      if (in.offset != out.offset
          || address_of (a->snapshot, in.target) != address_of (b->snapshot, out.target))
        {
          say ("another edge", &b->object);
          return;
        }
    }
}

/* What no root is to be seen of. */
static void
check_hidden (const struct gcg__snapshot *outside)
{
  struct gcg__object_walk walk = gcg__objects (outside);
  uint32_t n = 0;
  while (gcg__next_object (&walk))
    if (walk.object.requested_bytes >= 3000 && walk.object.requested_bytes < 3100)
      {
        n++;
        if ((walk.object.flags & GCG__OBJECT_MARKED) == 0)
          say ("to be alive", &walk.object);
      }
  if (n < 7 && tell ())
    printf ("%u objects that libgc holds\n", n);
}

static void
compare_objects (const struct gcg__snapshot *inside, const struct gcg__snapshot *outside)
{
  struct gcg__object_walk a = gcg__objects (inside), b = gcg__objects (outside);
  bool has_a = gcg__next_object (&a), has_b = gcg__next_object (&b);
  while (has_a || has_b)
    if (has_a && (!has_b || a.object.address < b.object.address))
      {
        if (!was_dead (inside, a.object.id) && !is_excused[a.object.id])
          say ("only from inside", &a.object);
        has_a = gcg__next_object (&a);
      }
    else if (has_b && (!has_a || b.object.address < a.object.address))
      {
        say ("only from outside", &b.object);
        has_b = gcg__next_object (&b);
      }
    else
      {
        if (is_excused[a.object.id])
          a.object.flags &= ~(uint32_t)GCG__OBJECT_MARKED;
        if (!are_same (&a.object, &b.object))
          {
            say ("from inside", &a.object);
            say ("from outside", &b.object);
            say_holder (outside, b.object.id);
          }
        else
          compare_edges (&a, &b);
        has_a = gcg__next_object (&a);
        has_b = gcg__next_object (&b);
      }
}

/* Finalizers in S of what was not dead, and is not excused. */
static uint32_t
count_finalizers (const struct gcg__snapshot *inside, const struct gcg__snapshot *s)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_finalizers; i++)
    n += !was_dead (s, s->finalizers[i].object)
         && !is_excused_in (inside, s, s->finalizers[i].object);
  return n;
}

/* Hazards are in order of object. */
static void
compare_finalizers (const struct gcg__snapshot *a, const struct gcg__snapshot *b)
{
  uint32_t n_inside = count_finalizers (a, a), n_outside = count_finalizers (a, b);
  if (n_inside != n_outside && tell ())
    printf ("%u finalizers from inside, %u from outside\n", n_inside, n_outside);
  if (a->n_hazards != b->n_hazards && tell ())
    printf ("%u hazards from inside, %u from outside\n", a->n_hazards, b->n_hazards);
  for (uint32_t i = 0; i < a->n_hazards && i < b->n_hazards; i++)
    if ((a->hazards[i].address != b->hazards[i].address || a->hazards[i].kind != b->hazards[i].kind)
        && tell ())
      printf ("hazard at 0x%" PRIx64 " from inside, 0x%" PRIx64 " from outside\n",
              a->hazards[i].address, b->hazards[i].address);
}

static bool
has_root (const struct gcg__snapshot *s, uint32_t kind, uint64_t at, uint64_t object)
{
  for (uint64_t i = 0; i < s->n_roots; i++)
    if (s->roots[i].address == at && s->regions[s->roots[i].region].kind == kind
        && address_of (s, s->roots[i].object) == object)
      return true;
  return false;
}

static void
compare_roots (const struct gcg__snapshot *inside, const struct gcg__snapshot *outside)
{
  for (uint64_t i = 0; i < inside->n_roots; i++)
    {
      const struct gcg__root *root = &inside->roots[i];
      uint32_t kind = inside->regions[root->region].kind;
      uint64_t object = address_of (inside, root->object);
      /* Registers change: a signal handler stands where the call was. */
      if (kind != GCG__REGION_REGISTERS && !has_root (outside, kind, root->address, object)
          && tell ())
        printf ("no root of kind %u at 0x%" PRIx64 " to 0x%" PRIx64 " from outside\n", kind,
                root->address, object);
    }
}

int
main (int argc, char **argv)
{
  struct gcg__snapshot *inside, *outside;
  struct gcg_error error;
  if (argc != 3)
    return 2;
  if (gcg__snapshot_open (argv[1], &inside, &error) != GCG_OK
      || gcg__snapshot_open (argv[2], &outside, &error) != GCG_OK)
    {
      printf ("%s\n", error.text);
      return 2;
    }
  if (outside->info->mark_ns != 0 || inside->info->mark_ns == 0)
    {
      printf ("one of the two was taken the wrong way\n");
      n_found++;
    }
  last_collection = outside->info->collections & ((1u << GCG__WORD_BIRTH_BITS) - 1);
  excuse (inside, outside);
  check_hidden (outside);
  compare_objects (inside, outside);
  compare_finalizers (inside, outside);
  compare_roots (inside, outside);
  printf ("%u objects, %u finalizers, %u hazards; %u differences\n", outside->n_objects,
          outside->n_finalizers, outside->n_hazards, n_found);
  free (is_excused);
  gcg__snapshot_close (inside);
  gcg__snapshot_close (outside);
  return n_found > 0;
}
