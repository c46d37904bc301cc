/* thread_list.c -- the threads in a snapshot, a line each: name, whether the collector knows it,
 * and the sizes from 3000 on of the objects that its stack and registers hold. */
#include <stdbool.h>
#include <stdio.h>

#include "snapshot/snapshot.h"

int
main (int argc, char **argv)
{
  struct gcg__snapshot *s;
  struct gcg_error error;

  if (argc != 2 || gcg__snapshot_open (argv[1], &s, &error) != GCG_OK)
    return fprintf (stderr, "%s\n", argc == 2 ? error.text : "usage: thread_list SNAPSHOT"), 1;
  for (uint32_t t = 0; t < s->n_threads; t++)
    {
      bool held[100] = { false };
      for (uint64_t i = 0; i < s->n_roots; i++)
        {
          const struct gcg__region *region = &s->regions[s->roots[i].region];
          struct gcg__object object;
          gcg__snapshot_object (s, s->roots[i].object, &object);
          if ((region->kind == GCG__REGION_STACK || region->kind == GCG__REGION_REGISTERS)
              && region->index == t && object.requested_bytes >= 3000
              && object.requested_bytes < 3100)
            held[object.requested_bytes - 3000] = true;
        }
      printf ("%s %s", gcg__text (s, s->threads[t].name),
              s->threads[t].flags & GCG__THREAD_STOPPED ? "known" : "not stopped");
      for (int i = 0; i < 100; i++)
        if (held[i])
          printf (" %d", 3000 + i);
      printf ("\n");
    }
  gcg__snapshot_close (s);
  return 0;
}
