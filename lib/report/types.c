/* types.c -- see types.h.
 *
 * Sites are named first; what inference then finds out about some of their objects are entries of
 * their own, and all entries with one name become a group.  An inferred type that some site gives
 * under another name ("node" for "struct node") is called as there.
 *
 * Names and texts live in a pool of large pieces that is freed as a whole.  Cost: a symbol lookup
 * for each site, inference, a sort of the entries by name, 4 bytes an object.
 */
#include <config.h>

#include "report/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "report/buffer.h"
#include "base/error.h"
#include "report/infer.h"
#include "report/origin.h"
#include "report/source_type.h"
#include "report/words.h"

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

bool
gcg__types_own_module (const char *module)
{
  return strncmp (module, "libgc.so", 8) == 0 || strncmp (module, "libgcglass", 10) == 0;
}

/* Fills PLACE from ORIGIN, building its text in TEXT and copying it into the pool.  HAS_TYPE: a
   likely wrapper may as well be the function that allocates objects of that type. */
static void
place_of_origin (const struct gcg__origin *origin, bool has_type, struct gcg__place *place,
                 struct gcg__buffer *text)
{
  *place = (struct gcg__place){ .function = "", .file = "" };
  gcg__buffer_clear (text);
  if (origin->n == 0)
    {
      gcg__buffer_text (text, "unknown");
      return;
    }
  const struct gcg__frame *frame
      = has_type && origin->place > 0 ? &origin->frames[0] : &origin->where;
  /* The caller of a function without a name, if known. */
  if (frame->function[0] == '\0')
    frame = &origin->frames[origin->n - 1];
  place->function = frame->function;
  place->file = frame->file;
  place->line = frame->line;
  if (place->file[0] == '\0' && frame->function[0] != '\0')
    gcg__buffer_clean (text, frame->function);
  else if (place->file[0] == '\0')
    gcg__origin_name (origin, text);
  else
    {
      gcg__buffer_clean (text, gcg__base_name (place->file));
      gcg__buffer_format (text, ":%u", place->line);
      if (place->function[0] != '\0')
        {
          gcg__buffer_text (text, " (");
          gcg__buffer_clean (text, place->function);
          gcg__buffer_text (text, ")");
        }
    }
  clip (text);
}

/* The type of SITE's objects when it can be known, or NULL. */
static const char *
type_of_site (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
              struct gcg__sources *sources, const struct gcg__site *site, enum gcg__basis *basis)
{
  const char *type = gcg__text (snapshot, site->type);
  *basis = GCG__BASIS_GIVEN;
  if (type[0] != '\0')
    return type;
  *basis = GCG__BASIS_EXPRESSION;
  const char *expression = gcg__text (snapshot, site->expression);
  if (site->kind == GCG__SITE_STACK)
    return gcg__source_type (sources, snapshot, symbols, site);
  if (site->kind != GCG__SITE_MACRO || expression[0] == '\0')
    return NULL;
  type = gcg__symbols_expression_type (symbols, expression, gcg__text (snapshot, site->function),
                                       gcg__text (snapshot, site->file), site->line);
  /* It may be who calls the function that says what for. */
  if ((type == NULL || type[0] == '\0') && site->n_frames > 0)
    type = gcg__source_type (sources, snapshot, symbols, site);
  return type != NULL && type[0] != '\0' ? type : NULL;
}

static void
name_of_site (const struct gcg__origin *origin, const char *type, struct gcg__buffer *name)
{
  gcg__buffer_clear (name);
  if (type != NULL)
    gcg__buffer_clean (name, type);
  else if (origin->n > 0)
    {
      gcg__buffer_text (name, "from ");
      gcg__origin_name (origin, name);
    }
  else
    gcg__buffer_text (name, "from unknown");
  clip (name);
}

/* Objects of one site on their way to a group. */
struct entry
{
  const char *name, *type, *from;
  enum gcg__basis basis;
  uint32_t site;
  uint32_t class; /* of inference; GCG__NONE: all of the site that was not inferred */
  uint32_t n_objects;
};

