/* leak_names.c -- see leak_names.h.
 *
 * A cycle is named by the types along its shortest way round, begun where that reads first in the
 * alphabet, equal neighbours and repetitions told once: a ring of three and one of three thousand
 * nodes are the same leak.  Of a way with many changes only which types there are is told.
 */
#include <config.h>

#include "report/leak_names.h"

#include <stdlib.h>
#include <string.h>

#include "report/fail.h"

#define MAX_STEPS        4096u /* looked at */
#define MAX_NAMES        16u   /* in a signature */
#define SIGNATURE_FRAMES 8u

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* FRAME is what starts a program or a thread, of no interest to whoever wrote it. */
static bool
below_program (const struct gcg__frame *frame)
{
  return strncmp (frame->module, "libc.so", 7) == 0
         || strncmp (frame->module, "libpthread", 10) == 0
         || strcmp (frame->function, "_start") == 0;
}

uint32_t
gcg__leak_frames (const struct gcg__model *model, uint32_t site,
                  struct gcg__frame frames[GCG__LEAK_FRAMES], uint32_t most)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__site *from = &s->sites[site];
  uint32_t n = 0;
  if (from->kind == GCG__SITE_MACRO && most > 0)
    frames[n++] = (struct gcg__frame){ .function = gcg__text (s, from->function),
                                       .file = gcg__text (s, from->file),
                                       .line = from->line,
                                       .module = base_name (gcg__text (s, s->info->program)) };
  for (uint32_t i = 0; i < from->n_frames; i++)
    {
      const struct gcg__frame *found;
      uint32_t n_found
          = gcg__symbols_frames (model->symbols, s->frames[from->first_frame + i], true, &found);
      /* The innermost one of a place is that place. */
      for (uint32_t k = i == 0 && from->kind == GCG__SITE_MACRO; k < n_found && n < most; k++)
        {
          if (!gcg__types_own_module (found[k].module))
            frames[n++] = found[k];
          if (n > 0 && strcmp (found[k].function, "main") == 0)
            return n;
        }
    }
  while (n > 1 && below_program (&frames[n - 1]))
    n--;
  return n;
}

void
gcg__leak_frame (const struct gcg__frame *frame, struct gcg__buffer *out)
{
  bool named = frame->function[0] != '\0';
  if (named)
    gcg__buffer_clean (out, frame->function);
  gcg__buffer_text (out, named ? " (" : "");
  if (frame->file[0] != '\0')
    {
      gcg__buffer_clean (out, base_name (frame->file));
      gcg__buffer_format (out, ":%u", frame->line);
    }
  else
    {
      gcg__buffer_clean (out, frame->module);
      gcg__buffer_format (out, "%s0x%llx", frame->module[0] != '\0' ? "+" : "",
                          (unsigned long long)frame->offset);
    }
  gcg__buffer_text (out, named ? ")" : "");
}

static bool
frame_like (const char *pattern, const struct gcg__frame *frame)
{
  return gcg__pattern_match (pattern, frame->function, false)
         || gcg__pattern_match (pattern, frame->file, false)
         || gcg__pattern_match (pattern, frame->module, false);
}

/* The path of the module that holds ADDRESS, "" when none does. */
static const char *
module_path (const struct gcg__snapshot *s, uint64_t address)
{
  for (uint32_t m = 0; m < s->n_modules; m++)
    if (address >= s->modules[m].low && address < s->modules[m].high)
      return gcg__text (s, s->modules[m].path);
  return "";
}

static bool
site_like (const struct gcg__model *model, uint32_t site, const char *pattern)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__site *from = &s->sites[site];
  struct gcg__frame frames[GCG__LEAK_FRAMES];
  if (pattern[strspn (pattern, "*")] == '\0')
    return true; /* frames without any name, too */
  uint32_t n = gcg__leak_frames (model, site, frames, GCG__LEAK_FRAMES);
  for (uint32_t i = 0; i < n; i++)
    if (frame_like (pattern, &frames[i]))
      return true;
  if (from->kind == GCG__SITE_MACRO)
    return gcg__pattern_match (pattern, gcg__text (s, s->info->program), false);
  for (uint32_t i = 0; i < from->n_frames && i < GCG__LEAK_FRAMES; i++)
    {
      const char *path = module_path (s, s->frames[from->first_frame + i]);
      if (!gcg__types_own_module (base_name (path)) && gcg__pattern_match (pattern, path, false))
        return true;
    }
  return false;
}

