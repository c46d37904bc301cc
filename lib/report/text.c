/* text.c -- "gcglass report": a snapshot in a terminal.
 *
 * What is wrong comes first, then the figures, the biggest types and sites, and each cycle with the
 * edge to cut.  Columns are aligned by characters, not bytes; names are cut to fit 100 columns.
 * Everything that comes from the program has been cleaned of control characters.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/explain.h"
#include "base/error.h"
#include "report/findings.h"
#include "report/hazard.h"
#include "report/words.h"

#define NAME_COLUMNS 44u
#define WRAP_COLUMNS 96u
#define MAX_CYCLES   1000u /* examined, to report those that read alike once */

struct text
{
  struct gcg__model *model;
  const struct gcg__text_options *options;
  struct gcg__buffer *out;
};

enum style
{
  BOLD,
  GREY,
  WARNING,
  PLAIN
};

static void
style (const struct text *t, enum style style)
{
  static const char *const codes[] = { "\033[1m", "\033[2m", "\033[1;33m", "\033[0m" };
  if (t->options->colour)
    gcg__buffer_text (t->out, codes[style]);
}

static uint32_t
count_characters (const char *text)
{
  uint32_t n = 0;
  for (; *text != '\0'; text++)
    n += (*text & 0xc0) != 0x80;
  return n;
}

static void
pad (const struct text *t, uint32_t n)
{
  while (n-- > 0)
    gcg__buffer_add (t->out, " ", 1);
}

/* NAME to the left in WIDTH columns, cut when it is longer. */
static void
left (const struct text *t, const char *name, uint32_t width)
{
  uint32_t n = count_characters (name);
  if (n <= width)
    {
      gcg__buffer_text (t->out, name);
      pad (t, width - n);
      return;
    }
  const char *end = name;
  for (uint32_t i = 0; i + 1 < width; i++)
    (void)gcg__utf8_next (&end);
  gcg__buffer_add (t->out, name, (size_t)(end - name));
  gcg__buffer_text (t->out, "\xe2\x80\xa6");
}

static void
right (const struct text *t, const char *word, uint32_t width)
{
  uint32_t n = count_characters (word);
  pad (t, n < width ? width - n : 0);
  gcg__buffer_text (t->out, word);
}

static void
heading (const struct text *t, const char *words)
{
  gcg__buffer_add (t->out, "\n", 1);
  style (t, BOLD);
  gcg__buffer_text (t->out, words);
  style (t, PLAIN);
}

/* WORDS, broken at blanks to stay within WRAP_COLUMNS, each line but the first INDENT in, where the
   first one stands already. */
static void
wrap (const struct text *t, const char *words, uint32_t indent)
{
  uint32_t column = indent;
  while (*words != '\0')
    {
      const char *end = words + strcspn (words, " ");
      uint32_t width = 0;
      for (const char *c = words; c < end; c++)
        width += (*c & 0xc0) != 0x80;
      if (column > indent && column + 1 + width > WRAP_COLUMNS)
        {
          gcg__buffer_add (t->out, "\n", 1);
          pad (t, indent);
          column = indent;
        }
      else if (column > indent)
        {
          gcg__buffer_add (t->out, " ", 1);
          column++;
        }
      gcg__buffer_add (t->out, words, (size_t)(end - words));
      column += width;
      words = end + (*end == ' ');
    }
  gcg__buffer_add (t->out, "\n", 1);
}