static int
entry_compare (const void *a, const void *b)
{
  const struct entry *x = a, *y = b;
  int order = strcmp (x->name, y->name);
  if (order == 0)
    order = (x->site > y->site) - (x->site < y->site);
  return order != 0 ? order : (x->class > y->class) - (x->class < y->class);
}

/* What naming works on. */
struct naming
{
  struct gcg__types *types;
  const struct gcg__snapshot *snapshot;
  struct gcg__symbols *symbols;
  struct gcg__sources sources;
  struct entry *entries; /* [n_sites] of the sites, and more */
  const char **type_of_site;
  struct gcg__inference inference;
  uint32_t *group_of_class;
  uint32_t n;
};

static bool
name_sites (struct naming *naming)
{
  const struct gcg__snapshot *snapshot = naming->snapshot;
  struct gcg__buffer text;
  gcg__buffer_init (&text, NULL, NULL);
  bool done = true;
  for (uint32_t s = 1; s < snapshot->n_sites && done; s++)
    {
      const struct gcg__site *site = &snapshot->sites[s];
      struct gcg__place *place = &naming->types->places[s];
      struct entry *entry = &naming->entries[s];
      struct gcg__origin origin;
      *entry = (struct entry){ .site = s, .class = GCG__NONE };
      entry->type = type_of_site (snapshot, naming->symbols, &naming->sources, site, &entry->basis);
      if (entry->type == NULL)
        entry->basis = GCG__BASIS_SITE;
      naming->type_of_site[s] = entry->type;
      gcg__origin_find (snapshot, naming->symbols, s, &origin);
      place_of_origin (&origin, entry->type != NULL, place, &text);
      place->text = pool_copy (naming->types, gcg__buffer_string (&text));
      if (place->text == NULL)
        {
          done = false;
          break;
        }
      name_of_site (&origin, entry->type, &text);
      entry->name = pool_copy (naming->types, gcg__buffer_string (&text));
      done = entry->name != NULL && text.status == GCG_OK;
    }
  gcg__buffer_fini (&text);
  return done;
}

/* How a site calls the type that the symbols know as TYPE. */
struct alias
{
  const char *type, *given;
};

static int
alias_compare (const void *a, const void *b)
{
  const uintptr_t x = (uintptr_t)((const struct alias *)a)->type;
  const uintptr_t y = (uintptr_t)((const struct alias *)b)->type;
  return (x > y) - (x < y);
}

/* The given names, sorted; caller frees.  NULL: out of memory. */
static struct alias *
list_aliases (const struct naming *naming, uint32_t *n)
{
  const uint32_t n_sites = naming->snapshot->n_sites;
  struct alias *aliases = malloc ((n_sites + (size_t)1) * sizeof *aliases);
  *n = 0;
  if (aliases == NULL)
    return NULL;
  for (uint32_t s = 1; s < n_sites; s++)
    if (naming->type_of_site[s] != NULL)
      aliases[(*n)++]
          = (struct alias){ gcg__symbols_type_name (naming->symbols, naming->type_of_site[s]),
                            naming->type_of_site[s] };
  if (*n > 0)
    qsort (aliases, *n, sizeof *aliases, alias_compare);
  return aliases;
}

static bool
name_class (struct naming *naming, uint32_t class, const struct alias *aliases, uint32_t n_aliases,
            struct gcg__buffer *text)
{
  const struct gcg__class *c = &naming->inference.votes.classes[class];
  const struct alias wanted = { .type = c->type };
  const struct alias *alias
      = n_aliases > 0 ? bsearch (&wanted, aliases, n_aliases, sizeof *aliases, alias_compare)
                      : NULL;
  struct entry *entry = &naming->entries[naming->n++];
  *entry = (struct entry){ .type = alias != NULL ? alias->given : c->type,
                           .basis = GCG__BASIS_INFERRED,
                           .site = c->site,
                           .class = class,
                           .n_objects = c->n_objects };
  gcg__buffer_clear (text);
  gcg__inference_from (&naming->inference, class, text);
  clip (text);
  entry->from = pool_copy (naming->types, gcg__buffer_string (text));
  gcg__buffer_clear (text);
  gcg__buffer_clean (text, entry->type);
  clip (text);
  entry->name = pool_copy (naming->types, gcg__buffer_string (text));
  return entry->from != NULL && entry->name != NULL && text->status == GCG_OK;
}

