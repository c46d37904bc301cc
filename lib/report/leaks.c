/* leaks.c -- from leaked blocks to groups of leaks (leaks.h).
 *
 *   cycles ─→ kinds of cycles ─→ named ─┐
 *   sites ──────────→ rules ────────────┴→ suppressed blocks ─→ groups ─→ order, known
 *
 * A kind of cycle is what kinds.h says; only one cycle of a kind is searched for its shortest way
 * round and named, so a million small rings cost a pass over their edges.  Kinds that read alike
 * become one group.  Other blocks are put in groups by 64-bit hashes of what makes one.  Linear but
 * for sorting groups and cycles; 8 bytes an object while it is made.
 */
#include <config.h>

#include "report/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/room.h"
#include "report/kinds.h"
#include "report/leak_names.h"
#include "report/map.h"
#include "symbol/inside.h"

#define MAX_KINDS     10000u /* of cycles that are named */
#define OTHER_CYCLES  "cycle:of other kinds"
#define TOLD          UINT32_MAX
#define PROGRAM_RULES "the program's own rules"

/* Kinds of cycles. */
struct kind
{
  uint32_t cycle; /* the biggest */
  uint32_t group;
  struct gcg__leak_names names;
};

struct making
{
  struct gcg__leak_report *report;
  const struct gcg__analysis *analysis;
  const struct gcg__snapshot *snapshot;
  struct gcg_error *error;
  struct kind *kinds;
  uint32_t n_kinds, kinds_size, groups_size;
  uint32_t *kind_of_cycle; /* [n_cycles] */
  uint32_t *rule_of;       /* [n_objects] number of the rule that suppresses it + 1, 0: none;
                              TOLD */
  uint32_t *group_of;      /* [n_objects] of leaders that are in one, else GCG__NONE */
};

const char *
gcg__leak_kind_name (enum gcg__leak_kind kind)
{
  static const char *const names[] = { "leaked cycle", "leaked", "indirectly leaked" };
  return names[kind];
}

static enum gcg_status
no_memory (const struct making *m)
{
  return gcg__error_write (m->error, GCG_NO_MEMORY, "out of memory for the report of leaks");
}

static void
add_totals (struct gcg__totals *to, uint64_t objects, uint64_t bytes)
{
  to->objects += objects;
  to->bytes += bytes;
}

static enum gcg_status
kind_add (struct making *m, uint32_t cycle)
{
  if (!gcg__room_for_one (&m->kinds, m->n_kinds, &m->kinds_size, sizeof *m->kinds))
    return no_memory (m);
  struct kind *kind = &m->kinds[m->n_kinds];
  *kind = (struct kind){ .cycle = cycle, .group = GCG__NONE };
  if (m->n_kinds < MAX_KINDS)
    {
      enum gcg_status status = gcg__leak_names_cycle (&kind->names, m->report->model,
                                                      &m->report->rules, cycle, m->error);
      if (status != GCG_OK)
        return status;
    }
  else
    kind->names = (struct gcg__leak_names){ .signature = strdup (OTHER_CYCLES), .rule = GCG__NONE };
  if (kind->names.signature == NULL)
    return no_memory (m);
  m->n_kinds++;
  return GCG_OK;
}

/* Finds the kinds of cycles and names them. */
static enum gcg_status
find_kinds (struct making *m)
{
  struct gcg__map map = { 0 };
  enum gcg_status status = GCG_OK;
  for (uint32_t i = 0; i < m->analysis->n_cycles && status == GCG_OK; i++)
    {
      uint32_t cycle = m->report->cycles[i];
      uint32_t first = m->analysis->cycle_members[m->analysis->cycles[cycle].first_member];
      if ((m->report->leaks->flags[first] & GCG__LEAK_LEAKED) == 0)
        continue;
      uint32_t *kind = gcg__map_at (&map, gcg__cycle_kind (m->report->model, cycle));
      if (kind == NULL)
        status = no_memory (m);
      else
        {
          if (*kind == GCG__NONE)
            {
              *kind = m->n_kinds < MAX_KINDS + 1 ? m->n_kinds : MAX_KINDS;
              if (*kind == m->n_kinds)
                status = kind_add (m, cycle);
            }
          m->kind_of_cycle[cycle] = *kind;
        }
    }
  gcg__map_fini (&map);
  return status;
}

