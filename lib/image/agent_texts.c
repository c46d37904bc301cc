/* agent_texts.c -- see agent_texts.h. */
#include "config.h"

#include "image/agent_texts.h"

#include <stdlib.h>
#include <string.h>

#include "agent_tables.h"

#define MOST_STACK  (UINT32_C (1) << 17) /* words kept of one thread's */
#define MOST_STACKS (UINT32_C (1) << 23) /* and of all */

/* Makes room for MORE behind the N elements of BYTES at ITEMS, the address of a pointer; false: no
   memory, or too many. */
static bool
reserve (struct gcg__agent_texts *texts, void *items, uint32_t n, uint32_t *room, size_t bytes,
         size_t more)
{
  uint64_t need = (uint64_t)n + more, wanted = *room ? *room : 4096;
  void *grown, *old;

  if (need <= *room)
    return true;
  while (wanted < need)
    wanted *= 2;
  memcpy (&old, items, sizeof old);
  grown = wanted < UINT32_MAX ? realloc (old, wanted * bytes) : NULL;
  if (!grown)
    {
      texts->no_memory = true;
      return false;
    }
  memcpy (items, &grown, sizeof grown);
  *room = (uint32_t)wanted;
  return true;
}

uint32_t
gcg__agent_text (struct gcg__agent_texts *texts, const char *text, size_t most)
{
  size_t n = strnlen (text, most);
  uint32_t at = texts->n_strings;

  /* The empty one is the first. */
  if ((n == 0 && at > 0) || !reserve (texts, &texts->strings, at, &texts->strings_room, 1, n + 1))
    return 0;
  memcpy (texts->strings + at, text, n);
  texts->strings[at + n] = '\0';
  texts->n_strings += (uint32_t)n + 1;
  return at;
}

/* --- sites --- */

/* Texts of sites repeat: the one read last. */
struct last
{
  uint64_t address;
  uint32_t text;
};

static uint32_t
text_at (struct gcg__agent_texts *texts, const struct gcg__agent *agent, uint64_t address,
         struct last *last)
{
  char text[GCG__STRING_MAX + 1];

  if (address == last->address)
    return last->text;
  *last = (struct last){ address, 0 };
  if (gcg__image_text (agent->image, address, text, sizeof text))
    last->text = gcg__agent_text (texts, text, GCG__STRING_MAX);
  return last->text;
}

/* The frames of ENTRY, for SITE. */
static void
add_frames (struct gcg__agent_texts *texts, const struct gcg__agent *agent,
            const struct gcg__root_site *entry, struct gcg__site *site)
{
  uint32_t n = entry->n_frames;

  if (n > GCG__FRAMES_MAX
      || !reserve (texts, &texts->frames, texts->n_frames, &texts->frames_room,
                   sizeof *texts->frames, n)
      || !gcg__image_get (agent->image, entry->frames, texts->frames + texts->n_frames,
                          n * sizeof *texts->frames))
    return;
  site->first_frame = texts->n_frames;
  site->n_frames = n;
  texts->n_frames += n;
}

/* Makes the words of HEAP lead to sites as they are in snapshots; returns which of the N have
   objects. NULL: no memory. */
static uint8_t *
translate (const struct gcg__agent_sites *sites, struct gcg__agent_heap *heap)
{
  uint8_t *used = calloc (sites->n, 1);

  for (size_t i = 0; used && i < heap->n_objects; i++)
    {
      uint32_t site = heap->words[i] & (GCG__SITES_MAX - 1);
      const struct gcg__root_site *entry = site < sites->n ? &sites->items[site] : NULL;
      if (entry && entry->is_ignored)
        {
          site = entry->original < sites->n ? entry->original : 0;
          heap->words[i] |= (uint64_t)GCG__OBJECT_IGNORED << GCG__WORD_FLAG_SHIFT;
        }
      else if (entry)
        {
          used[site] = 1;
          continue;
        }
      else
        site = 0; /* a word that passes for a tag by chance */
      used[site] = 1;
      heap->words[i] = (heap->words[i] & ~(uint64_t)(GCG__SITES_MAX - 1)) | site;
    }
  return used;
}

void
gcg__agent_add_sites (struct gcg__agent_texts *texts, const struct gcg__agent *agent,
                      const struct gcg__agent_sites *sites, struct gcg__agent_heap *heap)
{
  struct last file = { 0 }, function = { 0 }, expression = { 0 }, type = { 0 };
  uint8_t *used = translate (sites, heap);

  texts->sites = calloc (sites->n, sizeof *texts->sites);
  texts->no_memory = texts->no_memory || !used || !texts->sites;
  for (uint32_t i = 1; i < sites->n && !texts->no_memory; i++)
    {
      const struct gcg__root_site *entry = &sites->items[i];
      struct gcg__site *site = &texts->sites[i];
      uint32_t name = text_at (texts, agent, entry->file, &file);
      site->kind = entry->n_frames && !name ? GCG__SITE_STACK : GCG__SITE_MACRO;
      if (!used[i])
        continue;
      site->line = entry->line;
      site->file = name;
      site->function = text_at (texts, agent, entry->function, &function);
      site->expression = text_at (texts, agent, entry->expression, &expression);
      site->type = text_at (texts, agent, entry->type, &type);
      add_frames (texts, agent, entry, site);
    }
  texts->n_sites = sites->n;
  free (used);
}

