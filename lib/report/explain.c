/* explain.c -- see explain.h.
 *
 * A path of many equal steps is folded ("struct node.next (× 30,000)"), one of many different steps
 * is cut short; so a text costs at most TEXT_STEPS looked-up fields.
 */
#include <config.h>

#include "report/explain.h"

#include <string.h>

#include "report/kind_cut.h"
#include "report/words.h"

#define ARROW      " \xe2\x86\x92 "
#define TEXT_STEPS 4096u
#define TEXT_RUNS  8u
#define NAMED      3u /* types named in a sentence */

/* Adds "struct a.next" of step I. */
static void
add_step (const struct gcg__model *model, const struct gcg__cycle_path *path, uint32_t i,
          struct gcg__buffer *out)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (model->snapshot, path->steps[i].object, &object);
  gcg__buffer_text (out, gcg__types_of (model->types, &object, scratch));
  gcg__model_field (model, &object, path->steps[i].offset, out);
}

/* Adds RUN equal steps named NAME, each with its arrow. */
static void
add_run (const char *name, uint32_t run, struct gcg__buffer *out)
{
  if (run <= 2)
    for (uint32_t i = 0; i < run; i++)
      gcg__buffer_format (out, "%s" ARROW, name);
  else
    gcg__buffer_format (out, "%s (\xc3\x97 %s)" ARROW, name, gcg__word_count (run).text);
}

/* Step A comes before step B. */
static int
compare_steps (const struct gcg__model *model, const struct gcg__step *a, const struct gcg__step *b)
{
  struct gcg__edge_kind x = gcg__edge_kind (model, a), y = gcg__edge_kind (model, b);
  if (x.type != y.type)
    return x.type < y.type ? -1 : 1;
  return (x.offset > y.offset) - (x.offset < y.offset);
}

/* Where the least rotation of PATH begins, comparing kinds of edges, so that like cycles are told
   alike; linear (Shiloach 1981).  Of a very long path: the cut. */
static uint32_t
least_rotation (const struct gcg__model *model, const struct gcg__cycle_path *path)
{
  uint32_t n = path->n, i = 0, j = 1, k = 0;
  if (n > TEXT_STEPS)
    return path->cut;
  while (i < n && j < n && k < n)
    {
      int order = compare_steps (model, &path->steps[(i + k) % n], &path->steps[(j + k) % n]);
      if (order == 0)
        {
          k++;
          continue;
        }
      if (order > 0)
        i += k + 1;
      else
        j += k + 1;
      if (i == j)
        j++;
      k = 0;
    }
  return i < j ? i : j;
}

static void
add_path (const struct gcg__model *model, const struct gcg__cycle_path *path, uint32_t first,
          struct gcg__buffer *out)
{
  struct gcg__buffer names[2];
  gcg__buffer_init (&names[0], NULL, NULL);
  gcg__buffer_init (&names[1], NULL, NULL);
  struct gcg__buffer *last = &names[0], *name = &names[1];
  uint32_t run = 0, runs = 0, i = 0;
  for (; i < path->n && i < TEXT_STEPS; i++)
    {
      gcg__buffer_clear (name);
      add_step (model, path, (first + i) % path->n, name);
      if (run > 0 && strcmp (gcg__buffer_string (name), gcg__buffer_string (last)) == 0)
        {
          run++;
          continue;
        }
      if (run > 0)
        add_run (gcg__buffer_string (last), run, out);
      run = 0;
      if (runs == TEXT_RUNS)
        break;
      struct gcg__buffer *other = last;
      last = name;
      name = other;
      run = 1;
      runs++;
    }
  if (run > 0)
    add_run (gcg__buffer_string (last), run, out);
  if (i < path->n)
    gcg__buffer_format (out, "\xe2\x80\xa6 %s more \xe2\x80\xa6" ARROW,
                        gcg__word_count (path->n - i).text);
  struct gcg__object start;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (model->snapshot, path->steps[first].object, &start);
  gcg__buffer_text (out, gcg__types_of (model->types, &start, scratch));
  if (names[0].status != GCG_OK || names[1].status != GCG_OK)
    out->status = GCG_NO_MEMORY;
  gcg__buffer_fini (&names[0]);
  gcg__buffer_fini (&names[1]);
}

const struct gcg__finalizer *
gcg__explain_finalizer (const struct gcg__model *model, uint32_t cycle, uint32_t *i)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__cycle *c = &model->analysis->cycles[cycle];
  const uint32_t *members = &model->analysis->cycle_members[c->first_member];
  if (c->n_objects < s->n_finalizers)
    while (*i < c->n_objects)
      {
        const struct gcg__finalizer *f = gcg__snapshot_finalizer (s, members[(*i)++]);
        if (f != NULL)
          return f;
      }
  else
    while (*i < s->n_finalizers)
      {
        const struct gcg__finalizer *f = &s->finalizers[(*i)++];
        if (model->analysis->cycle_of[f->object] == cycle)
          return f;
      }
  return NULL;
}