/* Suppresses ID by RULE. */
static void
suppress (struct making *m, uint32_t id, uint32_t rule, uint32_t *queue, uint32_t *tail)
{
  if (m->rule_of[id] != 0 || (m->report->leaks->flags[id] & GCG__LEAK_LEAKED) == 0)
    return;
  m->rule_of[id] = rule + 1;
  queue[(*tail)++] = id;
}

/* Finds what the rules suppress. */
static enum gcg_status
apply_rules (struct making *m)
{
  const struct gcg__analysis *a = m->analysis;
  const struct gcg__model *model = m->report->model;
  uint32_t *queue = calloc (m->snapshot->n_objects + (size_t)1, sizeof *queue);
  uint32_t *rule_of_site = calloc (m->snapshot->n_sites + (size_t)1, sizeof *rule_of_site);
  uint32_t tail = 0;
  enum gcg_status status = queue != NULL && rule_of_site != NULL ? GCG_OK : no_memory (m);
  for (uint32_t id = 0; id < m->snapshot->n_objects && status == GCG_OK; id++)
    {
      uint32_t site = gcg__word_site (m->snapshot->words[id]), cycle = a->cycle_of[id];
      if ((m->report->leaks->flags[id] & GCG__LEAK_LEAKED) == 0)
        continue;
      if (rule_of_site[site] == 0) /* not asked yet; 1: none, else the rule's number + 2 */
        {
          uint32_t rule = gcg__leak_rule_of_site (model, &m->report->rules, site);
          rule_of_site[site] = rule == GCG__NONE ? 1 : rule + 2;
        }
      uint32_t rule = rule_of_site[site] > 1 ? rule_of_site[site] - 2 : GCG__NONE;
      if (rule == GCG__NONE && cycle != GCG__NONE)
        rule = m->kinds[m->kind_of_cycle[cycle]].names.rule;
      if (rule != GCG__NONE)
        suppress (m, id, rule, queue, &tail);
    }
  for (uint32_t head = 0; head < tail; head++)
    for (uint64_t e = a->out_first[queue[head]]; e < a->out_first[queue[head] + 1]; e++)
      suppress (m, m->snapshot->edge_targets[e], m->rule_of[queue[head]] - 1, queue, &tail);
  free (rule_of_site);
  free (queue);
  return status;
}

/* Leaves out what was reported before: of a cycle all blocks or none. */
static void
leave_out (struct making *m, const struct gcg__told *told)
{
  const struct gcg__analysis *a = m->analysis;
  struct gcg__object_walk walk = gcg__objects (m->snapshot);
  while (gcg__next_object (&walk))
    {
      uint32_t id = walk.object.id;
      if ((m->report->leaks->flags[id] & GCG__LEAK_LEAKED) != 0 && m->rule_of[id] == 0
          && gcg__told_knows (told, &walk.object))
        m->rule_of[id] = TOLD;
    }
  for (uint32_t c = 0; c < a->n_cycles; c++)
    {
      const uint32_t *members = &a->cycle_members[a->cycles[c].first_member];
      bool is_new = false;
      for (uint32_t i = 0; i < a->cycles[c].n_objects; i++)
        is_new = is_new || m->rule_of[members[i]] == 0;
      for (uint32_t i = 0; is_new && i < a->cycles[c].n_objects; i++)
        m->rule_of[members[i]] = 0;
    }
}

/* Adds up what is leaked, and what is not reported. */
static void
sum_up (struct making *m)
{
  struct gcg__leak_report *r = m->report;
  struct gcg__object_walk walk = gcg__objects (m->snapshot);
  while (gcg__next_object (&walk))
    {
      uint32_t id = walk.object.id, flags = r->leaks->flags[id];
      uint64_t bytes = walk.object.requested_bytes;
      if ((flags & GCG__LEAK_LEAKED) == 0)
        continue;
      if (m->rule_of[id] == TOLD)
        add_totals (&r->told, 1, bytes);
      else if (m->rule_of[id] != 0)
        {
          add_totals (&r->suppressed, 1, bytes);
          add_totals (&r->used[m->rule_of[id] - 1], 1, bytes);
          continue;
        }
      add_totals (&r->leaked, 1, bytes);
      add_totals (flags & GCG__LEAK_LEADER ? &r->definite : &r->indirect, 1, bytes);
      add_totals (flags & GCG__LEAK_DIRECT ? &r->direct : &r->lsan_indirect, 1, bytes);
    }
}