/* --- modules --- */

static void
add_module (struct gcg__agent_texts *texts, struct gcg__module module, const char *path,
            const char *build_id)
{
  module.path = gcg__agent_text (texts, path, GCG__STRING_MAX);
  module.build_id = gcg__agent_text (texts, build_id, GCG__STRING_MAX);
  if (reserve (texts, &texts->modules, texts->n_modules, &texts->modules_room,
               sizeof *texts->modules, 1))
    texts->modules[texts->n_modules++] = module;
}

static void
add_unloaded (struct gcg__agent_texts *texts, const struct gcg__agent *agent)
{
  const struct gcg__root_samples *tables = &agent->root.samples;
  uint32_t n = gcg__agent_number (agent, tables->n_unloaded);
  char path[GCG__STRING_MAX + 1];

  for (uint32_t i = 0; i < n && i < GCG__MOST_UNLOADED; i++)
    {
      uint64_t at = gcg__agent_word (agent, tables->unloaded + i * sizeof at);
      struct gcg__unloaded was;
      if (!gcg__image_get (agent->image, at, &was, sizeof was)
          || !gcg__image_text (agent->image, (uintptr_t)was.path, path, sizeof path))
        continue;
      was.build_id[sizeof was.build_id - 1] = '\0';
      add_module (texts,
                  (struct gcg__module){ .base = was.place - (was.low - was.base),
                                        .low = was.place,
                                        .high = was.place + (was.high - was.low) },
                  path, was.build_id);
    }
}

void
gcg__agent_add_modules (struct gcg__agent_texts *texts, const struct gcg__agent *agent)
{
  for (size_t i = 0; i < agent->modules.n; i++)
    {
      const struct gcg__loaded_module *module = &agent->modules.items[i];
      add_module (
          texts,
          (struct gcg__module){ .base = module->base, .low = module->low, .high = module->high },
          module->path, module->build_id);
    }
  add_unloaded (texts, agent);
}

/* --- stacks --- */

/* Copies the innermost part of the stack of THREAD, number INDEX, so that it can be unwound where
   there are symbols.  The environment, above where the first thread's stack BEGAN, may hold
   passwords. */
static void
add_stack (struct gcg__agent_texts *texts, const struct gcg__agent *agent, uint32_t index,
           const struct gcg__thread *thread, uint64_t began)
{
  uint64_t low = thread->stack_low & ~UINT64_C (7);
  uint64_t high = began > low && began < thread->stack_high ? began : thread->stack_high;
  const struct gcg__vma *map = gcg__vmas_find (gcg__image_vmas (agent->image), low);
  uint64_t n = high > low ? (high - low) / 8 : 0;
  struct gcg__stack_piece piece = { .low = low, .first = texts->n_stacks, .thread = index };

  n = n < MOST_STACK ? n : MOST_STACK;
  if (!map || !map->is_readable || texts->n_stacks + n > MOST_STACKS)
    return;
  n = n < (map->high - low) / 8 ? n : (map->high - low) / 8;
  if (!reserve (texts, &texts->stacks, texts->n_stacks, &texts->stacks_room, sizeof *texts->stacks,
                n)
      || !reserve (texts, &texts->pieces, texts->n_pieces, &texts->pieces_room,
                   sizeof *texts->pieces, 1))
    return;
  n = gcg__image_read (agent->image, low, texts->stacks + texts->n_stacks, n * 8) / 8;
  piece.n = (uint32_t)n;
  texts->n_stacks += piece.n;
  texts->pieces[texts->n_pieces++] = piece;
}

void
gcg__agent_add_stacks (struct gcg__agent_texts *texts, const struct gcg__agent *agent,
                       struct gcg__agent_areas *areas)
{
  uint64_t began = gcg__agent_word (agent, agent->areas.stack_end);

  for (uint32_t i = 0; i < areas->n_threads; i++)
    {
      struct gcg__thread *thread = &areas->threads[i];
      thread->name = gcg__agent_text (texts, agent->threads[areas->order[i]].name,
                                      sizeof agent->threads->name);
      if (thread->stack_low && !(thread->flags & GCG__THREAD_AGENT))
        add_stack (texts, agent, i, thread, began);
    }
}

void
gcg__agent_texts_fini (struct gcg__agent_texts *texts)
{
  free (texts->strings);
  free (texts->sites);
  free (texts->frames);
  free (texts->modules);
  free (texts->stacks);
  free (texts->pieces);
  *texts = (struct gcg__agent_texts){ 0 };
}
