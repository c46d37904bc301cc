/* leak_names.c -- see leak_names.h.
 *
 * A cycle is named by the types along its shortest way round, begun where that reads first in the
 * alphabet, equal neighbours and repetitions named once: a ring of three and one of three thousand
 * nodes are the same leak.  Of a way with many changes only which types there are is told.
 */
#include <config.h>

#include "report/leak_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/origin.h"
#include "report/words.h"

#define MAX_STEPS        4096u /* looked at */
#define MAX_NAMES        16u   /* in a signature */
#define SIGNATURE_FRAMES 8u

/* FRAME is what starts a program or a thread, of no interest to its author. */
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
                                       .module = gcg__base_name (gcg__text (s, s->info->program)) };
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
      gcg__buffer_clean (out, gcg__base_name (frame->file));
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
      if (!gcg__types_own_module (gcg__base_name (path))
          && gcg__pattern_match (pattern, path, false))
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

/* How signatures name objects: the current way, and the ways of versions that did not yet skip
   allocators' wrappers or parse lines with several calls, for baselines and rules of those
   versions. */
enum naming
{
  NAMING_NOW,
  NAMING_INNERMOST, /* the innermost frame, where the type is not known */
  NAMING_UNREAD,    /* the same, without types read from source lines */
  N_NAMINGS
};

/* The type of object ID; NULL when the site stands in its place. */
static const char *
known_type (const struct gcg__model *model, uint32_t id, enum naming naming)
{
  uint32_t group = model->types->group_of_object[id];
  if (group == GCG__NONE || model->types->groups[group].type == NULL)
    return NULL;
  uint32_t site = gcg__word_site (model->snapshot->words[id]);
  bool read = model->types->groups[group].basis == GCG__BASIS_EXPRESSION
              && model->snapshot->sites[site].kind == GCG__SITE_STACK;
  return naming == NAMING_UNREAD && read ? NULL : model->types->groups[group].name;
}

static void
add_block_signature (const struct gcg__model *model, const struct gcg__object *object,
                     enum naming naming, struct gcg__buffer *out)
{
  struct gcg__origin place = { .n = 1 };
  struct gcg__frame frames[GCG__LEAK_FRAMES];
  uint32_t n = gcg__leak_frames (model, object->site, frames, SIGNATURE_FRAMES);
  const char *type = known_type (model, object->id, naming);
  gcg__buffer_text (out, "leak:");
  if (type != NULL)
    gcg__buffer_format (out, "%s%s", type, n > 0 ? ": " : "");
  for (uint32_t i = 0; i < n; i++)
    {
      gcg__buffer_text (out, i > 0 ? " < " : "");
      place.frames[0] = frames[i];
      gcg__origin_signature (&place, out);
    }
  if (n == 0 && type == NULL)
    gcg__buffer_text (out, "unknown");
}

/* Adds what stands for the type of OBJECT in a signature. */
static void
add_type (const struct gcg__model *model, const struct gcg__object *object, enum naming naming,
          struct gcg__buffer *out)
{
  struct gcg__origin origin = { .n = 0 };
  struct gcg__frame frames[GCG__LEAK_FRAMES];
  char scratch[GCG__TYPE_SCRATCH];
  const char *type = known_type (model, object->id, naming);
  if (type != NULL)
    gcg__buffer_text (out, type);
  else if (naming == NAMING_NOW)
    gcg__origin_find (model->snapshot, model->symbols, object->site, &origin);
  else if (gcg__leak_frames (model, object->site, frames, 1) > 0)
    origin = (struct gcg__origin){ .frames = { frames[0] }, .n = 1 };
  if (origin.n > 0)
    gcg__origin_signature (&origin, out);
  else if (type == NULL)
    gcg__buffer_text (out, gcg__types_of (model->types, object, scratch));
}

/* Moves the signatures MADE, one for each naming, to NAMES and drops earlier ones that equal the
   current one.  false: one was NULL, and all are freed. */
static bool
signatures_take (char *made[N_NAMINGS], struct gcg__leak_names *names)
{
  bool ok = true;
  for (int i = 0; i < N_NAMINGS; i++)
    ok = ok && made[i] != NULL;
  names->signature = made[NAMING_NOW];
  for (int i = 0; i < GCG__EARLIER; i++)
    {
      char *earlier = made[NAMING_INNERMOST + i];
      if (ok && strcmp (earlier, names->signature) == 0)
        {
          free (earlier);
          earlier = NULL;
        }
      names->earlier[i] = earlier;
    }
  if (!ok)
    gcg__leak_names_fini (names);
  return ok;
}

