/* draw.c -- heaps written down in a line. */
#include "config.h"

#include "tests/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/heap.h"

struct letter
{
  bool used, ignored, flipped;
  uint64_t bytes, next_offset;
  uint32_t kind, mode, birth;
};

static _Noreturn void
draw_fail (const char *text, const char *where)
{
  fprintf (stderr, "not a drawing: %s\n  at: %s\n", text, where);
  abort ();
}

static struct letter *
draw_letter (struct letter letters[26], const char *text, const char *where)
{
  if (*where < 'a' || *where > 'z')
    draw_fail (text, where);
  letters[*where - 'a'].used = true;
  return &letters[*where - 'a'];
}

/* Everything about objects; edges and roots need ids, so they are read later. */
static void
draw_objects (struct letter letters[26], const char *text)
{
  for (int i = 0; i < 26; i++)
    letters[i] = (struct letter){ .bytes = 64, .kind = GCG__KIND_NORMAL };
  for (const char *p = text; *p != '\0';)
    {
      char *end = NULL;
      if (*p == ' ' || *p == '>' || *p == '*')
        {
          p++;
          continue;
        }
      struct letter *letter = draw_letter (letters, text, p++);
      const char *modes = "osnu", *mode;
      switch (*p)
        {
        case '=':
          letter->bytes = strtoul (p + 1, &end, 10);
          break;
        case '@':
          letter->kind = (uint32_t)strtoul (p + 1, &end, 10);
          break;
        case '^':
          letter->birth = (uint32_t)strtoul (p + 1, &end, 10);
          break;
        case '!':
          mode = p[1] == '\0' ? NULL : strchr (modes, p[1]);
          if (mode == NULL)
            draw_fail (text, p);
          letter->mode = (uint32_t)(mode - modes) + GCG__FINALIZER_ORDERED;
          p += 2;
          break;
        case '~':
          letter->ignored = true;
          p++;
          break;
        case '?':
          letter->flipped = true;
          p++;
          break;
        default:
          break;
        }
      if (end != NULL)
        p = end;
    }
}

static void
draw_edges (struct heap *heap, struct letter letters[26], const uint32_t ids[26], const char *text)
{
  char before = ' ';
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '>' && p > text && p[1] >= 'a' && p[1] <= 'z')
        {
          uint32_t to = ids[p[1] - 'a'];
          if (before == '*')
            heap_root (heap, to);
          else if (before >= 'a' && before <= 'z')
            {
              struct letter *from = &letters[before - 'a'];
              heap_edge (heap, ids[before - 'a'], from->next_offset, to);
              from->next_offset += 8;
            }
          else
            draw_fail (text, p);
        }
      before = *p;
    }
}

void
draw (struct drawing *drawing, const char *text)
{
  struct letter letters[26];
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "node", "drawing.c", 1, "draw");
  draw_objects (letters, text);
  for (int i = 0; i < 26; i++)
    {
      struct letter *letter = &letters[i];
      drawing->ids[i] = GCG__NONE;
      if (!letter->used)
        continue;
      drawing->ids[i] = heap_object (heap, letter->bytes, letter->kind, site);
      heap_birth (heap, drawing->ids[i], letter->birth);
      if (letter->mode != 0)
        heap_finalizer (heap, drawing->ids[i], letter->mode);
    }
  draw_edges (heap, letters, drawing->ids, text);
  drawing->snapshot = heap_snapshot (heap);
  heap_free (heap);

  drawing->changed = *drawing->snapshot;
  drawing->words = calloc (drawing->snapshot->n_objects + 1u, sizeof *drawing->words);
  if (drawing->words == NULL)
    abort ();
  memcpy (drawing->words, drawing->snapshot->words,
          drawing->snapshot->n_objects * sizeof *drawing->words);
  for (int i = 0; i < 26; i++)
    {
      uint64_t flags = (letters[i].ignored ? GCG__OBJECT_IGNORED : 0);
      if (letters[i].used)
        drawing->words[drawing->ids[i]] |= flags << GCG__WORD_FLAG_SHIFT;
      if (letters[i].flipped)
        drawing->words[drawing->ids[i]] ^= (uint64_t)GCG__OBJECT_MARKED << GCG__WORD_FLAG_SHIFT;
    }
  drawing->changed.words = drawing->words;

  struct gcg_error error;
  if (gcg__analysis_new (&drawing->changed, &drawing->analysis, &error) != GCG_OK)
    {
      fprintf (stderr, "%s\n", error.text);
      abort ();
    }
}

void
draw_fini (struct drawing *drawing)
{
  gcg__analysis_free (drawing->analysis);
  gcg__snapshot_close (drawing->snapshot);
  free (drawing->words);
}