/* What is alive by the program's figures, and not among the blocks. */
static void
find_library (struct making *m)
{
  const struct gcg__usage *usage = m->snapshot->usage;
  const struct gcg__totals *all = &m->analysis->all;
  if (usage == NULL || usage->live_blocks <= all->objects || usage->live_bytes < all->bytes)
    return;
  m->report->library.objects = usage->live_blocks - all->objects;
  m->report->library.bytes = usage->live_bytes - all->bytes;
}

/* Adds a group like GROUP and takes its names.  Returns its number; GCG__NONE: out of memory. */
static uint32_t
group_add (struct making *m, struct gcg__leak_group group)
{
  struct gcg__leak_report *r = m->report;
  if (!gcg__room_for_one (&r->groups, r->n_groups, &m->groups_size, sizeof *r->groups))
    {
      gcg__leak_names_fini (&group.names);
      return GCG__NONE;
    }
  r->groups[r->n_groups] = group;
  return r->n_groups++;
}

/* Adds KIND to the group of its signature; CYCLE is its biggest cycle that is not suppressed. */
static enum gcg_status
group_kind (struct making *m, struct gcg__map *map, struct kind *kind, uint32_t cycle)
{
  struct gcg__leak_report *r = m->report;
  const struct gcg__cycle *c = &m->analysis->cycles[cycle];
  uint32_t *at = gcg__map_at (map, gcg__map_text (kind->names.signature));
  if (at == NULL)
    return no_memory (m);
  if (*at == GCG__NONE)
    {
      *at = group_add (m, (struct gcg__leak_group){
                              .kind = GCG__LEAK_OF_CYCLE,
                              .names = kind->names,
                              .object = m->analysis->cycle_members[c->first_member],
                              .parent = GCG__NONE,
                              .cycle = cycle,
                              .first_kind = GCG__NONE,
                              .least_objects = c->n_objects,
                          });
      kind->names = (struct gcg__leak_names){ .rule = GCG__NONE };
    }
  if (*at == GCG__NONE)
    return no_memory (m);
  kind->group = *at;
  struct gcg__leak_group *group = &r->groups[*at];
  r->kinds[r->n_kinds] = (struct gcg__leak_cycles){ .cycle = cycle, .next = GCG__NONE };
  if (group->first_kind == GCG__NONE)
    group->first_kind = r->n_kinds;
  else
    r->kinds[group->last_kind].next = r->n_kinds;
  group->last_kind = r->n_kinds++;
  group->n_kinds++;
  return GCG_OK;
}

/* Puts CYCLE, which nothing suppresses, into the group of its signature. */
static enum gcg_status
group_cycle (struct making *m, struct gcg__map *map, uint32_t cycle)
{
  struct gcg__leak_report *r = m->report;
  const struct gcg__cycle *c = &m->analysis->cycles[cycle];
  struct kind *kind = &m->kinds[m->kind_of_cycle[cycle]];
  uint32_t first = m->analysis->cycle_members[c->first_member];
  if (kind->group == GCG__NONE)
    {
      enum gcg_status status = group_kind (m, map, kind, cycle);
      if (status != GCG_OK)
        return status;
    }
  struct gcg__leak_group *group = &r->groups[kind->group];
  group->n_cycles++;
  if (group->least_objects > c->n_objects)
    group->least_objects = c->n_objects;
  if (group->most_objects < c->n_objects)
    group->most_objects = c->n_objects;
  add_totals (&group->own, c->n_objects, c->bytes);
  r->group_of_cycle[cycle] = kind->group;
  r->cycles[r->n_cycles++] = cycle;
  if (r->leaks->leader_of[first] == first)
    m->group_of[first] = kind->group;
  return GCG_OK;
}

