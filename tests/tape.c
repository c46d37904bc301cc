/* tape.c -- see tape.h. */
#include "tests/tape.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SITES 4096u

struct tape
{
  char *bytes; /* aligned as malloc aligns */
  size_t n, room;
  struct gcg__record_sample figures;
  struct gcg__sample_site now[MOST_SITES], told[MOST_SITES];
  struct gcg__sample_deaths deaths[MOST_SITES];
  uint32_t n_sites;
};

static void *
begin (struct tape *tape, size_t payload)
{
  size_t need = tape->n + gcg__record_room (payload);
  if (need > tape->room)
    {
      tape->room = need * 2;
      tape->bytes = realloc (tape->bytes, tape->room);
      if (tape->bytes == NULL)
        abort ();
    }
  return gcg__record_payload (tape->bytes + tape->n);
}

static void
end (struct tape *tape, enum gcg__record_code code, size_t payload)
{
  tape->n += gcg__record_seal (tape->bytes + tape->n, code, payload);
}

/* Adds TEXT to the N bytes at STRINGS; its offset. */
static uint32_t
add_string (char *strings, uint32_t *n, const char *text)
{
  uint32_t at = *n;
  if (text == NULL || text[0] == '\0')
    return 0;
  strcpy (strings + at, text);
  *n += (uint32_t)strlen (text) + 1;
  return at;
}

struct tape *
tape_new (uint32_t pid)
{
  struct tape *tape = calloc (1, sizeof *tape);
  char strings[256] = "";
  uint32_t n = 1;
  if (tape == NULL)
    abort ();
  tape->n_sites = 1;
  tape->figures.heap_bytes = 1 << 20;
  tape->figures.resident_bytes = 8 << 20;
  tape->figures.virtual_bytes = 64 << 20;
  tape->figures.monotonic_ns = 1000000000;
  tape->figures.realtime_ns = UINT64_C (1700000000000000000);
  struct gcg__record_process process = { .pid = pid, .page_bytes = 4096, .machine = 62 };
  process.start_realtime_ns = tape->figures.realtime_ns;
  process.start_monotonic_ns = tape->figures.monotonic_ns;
  process.program = add_string (strings, &n, "/bin/program");
  process.command_line = add_string (strings, &n, "program --loudly");
  process.agent_version = add_string (strings, &n, "0.1.0");
  process.string_bytes = n;
  char *at = begin (tape, sizeof process + n);
  memcpy (at, &process, sizeof process);
  memcpy (at + sizeof process, strings, n);
  end (tape, GCG__RECORD_PROCESS, sizeof process + n);

  struct gcg__record_modules modules = { .n = 1 };
  struct gcg__module module = { .base = 0x1000, .low = 0x1000, .high = 0x9000 };
  n = 1;
  memset (strings, 0, sizeof strings);
  module.path = add_string (strings, &n, "/nowhere/program");
  modules.string_bytes = n;
  at = begin (tape, sizeof modules + sizeof module + n);
  memcpy (at, &modules, sizeof modules);
  memcpy (at + sizeof modules, &module, sizeof module);
  memcpy (at + sizeof modules + sizeof module, strings, n);
  end (tape, GCG__RECORD_MODULES, sizeof modules + sizeof module + n);
  return tape;
}

void
tape_free (struct tape *tape)
{
  if (tape != NULL)
    free (tape->bytes);
  free (tape);
}

uint32_t
tape_site (struct tape *tape, const char *type, const char *file, uint32_t line,
           const char *function)
{
  char strings[2048] = "";
  uint32_t n = 1, id = tape->n_sites++;
  if (id >= MOST_SITES)
    abort ();
  struct gcg__record_sites sites = { .first = id, .n = 1 };
  struct gcg__site site = { .kind = GCG__SITE_MACRO, .line = line };
  site.type = add_string (strings, &n, type);
  site.file = add_string (strings, &n, file);
  site.function = add_string (strings, &n, function);
  sites.string_bytes = n;
  char *at = begin (tape, sizeof sites + sizeof site + n);
  memcpy (at, &sites, sizeof sites);
  memcpy (at + sizeof sites, &site, sizeof site);
  memcpy (at + sizeof sites + sizeof site, strings, n);
  end (tape, GCG__RECORD_SITES, sizeof sites + sizeof site + n);
  tape->now[id].site = tape->told[id].site = tape->deaths[id].site = id;
  return id;
}

