/* types.c -- see types.h.
 *
 * Names and texts live in a pool of large pieces that is freed as a whole.  Cost: a symbol lookup
 * for each site and a sort of the sites by name.
 */
#include <config.h>

#include "report/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/buffer.h"
#include "report/fail.h"

#define PIECE_BYTES (64u << 10)
#define NAME_BYTES  400u

struct gcg__pool
{
  struct gcg__pool *next;
  size_t used, size;
  char bytes[];
};

/* Copies TEXT into TYPES' pool; NULL when there is no memory. */
static const char *
pool_copy (struct gcg__types *types, const char *text)
{
  size_t n = strlen (text) + 1;
  struct gcg__pool *pool = types->pool;
  if (pool == NULL || pool->size - pool->used < n)
    {
      size_t size = n > PIECE_BYTES ? n : PIECE_BYTES;
      pool = malloc (sizeof *pool + size);
      if (pool == NULL)
        return NULL;
      *pool = (struct gcg__pool){ .next = types->pool, .size = size };
      types->pool = pool;
    }
  char *copy = memcpy (pool->bytes + pool->used, text, n);
  pool->used += n;
  return copy;
}

/* Cuts the text of NAME to NAME_BYTES at a character's boundary. */
static void
clip (struct gcg__buffer *name)
{
  if (name->n <= NAME_BYTES)
    return;
  size_t n = NAME_BYTES;
  while (n > 0 && (name->bytes[n] & 0xc0) == 0x80)
    n--;
  name->n = n;
  gcg__buffer_text (name, "\xe2\x80\xa6");
}

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash != NULL ? slash + 1 : path;
}

bool
gcg__types_own_module (const char *module)
{
  return strncmp (module, "libgc.so", 8) == 0 || strncmp (module, "libgcglass", 10) == 0;
}

/* The frame that stands for SITE's call stack: outside the collector and gcglass, the innermost with
   a name in the module that allocates (a stripped program's objects are not the C library's because
   main has been called from there); else the innermost outside; else the innermost of all; NULL
   without frames. */
static const struct gcg__frame *
stack_frame (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
             const struct gcg__site *site)
{
  const struct gcg__frame *outside = NULL, *any = NULL;
  for (uint32_t i = 0; i < site->n_frames; i++)
    {
      const struct gcg__frame *frames;
      uint32_t n
          = gcg__symbols_frames (symbols, snapshot->frames[site->first_frame + i], true, &frames);
      for (uint32_t k = 0; k < n; k++)
        {
          if (any == NULL)
            any = &frames[k];
          if (gcg__types_own_module (frames[k].module))
            continue;
          if (outside == NULL)
            outside = &frames[k];
          if (frames[k].function[0] != '\0' && strcmp (frames[k].module, outside->module) == 0)
            return &frames[k];
        }
    }
  return outside != NULL ? outside : any;
}

/* Fills PLACE of SITE, its text but for the copy into the pool is made in TEXT. */
static void
place_of_site (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
               const struct gcg__site *site, struct gcg__place *place, struct gcg__buffer *text)
{
  const struct gcg__frame *frame = NULL;
  *place = (struct gcg__place){ .function = "", .file = "" };
  gcg__buffer_clear (text);
  if (site->kind == GCG__SITE_MACRO)
    {
      place->function = gcg__text (snapshot, site->function);
      place->file = gcg__text (snapshot, site->file);
      place->line = site->line;
    }
  else if ((frame = stack_frame (snapshot, symbols, site)) != NULL)
    {
      place->function = frame->function;
      place->file = frame->file;
      place->line = frame->line;
    }
  if (place->file[0] != '\0')
    {
      gcg__buffer_clean (text, base_name (place->file));
      gcg__buffer_format (text, ":%u", place->line);
      if (place->function[0] != '\0')
        {
          gcg__buffer_text (text, " (");
          gcg__buffer_clean (text, place->function);
          gcg__buffer_text (text, ")");
        }
    }
  else if (place->function[0] != '\0')
    gcg__buffer_clean (text, place->function);
  else if (frame != NULL && frame->module[0] != '\0')
    {
      gcg__buffer_clean (text, frame->module);
      gcg__buffer_format (text, "+0x%llx", (unsigned long long)frame->offset);
    }
  else if (site->kind == GCG__SITE_STACK && site->n_frames > 0)
    gcg__buffer_format (text, "0x%llx", (unsigned long long)snapshot->frames[site->first_frame]);
  else
    gcg__buffer_text (text, "unknown");
  clip (text);
}

/* The type of SITE's objects when it can be known, or NULL. */
static const char *
type_of_site (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
              const struct gcg__site *site)
{
  const char *type = gcg__text (snapshot, site->type);
  if (type[0] != '\0')
    return type;
  const char *expression = gcg__text (snapshot, site->expression);
  if (site->kind != GCG__SITE_MACRO || expression[0] == '\0')
    return NULL;
  type = gcg__symbols_expression_type (symbols, expression, gcg__text (snapshot, site->function),
                                       gcg__text (snapshot, site->file), site->line);
  return type != NULL && type[0] != '\0' ? type : NULL;
}