/* Adds an entry for each class that was inferred, and takes those out of their sites'. */
static bool
name_classes (struct naming *naming)
{
  const struct gcg__votes *votes = &naming->inference.votes;
  const uint32_t n_sites = naming->snapshot->n_sites;
  struct gcg__buffer text;
  uint32_t n_inferred = 0, n_aliases;
  for (uint32_t c = 0; c < votes->n_classes; c++)
    if (votes->classes[c].type != NULL && !votes->classes[c].given)
      n_inferred++;
    else
      naming->entries[votes->classes[c].site].n_objects += votes->classes[c].n_objects;
  struct entry *more
      = reallocarray (naming->entries, n_sites + (size_t)n_inferred + 1, sizeof *more);
  struct alias *aliases = more != NULL ? list_aliases (naming, &n_aliases) : NULL;
  bool done = aliases != NULL;
  if (more != NULL)
    naming->entries = more;
  gcg__buffer_init (&text, NULL, NULL);
  for (uint32_t c = 0; c < votes->n_classes && done; c++)
    if (votes->classes[c].type != NULL && !votes->classes[c].given)
      done = name_class (naming, c, aliases, n_aliases, &text);
  gcg__buffer_fini (&text);
  free (aliases);
  return done;
}

/* Takes out the entries of sites whose objects were all inferred, and that of site 0. */
static void
drop_empty (struct naming *naming)
{
  const uint32_t n_sites = naming->snapshot->n_sites;
  uint8_t *inferred = (uint8_t *)naming->types->group_of_site; /* lent */
  uint32_t n = 0;
  for (uint32_t i = n_sites; i < naming->n; i++)
    inferred[naming->entries[i].site] = 1;
  for (uint32_t i = 1; i < naming->n; i++)
    {
      const struct entry *entry = &naming->entries[i];
      if (i >= n_sites || entry->n_objects > 0 || !inferred[entry->site])
        naming->entries[n++] = *entry;
    }
  naming->n = n;
  memset (inferred, 0, n_sites);
}

/* Sorts the entries by name and makes a group of those with one name.  MOST is scratch for each
   site. */
static void
group_entries (struct naming *naming, uint32_t *most)
{
  struct gcg__types *types = naming->types;
  uint32_t most_inferred = 0;
  if (naming->n > 0)
    qsort (naming->entries, naming->n, sizeof *naming->entries, entry_compare);
  for (uint32_t i = 0; i < naming->n; i++)
    {
      const struct entry *entry = &naming->entries[i];
      const bool begins = i == 0 || strcmp (entry->name, entry[-1].name) != 0;
      if (begins)
        {
          types->groups[types->n_groups++] = (struct gcg__type){ .name = entry->name };
          most_inferred = 0;
        }
      const uint32_t group = types->n_groups - 1;
      struct gcg__type *type = &types->groups[group];
      if (type->type == NULL)
        type->type = entry->type;
      if (entry->basis > type->basis)
        type->basis = entry->basis;
      if (entry->basis == GCG__BASIS_INFERRED && entry->n_objects > most_inferred)
        {
          most_inferred = entry->n_objects;
          type->from = entry->from;
        }
      if (type->basis != GCG__BASIS_INFERRED)
        type->from = NULL;
      type->n_sites += entry->site != GCG__SITE_NONE && (begins || entry->site != entry[-1].site);
      if (entry->site != GCG__SITE_NONE && entry->n_objects + 1 > most[entry->site])
        {
          most[entry->site] = entry->n_objects + 1;
          types->group_of_site[entry->site] = group;
        }
      if (entry->class != GCG__NONE)
        naming->group_of_class[entry->class] = group;
      else
        most[naming->snapshot->n_sites + entry->site] = group;
    }
}

