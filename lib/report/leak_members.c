/* leak_members.c -- the members of a group of leaks: types, sites and counts. */
#include <config.h>

#include "report/leaks.h"

#include <string.h>

#define OBJECTS_LOOKED 4096u /* of a cycle */
#define KINDS_LOOKED   64u

/* Adds object ID to the N MEMBERS; false: no room. */
static bool
member_add (const struct gcg__model *model, uint32_t id, struct gcg__leak_member *members,
            uint32_t *n)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (model->snapshot, id, &object);
  const char *type = gcg__types_of (model->types, &object, scratch);
  uint32_t i = 0;
  while (i < *n && (members[i].site != object.site || strcmp (members[i].type, type) != 0))
    i++;
  if (i == GCG__LEAK_MEMBERS)
    return false;
  if (i == *n)
    {
      members[i] = (struct gcg__leak_member){ .type = type, .site = object.site };
      if (type == scratch)
        members[i].type = strcpy (members[i].scratch, scratch);
      (*n)++;
    }
  members[i].totals.objects++;
  members[i].totals.bytes += object.requested_bytes;
  return true;
}

/* Adds the members of CYCLE; false: not all of them. */
static bool
add_cycle (const struct gcg__model *model, uint32_t cycle, struct gcg__leak_member *members,
           uint32_t *n)
{
  const struct gcg__analysis *a = model->analysis;
  const struct gcg__cycle *c = &a->cycles[cycle];
  bool all = true;
  for (uint32_t i = 0; i < c->n_objects && i < OBJECTS_LOOKED; i++)
    all = member_add (model, a->cycle_members[c->first_member + i], members, n) && all;
  return all;
}

uint32_t
gcg__leak_members (const struct gcg__leak_report *report, const struct gcg__leak_group *group,
                   struct gcg__leak_member members[GCG__LEAK_MEMBERS], uint32_t *left_out)
{
  uint32_t n = 0, looked_at = 0;
  *left_out = 0;
  if (group->kind != GCG__LEAK_OF_CYCLE)
    {
      member_add (report->model, group->object, members, &n);
      members[0].totals = group->own;
      return n;
    }
  for (uint32_t k = group->first_kind; k != GCG__NONE; k = report->kinds[k].next)
    if (looked_at++ >= KINDS_LOOKED
        || !add_cycle (report->model, report->kinds[k].cycle, members, &n))
      ++*left_out;
  return n;
}