/* Puts OBJECT, on no cycle, into its group. */
static enum gcg_status
group_block (struct making *m, struct gcg__map *map, const struct gcg__object *object)
{
  struct gcg__leak_report *r = m->report;
  uint32_t leader = r->leaks->leader_of[object->id];
  bool leads = leader == object->id || m->group_of[leader] == GCG__NONE;
  uint32_t parent = leads ? GCG__NONE : m->group_of[leader];
  uint32_t *group = gcg__map_at (
      map, gcg__map_mix (gcg__map_mix (2, gcg__object_kind (r->model, object->id)), parent));
  if (group == NULL)
    return no_memory (m);
  if (*group == GCG__NONE)
    {
      struct gcg__leak_names names;
      if (!gcg__leak_names_block (&names, r->model, object))
        return no_memory (m);
      *group = group_add (m, (struct gcg__leak_group){
                                 .kind = leads ? GCG__LEAK_OF_BLOCK : GCG__LEAK_INDIRECT,
                                 .names = names,
                                 .object = object->id,
                                 .site = object->site,
                                 .parent = parent,
                                 .cycle = GCG__NONE,
                                 .first_kind = GCG__NONE,
                             });
      if (*group == GCG__NONE)
        return no_memory (m);
    }
  add_totals (&r->groups[*group].own, 1, object->requested_bytes);
  if (leader == object->id)
    m->group_of[object->id] = *group;
  else if (!leads)
    add_totals (&r->groups[parent].through, 1, object->requested_bytes);
  return GCG_OK;
}

/* Puts all blocks on no cycle into groups, those first that nothing leaked points to: they are the
   parents of the others. */
static enum gcg_status
group_blocks (struct making *m)
{
  struct gcg__map map = { 0 };
  enum gcg_status status = GCG_OK;
  for (int leaders = 1; leaders >= 0; leaders--)
    {
      struct gcg__object_walk walk = gcg__objects (m->snapshot);
      while (status == GCG_OK && gcg__next_object (&walk))
        {
          uint32_t id = walk.object.id, flags = m->report->leaks->flags[id];
          if ((flags & GCG__LEAK_LEAKED) != 0 && m->rule_of[id] == 0
              && m->analysis->cycle_of[id] == GCG__NONE
              && ((flags & GCG__LEAK_LEADER) != 0) == leaders)
            status = group_block (m, &map, &walk.object);
        }
    }
  gcg__map_fini (&map);
  return status;
}

/* Finds the groups through whose blocks all of a group's cycles are leaked. */
static void
find_cycle_parents (struct making *m)
{
  struct gcg__leak_report *r = m->report;
  const uint32_t none = r->n_groups; /* for now: one of its cycles stands by itself */
  for (uint32_t i = 0; i < r->n_cycles; i++)
    {
      const struct gcg__cycle *c = &m->analysis->cycles[r->cycles[i]];
      uint32_t g = r->group_of_cycle[r->cycles[i]];
      uint32_t first = m->analysis->cycle_members[c->first_member];
      uint32_t leader = r->leaks->leader_of[first];
      if (r->groups[g].parent == none)
        continue;
      r->groups[g].parent
          = leader == first || m->group_of[leader] == g || m->group_of[leader] == GCG__NONE
                ? none
                : m->group_of[leader];
    }
  for (uint32_t g = 0; g < r->n_groups; g++)
    if (r->groups[g].parent == none)
      r->groups[g].parent = GCG__NONE;
}

static enum gcg_status
group_all (struct making *m)
{
  struct gcg__map map = { 0 };
  enum gcg_status status = GCG_OK;
  uint32_t n_cycles = m->analysis->n_cycles;
  for (uint32_t i = 0; i < n_cycles && status == GCG_OK; i++)
    {
      uint32_t cycle = m->report->cycles[i];
      uint32_t first = m->analysis->cycle_members[m->analysis->cycles[cycle].first_member];
      if (m->rule_of[first] == 0 && (m->report->leaks->flags[first] & GCG__LEAK_LEAKED) != 0)
        status = group_cycle (m, &map, cycle);
    }
  gcg__map_fini (&map);
  if (status == GCG_OK)
    status = group_blocks (m);
  if (status == GCG_OK)
    find_cycle_parents (m);
  return status;
}

/* What GROUP holds, with what is leaked through it. */
static uint64_t
held (const struct gcg__leak_group *group)
{
  return group->own.bytes + group->through.bytes;
}

