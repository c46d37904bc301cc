/* dot.c -- the picture of a component as DOT, for gcglass-render or any graphviz.
 *
 * The members of the shortest cycles come first, then the heaviest objects, of equals those with
 * the fewest steps to these cycles, until there are as many as are wanted; the rest is one node.
 * Before that, leaves that are alike (pointed to by one object only, through the same field but for
 * the index, of one type, pointing to nothing) are folded into one of them (fold.c).
 *
 * Names come from the program: labels are plain strings in which quotes, backslashes and ampersands
 * are escaped and control characters are gone, never HTML labels; no attribute names a file or a
 * link.  Everything is written in order of address: the same snapshot gives the same text.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/fold.h"
#include "report/words.h"

#define CUTS        20u /* cycles whose cut is marked */
#define FIELDS      3u  /* named on one edge */
#define LABEL_CHARS 56u

/* An object that may be drawn; those with distance 0, then most weight, then the nearest are. */
struct candidate
{
  uint32_t object;
  uint32_t distance; /* in steps, either way, from a shortest cycle that is explained */
  uint64_t weight;   /* bytes, with what is folded into it */
};

struct edge
{
  uint32_t target; /* object */
  uint64_t offset;
};

struct picture
{
  struct gcg__model *model;
  struct gcg__buffer *out;
  const struct gcg__component *component;
  uint32_t index; /* of the component */
  bool reduce;
  struct gcg__fold fold;
  struct candidate *chosen; /* [n_chosen] in order of object */
  uint32_t n_chosen, n_all;
  struct gcg__totals rest;
  const struct gcg__cycle_path *paths[CUTS];
  uint32_t n_paths;
  struct edge *edges; /* scratch: of one object */
  size_t n_edges, edges_size;
};

/* Adds TEXT, cut to LIMIT characters, as it may stand in a label. */
static void
add_escaped (struct gcg__buffer *out, const char *text, uint32_t limit)
{
  for (uint32_t n = 0; *text != '\0'; n++)
    {
      if (n == limit)
        {
          gcg__buffer_text (out, "\xe2\x80\xa6");
          return;
        }
      const char *start = text;
      (void)gcg__utf8_next (&text);
      if (*start == '"' || *start == '\\')
        gcg__buffer_format (out, "\\%c", *start);
      else if (*start == '&')
        gcg__buffer_text (out, "&amp;");
      else
        gcg__buffer_add (out, start, (size_t)(text - start));
    }
}

static bool
is_drawable (const struct picture *p, uint32_t object)
{
  const struct gcg__analysis *a = p->model->analysis;
  return a->component_of[object] == p->index && (!p->reduce || a->cycle_of[object] != GCG__NONE)
         && !gcg__fold_hides (&p->fold, object);
}

static int
weight_compare (const void *a, const void *b)
{
  const struct candidate *x = a, *y = b;
  if ((x->distance == 0) != (y->distance == 0))
    return x->distance == 0 ? -1 : 1;
  if (x->weight != y->weight)
    return x->weight > y->weight ? -1 : 1;
  if (x->distance != y->distance)
    return x->distance < y->distance ? -1 : 1;
  return (x->object > y->object) - (x->object < y->object);
}

static int
object_compare (const void *a, const void *b)
{
  const struct candidate *x = a, *y = b;
  return (x->object > y->object) - (x->object < y->object);
}

static struct candidate *
find_candidate (struct candidate *list, uint32_t n, uint32_t object)
{
  struct candidate key = { .object = object };
  return bsearch (&key, list, n, sizeof *list, object_compare);
}