static void
name_of_site (const struct gcg__place *place, const char *type, struct gcg__buffer *name)
{
  gcg__buffer_clear (name);
  if (type != NULL)
    gcg__buffer_clean (name, type);
  else if (place->file[0] != '\0' && place->function[0] != '\0')
    {
      gcg__buffer_text (name, "from ");
      gcg__buffer_clean (name, place->function);
      gcg__buffer_text (name, " (");
      gcg__buffer_clean (name, base_name (place->file));
      gcg__buffer_format (name, ":%u)", place->line);
    }
  else
    gcg__buffer_format (name, "from %s", place->text);
  clip (name);
}

/* A site on its way to a group. */
struct named_site
{
  const char *name, *type;
  uint32_t site;
};

static int
named_site_compare (const void *a, const void *b)
{
  const struct named_site *x = a, *y = b;
  int order = strcmp (x->name, y->name);
  return order != 0 ? order : (x->site > y->site) - (x->site < y->site);
}

static bool
name_sites (struct gcg__types *types, const struct gcg__snapshot *snapshot,
            struct gcg__symbols *symbols, struct named_site *named)
{
  struct gcg__buffer text;
  gcg__buffer_init (&text, NULL, NULL);
  bool done = true;
  for (uint32_t s = 1; s < snapshot->n_sites && done; s++)
    {
      const struct gcg__site *site = &snapshot->sites[s];
      struct gcg__place *place = &types->places[s];
      place_of_site (snapshot, symbols, site, place, &text);
      place->text = pool_copy (types, gcg__buffer_string (&text));
      if (place->text == NULL)
        {
          done = false;
          break;
        }
      named[s - 1].site = s;
      named[s - 1].type = type_of_site (snapshot, symbols, site);
      name_of_site (place, named[s - 1].type, &text);
      named[s - 1].name = pool_copy (types, gcg__buffer_string (&text));
      done = named[s - 1].name != NULL && text.status == GCG_OK;
    }
  gcg__buffer_fini (&text);
  return done;
}

/* Sorts the sites by name and makes a group of those with one name. */
static void
group_sites (struct gcg__types *types, struct named_site *named, uint32_t n)
{
  if (n > 0)
    qsort (named, n, sizeof *named, named_site_compare);
  for (uint32_t i = 0; i < n; i++)
    {
      if (i == 0 || strcmp (named[i].name, named[i - 1].name) != 0)
        types->groups[types->n_groups++]
            = (struct gcg__type){ .name = named[i].name, .type = named[i].type };
      struct gcg__type *group = &types->groups[types->n_groups - 1];
      if (group->type == NULL)
        group->type = named[i].type;
      group->n_sites++;
      types->group_of_site[named[i].site] = types->n_groups - 1;
    }
}

enum gcg_status
gcg__types_new (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
                struct gcg__types **result, struct gcg_error *error)
{
  uint32_t n = snapshot->n_sites;
  struct gcg__types *types = calloc (1, sizeof *types);
  if (types == NULL)
    goto fail_types;
  types->n_sites = n;
  types->places = calloc (n + 1u, sizeof *types->places);
  types->group_of_site = calloc (n + 1u, sizeof *types->group_of_site);
  types->groups = calloc (n + 1u, sizeof *types->groups);
  struct named_site *named = calloc (n + 1u, sizeof *named);
  if (types->places == NULL || types->group_of_site == NULL || types->groups == NULL
      || named == NULL)
    goto fail_columns;
  types->places[0] = (struct gcg__place){ .function = "", .file = "", .text = "unknown" };
  if (!name_sites (types, snapshot, symbols, named))
    goto fail_columns;
  group_sites (types, named, n > 0 ? n - 1 : 0);
  free (named);
  *result = types;
  return GCG_OK;

fail_columns:
  free (named);
  gcg__types_free (types);
fail_types:
  return gcg__report_fail (error, GCG_NO_MEMORY, "out of memory while naming %u sites", n);
}

void
gcg__types_free (struct gcg__types *types)
{
  if (types == NULL)
    return;
  while (types->pool != NULL)
    {
      struct gcg__pool *next = types->pool->next;
      free (types->pool);
      types->pool = next;
    }
  free (types->places);
  free (types->group_of_site);
  free (types->groups);
  free (types);
}

void
gcg__types_untagged (uint64_t slot_bytes, uint32_t kind, char scratch[GCG__TYPE_SCRATCH])
{
  static const char *const kinds[]
      = { ", pointer-free", "", ", uncollectable", ", pointer-free uncollectable" };
  if (slot_bytes == 0)
    snprintf (scratch, GCG__TYPE_SCRATCH, "untagged, other sizes");
  else if (kind < sizeof kinds / sizeof *kinds)
    snprintf (scratch, GCG__TYPE_SCRATCH, "untagged, %llu B%s", (unsigned long long)slot_bytes,
              kinds[kind]);
  else
    snprintf (scratch, GCG__TYPE_SCRATCH, "untagged, %llu B, kind %u",
              (unsigned long long)slot_bytes, kind);
}

const char *
gcg__types_of (const struct gcg__types *types, const struct gcg__object *object,
               char scratch[GCG__TYPE_SCRATCH])
{
  if (object->site != GCG__SITE_NONE)
    return types->groups[types->group_of_site[object->site]].name;
  gcg__types_untagged (object->slot_bytes, object->kind, scratch);
  return scratch;
}