/* A group of its own, or the parent of what is indirectly leaked. */
static uint32_t
top_of (const struct gcg__leak_group *groups, uint32_t g)
{
  return groups[g].kind == GCG__LEAK_INDIRECT ? groups[g].parent : g;
}

static int
group_compare (const void *a, const void *b, void *list)
{
  const struct gcg__leak_group *groups = list;
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  uint32_t top_x = top_of (groups, x), top_y = top_of (groups, y);
  if (top_x != top_y)
    {
      x = top_x;
      y = top_y;
    }
  else if ((x == top_x) != (y == top_y))
    return x == top_x ? -1 : 1;
  if (held (&groups[x]) != held (&groups[y]))
    return held (&groups[x]) > held (&groups[y]) ? -1 : 1;
  if (groups[x].own.objects != groups[y].own.objects)
    return groups[x].own.objects > groups[y].own.objects ? -1 : 1;
  int order = strcmp (groups[x].names.signature, groups[y].names.signature);
  return order != 0 ? order : (x > y) - (x < y);
}

/* Puts the groups in order. */
static enum gcg_status
sort_groups (struct making *m)
{
  struct gcg__leak_report *r = m->report;
  uint32_t *order = calloc (r->n_groups + (size_t)1, sizeof *order);
  uint32_t *place = calloc (r->n_groups + (size_t)1, sizeof *place);
  struct gcg__leak_group *sorted = calloc (r->n_groups + (size_t)1, sizeof *sorted);
  if (order == NULL || place == NULL || sorted == NULL)
    {
      free (order);
      free (place);
      free (sorted);
      return no_memory (m);
    }
  for (uint32_t g = 0; g < r->n_groups; g++)
    order[g] = g;
  if (r->n_groups > 0)
    qsort_r (order, r->n_groups, sizeof *order, group_compare, r->groups);
  for (uint32_t i = 0; i < r->n_groups; i++)
    {
      place[order[i]] = i;
      sorted[i] = r->groups[order[i]];
    }
  for (uint32_t i = 0; i < r->n_groups; i++)
    if (sorted[i].parent != GCG__NONE)
      sorted[i].parent = place[sorted[i].parent];
  for (uint32_t c = 0; c < m->analysis->n_cycles; c++)
    if (r->group_of_cycle[c] != GCG__NONE)
      r->group_of_cycle[c] = place[r->group_of_cycle[c]];
  free (r->groups);
  free (order);
  free (place);
  r->groups = sorted;
  return GCG_OK;
}

static void
find_known (struct gcg__leak_report *r, const struct gcg__baseline *baseline)
{
  for (uint32_t g = 0; g < r->n_groups; g++)
    {
      struct gcg__leak_group *group = &r->groups[g];
      bool with_parent = group->kind == GCG__LEAK_INDIRECT && r->groups[group->parent].known;
      group->known = with_parent || gcg__baseline_knows (baseline, group->names.signature);
      for (int i = 0; i < GCG__EARLIER && !group->known; i++)
        group->known = group->names.earlier[i] != NULL
                       && gcg__baseline_knows (baseline, group->names.earlier[i]);
      r->n_known += group->known;
      if (!group->known)
        add_totals (&r->fresh, group->own.objects, group->own.bytes);
    }
}

static int
cycle_compare (const void *a, const void *b, void *analysis)
{
  const struct gcg__analysis *an = analysis;
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  if (an->cycles[x].bytes != an->cycles[y].bytes)
    return an->cycles[x].bytes > an->cycles[y].bytes ? -1 : 1;
  return (x > y) - (x < y);
}

/* The rules that were given, then those that the program has of its own: what is wrong with these
   does not keep the leaks from being reported. */
static enum gcg_status
collect_rules (struct making *m, const struct gcg__rules *rules)
{
  struct gcg__leak_report *r = m->report;
  struct gcg_error error;
  enum gcg_status status = gcg__rules_add_all (&r->rules, rules, m->error);
  if (status != GCG_OK || m->snapshot->rules == NULL)
    return status;
  status = gcg__rules_parse (&r->rules, m->snapshot->rules, PROGRAM_RULES, &error);
  if (status == GCG_INVALID)
    strcpy (r->rules_failure, error.text);
  return status == GCG_NO_MEMORY ? no_memory (m) : GCG_OK;
}