uint32_t
gcg__leak_rule_of_site (const struct gcg__model *model, const struct gcg__rules *rules,
                        uint32_t site)
{
  for (uint32_t r = 0; r < rules->n; r++)
    if (rules->list[r].kind == GCG__RULE_LEAK && site_like (model, site, rules->list[r].pattern))
      return r;
  return GCG__NONE;
}

/* Adds FRAME without its line, and without an address when nothing is known of it. */
static void
add_place (const struct gcg__frame *frame, struct gcg__buffer *out)
{
  if (frame->function[0] == '\0' && frame->module[0] == '\0')
    gcg__buffer_text (out, "?");
  else if (frame->function[0] == '\0')
    gcg__leak_frame (frame, out);
  if (frame->function[0] == '\0')
    return;
  gcg__buffer_clean (out, frame->function);
  gcg__buffer_text (out, " (");
  gcg__buffer_clean (out, frame->file[0] != '\0' ? base_name (frame->file) : frame->module);
  gcg__buffer_text (out, ")");
}

/* The type of object ID; NULL when the site stands in its place. */
static const char *
known_type (const struct gcg__model *model, uint32_t id)
{
  uint32_t group = model->types->group_of_object[id];
  if (group == GCG__NONE || model->types->groups[group].type == NULL)
    return NULL;
  return model->types->groups[group].name;
}

void
gcg__leak_block_signature (const struct gcg__model *model, const struct gcg__object *object,
                           struct gcg__buffer *out)
{
  struct gcg__frame frames[GCG__LEAK_FRAMES];
  uint32_t n = gcg__leak_frames (model, object->site, frames, SIGNATURE_FRAMES);
  const char *type = known_type (model, object->id);
  gcg__buffer_text (out, "leak:");
  if (type != NULL)
    gcg__buffer_format (out, "%s%s", type, n > 0 ? ": " : "");
  for (uint32_t i = 0; i < n; i++)
    {
      gcg__buffer_text (out, i > 0 ? " < " : "");
      add_place (&frames[i], out);
    }
  if (n == 0 && type == NULL)
    gcg__buffer_text (out, "unknown");
}

/* Adds what stands for the type of OBJECT in a signature. */
static void
add_type (const struct gcg__model *model, const struct gcg__object *object, struct gcg__buffer *out)
{
  struct gcg__frame frames[GCG__LEAK_FRAMES];
  char scratch[GCG__TYPE_SCRATCH];
  const char *type = known_type (model, object->id);
  if (type != NULL)
    gcg__buffer_text (out, type);
  else if (gcg__leak_frames (model, object->site, frames, 1) > 0)
    add_place (&frames[0], out);
  else
    gcg__buffer_text (out, gcg__types_of (model->types, object, scratch));
}

/* The names of a path's steps. */
struct steps
{
  char **types; /* [n], each owned by all_types */
  char **edges; /* "struct a.next" */
  char **all_types, **all_edges;
  uint32_t n;
};

static void
steps_fini (struct steps *steps)
{
  for (uint32_t i = 0; i < steps->n; i++)
    {
      if (steps->all_types != NULL)
        free (steps->all_types[i]);
      if (steps->all_edges != NULL)
        free (steps->all_edges[i]);
    }
  free (steps->all_types);
  free (steps->all_edges);
  free (steps->types);
  free (steps->edges);
}

