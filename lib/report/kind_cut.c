/* kind_cut.c -- see kind_cut.h. */
#include <config.h>

#include "report/kind_cut.h"

#include <stdlib.h>

#include "base/error.h"

#define MAX_OBJECTS (1u << 20)
#define MAX_EDGES   (UINT64_C (1) << 20)
#define MAX_KINDS   4u

static uint64_t
type_of (const struct gcg__model *model, uint32_t id)
{
  struct gcg__object object;
  gcg__snapshot_object (model->snapshot, id, &object);
  return gcg__model_type_key (model, &object);
}

struct gcg__edge_kind
gcg__edge_kind (const struct gcg__model *model, const struct gcg__step *step)
{
  return (struct gcg__edge_kind){ type_of (model, step->object), step->offset };
}

static bool
is_same (struct gcg__edge_kind a, struct gcg__edge_kind b)
{
  return a.type == b.type && a.offset == b.offset;
}

/* The edges of a cycle among its own objects, by index. */
struct graph
{
  const uint32_t *members; /* [n] sorted */
  uint64_t *types;         /* [n] */
  uint64_t *first;         /* [n + 1] */
  uint32_t *targets;       /* [first[n]] */
  uint64_t *offsets;       /* [first[n]] */
  uint32_t *degrees;       /* [n]: scratch */
  uint32_t *queue;         /* [n]: scratch */
  uint32_t n;
};

static int
id_compare (const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void
graph_fill (struct graph *graph, const struct gcg__model *model, uint32_t cycle)
{
  uint64_t used = 0;
  for (uint32_t i = 0; i < graph->n; i++)
    {
      graph->types[i] = type_of (model, graph->members[i]);
      graph->first[i] = used;
      struct gcg__edge_walk walk = gcg__edges_of (model->snapshot, graph->members[i]);
      while (gcg__next_edge (&walk))
        {
          if (model->analysis->cycle_of[walk.target] != cycle)
            continue;
          const uint32_t *at
              = bsearch (&walk.target, graph->members, graph->n, sizeof *at, id_compare);
          graph->targets[used] = (uint32_t)(at - graph->members);
          graph->offsets[used++] = walk.offset;
        }
    }
  graph->first[graph->n] = used;
}

/* No cycle is left without the edges of KIND. */
static bool
is_broken_by (struct graph *graph, struct gcg__edge_kind kind)
{
  for (uint32_t i = 0; i < graph->n; i++)
    graph->degrees[i] = 0;
  for (uint32_t i = 0; i < graph->n; i++)
    for (uint64_t e = graph->first[i]; e < graph->first[i + 1]; e++)
      graph->degrees[graph->targets[e]]
          += !is_same (kind, (struct gcg__edge_kind){ graph->types[i], graph->offsets[e] });
  uint32_t n = 0;
  for (uint32_t i = 0; i < graph->n; i++)
    if (graph->degrees[i] == 0)
      graph->queue[n++] = i;
  for (uint32_t k = 0; k < n; k++)
    {
      uint32_t i = graph->queue[k];
      for (uint64_t e = graph->first[i]; e < graph->first[i + 1]; e++)
        if (!is_same (kind, (struct gcg__edge_kind){ graph->types[i], graph->offsets[e] })
            && --graph->degrees[graph->targets[e]] == 0)
          graph->queue[n++] = graph->targets[e];
    }
  return n == graph->n;
}

/* Tries the kinds of PATH's steps, from the cut on. */
static uint32_t
try_kinds (struct graph *graph, const struct gcg__model *model, const struct gcg__cycle_path *path)
{
  struct gcg__edge_kind tried[MAX_KINDS];
  uint32_t n_tried = 0;
  for (uint32_t i = 0; i < path->n && n_tried < MAX_KINDS; i++)
    {
      uint32_t step = (path->cut + i) % path->n;
      struct gcg__edge_kind kind = gcg__edge_kind (model, &path->steps[step]);
      bool known = false;
      for (uint32_t k = 0; k < n_tried && !known; k++)
        known = is_same (tried[k], kind);
      if (known)
        continue;
      if (is_broken_by (graph, kind))
        return step;
      tried[n_tried++] = kind;
    }
  return GCG__NONE;
}

enum gcg_status
gcg__kind_cut (const struct gcg__model *model, uint32_t cycle, const struct gcg__cycle_path *path,
               uint32_t *step, struct gcg_error *error)
{
  const struct gcg__analysis *a = model->analysis;
  const struct gcg__cycle *c = &a->cycles[cycle];
  struct graph graph = { .members = &a->cycle_members[c->first_member], .n = c->n_objects };
  uint64_t n_edges = 0;
  for (uint32_t i = 0; i < graph.n && n_edges <= MAX_EDGES; i++)
    n_edges += a->out_first[graph.members[i] + 1] - a->out_first[graph.members[i]];
  *step = GCG__NONE;
  if (graph.n > MAX_OBJECTS || n_edges > MAX_EDGES)
    return GCG_OK;
  graph.types = malloc (graph.n * sizeof *graph.types);
  graph.first = malloc ((graph.n + (size_t)1) * sizeof *graph.first);
  graph.targets = malloc (n_edges * sizeof *graph.targets);
  graph.offsets = malloc (n_edges * sizeof *graph.offsets);
  graph.degrees = malloc (graph.n * sizeof *graph.degrees);
  graph.queue = malloc (graph.n * sizeof *graph.queue);
  enum gcg_status status = GCG_OK;
  if (graph.types == NULL || graph.first == NULL || graph.targets == NULL || graph.offsets == NULL
      || graph.degrees == NULL || graph.queue == NULL)
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a cycle of %u objects",
                               graph.n);
  else
    {
      graph_fill (&graph, model, cycle);
      *step = try_kinds (&graph, model, path);
    }
  free (graph.types);
  free (graph.first);
  free (graph.targets);
  free (graph.offsets);
  free (graph.degrees);
  free (graph.queue);
  return status;
}