/* Fills the report of M.  Errors as gcg__leak_report_new's. */
static enum gcg_status
make (struct making *m, const struct gcg__rules *rules, const struct gcg__baseline *baseline,
      const struct gcg__told *told)
{
  struct gcg__leak_report *r = m->report;
  uint32_t n_objects = m->snapshot->n_objects, n_cycles = m->analysis->n_cycles;
  enum gcg_status status = gcg__leaks_new (m->analysis, &r->leaks, m->error);
  if (status != GCG_OK)
    return status;
  if ((status = collect_rules (m, rules)) != GCG_OK)
    return status;
  r->used = calloc (r->rules.n + (size_t)1, sizeof *r->used);
  r->cycles = calloc (n_cycles + (size_t)1, sizeof *r->cycles);
  r->group_of_cycle = calloc (n_cycles + (size_t)1, sizeof *r->group_of_cycle);
  m->kind_of_cycle = calloc (n_cycles + (size_t)1, sizeof *m->kind_of_cycle);
  m->rule_of = calloc (n_objects + (size_t)1, sizeof *m->rule_of);
  m->group_of = calloc (n_objects + (size_t)1, sizeof *m->group_of);
  if (r->used == NULL || r->cycles == NULL || r->group_of_cycle == NULL || m->kind_of_cycle == NULL
      || m->rule_of == NULL || m->group_of == NULL)
    return no_memory (m);
  memset (m->group_of, 0xff, n_objects * sizeof *m->group_of);
  for (uint32_t c = 0; c < n_cycles; c++)
    {
      r->cycles[c] = c;
      r->group_of_cycle[c] = GCG__NONE;
    }
  if (n_cycles > 0)
    qsort_r (r->cycles, n_cycles, sizeof *r->cycles, cycle_compare,
             (struct gcg__analysis *)m->analysis);
  if ((status = find_kinds (m)) != GCG_OK || (status = apply_rules (m)) != GCG_OK)
    return status;
  if (told != NULL)
    leave_out (m, told);
  sum_up (m);
  find_library (m);
  r->kinds = calloc (m->n_kinds + (size_t)1, sizeof *r->kinds);
  if (r->kinds == NULL)
    return no_memory (m);
  if ((status = group_all (m)) == GCG_OK && (status = sort_groups (m)) == GCG_OK)
    find_known (r, baseline);
  return status;
}

/* Returns which allocators or collectors are linked into the program and invisible to snapshots of
   malloc's blocks; needs the program's file. */
static const char *
unseen_beside (const struct gcg__snapshot *snapshot)
{
  struct gcg__inside inside;
  if ((snapshot->info->flags & GCG__INFO_MALLOC) == 0)
    return NULL;
  gcg__inside_read (gcg__text (snapshot, snapshot->info->program), &inside);
  return gcg__inside_words (&inside);
}

enum gcg_status
gcg__leak_report_new (struct gcg__model *model, const struct gcg__rules *rules,
                      const struct gcg__baseline *baseline, const struct gcg__told *told,
                      struct gcg__leak_report **report, struct gcg_error *error)
{
  struct making m = { .analysis = model->analysis, .snapshot = model->snapshot, .error = error };
  m.report = calloc (1, sizeof *m.report);
  if (m.report == NULL)
    return no_memory (&m);
  m.report->model = model;
  m.report->unseen = unseen_beside (model->snapshot);
  enum gcg_status status = make (&m, rules, baseline, told);
  for (uint32_t k = 0; k < m.n_kinds; k++)
    gcg__leak_names_fini (&m.kinds[k].names);
  free (m.kinds);
  free (m.kind_of_cycle);
  free (m.rule_of);
  free (m.group_of);
  if (status == GCG_OK)
    *report = m.report;
  else
    gcg__leak_report_free (m.report);
  return status;
}

void
gcg__leak_report_free (struct gcg__leak_report *report)
{
  if (report == NULL)
    return;
  for (uint32_t g = 0; g < report->n_groups; g++)
    gcg__leak_names_fini (&report->groups[g].names);
  free (report->groups);
  gcg__rules_fini (&report->rules);
  free (report->used);
  free (report->cycles);
  free (report->group_of_cycle);
  free (report->kinds);
  gcg__leaks_free (report->leaks);
  free (report);
}