/* false: out of memory; STEPS is to be ended in any case. */
static bool
steps_init (struct steps *steps, const struct gcg__model *model, const struct gcg__cycle_path *path)
{
  struct gcg__buffer name;
  *steps = (struct steps){ .n = path->n < MAX_STEPS ? path->n : MAX_STEPS };
  steps->all_types = calloc (steps->n + (size_t)1, sizeof *steps->all_types);
  steps->all_edges = calloc (steps->n + (size_t)1, sizeof *steps->all_edges);
  steps->types = calloc (steps->n + (size_t)1, sizeof *steps->types);
  steps->edges = calloc (steps->n + (size_t)1, sizeof *steps->edges);
  bool ok = steps->all_types != NULL && steps->all_edges != NULL && steps->types != NULL
            && steps->edges != NULL;
  gcg__buffer_init (&name, NULL, NULL);
  for (uint32_t i = 0; i < steps->n && ok; i++)
    {
      struct gcg__object object;
      gcg__snapshot_object (model->snapshot, path->steps[i].object, &object);
      gcg__buffer_clear (&name);
      add_type (model, &object, &name);
      steps->all_types[i] = steps->types[i] = strdup (gcg__buffer_string (&name));
      gcg__model_field (model, &object, path->steps[i].offset, &name);
      steps->all_edges[i] = steps->edges[i] = strdup (gcg__buffer_string (&name));
      ok = steps->types[i] != NULL && steps->edges[i] != NULL && name.status == GCG_OK;
    }
  gcg__buffer_fini (&name);
  return ok;
}

/* Where the rotation of the N NAMES begins that comes first in the alphabet. */
static uint32_t
first_rotation (char *const *names, uint32_t n)
{
  uint32_t best = 0;
  for (uint32_t other = 1; other < n; other++)
    {
      uint32_t i = 0;
      int order = 0;
      while (i < n && (order = strcmp (names[(other + i) % n], names[(best + i) % n])) == 0)
        i++;
      if (order < 0)
        best = other;
    }
  return best;
}

static int
name_compare (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* Adds the signature of the N types TYPES, which it may reorder. */
static void
add_signature (char **types, uint32_t n, struct gcg__buffer *out)
{
  bool many = n > MAX_NAMES;
  uint32_t first = 0;
  gcg__buffer_text (out, "cycle:");
  if (many)
    {
      qsort (types, n, sizeof *types, name_compare);
      n = gcg__cycle_reduce (types, n);
      gcg__buffer_text (out, "of ");
    }
  else
    first = first_rotation (types, n);
  for (uint32_t i = 0; i < n && i < MAX_NAMES; i++)
    gcg__buffer_format (out, "%s%s", i == 0 ? "" : many ? ", " : "->", types[(first + i) % n]);
}

/* The first of RULES about cycles with these steps; GCG__NONE: none. */
static uint32_t
rule_of_cycle (const struct gcg__rules *rules, const struct steps *steps, uint32_t n_types,
               uint32_t n_edges)
{
  for (uint32_t r = 0; r < rules->n; r++)
    if (rules->list[r].kind == GCG__RULE_CYCLE
        && (gcg__rule_cycle (&rules->list[r], steps->types, n_types)
            || gcg__rule_cycle (&rules->list[r], steps->edges, n_edges)))
      return r;
  return GCG__NONE;
}

enum gcg_status
gcg__cycle_names_init (struct gcg__cycle_names *names, struct gcg__model *model,
                       const struct gcg__rules *rules, uint32_t cycle, struct gcg_error *error)
{
  const struct gcg__cycle_path *path;
  struct steps steps;
  struct gcg__buffer signature;
  enum gcg_status status = gcg__model_path (model, cycle, &path, error);
  if (status != GCG_OK)
    return status;
  *names = (struct gcg__cycle_names){ .rule = GCG__NONE };
  gcg__buffer_init (&signature, NULL, NULL);
  if (steps_init (&steps, model, path))
    {
      uint32_t n_types = gcg__cycle_reduce (steps.types, steps.n);
      uint32_t n_edges = gcg__cycle_reduce (steps.edges, steps.n);
      names->rule = rule_of_cycle (rules, &steps, n_types, n_edges);
      add_signature (steps.types, n_types, &signature);
      names->signature = gcg__buffer_take (&signature);
    }
  steps_fini (&steps);
  gcg__buffer_fini (&signature);
  if (names->signature == NULL)
    return gcg__report_fail (error, GCG_NO_MEMORY, "out of memory for the names of a cycle");
  return GCG_OK;
}
