/* hazard_list.c -- the hazards in a snapshot, a line each: bytes of the object, kind, thread; and
 * the objects that hazards.c makes and the collector takes. */
#include <stdio.h>

#include "snapshot/snapshot.h"

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