static bool
keeps_cycle (const struct gcg__finalizer *finalizer, uint32_t n_objects)
{
  return finalizer->mode == GCG__FINALIZER_ORDERED || finalizer->mode == GCG__FINALIZER_UNREACHABLE
         || (finalizer->mode == GCG__FINALIZER_IGNORE_SELF && n_objects > 1);
}

/* The finalizers that keep a cycle, as sentences need them. */
struct keepers
{
  const char *types[NAMED];
  char scratch[NAMED][GCG__TYPE_SCRATCH];
  uint32_t n_types; /* different ones; NAMED + 1: more */
  uint32_t modes;   /* bit for each mode */
};

static void
find_keepers (const struct gcg__model *model, uint32_t cycle, struct keepers *keepers)
{
  const struct gcg__finalizer *f;
  memset (keepers, 0, sizeof *keepers);
  for (uint32_t i = 0; (f = gcg__explain_finalizer (model, cycle, &i)) != NULL;)
    {
      if (!keeps_cycle (f, model->analysis->cycles[cycle].n_objects))
        continue;
      keepers->modes |= 1u << f->mode;
      if (keepers->n_types > NAMED)
        continue;
      struct gcg__object object;
      char scratch[GCG__TYPE_SCRATCH];
      gcg__snapshot_object (model->snapshot, f->object, &object);
      const char *type = gcg__types_of (model->types, &object, scratch);
      uint32_t k = 0;
      while (k < keepers->n_types && strcmp (keepers->types[k], type) != 0)
        k++;
      if (k < keepers->n_types)
        continue;
      if (k < NAMED)
        {
          if (type == scratch)
            type = strcpy (keepers->scratch[k], scratch);
          keepers->types[k] = type;
        }
      keepers->n_types++;
    }
}

/* Adds "struct a, struct b and others". */
static void
add_keepers (const struct keepers *keepers, struct gcg__buffer *out)
{
  uint32_t named = keepers->n_types < NAMED ? keepers->n_types : NAMED;
  for (uint32_t k = 0; k < named; k++)
    gcg__buffer_format (out, "%s%s",
                        k == 0                     ? ""
                        : k + 1 < keepers->n_types ? ", "
                                                   : " and ",
                        keepers->types[k]);
  if (keepers->n_types > NAMED)
    gcg__buffer_text (out, " and others");
}

static void
explain_why (const struct gcg__explanation *e, uint32_t n_objects, const struct keepers *keepers,
             struct gcg__buffer *out)
{
  if (e->verdict == GCG__FINALIZATION_CYCLE)
    {
      gcg__buffer_text (out, "a finalizer of ");
      add_keepers (keepers, out);
      gcg__buffer_text (out, n_objects == 1
                                 ? " waits until nothing points to its object, which points to "
                                   "itself: it never runs, and nothing here is ever freed"
                                 : " waits until nothing points to its object, but on the cycle "
                                   "something always does: it never runs, and nothing here is "
                                   "ever freed");
    }
  else if (e->verdict == GCG__LEAKED_CYCLE)
    gcg__buffer_text (out, n_objects == 1
                               ? "the object points to itself, no root leads to it, and "
                                 "nothing frees it"
                               : "the objects point to each other, no root leads to them, "
                                 "and nothing frees them");
  else
    gcg__buffer_text (out, "nothing outside points to the cycle: the collector reclaims it at this "
                           "collection, reference counts alone would not");
  if (!e->path->all_freed && n_objects > 1)
    gcg__buffer_format (out, "; %s is not the only way round: cutting it once is not enough",
                        gcg__buffer_string (&e->edge));
  else if (e->path->only_edge && n_objects > 1)
    gcg__buffer_format (out, "; %s is the only edge into its %s", gcg__buffer_string (&e->edge),
                        e->target);
}

/* "set EDGE to NULL", in the whole cycle when one edge is not enough. */
static void
add_cut (const struct gcg__explanation *e, const char *when, struct gcg__buffer *out)
{
  const char *everywhere = gcg__buffer_string (&e->everywhere);
  if (everywhere[0] != '\0')
    gcg__buffer_format (out, "set %s to NULL in every one of its objects %s", everywhere, when);
  else
    gcg__buffer_format (out, "set %s to NULL %s", gcg__buffer_string (&e->edge), when);
}