static void
write_head (const struct text *t)
{
  const struct gcg__snapshot *s = t->model->snapshot;
  struct gcg__frame_state frame;
  gcg__frame_init (&frame, t->model);
  style (t, BOLD);
  gcg__buffer_clean (t->out, frame.program[0] != '\0' ? frame.program : t->options->name);
  style (t, PLAIN);
  gcg__buffer_format (t->out, "  pid %u, collection %s", s->info->pid,
                      gcg__word_count (s->info->collections).text);
  time_t seconds = (time_t)(s->info->realtime_ns / 1000000000);
  struct tm local;
  char date[40];
  if (seconds > 0 && localtime_r (&seconds, &local) != NULL
      && strftime (date, sizeof date, "%Y-%m-%d %H:%M:%S %z", &local) > 0)
    gcg__buffer_format (t->out, ", %s", date);
  const char *description = gcg__text (s, s->info->description);
  if (description[0] != '\0')
    {
      gcg__buffer_text (t->out, ", \"");
      gcg__buffer_clean (t->out, description);
      gcg__buffer_text (t->out, "\"");
    }
  gcg__buffer_text (t->out, "\n\n");
}

static enum gcg_status
write_findings (const struct text *t, struct gcg_error *error)
{
  struct gcg__findings findings;
  enum gcg_status status = gcg__findings_init (&findings, t->model, error);
  if (status != GCG_OK)
    return status;
  for (uint32_t i = 0; i < findings.n; i++)
    {
      const struct gcg__finding *finding = &findings.list[i];
      style (t, finding->warning ? WARNING : GREY);
      gcg__buffer_text (t->out, finding->warning ? "! " : "- ");
      style (t, PLAIN);
      wrap (t, gcg__buffer_string (&finding->text), 2);
    }
  gcg__findings_fini (&findings);
  return GCG_OK;
}

static void
total_line (const struct text *t, const char *name, const struct gcg__totals *totals)
{
  gcg__buffer_text (t->out, "  ");
  left (t, name, 12);
  right (t, gcg__word_count (totals->objects).text, 14);
  right (t, gcg__word_size (totals->bytes).text, 12);
}

static void
write_totals (const struct text *t)
{
  const struct gcg__analysis *a = t->model->analysis;
  const struct gcg__info *info = t->model->snapshot->info;
  heading (t, "Heap                 objects       bytes\n");
  total_line (t, "all", &a->all);
  gcg__buffer_format (t->out, "   of a heap of %s, %s free\n",
                      gcg__word_size (info->heap_bytes).text,
                      gcg__word_size (info->free_bytes).text);
  total_line (t, "reachable", &a->reachable);
  gcg__buffer_text (t->out, "\n");
  total_line (t, "garbage", &a->garbage);
  gcg__buffer_text (t->out, "   in ");
  gcg__words_number (t->out, a->n_components, "component");
  gcg__buffer_text (t->out, " with ");
  gcg__words_number (t->out, a->n_cycles, "cycle");
  gcg__buffer_text (t->out, "\n");
  total_line (t, "leaked", &a->leaked);
  gcg__buffer_text (t->out, "   by ");
  gcg__words_number (t->out, t->model->leaked_cycles, "cycle");
  gcg__buffer_text (t->out, "\n");
}

/* The figures of a row, the same in both tables. */
static void
write_count (const struct text *t, const struct gcg__count *count)
{
  right (t, gcg__word_count (count->all.objects).text, 12);
  right (t, gcg__word_size (count->all.bytes).text, 12);
  right (t, gcg__word_share (count->all.bytes, t->model->analysis->all.bytes).text, 8);
  const char *garbage = gcg__word_count (count->garbage.objects).text;
  right (t, count->garbage.objects == 0 ? "-" : garbage, 12);
}

/* Says that N rows of a table are not shown. */
static void
write_rest (const struct text *t, uint32_t n)
{
  if (n == 0)
    return;
  style (t, GREY);
  gcg__buffer_format (t->out, "  and %s more\n", gcg__word_count (n).text);
  style (t, PLAIN);
}

static void
write_types (const struct text *t)
{
  const struct gcg__model *m = t->model;
  if (m->n_type_rows > 0)
    heading (t, "Types                                              "
                "count       bytes   share     garbage\n");
  for (uint32_t i = 0; i < m->n_type_rows && i < t->options->top; i++)
    {
      gcg__buffer_text (t->out, "  ");
      left (t, m->type_rows[i].name, NAME_COLUMNS - 2);
      write_count (t, &m->type_rows[i].count);
      gcg__buffer_text (t->out, "\n");
    }
  write_rest (t, m->n_type_rows > t->options->top ? m->n_type_rows - t->options->top : 0);
}

