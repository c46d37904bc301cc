/* hazard_list.c -- the hazards in a snapshot, a line each: bytes of the object, kind, thread; and
 * the objects that hazards.c makes and the collector takes; and who holds
 * its uncollectable objects. */
#include <stdio.h>

#include "snapshot/snapshot.h"

/* Who holds OBJECT, which is uncollectable. */
static void
held_by (const struct gcg__snapshot *s, const struct gcg__object *object)
{
  static const char *const kinds[] = { "", "static", "stack", "registers", "explicit", "", "tls" };

  for (uint64_t i = 0; i < s->n_roots; i++)
    {
      const struct gcg__region *region = &s->regions[s->roots[i].region];
      if (s->roots[i].object != object->id)
        continue;
      if (region->low > s->roots[i].address || region->high <= s->roots[i].address)
        printf ("not in its region\n");
      printf ("%d held by %s", (int)object->requested_bytes,
              gcg__region_malloced (region) ? "malloc" : kinds[region->kind]);
      if (gcg__region_of_thread (region))
        {
          const struct gcg__thread *thread = &s->threads[region->index];
          printf (" %s", thread->tid == s->info->pid ? "main" : gcg__text (s, thread->name));
        }
      printf ("\n");
      return;
    }
  printf ("%d lost\n", (int)object->requested_bytes);
}

int
main (int argc, char **argv)
{
  static const char *const kinds[] = { "", "tls", "key", "malloc", "stack" };
  struct gcg__snapshot *s;
  struct gcg_error error;

  if (argc != 2 || gcg__snapshot_open (argv[1], &s, &error) != GCG_OK)
    return fprintf (stderr, "%s\n", argc == 2 ? error.text : "usage: hazard_list SNAPSHOT"), 1;
  struct gcg__object_walk walk = gcg__objects (s);
  while (gcg__next_object (&walk))
    {
      const struct gcg__object *object = &walk.object;
      if (object->kind == GCG__KIND_UNCOLLECTABLE && object->requested_bytes > 2080
          && object->requested_bytes < 2090)
        held_by (s, object);
      if (object->requested_bytes < 2000 || object->requested_bytes > 2099
          || (object->flags & GCG__OBJECT_MARKED))
        continue;
      uint32_t n;
      const struct gcg__hazard *hazards = gcg__snapshot_hazards (s, object->id, &n);
      if (n == 0)
        printf ("%d none\n", (int)object->requested_bytes);
      for (uint32_t i = 0; i < n && i < 10; i++)
        {
          const struct gcg__thread *thread = &s->threads[hazards[i].thread];
          printf ("%d %s", (int)object->requested_bytes, kinds[hazards[i].kind]);
          if (hazards[i].kind != GCG__HAZARD_MALLOC)
            printf (" %s", thread->tid == s->info->pid ? "main" : gcg__text (s, thread->name));
          printf ("\n");
        }
    }
  printf ("left out %llu of %llu\n", (unsigned long long)s->n_hazards_left_out,
          (unsigned long long)s->n_hazards + s->n_hazards_left_out);
  gcg__snapshot_close (s);
  return 0;
}