void
tape_alive (struct tape *tape, uint32_t site, uint64_t count, uint64_t bytes, uint64_t made)
{
  struct gcg__sample_site *now = &tape->now[site];
  now->live_count = count;
  now->live_bytes = bytes;
  now->made_count = made;
  now->made_bytes = count > 0 ? bytes / count * made : 0;
}

void
tape_died (struct tape *tape, uint32_t site, uint64_t died, uint32_t age)
{
  tape->deaths[site].died_count += died;
  tape->deaths[site].by_age[age > 0 ? 32 - (uint32_t)__builtin_clz (age) : 0] += died;
  tape->figures.flags |= GCG__SAMPLE_LIFETIMES;
}

void
tape_sample (struct tape *tape, const char *description, uint32_t flags)
{
  struct gcg__record_sample head = tape->figures;
  size_t text = strlen (description) + 1;
  struct gcg__sample_site sites[MOST_SITES];
  struct gcg__sample_deaths deaths[64];
  head.number = ++tape->figures.number;
  head.flags |= flags | (head.number == 1 ? GCG__SAMPLE_KEY : 0);
  for (uint32_t i = 0; i < tape->n_sites; i++)
    {
      bool some = tape->now[i].live_count > 0 || tape->now[i].made_count > 0;
      bool changed = memcmp (&tape->now[i], &tape->told[i], sizeof tape->now[i]) != 0;
      if (head.flags & GCG__SAMPLE_KEY ? some : changed)
        sites[head.n_sites++] = tape->now[i];
      tape->told[i] = tape->now[i];
      if (tape->deaths[i].died_count > 0 && head.n_deaths < 64)
        deaths[head.n_deaths++] = tape->deaths[i];
    }
  head.description_bytes = (uint32_t)text;
  size_t n = sizeof head + head.n_sites * sizeof *sites + head.n_deaths * sizeof *deaths + text;
  char *at = begin (tape, n);
  memcpy (at, &head, sizeof head);
  at += sizeof head;
  memcpy (at, sites, head.n_sites * sizeof *sites);
  at += head.n_sites * sizeof *sites;
  memcpy (at, deaths, head.n_deaths * sizeof *deaths);
  memcpy (at + head.n_deaths * sizeof *deaths, description, text);
  end (tape, GCG__RECORD_SAMPLE, n);
  tape->figures.monotonic_ns += 1000000000;
  tape->figures.realtime_ns += 1000000000;
}

void
tape_snapshot (struct tape *tape, const void *snapshot, size_t n)
{
  memcpy (begin (tape, n), snapshot, n);
  end (tape, GCG__RECORD_SNAPSHOT, n);
}

void
tape_exit (struct tape *tape, int wait_status)
{
  struct gcg__record_exit exit = { .realtime_ns = tape->figures.realtime_ns };
  exit.wait_status = wait_status;
  memcpy (begin (tape, sizeof exit), &exit, sizeof exit);
  end (tape, GCG__RECORD_EXIT, sizeof exit);
}

const void *
tape_records (const struct tape *tape, size_t *n)
{
  *n = tape->n;
  return tape->bytes;
}

struct gcg__record_sample *
tape_figures (struct tape *tape)
{
  return &tape->figures;
}

void
tape_write (const struct tape *tape, const char *path)
{
  struct gcg__recording_header header
      = { .magic = GCG__RECORDING_MAGIC, .version = GCG__RECORDING_VERSION };
  FILE *file = fopen (path, "w");
  if (file == NULL || fwrite (&header, sizeof header, 1, file) != 1
      || fwrite (tape->bytes, tape->n, 1, file) != 1 || fclose (file) != 0)
    {
      perror (path);
      abort ();
    }
}
