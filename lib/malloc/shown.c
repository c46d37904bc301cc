/* shown.c -- see shown.h. */
#include "shown.h"

#include <stddef.h>
#include <stdio.h>

#include "agent.h"
#include "blocks.h"
#include "callers.h"
#include "collector.h"
#include "contents.h"
#include "early.h"
#include "gc_calls.h"
#include "objects.h"
#include "regions.h"
#include "roots.h"
#include "rules.h"
#include "settings.h"
#include "site.h"
#include "threads.h"

/* Exported, and in no header. */
extern FILE *_IO_list_all;
extern void *__libc_stack_end;

static struct gcg__root_heap heap;
static struct gcg__root_areas areas;
static struct gcg__root_facts facts;
static struct gcg__settings settings;
static struct gcg__statistics statistics;

static void
show_areas (void)
{
  gcg__callers_show (&areas);
  gcg__roots_show (&areas);
  gcg__collector_show (&areas);
  gcg__agent_show (&areas);
  gcg__threads_show (&areas);
  areas.regions = gcg__regions_table ();
  areas.early = gcg__early_table ();
  areas.streams = (uintptr_t)&_IO_list_all;
  areas.stream_next = offsetof (FILE, _chain);
  areas.stack_end = (uintptr_t)&__libc_stack_end;
}

static void
show_facts (void)
{
  gcg__settings_note (&settings);
  gcg__caches_show (&facts);
  facts.collector_version = GC_get_version ();
  facts.parallel = (uint32_t)GC_get_parallel ();
  facts.settings = (uintptr_t)&settings.noted;
  facts.statistics = (uintptr_t)&statistics;
  facts.rules = gcg__rules_place ();
  facts.contents = gcg__contents_place ();
}

void
gcg__shown_begin (struct gcg__agent_root *root)
{
  heap.pieces = gcg__blocks_pieces ();
  heap.objects = gcg__objects_table ();
  gcg__site_show (&heap);
  show_areas ();
  show_facts ();
  root->heap = (uintptr_t)&heap;
  root->areas = (uintptr_t)&areas;
  root->facts = (uintptr_t)&facts;
}

void
gcg__shown_note_figures (void)
{
  gcg__statistics_stopped (&statistics);
}
