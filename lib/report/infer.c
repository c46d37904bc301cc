/* infer.c -- see infer.h. */
#include <config.h>

#include "report/infer.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/graph.h"
#include "base/error.h"
#include "report/words.h"

#define MOST_ROUNDS    32u
#define MOST_RESTARTS  4u
#define MOST_CALLS     128u /* of each thread */
#define MOST_VARIABLES 256u /* of each call */
#define MOST_THREADS   256u

struct run
{
  struct gcg__inference *inference;
  struct gcg__votes *votes;
  const struct gcg__snapshot *snapshot;
  struct gcg__symbols *symbols;
  uint64_t *voted; /* a bit for each object */
  bool failed;     /* out of memory */
};

static void
vote (struct run *run, uint32_t object, const struct gcg__pointer *pointer,
      const struct gcg__evidence *evidence)
{
  if (pointer == NULL || pointer->to[0] == '\0')
    return;
  const uint32_t class = run->inference->class_of[object];
  if (run->votes->classes[class].given)
    return;
  if (!gcg__bit (run->voted, object))
    {
      gcg__set_bit (run->voted, object);
      run->votes->classes[class].n_voted++;
    }
  if (!gcg__votes_add (run->votes, class, pointer, evidence))
    run->failed = true;
}

/* --- Globals. */

static void
vote_globals (struct run *run)
{
  const struct gcg__snapshot *s = run->snapshot;
  struct gcg__data data = { .bytes = 0 };
  struct gcg__pointers pointers = { .n = 0 };
  uint64_t start = 0;
  for (uint64_t i = 0; i < s->n_roots; i++)
    {
      const uint32_t kind = s->regions[s->roots[i].region].kind;
      const uint64_t address = s->roots[i].address;
      if (kind != GCG__REGION_STATIC && kind != GCG__REGION_EXPLICIT)
        continue;
      if (address < start || address - start >= data.bytes)
        {
          if (!gcg__symbols_data_type (run->symbols, address, &data) || data.type[0] == '\0')
            {
              data.bytes = 0;
              continue;
            }
          start = address - data.offset;
          (void)gcg__symbols_pointers (run->symbols, data.type, data.bytes, &pointers);
        }
      struct gcg__evidence evidence
          = { .kind = GCG__BY_GLOBAL, .name = data.name, .file = data.file };
      vote (run, s->roots[i].object, gcg__pointers_at (&pointers, address - start), &evidence);
    }
}

/* --- Locals and parameters. */

/* WORD stands at OFFSET of VARIABLE in FUNCTION. */
static void
vote_local (struct run *run, const struct gcg__variable *variable, const char *function,
            uint64_t offset, uint64_t word)
{
  struct gcg__pointers pointers;
  uint64_t inside;
  uint32_t id;
  if (variable->type[0] == '\0' || !gcg__snapshot_find (run->snapshot, word, &id, &inside)
      || inside > 0
      || !gcg__symbols_pointers (run->symbols, variable->type, variable->bytes, &pointers))
    return;
  struct gcg__evidence evidence
      = { .kind = GCG__BY_LOCAL, .name = variable->name, .file = function };
  vote (run, id, gcg__pointers_at (&pointers, offset), &evidence);
}

static void
vote_call (struct run *run, uint32_t thread, const struct gcg__call *call,
           struct gcg__variable *variables)
{
  const struct gcg__frame *frames;
  const uint32_t n = gcg__symbols_variables (run->symbols, call, variables, MOST_VARIABLES);
  const uint32_t n_frames
      = n > 0 ? gcg__symbols_frames (run->symbols, call->pc, call->return_address, &frames) : 0;
  const char *function = n_frames > 0 ? frames[n_frames - 1].function : "";
  for (uint32_t i = 0; i < n; i++)
    {
      const struct gcg__variable *v = &variables[i];
      uint64_t word;
      if (v->in_register)
        vote_local (run, v, function, 0, call->registers[v->place]);
      else if (v->by_value)
        vote_local (run, v, function, 0, v->place);
      else if (v->place % 8 == 0 && v->bytes >= 8 && v->place >= call->low && v->place < call->high)
        for (uint64_t at = 0; at + 8 <= v->bytes && at < call->high - v->place; at += 8)
          if (gcg__snapshot_stack_word (run->snapshot, thread, v->place + at, &word))
            vote_local (run, v, function, at, word);
    }
}

