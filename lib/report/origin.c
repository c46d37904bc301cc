/* origin.c -- see origin.h. */
#include <config.h>

#include "report/origin.h"

#include <string.h>

#include "report/types.h"
#include "report/words.h"
#include "report/wrapper.h"

#define MAX_UNNAMED 3u /* frames without a name between two wrappers of one module */

/* Frames of a site, innermost first, that are neither the collector's nor gcglass's. */
struct walk
{
  const struct gcg__snapshot *snapshot;
  struct gcg__symbols *symbols;
  const struct gcg__site *site;
  const struct gcg__frame *frames; /* of the address before I */
  struct gcg__frame macro;
  uint32_t i, k, n;
  bool begun;
};

static const struct gcg__frame *
walk_next (struct walk *walk)
{
  const struct gcg__site *site = walk->site;
  bool is_macro = site->kind == GCG__SITE_MACRO;
  if (!walk->begun && is_macro)
    {
      walk->begun = true;
      walk->macro = (struct gcg__frame){ .function = gcg__text (walk->snapshot, site->function),
                                         .file = gcg__text (walk->snapshot, site->file),
                                         .line = site->line,
                                         .module = gcg__base_name (gcg__text (
                                             walk->snapshot, walk->snapshot->info->program)) };
      return &walk->macro;
    }
  for (;;)
    {
      while (walk->k < walk->n)
        if (!gcg__types_own_module (walk->frames[walk->k++].module))
          return &walk->frames[walk->k - 1];
      if (walk->i == site->n_frames)
        return NULL;
      walk->n = gcg__symbols_frames (
          walk->symbols, walk->snapshot->frames[site->first_frame + walk->i], true, &walk->frames);
      /* The innermost one of a place is that place. */
      walk->k = is_macro && walk->i == 0;
      walk->i++;
    }
}

/* Returns whether FRAME, which has no name, lies between wrappers of its module: one that it called
   and one that called it. */
static bool
is_amid (const struct walk *walk, const struct gcg__frame *frame, const char *inner_module)
{
  struct walk ahead = *walk;
  const struct gcg__frame *next;
  if (inner_module == NULL || strcmp (frame->module, inner_module) != 0)
    return false;
  for (uint32_t i = 0; i < MAX_UNNAMED && (next = walk_next (&ahead)) != NULL; i++)
    if (strcmp (next->module, inner_module) != 0)
      return false;
    else if (next->function[0] != '\0')
      return gcg__wrapper_kind (next->function) == GCG__WRAPPER_KNOWN;
  return false;
}

/* Adds the callers of the last frame of ORIGIN, which has no name, in its module. */
static void
add_callers (struct walk *walk, struct gcg__origin *origin)
{
  const struct gcg__frame *frame;
  if (origin->frames[origin->place].module[0] == '\0')
    return;
  while (origin->n < GCG__ORIGIN_FRAMES && (frame = walk_next (walk)) != NULL
         && strcmp (frame->module, origin->frames[origin->place].module) == 0)
    {
      origin->frames[origin->n++] = *frame;
      if (frame->function[0] != '\0')
        return;
    }
}

/* Sets the place of ORIGIN, which is in the C++ library, to the frame that called it, named or
   not. */
static void
find_place (struct walk *walk, struct gcg__origin *origin)
{
  const struct gcg__frame *frame;
  while ((frame = walk_next (walk)) != NULL && frame->function[0] != '\0')
    if (gcg__wrapper_kind (frame->function) != GCG__WRAPPER_TEMPLATE)
      {
        origin->where = *frame;
        return;
      }
}

/* The innermost frame of all of SITE; NULL: it has none. */
static const struct gcg__frame *
innermost (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
           const struct gcg__site *site)
{
  const struct gcg__frame *frames;
  if (site->n_frames == 0)
    return NULL;
  gcg__symbols_frames (symbols, snapshot->frames[site->first_frame], true, &frames);
  return frames;
}

void
gcg__origin_find (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols, uint32_t site,
                  struct gcg__origin *origin)
{
  struct walk walk = { .snapshot = snapshot, .symbols = symbols, .site = &snapshot->sites[site] };
  const struct gcg__frame *frame, *likely = NULL, *wrapper = NULL;
  *origin = (struct gcg__origin){ .n = 0 };
  while ((frame = walk_next (&walk)) != NULL)
    {
      enum gcg__wrapper kind = gcg__wrapper_kind (frame->function);
      bool outside = kind == GCG__WRAPPER_NONE || kind == GCG__WRAPPER_TEMPLATE;
      if (outside
          && (frame->function[0] != '\0' || wrapper == NULL
              || !is_amid (&walk, frame, wrapper->module)))
        break;
      if (!outside)
        wrapper = frame;
      if (kind == GCG__WRAPPER_LIKELY)
        likely = frame;
    }
  if (frame == NULL)
    {
      frame = wrapper != NULL ? wrapper : innermost (snapshot, symbols, walk.site);
      likely = NULL;
    }
  if (frame == NULL)
    return;
  if (likely != NULL)
    origin->frames[origin->n++] = *likely;
  origin->place = origin->n;
  origin->frames[origin->n++] = *frame;
  origin->where = *frame;
  if (frame->function[0] == '\0')
    add_callers (&walk, origin);
  else if (gcg__wrapper_kind (frame->function) == GCG__WRAPPER_TEMPLATE)
    find_place (&walk, origin);
}

/* Adds FRAME whose function has no name. */
static void
add_unnamed (const struct gcg__frame *frame, bool lines, struct gcg__buffer *out)
{
  if (frame->file[0] != '\0')
    {
      gcg__buffer_clean (out, gcg__base_name (frame->file));
      gcg__buffer_format (out, ":%u", frame->line);
    }
  else if (frame->module[0] != '\0')
    {
      gcg__buffer_clean (out, frame->module);
      gcg__buffer_format (out, "+0x%llx", (unsigned long long)frame->offset);
    }
  else if (lines)
    gcg__buffer_format (out, "0x%llx", (unsigned long long)frame->offset);
  else
    gcg__buffer_text (out, "?");
}

/* Adds FRAME; LINES: with its line. */
static void
add_frame (const struct gcg__frame *frame, bool lines, struct gcg__buffer *out)
{
  const char *where = frame->file[0] != '\0' ? gcg__base_name (frame->file) : frame->module;
  if (frame->function[0] == '\0')
    {
      add_unnamed (frame, lines, out);
      return;
    }
  gcg__buffer_clean (out, frame->function);
  if (lines && frame->file[0] == '\0')
    return;
  gcg__buffer_text (out, " (");
  gcg__buffer_clean (out, where);
  if (lines)
    gcg__buffer_format (out, ":%u", frame->line);
  gcg__buffer_text (out, ")");
}

static void
add_origin (const struct gcg__origin *origin, bool lines, struct gcg__buffer *out)
{
  for (uint32_t i = 0; i < origin->n; i++)
    {
      if (i > 0)
        gcg__buffer_text (out, " in ");
      if (i < origin->place)
        gcg__buffer_clean (out, origin->frames[i].function);
      else
        add_frame (&origin->frames[i], lines, out);
    }
}

void
gcg__origin_signature (const struct gcg__origin *origin, struct gcg__buffer *out)
{
  add_origin (origin, false, out);
}

void
gcg__origin_name (const struct gcg__origin *origin, struct gcg__buffer *out)
{
  add_origin (origin, true, out);
}