/* Fills GROUP_OF_OBJECT, which holds classes. */
static void
group_objects (struct naming *naming, const uint32_t *rest_of_site)
{
  const struct gcg__votes *votes = &naming->inference.votes;
  for (uint32_t c = 0; c < votes->n_classes; c++)
    {
      const struct gcg__class *class = &votes->classes[c];
      if ((class->type == NULL || class->given) && class->site != GCG__SITE_NONE)
        naming->group_of_class[c] = rest_of_site[class->site];
      else if (class->type == NULL)
        naming->group_of_class[c] = GCG__NONE;
    }
  uint32_t *group_of = naming->types->group_of_object = naming->inference.class_of;
  naming->inference.class_of = NULL;
  for (uint32_t i = 0; i < naming->snapshot->n_objects; i++)
    group_of[i] = naming->group_of_class[group_of[i]];
}

/* From the entries of the sites to the groups of all. */
static enum gcg_status
name_objects (struct naming *naming, struct gcg_error *error)
{
  const size_t n_sites = naming->snapshot->n_sites;
  enum gcg_status status = gcg__inference_init (&naming->inference, naming->snapshot,
                                                naming->symbols, naming->type_of_site, error);
  if (status != GCG_OK)
    return status;
  status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory while naming objects");
  naming->group_of_class
      = malloc ((naming->inference.votes.n_classes + (size_t)1) * sizeof (uint32_t));
  uint32_t *most = calloc (2 * n_sites + 2, sizeof *most);
  naming->n = (uint32_t)n_sites;
  if (naming->group_of_class == NULL || most == NULL || !name_classes (naming))
    goto fail_memory;
  drop_empty (naming);
  naming->types->groups = calloc (naming->n + (size_t)1, sizeof *naming->types->groups);
  if (naming->types->groups == NULL)
    goto fail_memory;
  group_entries (naming, most);
  group_objects (naming, most + n_sites);
  status = GCG_OK;

fail_memory:
  free (most);
  free (naming->group_of_class);
  gcg__inference_fini (&naming->inference);
  return status;
}

enum gcg_status
gcg__types_new (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
                struct gcg__types **result, struct gcg_error *error)
{
  uint32_t n = snapshot->n_sites;
  struct naming naming = { .snapshot = snapshot, .symbols = symbols };
  enum gcg_status status
      = gcg__error_write (error, GCG_NO_MEMORY, "out of memory while naming %u sites", n);
  struct gcg__types *types = naming.types = calloc (1, sizeof *types);
  if (types == NULL)
    return status;
  types->n_sites = n;
  types->places = calloc (n + 1u, sizeof *types->places);
  types->group_of_site = calloc (n + 1u, sizeof *types->group_of_site);
  naming.entries = calloc (n + 1u, sizeof *naming.entries);
  naming.type_of_site = calloc (n + 1u, sizeof *naming.type_of_site);
  if (types->places == NULL || types->group_of_site == NULL || naming.entries == NULL
      || naming.type_of_site == NULL)
    goto done;
  types->places[0] = (struct gcg__place){ .function = "", .file = "", .text = "unknown" };
  if (name_sites (&naming))
    status = name_objects (&naming, error);

done:
  gcg__sources_fini (&naming.sources);
  free (naming.type_of_site);
  free (naming.entries);
  if (status == GCG_OK)
    *result = types;
  else
    gcg__types_free (types);
  return status;
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
  free (types->group_of_object);
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
  if (types->group_of_object[object->id] != GCG__NONE)
    return types->groups[types->group_of_object[object->id]].name;
  gcg__types_untagged (object->slot_bytes, object->kind, scratch);
  return scratch;
}