static void
vote_locals (struct run *run)
{
  const struct gcg__snapshot *s = run->snapshot;
  struct gcg__call *calls = calloc (MOST_CALLS, sizeof *calls);
  struct gcg__variable *variables = calloc (MOST_VARIABLES, sizeof *variables);
  run->failed |= calls == NULL || variables == NULL;
  for (uint32_t t = 0; t < s->n_threads && t < MOST_THREADS && !run->failed; t++)
    {
      if ((s->threads[t].flags & GCG__THREAD_AGENT) || s->threads[t].pc == 0)
        continue;
      const uint32_t n = gcg__symbols_calls (run->symbols, t, calls, MOST_CALLS);
      for (uint32_t i = 0; i < n; i++)
        vote_call (run, t, &calls[i], variables);
    }
  free (variables);
  free (calls);
}

/* --- Fields. */

/* The objects that were typed in the round before ROUND vote. */
static void
vote_fields (struct run *run, uint32_t round)
{
  const uint32_t *class_of = run->inference->class_of;
  struct gcg__object_walk walk = gcg__objects (run->snapshot);
  while (gcg__next_object (&walk) && !run->failed)
    {
      struct gcg__class *class = &run->votes->classes[class_of[walk.object.id]];
      if (walk.n_edges == 0 || class->type == NULL || class->round != round - 1
          || class->pointers.fit == GCG__FIT_NOT)
        continue;
      struct gcg__edge_walk edges = gcg__edges_here (&walk);
      struct gcg__evidence evidence = { .kind = GCG__BY_FIELD,
                                        .type = class->type,
                                        .bytes = class->pointers.element > 0 ? 0 : class->bytes };
      while (gcg__next_edge (&edges))
        {
          const struct gcg__pointer *pointer = gcg__pointers_at (&class->pointers, edges.offset);
          class->explained += pointer != NULL;
          class->unexplained += pointer == NULL;
          evidence.offset = edges.offset;
          if (class->pointers.element > 0)
            evidence.offset %= class->pointers.element;
          vote (run, edges.target, pointer, &evidence);
        }
    }
}

/* --- Rounds. */

/* Types what the votes decide; returns how many classes. */
static uint32_t
decide (struct run *run, uint32_t round)
{
  uint32_t n = 0;
  for (uint32_t c = 0; c < run->votes->n_classes; c++)
    {
      const struct gcg__class *class = &run->votes->classes[c];
      if (class->type != NULL || class->first_vote == GCG__NONE)
        continue;
      const struct gcg__vote *winner = gcg__votes_winner (run->votes, c);
      if (winner == NULL)
        continue;
      gcg__votes_type (run->votes, c, winner->type, round);
      n++;
    }
  return n;
}

/* Whether the pointers in CLASS' objects stand where its type has none.  A word that is declared as
   a number may hold one, but in an array there should be none such. */
static bool
is_contradicted (const struct gcg__class *class)
{
  const uint64_t all = class->explained + class->unexplained;
  return class->unexplained * (class->pointers.fit == GCG__FIT_EXACT ? 2 : 10) > all;
}

/* Whether most of what is alive in CLASS is pointed to by nothing that says anything.  A list
   begins with one pointer to its first element, so this is seen only when all have voted; garbage
   is hardly pointed to at all. */
static bool
is_unheard (const struct gcg__class *class)
{
  return (uint64_t) class->n_voted * 10 < class->n_marked;
}

/* Strikes out the types that did not stand; returns how many. */
static uint32_t
strike (struct run *run)
{
  uint32_t n = 0;
  for (uint32_t c = 0; c < run->votes->n_classes; c++)
    {
      struct gcg__class *class = &run->votes->classes[c];
      if (class->given || class->type == NULL)
        continue;
      const struct gcg__vote *winner = gcg__votes_winner (run->votes, c);
      if (winner != NULL && winner->type == class->type && !is_contradicted (class)
          && !is_unheard (class))
        continue;
      class->banned = class->type;
      class->type = NULL;
      n++;
    }
  return n;
}