static enum gcg_status
write_sites (const struct text *t, struct gcg_error *error)
{
  const struct gcg__model *m = t->model;
  uint32_t *sites, n;
  enum gcg_status status = gcg__sites_order (m, &sites, &n, error);
  if (status != GCG_OK)
    return status;
  if (n > 0)
    heading (t, "Sites                                              "
                "count       bytes   share     garbage\n");
  for (uint32_t i = 0; i < n && i < t->options->top; i++)
    {
      gcg__buffer_text (t->out, "  ");
      left (t, m->types->places[sites[i]].text, NAME_COLUMNS - 2);
      write_count (t, &m->histogram->by_site[sites[i]]);
      gcg__buffer_text (t->out, "\n");
    }
  write_rest (t, n > t->options->top ? n - t->options->top : 0);
  free (sites);
  return GCG_OK;
}

static void
label (const struct text *t, const char *name)
{
  style (t, GREY);
  gcg__buffer_text (t->out, "     ");
  left (t, name, 11);
  style (t, PLAIN);
}

/* Cycles that read alike, reported once. */
struct alike
{
  char *text; /* of the path */
  enum gcg__verdict verdict;
  uint32_t cycle; /* the first of them, the biggest */
  uint32_t n;
  uint64_t bytes; /* of all; of finalization cycles: what they keep */
};

static uint64_t
held_bytes (const struct gcg__model *model, uint32_t cycle)
{
  const struct gcg__cycle *c = &model->analysis->cycles[cycle];
  return c->n_finalizers > 0 ? c->kept.bytes : c->bytes;
}

static enum gcg_status
write_alike (const struct text *t, const struct alike *alike, uint32_t number,
             struct gcg_error *error)
{
  const struct gcg__cycle *c = &t->model->analysis->cycles[alike->cycle];
  struct gcg__explanation e;
  enum gcg_status status = gcg__explain_cycle (t->model, alike->cycle, &e, error);
  if (status != GCG_OK)
    return status;
  gcg__buffer_format (t->out, "%3u. ", number);
  style (t, e.verdict == GCG__CYCLE ? BOLD : WARNING);
  if (alike->n == 1)
    gcg__buffer_text (t->out, gcg__verdict_name (e.verdict));
  else
    gcg__words_number (t->out, alike->n, gcg__verdict_name (e.verdict));
  style (t, PLAIN);
  gcg__buffer_format (t->out, "%s %s; %s", alike->n == 1 ? " holds" : " hold",
                      gcg__word_size (alike->bytes).text, alike->n == 1 ? "" : "the biggest: ");
  gcg__words_number (t->out, c->n_objects, "object");
  gcg__buffer_format (t->out, " on it, component %u\n", c->component + 1);
  label (t, "path");
  wrap (t, alike->text, 16);
  label (t, "cut");
  gcg__buffer_format (t->out, "%s: frees ", gcg__buffer_string (&e.edge));
  gcg__words_number (t->out, e.path->freed.objects, "object");
  gcg__buffer_format (t->out, ", %s\n", gcg__word_size (e.path->freed.bytes).text);
  label (t, "allocated");
  gcg__buffer_format (t->out, "%s\n", e.allocated_at);
  label (t, "why");
  wrap (t, gcg__buffer_string (&e.why), 16);
  label (t, "what to do");
  wrap (t, gcg__buffer_string (&e.advice), 16);
  gcg__explanation_fini (&e);
  return GCG_OK;
}