/* Lists what may be drawn, in order of object; sets p->chosen and p->n_all. */
static enum gcg_status
list_candidates (struct picture *p, struct gcg_error *error)
{
  const struct gcg__analysis *a = p->model->analysis;
  p->chosen = calloc (p->component->n_objects + (size_t)1, sizeof *p->chosen);
  if (p->chosen == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the picture");
  for (uint32_t i = 0; i < p->component->n_objects; i++)
    {
      uint32_t id = a->members[p->component->first_member + i];
      if (!is_drawable (p, id))
        continue;
      struct gcg__object object;
      gcg__snapshot_object (p->model->snapshot, id, &object);
      struct gcg__totals folded = gcg__fold_into (&p->fold, id);
      p->chosen[p->n_all++]
          = (struct candidate){ id, UINT32_MAX, object.requested_bytes + folded.bytes };
    }
  qsort (p->chosen, p->n_all, sizeof *p->chosen, object_compare);
  return GCG_OK;
}

/* Finds the shortest cycles of the biggest cycles: their members are at distance 0. */
static enum gcg_status
rank_cycles (struct picture *p, struct gcg_error *error)
{
  for (uint32_t c = 0; c < p->component->n_cycles && c < CUTS; c++)
    {
      const struct gcg__cycle_path *path;
      enum gcg_status status
          = gcg__model_path (p->model, p->component->first_cycle + c, &path, error);
      if (status != GCG_OK)
        return status;
      p->paths[p->n_paths++] = path;
      for (uint32_t i = 0; i < path->n; i++)
        find_candidate (p->chosen, p->n_all, path->steps[i].object)->distance = 0;
    }
  return GCG_OK;
}

/* Appends OBJECT to QUEUE when it may be drawn and has no distance yet. */
static void
reach (struct picture *p, uint32_t object, uint32_t distance, uint32_t *queue, uint32_t *n)
{
  struct candidate *candidate = find_candidate (p->chosen, p->n_all, object);
  if (candidate == NULL || candidate->distance != UINT32_MAX)
    return;
  candidate->distance = distance;
  queue[(*n)++] = (uint32_t)(candidate - p->chosen);
}

/* Gives every candidate that can be reached from the explained cycles its distance: breadth first,
   along edges and against them. */
static enum gcg_status
measure_distances (struct picture *p, struct gcg_error *error)
{
  const struct gcg__analysis *a = p->model->analysis;
  uint32_t *queue = calloc (p->n_all + (size_t)1, sizeof *queue), n = 0;
  if (queue == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the picture");
  for (uint32_t i = 0; i < p->n_all; i++)
    if (p->chosen[i].distance == 0)
      queue[n++] = i;
  for (uint32_t at = 0; at < n; at++)
    {
      const struct candidate *from = &p->chosen[queue[at]];
      struct gcg__edge_walk walk = gcg__edges_of (p->model->snapshot, from->object);
      while (gcg__next_edge (&walk))
        reach (p, walk.target, from->distance + 1, queue, &n);
      for (uint64_t e = a->in_first[from->object]; e < a->in_first[from->object + 1]; e++)
        reach (p, a->in_sources[e], from->distance + 1, queue, &n);
    }
  free (queue);
  return GCG_OK;
}

/* Keeps the MOST first candidates (one less when that leaves a rest), in order of object. */
static void
choose (struct picture *p, uint32_t most)
{
  p->n_chosen = p->n_all;
  if (p->n_all > most)
    {
      qsort (p->chosen, p->n_all, sizeof *p->chosen, weight_compare);
      p->n_chosen = most - 1;
      for (uint32_t i = p->n_chosen; i < p->n_all; i++)
        {
          p->rest.objects += 1 + gcg__fold_into (&p->fold, p->chosen[i].object).objects;
          p->rest.bytes += p->chosen[i].weight;
        }
    }
  qsort (p->chosen, p->n_chosen, sizeof *p->chosen, object_compare);
}

static bool
is_cut (const struct picture *p, uint32_t source, uint64_t offset)
{
  for (uint32_t i = 0; i < p->n_paths; i++)
    {
      const struct gcg__step *step = &p->paths[i]->steps[p->paths[i]->cut];
      if (step->object == source && step->offset == offset)
        return true;
    }
  return false;
}

/* How many edges lead between OBJECT and the rest: arrows for them would hide the others. */
static void
write_hidden_edges (const struct picture *p, uint32_t object)
{
  const struct gcg__analysis *a = p->model->analysis;
  uint64_t to = 0, from = 0;
  struct gcg__edge_walk walk = gcg__edges_of (p->model->snapshot, object);
  while (gcg__next_edge (&walk))
    to += is_drawable (p, walk.target)
          && find_candidate (p->chosen, p->n_chosen, walk.target) == NULL;
  for (uint64_t e = a->in_first[object]; e < a->in_first[object + 1]; e++)
    from += is_drawable (p, a->in_sources[e])
            && find_candidate (p->chosen, p->n_chosen, a->in_sources[e]) == NULL;
  if (from > 0)
    gcg__buffer_format (p->out, "\\n%s from the rest", gcg__word_count (from).text);
  if (to > 0)
    gcg__buffer_format (p->out, "\\n%s to the rest", gcg__word_count (to).text);
}

static void
write_node (const struct picture *p, const struct candidate *candidate)
{
  struct gcg__buffer *out = p->out;
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (p->model->snapshot, candidate->object, &object);
  const char *type = gcg__types_of (p->model->types, &object, scratch);
  unsigned long long address = object.address;
  struct gcg__totals folded = gcg__fold_into (&p->fold, candidate->object);
  gcg__buffer_format (out, "  n0x%llx [id=\"n0x%llx\", label=\"", address, address);
  add_escaped (out, type, LABEL_CHARS);
  gcg__buffer_format (out, "\\n%s", gcg__word_size (object.requested_bytes).text);
  if (folded.objects > 0)
    gcg__buffer_format (out, "\\n\xc3\x97 %s more like this, %s",
                        gcg__word_count (folded.objects).text, gcg__word_size (folded.bytes).text);
  if (p->rest.objects > 0)
    write_hidden_edges (p, candidate->object);
  gcg__buffer_format (out, "\\n0x%llx\", tooltip=\"", address);
  add_escaped (out, type, UINT32_MAX);
  gcg__buffer_format (out, ", %llu B, allocated at ", (unsigned long long)object.requested_bytes);
  add_escaped (out, p->model->types->places[object.site].text, UINT32_MAX);
  gcg__buffer_text (out, "\"");
  if (p->model->analysis->cycle_of[candidate->object] != GCG__NONE)
    gcg__buffer_text (out, ", class=\"cycle\", peripheries=2, color=\"#bc4c00\", "
                           "fillcolor=\"#fff1e5\"");
  gcg__buffer_text (out, "];\n");
}

static int
edge_compare (const void *a, const void *b)
{
  const struct edge *x = a, *y = b;
  if (x->target != y->target)
    return x->target < y->target ? -1 : 1;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool
push_edge (struct picture *p, uint32_t target, uint64_t offset)
{
  if (p->n_edges == p->edges_size)
    {
      size_t size = p->edges_size == 0 ? 64 : 2 * p->edges_size;
      struct edge *edges = realloc (p->edges, size * sizeof *edges);
      if (edges == NULL)
        return false;
      p->edges = edges;
      p->edges_size = size;
    }
  p->edges[p->n_edges++] = (struct edge){ target, offset };
  return true;
}

/* One arrow for all N words of SOURCE that point to one target, named by the first of them. */
static void
write_edge (const struct picture *p, const struct gcg__object *source, const struct edge *edges,
            size_t n)
{
  const struct gcg__analysis *a = p->model->analysis;
  struct gcg__buffer *out = p->out;
  struct gcg__object target;
  gcg__snapshot_object (p->model->snapshot, edges[0].target, &target);
  bool cyclic
      = a->cycle_of[source->id] != GCG__NONE && a->cycle_of[source->id] == a->cycle_of[target.id];
  bool cut = false;
  for (size_t i = 0; i < n && !cut; i++)
    cut = cyclic && is_cut (p, source->id, edges[i].offset);
  /* Blanks around the label: those of two edges between the same nodes stand side by side, and
     renderers know the width of letters only roughly. */
  gcg__buffer_format (out, "  n0x%llx -> n0x%llx [label=\"  ", (unsigned long long)source->address,
                      (unsigned long long)target.address);
  struct gcg__buffer field;
  gcg__buffer_init (&field, NULL, NULL);
  for (size_t i = 0; i < n && i < FIELDS; i++)
    {
      gcg__buffer_clear (&field);
      gcg__model_field (p->model, source, edges[i].offset, &field);
      const char *text = gcg__buffer_string (&field);
      gcg__buffer_text (out, i == 0 ? "" : ", ");
      add_escaped (out, text + (text[0] == '.'), LABEL_CHARS);
    }
  gcg__buffer_fini (&field);
  if (n > FIELDS)
    gcg__buffer_format (out, ", %s more", gcg__word_count (n - FIELDS).text);
  gcg__buffer_text (out, cut ? " (cut here)  \"" : "  \"");
  if (cut)
    gcg__buffer_text (out, ", class=\"cycle cut\", color=\"#cf222e\", fontcolor=\"#cf222e\", "
                           "penwidth=2.5, style=dashed");
  else if (cyclic)
    gcg__buffer_text (out, ", class=\"cycle\", color=\"#bc4c00\", penwidth=1.5");
  gcg__buffer_text (out, "];\n");
}

/* The arrows from CANDIDATE to what is drawn. */
static bool
write_edges (struct picture *p, const struct candidate *candidate)
{
  struct gcg__object source;
  gcg__snapshot_object (p->model->snapshot, candidate->object, &source);
  p->n_edges = 0;
  struct gcg__edge_walk walk = gcg__edges_of (p->model->snapshot, source.id);
  while (gcg__next_edge (&walk))
    {
      if (!is_drawable (p, walk.target))
        continue;
      if (find_candidate (p->chosen, p->n_chosen, walk.target) != NULL
          && !push_edge (p, walk.target, walk.offset))
        return false;
    }
  if (p->n_edges > 0)
    qsort (p->edges, p->n_edges, sizeof *p->edges, edge_compare);
  for (size_t i = 0, n; i < p->n_edges; i += n)
    {
      for (n = 1; i + n < p->n_edges && p->edges[i + n].target == p->edges[i].target; n++)
        ;
      write_edge (p, &source, &p->edges[i], n);
    }
  return true;
}

/* What stands below the picture, and how things look. */
static void
write_head (const struct picture *p)
{
  struct gcg__buffer *out = p->out;
  gcg__buffer_format (out,
                      "digraph component_%u {\n  graph [charset=\"UTF-8\", bgcolor=\"white\", "
                      "fontname=\"sans-serif\", fontsize=11, label=\"",
                      p->index + 1);
  gcg__buffer_format (out, "component %u%s: ", p->index + 1,
                      p->reduce ? ", reduced to its cycles" : "");
  if (p->rest.objects > 0)
    {
      gcg__buffer_format (out, "the %s heaviest of ", gcg__word_count (p->n_chosen).text);
      gcg__words_number (out, p->n_all, "node");
      gcg__buffer_text (out, ", the rest as one");
    }
  else
    gcg__words_number (out, p->n_all, "node");
  gcg__buffer_text (
      out, "\"];\n"
           "  node [shape=box, style=\"rounded,filled\", color=\"#57606a\", fillcolor=\"#f6f8fa\", "
           "fontname=\"sans-serif\", fontsize=10, margin=\"0.12,0.06\"];\n"
           "  edge [color=\"#6e7781\", fontname=\"sans-serif\", fontsize=9, arrowsize=0.7];\n");
}

static enum gcg_status
write_picture (struct picture *p, struct gcg_error *error)
{
  write_head (p);
  for (uint32_t i = 0; i < p->n_chosen; i++)
    write_node (p, &p->chosen[i]);
  if (p->rest.objects > 0)
    {
      gcg__buffer_text (p->out, "  rest [id=\"rest\", class=\"rest\", label=\"");
      gcg__words_number (p->out, p->rest.objects, "more object");
      gcg__buffer_format (p->out, "\\n%s\", style=\"rounded,dashed\"];\n",
                          gcg__word_size (p->rest.bytes).text);
    }
  for (uint32_t i = 0; i < p->n_chosen; i++)
    if (!write_edges (p, &p->chosen[i]))
      return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the picture's edges");
  gcg__buffer_text (p->out, "}\n");
  return gcg__buffer_status (p->out, error);
}

enum gcg_status
gcg__dot_write (struct gcg__model *model, const struct gcg__dot_options *options,
                struct gcg__buffer *out, uint32_t *nodes, struct gcg_error *error)
{
  const struct gcg__analysis *a = model->analysis;
  uint64_t number = options->number;
  if (number == 0 || number > a->n_components)
    return gcg__error_write (error, GCG_NOT_FOUND,
                             "no component %llu: this snapshot's garbage has %u",
                             (unsigned long long)number, a->n_components);
  struct picture p = { .model = model,
                       .out = out,
                       .component = &a->components[number - 1],
                       .index = (uint32_t)(number - 1),
                       .reduce = options->reduce };
  if (p.reduce && p.component->n_cycles == 0)
    return gcg__error_write (error, GCG_NOT_FOUND, "component %llu has no cycle to reduce it to",
                             (unsigned long long)number);
  enum gcg_status status = GCG_OK;
  if (!p.reduce)
    status = gcg__fold_init (&p.fold, model, p.index, error);
  if (status == GCG_OK && (status = list_candidates (&p, error)) == GCG_OK
      && (status = rank_cycles (&p, error)) == GCG_OK
      && (status = measure_distances (&p, error)) == GCG_OK)
    {
      choose (&p, options->max_nodes != 0     ? options->max_nodes
                  : p.n_all <= GCG__DOT_NODES ? GCG__DOT_NODES
                                              : GCG__DOT_NODES_MORE);
      status = write_picture (&p, error);
    }
  if (status == GCG_OK)
    *nodes = p.n_chosen + (p.rest.objects > 0);
  gcg__fold_fini (&p.fold);
  free (p.chosen);
  free (p.edges);
  return status;
}