/* The weak pointer, as bdwgc has it. */
static void
add_weak_pointer (const struct gcg__explanation *e, struct gcg__buffer *out)
{
  const char *everywhere = gcg__buffer_string (&e->everywhere);
  gcg__buffer_format (out,
                      "make %s a weak pointer (store it with GC_HIDE_POINTER and register it with "
                      "GC_GENERAL_REGISTER_DISAPPEARING_LINK)",
                      everywhere[0] != '\0' ? everywhere : gcg__buffer_string (&e->edge));
}

static void
explain_advice (const struct gcg__explanation *e, uint32_t n_objects, const struct keepers *keepers,
                struct gcg__buffer *out)
{
  if (e->verdict == GCG__LEAKED_CYCLE)
    {
      add_cut (e, "before the last reference from outside goes", out);
      gcg__buffer_text (out, " and free the objects, or let it not own what it points to");
      return;
    }
  if (e->verdict != GCG__FINALIZATION_CYCLE)
    {
      gcg__buffer_text (out, "nothing has to be done; to do without the collector, ");
      add_cut (e, "when the objects are done with", out);
      return;
    }
  if (n_objects == 1)
    gcg__buffer_text (out, "register the finalizer with GC_REGISTER_FINALIZER_IGNORE_SELF");
  else
    add_cut (e, "when the objects are done with", out);
  gcg__buffer_text (out, ", or ");
  add_weak_pointer (e, out);
  if (n_objects == 1 || keepers->modes == 1u << GCG__FINALIZER_UNREACHABLE)
    return;
  gcg__buffer_text (out, ", or register the finalizers of ");
  add_keepers (keepers, out);
  gcg__buffer_text (out, " with GC_REGISTER_FINALIZER_NO_ORDER when they do not use what their "
                         "object points to");
  if (keepers->modes & 1u << GCG__FINALIZER_IGNORE_SELF)
    gcg__buffer_text (out, " (IGNORE_SELF ignores only an object's pointers to itself)");
}

enum gcg_status
gcg__explain_path (struct gcg__model *model, uint32_t cycle, struct gcg__buffer *out,
                   struct gcg_error *error)
{
  const struct gcg__cycle_path *path;
  enum gcg_status status = gcg__model_path (model, cycle, &path, error);
  if (status != GCG_OK)
    return status;
  add_path (model, path, least_rotation (model, path), out);
  return gcg__buffer_status (out, error);
}

enum gcg_status
gcg__explain_cycle (struct gcg__model *model, uint32_t cycle, struct gcg__explanation *e,
                    struct gcg_error *error)
{
  *e = (struct gcg__explanation){ .verdict = gcg__model_cycle_verdict (model, cycle) };
  enum gcg_status status = gcg__model_path (model, cycle, &e->path, error);
  if (status != GCG_OK)
    return status;
  const struct gcg__cycle_path *path = e->path;
  uint32_t n_objects = model->analysis->cycles[cycle].n_objects;
  e->first = least_rotation (model, path);
  add_path (model, path, e->first, &e->text);
  add_step (model, path, path->cut, &e->edge);

  struct gcg__object object;
  gcg__snapshot_object (model->snapshot, path->steps[path->cut].object, &object);
  e->allocated_at = model->types->places[object.site].text;
  gcg__snapshot_object (model->snapshot, path->steps[(path->cut + 1) % path->n].object, &object);
  e->target = gcg__types_of (model->types, &object, e->target_scratch);

  uint32_t step = GCG__NONE;
  if (!path->all_freed)
    status = gcg__kind_cut (model, cycle, path, &step, error);
  if (step != GCG__NONE)
    add_step (model, path, step, &e->everywhere);

  struct keepers keepers;
  find_keepers (model, cycle, &keepers);
  explain_why (e, n_objects, &keepers, &e->why);
  explain_advice (e, n_objects, &keepers, &e->advice);
  if (status == GCG_OK && (status = gcg__buffer_status (&e->text, error)) == GCG_OK
      && (status = gcg__buffer_status (&e->edge, error)) == GCG_OK
      && (status = gcg__buffer_status (&e->everywhere, error)) == GCG_OK
      && (status = gcg__buffer_status (&e->why, error)) == GCG_OK
      && (status = gcg__buffer_status (&e->advice, error)) == GCG_OK)
    return GCG_OK;
  gcg__explanation_fini (e);
  return status;
}

void
gcg__explanation_fini (struct gcg__explanation *e)
{
  gcg__buffer_fini (&e->text);
  gcg__buffer_fini (&e->edge);
  gcg__buffer_fini (&e->everywhere);
  gcg__buffer_fini (&e->why);
  gcg__buffer_fini (&e->advice);
}