/* Who points to what is taken. */
static void
write_hazards (const struct text *t)
{
  const struct gcg__model *m = t->model;
  uint32_t n = m->snapshot->n_hazards, top = t->options->top < n ? t->options->top : n;
  if (n == 0)
    return;
  heading (t, "Still pointed to, and taken all the same\n");
  for (uint32_t i = 0; i < top; i++)
    {
      struct gcg__object object;
      struct gcg__buffer holder;
      char scratch[GCG__TYPE_SCRATCH];
      gcg__snapshot_object (m->snapshot, m->snapshot->hazards[i].object, &object);
      gcg__buffer_init (&holder, NULL, NULL);
      gcg__hazard_text (m, &m->snapshot->hazards[i], &holder);
      gcg__buffer_text (t->out, "  ");
      left (t, gcg__types_of (m->types, &object, scratch), 24);
      gcg__buffer_format (t->out, " 0x%llx  ", (unsigned long long)object.address);
      wrap (t, gcg__buffer_string (&holder), 43);
      gcg__buffer_fini (&holder);
    }
  write_rest (t, (uint32_t)(n - top + m->snapshot->n_hazards_left_out));
}

/* Adds CYCLE to the N kinds in LIST, or a new kind.  */
static enum gcg_status
sort_in (const struct text *t, uint32_t cycle, struct alike *list, uint32_t *n,
         struct gcg_error *error)
{
  struct gcg__buffer path;
  gcg__buffer_init (&path, NULL, NULL);
  enum gcg_status status = gcg__explain_path (t->model, cycle, &path, error);
  char *text = gcg__buffer_take (&path);
  if (text == NULL || status != GCG_OK)
    {
      free (text);
      return status != GCG_OK ? status : gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
    }
  enum gcg__verdict verdict = gcg__model_cycle_verdict (t->model, cycle);
  uint32_t k = 0;
  while (k < *n && (list[k].verdict != verdict || strcmp (list[k].text, text) != 0))
    k++;
  if (k == *n)
    list[(*n)++] = (struct alike){ .text = text, .verdict = verdict, .cycle = cycle };
  else
    free (text);
  list[k].n++;
  list[k].bytes += held_bytes (t->model, cycle);
  return GCG_OK;
}

static int
alike_compare (const void *a, const void *b)
{
  const struct alike *x = a, *y = b;
  if (x->verdict != y->verdict)
    return x->verdict < y->verdict ? -1 : 1;
  if (x->bytes != y->bytes)
    return x->bytes > y->bytes ? -1 : 1;
  return (x->cycle > y->cycle) - (x->cycle < y->cycle);
}

static enum gcg_status
write_cycles (const struct text *t, struct gcg_error *error)
{
  uint32_t all = t->model->analysis->n_cycles, n = 0;
  uint32_t looked_at = all < MAX_CYCLES ? all : MAX_CYCLES;
  if (all == 0)
    return GCG_OK;
  struct alike *list = calloc (looked_at, sizeof *list);
  if (list == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for %u cycles", looked_at);
  enum gcg_status status = GCG_OK;
  for (uint32_t c = 0; c < looked_at && status == GCG_OK; c++)
    status = sort_in (t, c, list, &n, error);
  qsort (list, n, sizeof *list, alike_compare);
  heading (t, "Cycles in the garbage\n");
  for (uint32_t i = 0; i < n && i < t->options->top && status == GCG_OK; i++)
    status = write_alike (t, &list[i], i + 1, error);
  write_rest (t, (n > t->options->top ? n - t->options->top : 0) + (all - looked_at));
  for (uint32_t i = 0; i < n; i++)
    free (list[i].text);
  free (list);
  return status;
}

enum gcg_status
gcg__text_write (struct gcg__model *model, const struct gcg__text_options *options,
                 struct gcg__buffer *out, struct gcg_error *error)
{
  struct text t = { model, options, out };
  write_head (&t);
  enum gcg_status status = write_findings (&t, error);
  if (status != GCG_OK)
    return status;
  write_totals (&t);
  write_hazards (&t);
  write_types (&t);
  if ((status = write_sites (&t, error)) != GCG_OK || (status = write_cycles (&t, error)) != GCG_OK)
    return status;
  return gcg__buffer_status (out, error);
}