void
gcg__leak_names_fini (struct gcg__leak_names *names)
{
  free (names->signature);
  for (int i = 0; i < GCG__EARLIER; i++)
    free (names->earlier[i]);
  *names = (struct gcg__leak_names){ .rule = GCG__NONE };
}

bool
gcg__leak_names_block (struct gcg__leak_names *names, const struct gcg__model *model,
                       const struct gcg__object *object)
{
  char *made[N_NAMINGS];
  *names = (struct gcg__leak_names){ .rule = GCG__NONE };
  for (int i = 0; i < N_NAMINGS; i++)
    {
      struct gcg__buffer text;
      gcg__buffer_init (&text, NULL, NULL);
      add_block_signature (model, object, (enum naming)i, &text);
      made[i] = gcg__buffer_take (&text);
      gcg__buffer_fini (&text);
    }
  return signatures_take (made, names);
}

/* Names of a path's steps; the first N are the reduced cycle. */
struct steps
{
  char **names;
  char **all; /* [n], owned */
  uint32_t n, n_all;
};

static void
steps_fini (struct steps *steps)
{
  for (uint32_t i = 0; i < steps->n_all && steps->all != NULL; i++)
    free (steps->all[i]);
  free (steps->all);
  free (steps->names);
  *steps = (struct steps){ .n = 0 };
}

/* Fills STEPS with the types on PATH by NAMING; EDGES: with fields, "struct a.next".  false: out of
   memory.  Call steps_fini in either case. */
static bool
steps_init (struct steps *steps, const struct gcg__model *model, const struct gcg__cycle_path *path,
            enum naming naming, bool edges)
{
  struct gcg__buffer name;
  uint32_t n = path->n < MAX_STEPS ? path->n : MAX_STEPS;
  *steps = (struct steps){ .n = n, .n_all = n };
  steps->all = calloc (n + (size_t)1, sizeof *steps->all);
  steps->names = calloc (n + (size_t)1, sizeof *steps->names);
  bool ok = steps->all != NULL && steps->names != NULL;
  gcg__buffer_init (&name, NULL, NULL);
  for (uint32_t i = 0; i < n && ok; i++)
    {
      struct gcg__object object;
      gcg__snapshot_object (model->snapshot, path->steps[i].object, &object);
      gcg__buffer_clear (&name);
      add_type (model, &object, naming, &name);
      if (edges)
        gcg__model_field (model, &object, path->steps[i].offset, &name);
      steps->all[i] = steps->names[i] = strdup (gcg__buffer_string (&name));
      ok = steps->names[i] != NULL && name.status == GCG_OK;
    }
  gcg__buffer_fini (&name);
  if (ok)
    steps->n = gcg__cycle_reduce (steps->names, n);
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

/* The first of RULES about cycles with these STEPS, if it comes before RULE, else RULE. */
static uint32_t
rule_of_steps (const struct gcg__rules *rules, const struct steps *steps, uint32_t rule)
{
  for (uint32_t r = 0; r < rules->n && r < rule; r++)
    if (rules->list[r].kind == GCG__RULE_CYCLE
        && gcg__rule_cycle (&rules->list[r], steps->names, steps->n))
      return r;
  return rule;
}

enum gcg_status
gcg__leak_names_cycle (struct gcg__leak_names *names, struct gcg__model *model,
                       const struct gcg__rules *rules, uint32_t cycle, struct gcg_error *error)
{
  const struct gcg__cycle_path *path;
  struct steps steps;
  char *made[N_NAMINGS];
  uint32_t rule = GCG__NONE;
  enum gcg_status status = gcg__model_path (model, cycle, &path, error);
  if (status != GCG_OK)
    return status;
  bool ok = steps_init (&steps, model, path, NAMING_NOW, true);
  if (ok)
    rule = rule_of_steps (rules, &steps, rule);
  steps_fini (&steps);
  for (int i = 0; i < N_NAMINGS; i++)
    {
      struct gcg__buffer signature;
      gcg__buffer_init (&signature, NULL, NULL);
      made[i] = NULL;
      if (ok && steps_init (&steps, model, path, (enum naming)i, false))
        {
          rule = rule_of_steps (rules, &steps, rule);
          add_signature (steps.names, steps.n, &signature);
          made[i] = gcg__buffer_take (&signature);
        }
      steps_fini (&steps);
      gcg__buffer_fini (&signature);
    }
  if (!signatures_take (made, names))
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the names of a cycle");
  names->rule = rule;
  return GCG_OK;
}