static void
infer (struct run *run)
{
  struct gcg__inference *inference = run->inference;
  const size_t words = run->snapshot->n_objects / 64 + 1;
  for (;; inference->restarts++)
    {
      gcg__votes_clear (run->votes);
      memset (run->voted, 0, words * sizeof *run->voted);
      vote_globals (run);
      vote_locals (run);
      for (uint32_t round = 1; round <= MOST_ROUNDS && !run->failed; round++)
        {
          inference->rounds++;
          vote_fields (run, round);
          if (decide (run, round) == 0)
            break;
        }
      if (run->failed || strike (run) == 0 || inference->restarts == MOST_RESTARTS)
        return;
    }
}

/* Finds the class of each object; returns whether one is still without a type. */
static bool
find_classes (struct run *run, const char *const *type_of_site)
{
  struct gcg__object_walk walk = gcg__objects (run->snapshot);
  uint32_t last = GCG__NONE;
  bool open = false;
  while (gcg__next_object (&walk))
    {
      const struct gcg__object *object = &walk.object;
      const struct gcg__class *known = last != GCG__NONE ? &run->votes->classes[last] : NULL;
      const bool same = known != NULL && known->site == object->site
                        && known->bytes == object->requested_bytes
                        && (object->site != GCG__SITE_NONE || known->kind == object->kind);
      const uint32_t before = run->votes->n_classes;
      if (!same)
        last = gcg__votes_class (run->votes, object);
      if (last == GCG__NONE)
        {
          run->failed = true;
          return false;
        }
      struct gcg__class *class = &run->votes->classes[last];
      if (run->votes->n_classes > before && type_of_site[object->site] != NULL)
        {
          class->given = true;
          gcg__votes_type (run->votes, last, type_of_site[object->site], 0);
        }
      open |= !class->given;
      class->n_objects++;
      class->n_marked += (object->flags & GCG__OBJECT_MARKED) != 0;
      run->inference->class_of[object->id] = last;
    }
  return open;
}

enum gcg_status
gcg__inference_init (struct gcg__inference *inference, const struct gcg__snapshot *snapshot,
                     struct gcg__symbols *symbols, const char *const *type_of_site,
                     struct gcg_error *error)
{
  const uint32_t n = snapshot->n_objects;
  *inference = (struct gcg__inference){ .class_of = malloc ((n + (size_t)1) * sizeof (uint32_t)) };
  gcg__votes_init (&inference->votes, symbols);
  struct run run = { .inference = inference,
                     .votes = &inference->votes,
                     .snapshot = snapshot,
                     .symbols = symbols,
                     .voted = calloc (n / 64 + (size_t)1, sizeof (uint64_t)) };
  if (inference->class_of == NULL || run.voted == NULL)
    run.failed = true;
  else if (find_classes (&run, type_of_site))
    infer (&run);
  free (run.voted);
  if (!run.failed)
    return GCG_OK;
  gcg__inference_fini (inference);
  return gcg__error_write (error, GCG_NO_MEMORY, "out of memory while inferring types");
}

void
gcg__inference_fini (struct gcg__inference *inference)
{
  gcg__votes_fini (&inference->votes);
  free (inference->class_of);
}

void
gcg__inference_from (const struct gcg__inference *inference, uint32_t class,
                     struct gcg__buffer *out)
{
  const struct gcg__vote *winner = gcg__votes_winner (&inference->votes, class);
  char field[256];
  if (winner == NULL)
    return;
  const struct gcg__evidence *evidence = &winner->evidence;
  switch (evidence->kind)
    {
    case GCG__BY_FIELD:
      gcg__buffer_text (out, "field ");
      gcg__buffer_clean (out, evidence->type);
      (void)gcg__symbols_field (inference->votes.symbols, evidence->type, evidence->bytes,
                                evidence->offset, field, sizeof field);
      gcg__buffer_text (out, field[0] == '[' || field[0] == '+' || field[0] == '\0' ? "" : ".");
      gcg__buffer_clean (out, field);
      break;
    case GCG__BY_LOCAL:
    case GCG__BY_GLOBAL:
      gcg__buffer_text (out,
                        evidence->kind == GCG__BY_LOCAL ? "from the local " : "from the global ");
      gcg__buffer_clean (out, evidence->name);
      if (evidence->file[0] == '\0')
        break;
      gcg__buffer_text (out, " (");
      gcg__buffer_clean (out, gcg__base_name (evidence->file));
      gcg__buffer_text (out, ")");
      break;
    }
}
