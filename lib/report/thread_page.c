/* thread_page.c -- the page /threads/ID: the calls of a thread, outermost first, with their source
 * and the objects that their variables hold.
 *
 * The words of a thread's stack that hold objects are roots of the snapshot; each belongs to the
 * call whose part of the stack it is in, and to the variable there that covers it.  A variable in a
 * register holds what the register held in that call.
 */
#include <config.h>

#include "report/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "report/object_table.h"
#include "report/root_text.h"

#define MAX_CALLS     512u
#define MAX_VARIABLES 256u
#define MAX_SOURCE    (16 << 20)
#define AROUND        2u /* source lines before and after */

/* All that the calls are reported from. */
struct thread_page
{
  const struct gcg__model *model;
  uint32_t thread;
  struct gcg__call *calls;         /* innermost first */
  struct gcg__variable *variables; /* of the call that is being reported */
  uint32_t n_calls, n_variables;
  const struct gcg__root **roots; /* on the thread's stack, by address */
  uint32_t n_roots;
};

/* The innermost calls in gcglass and the collector say how the snapshot was taken, not what the
   program did: they are not reported. */
static void
skip_own (struct thread_page *page)
{
  uint32_t own = 0;
  const struct gcg__frame *frames;
  while (own < page->n_calls
         && gcg__symbols_frames (page->model->symbols, page->calls[own].pc,
                                 page->calls[own].return_address, &frames)
                > 0
         && gcg__types_own_module (frames[0].module))
    own++;
  if (own == page->n_calls)
    return;
  page->n_calls -= own;
  memmove (page->calls, page->calls + own, page->n_calls * sizeof *page->calls);
}

/* What stands in for the C library's way to main or to a thread's function. */
static bool
is_gcglass (const struct thread_page *page, uint32_t call)
{
  const struct gcg__call *c = &page->calls[call];
  const struct gcg__frame *frames;
  uint32_t n = gcg__symbols_frames (page->model->symbols, c->pc, c->return_address, &frames);
  return n > 0 && frames[0].module != NULL && strncmp (frames[0].module, "libgcglass", 10) == 0;
}

static int
root_compare (const void *a, const void *b)
{
  const struct gcg__root *x = *(const struct gcg__root *const *)a;
  const struct gcg__root *y = *(const struct gcg__root *const *)b;
  return (x->address > y->address) - (x->address < y->address);
}

static bool
collect_roots (struct thread_page *page)
{
  const struct gcg__snapshot *s = page->model->snapshot;
  page->roots = malloc ((s->n_roots + 1) * sizeof *page->roots);
  if (page->roots == NULL)
    return false;
  for (uint64_t i = 0; i < s->n_roots; i++)
    {
      const struct gcg__region *region = &s->regions[s->roots[i].region];
      if (region->kind == GCG__REGION_STACK && region->index == page->thread)
        page->roots[page->n_roots++] = &s->roots[i];
    }
  qsort (page->roots, page->n_roots, sizeof *page->roots, root_compare);
  return true;
}

/* The lines around LINE of FILE, when it can be read. */
static void
write_source (const char *file, uint32_t line, struct gcg__json *json)
{
  struct stat about;
  char *text = NULL;
  size_t size = 0;
  int fd
      = file[0] == '/' && line > 0 ? open (file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
  FILE *stream
      = fd >= 0 && fstat (fd, &about) == 0 && S_ISREG (about.st_mode) && about.st_size <= MAX_SOURCE
            ? fdopen (fd, "r")
            : NULL;
  if (stream == NULL)
    {
      if (fd >= 0)
        close (fd);
      gcg__json_null (json, "source");
      return;
    }
  uint32_t first = line > AROUND ? line - AROUND : 1;
  gcg__json_object (json, "source");
  gcg__json_unsigned (json, "first", first);
  gcg__json_array (json, "lines");
  ssize_t n;
  for (uint32_t at = 1; at <= line + AROUND && (n = getline (&text, &size, stream)) >= 0; at++)
    if (at >= first)
      {
        text[strcspn (text, "\r\n")] = '\0';
        gcg__json_string (json, NULL, text);
      }
  gcg__json_end (json);
  gcg__json_end (json);
  free (text);
  fclose (stream);
}

/* Writes a local that holds the object at ADDRESS: VARIABLE (NULL: none is known) in its OFFSET. */
static void
write_local (const struct thread_page *page, const struct gcg__variable *variable, uint64_t offset,
             const char *where, uint64_t address, struct gcg__json *json)
{
  uint32_t id;
  uint64_t inside;
  char field[256];
  struct gcg__buffer name;
  if (!gcg__snapshot_find (page->model->snapshot, address, &id, &inside))
    return;
  gcg__buffer_init (&name, NULL, NULL);
  if (variable != NULL)
    {
      gcg__buffer_clean (&name, variable->name);
      if (gcg__symbols_field (page->model->symbols, variable->type, variable->bytes, offset, field,
                              sizeof field)
              ? field[0] != '\0'
              : offset > 0)
        {
          gcg__buffer_text (&name, field[0] == '[' || field[0] == '+' ? "" : ".");
          gcg__buffer_clean (&name, field);
        }
    }
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", variable != NULL ? gcg__buffer_string (&name) : NULL);
  gcg__json_string (json, "type",
                    variable != NULL && variable->type[0] != '\0' ? variable->type : NULL);
  gcg__json_bool (json, "parameter", variable != NULL && variable->parameter);
  gcg__json_string (json, "where", where);
  gcg__json_unsigned (json, "offset", inside);
  gcg__json_object (json, "object");
  gcg__object_members (page->model, id, json);
  gcg__json_end (json);
  gcg__json_end (json);
  gcg__buffer_fini (&name);
}

/* The innermost variable of the call that covers the stack word at ADDRESS. */
static const struct gcg__variable *
variable_at (const struct thread_page *page, uint64_t address)
{
  for (uint32_t i = 0; i < page->n_variables; i++)
    {
      const struct gcg__variable *v = &page->variables[i];
      if (!v->in_register && !v->by_value && address >= v->place && address - v->place < v->bytes)
        return v;
    }
  return NULL;
}

static void
write_locals (struct thread_page *page, uint32_t call, struct gcg__json *json)
{
  const struct gcg__call *c = &page->calls[call];
  /* What lies beyond the last call that could be unwound is reported with it. */
  uint64_t high = call + 1 < page->n_calls ? c->high : UINT64_MAX;
  char where[48], name[GCG__REGISTER_TEXT];
  page->n_variables
      = gcg__symbols_variables (page->model->symbols, c, page->variables, MAX_VARIABLES);
  gcg__json_array (json, "locals");
  for (uint32_t i = 0; i < page->n_variables; i++)
    {
      const struct gcg__variable *v = &page->variables[i];
      if (v->in_register)
        write_local (page, v, 0, gcg__register_text (page->model, v->place, name),
                     c->registers[v->place], json);
      else if (v->by_value)
        write_local (page, v, 0, "computed", v->place, json);
    }
  for (uint32_t i = 0; i < page->n_roots; i++)
    {
      const struct gcg__root *root = page->roots[i];
      uint64_t word;
      if (root->address < c->low || root->address >= high
          || !gcg__snapshot_stack_word (page->model->snapshot, page->thread, root->address, &word))
        continue;
      const struct gcg__variable *v = variable_at (page, root->address);
      snprintf (where, sizeof where, "sp+%llu", (unsigned long long)(root->address - c->low));
      write_local (page, v, v != NULL ? root->address - v->place : 0, where, word, json);
    }
  gcg__json_end (json);
}

static void
write_call (struct thread_page *page, uint32_t call, uint32_t *number, struct gcg__json *json)
{
  const struct gcg__call *c = &page->calls[call];
  const struct gcg__frame *frames;
  uint32_t n = gcg__symbols_frames (page->model->symbols, c->pc, c->return_address, &frames);
  for (uint32_t i = n; i-- > 0;)
    {
      gcg__json_object (json, NULL);
      gcg__json_unsigned (json, "number", (*number)++);
      gcg__json_string (json, "function", frames[i].function);
      gcg__json_string (json, "file", frames[i].file);
      gcg__json_unsigned (json, "line", frames[i].line);
      gcg__json_string (json, "module", frames[i].module);
      gcg__json_address (json, "offset", frames[i].offset);
      gcg__json_bool (json, "inlined", frames[i].inlined);
      gcg__json_address (json, "pc", c->pc);
      write_source (frames[i].file, frames[i].line, json);
      if (frames[i].inlined)
        {
          gcg__json_array (json, "locals");
          gcg__json_end (json);
        }
      else
        write_locals (page, call, json);
      gcg__json_end (json);
    }
}

/* Why there are no calls, or not all. */
static const char *
why (const struct gcg__thread *thread, uint32_t n_calls)
{
  if (thread->flags & GCG__THREAD_AGENT)
    return "It is gcglass's own thread.";
  if (thread->pc == 0)
    return "The collector did not stop this thread: it does not know it, or it waits inside "
           "GC_do_blocking. Nothing is known of where it was.";
  return n_calls == MAX_CALLS ? "There are more calls than are shown." : NULL;
}

static uint32_t
find_thread (const struct gcg__snapshot *s, uint64_t id)
{
  for (uint32_t i = 0; i < s->n_threads; i++)
    if (s->threads[i].tid == id)
      return i;
  return GCG__NONE;
}

enum gcg_status
gcg__thread_page (const struct gcg__model *model, const struct gcg__frame_state *frame, uint64_t id,
                  struct gcg__json *json, struct gcg_error *error)
{
  struct thread_page page = { .model = model, .thread = find_thread (model->snapshot, id) };
  enum gcg_status status = GCG_OK;
  uint32_t number = 0;
  if (page.thread == GCG__NONE)
    return gcg__error_write (error, GCG_NOT_FOUND, "no thread %llu in this snapshot",
                             (unsigned long long)id);
  const struct gcg__thread *thread = &model->snapshot->threads[page.thread];
  page.calls = calloc (MAX_CALLS, sizeof *page.calls);
  page.variables = calloc (MAX_VARIABLES, sizeof *page.variables);
  if (page.calls == NULL || page.variables == NULL || !collect_roots (&page))
    {
      status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a thread's calls");
      goto done;
    }
  if (!(thread->flags & GCG__THREAD_AGENT))
    {
      page.n_calls = gcg__symbols_calls (model->symbols, page.thread, page.calls, MAX_CALLS);
      skip_own (&page);
    }
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__json_object (json, "thread");
  gcg__thread_members (model, page.thread, json);
  gcg__json_address (json, "pc", thread->pc);
  gcg__json_address (json, "sp", thread->sp);
  gcg__json_string (json, "why", why (thread, page.n_calls));
  gcg__json_end (json);
  gcg__json_array (json, "frames");
  for (uint32_t i = page.n_calls; i-- > 0;)
    if (!is_gcglass (&page, i))
      write_call (&page, i, &number, json);
  gcg__json_end (json);
  gcg__json_end (json);

done:
  free (page.roots);
  free (page.variables);
  free (page.calls);
  return status;
}
