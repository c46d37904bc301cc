/* votes.c -- see votes.h.
 *
 * A class has few types in its votes, so these are a short list; what finds no room in it is
 * counted as against all.  Cost: a vote is a walk of that list and, the first time, a question to
 * the symbols.
 */
#include <config.h>

#include "report/votes.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/room.h"

#define MOST_VOTES      8u /* different types voted for in one class */
#define LEAST_TYPE      4u /* bytes: smaller ones fit everything */
#define LEAST_STRUCTURE 8u /* the same for what is no number */

void
gcg__votes_init (struct gcg__votes *votes, struct gcg__symbols *symbols)
{
  *votes = (struct gcg__votes){ .symbols = symbols };
}

void
gcg__votes_fini (struct gcg__votes *votes)
{
  free (votes->classes);
  free (votes->votes);
  free (votes->targets);
  free (votes->slots);
  free (votes->type_slots);
}

static uint64_t
mix (uint64_t a, uint64_t b)
{
  uint64_t hash = (a ^ b * UINT64_C (0x9e3779b97f4a7c15)) * UINT64_C (0xff51afd7ed558ccd);
  return hash ^ hash >> 32;
}

static uint64_t
class_hash (const struct gcg__class *class)
{
  return mix ((uint64_t) class->site << 8 | (class->kind & 255), class->bytes);
}

/* An empty table of twice the room; NULL: out of memory. */
static uint32_t *
empty_slots (uint32_t *n_slots)
{
  uint32_t n = *n_slots > 0 ? *n_slots * 2 : 128;
  uint32_t *slots = n > *n_slots ? malloc (n * sizeof *slots) : NULL;
  if (slots != NULL)
    {
      memset (slots, 0xff, n * sizeof *slots);
      *n_slots = n;
    }
  return slots;
}

static bool
grow_classes (struct gcg__votes *votes)
{
  if (votes->n_classes < votes->n_slots / 2)
    return true;
  uint32_t *slots = empty_slots (&votes->n_slots);
  if (slots == NULL)
    return false;
  for (uint32_t c = 0; c < votes->n_classes; c++)
    {
      uint64_t at = class_hash (&votes->classes[c]);
      while (slots[at & (votes->n_slots - 1)] != GCG__NONE)
        at++;
      slots[at & (votes->n_slots - 1)] = c;
    }
  free (votes->slots);
  votes->slots = slots;
  return true;
}

uint32_t
gcg__votes_class (struct gcg__votes *votes, const struct gcg__object *object)
{
  const bool tagged = object->site != GCG__SITE_NONE;
  struct gcg__class wanted = { .site = object->site,
                               .bytes = object->requested_bytes,
                               .kind = tagged ? 0 : object->kind,
                               .first_vote = GCG__NONE };
  if (!grow_classes (votes)
      || !gcg__room_for_one (&votes->classes, votes->n_classes, &votes->room_classes,
                             sizeof *votes->classes))
    return GCG__NONE;
  uint64_t at = class_hash (&wanted);
  for (;; at++)
    {
      const uint32_t found = votes->slots[at & (votes->n_slots - 1)];
      if (found == GCG__NONE)
        break;
      const struct gcg__class *class = &votes->classes[found];
      if (class->site == wanted.site && class->bytes == wanted.bytes && class->kind == wanted.kind)
        return found;
    }
  votes->classes[votes->n_classes] = wanted;
  return votes->slots[at & (votes->n_slots - 1)] = votes->n_classes++;
}

void
gcg__votes_clear (struct gcg__votes *votes)
{
  for (uint32_t c = 0; c < votes->n_classes; c++)
    {
      struct gcg__class *class = &votes->classes[c];
      class->first_vote = GCG__NONE;
      class->n_votes = class->n_voted = 0;
      class->n_other = class->explained = class->unexplained = 0;
      if (!class->given)
        class->type = NULL;
    }
  votes->n_votes = 0;
  for (uint32_t t = 0; t < votes->n_targets; t++)
    votes->targets[t].many = votes->targets[t].part = 0;
}

/* The entry of TYPE; GCG__NONE: out of memory. */
static uint32_t
find_target (struct gcg__votes *votes, const char *type)
{
  uint64_t hash = mix ((uintptr_t)type, 0), at = hash;
  if (votes->n_targets >= votes->n_type_slots / 2)
    {
      uint32_t *slots = empty_slots (&votes->n_type_slots);
      if (slots == NULL)
        return GCG__NONE;
      for (uint32_t t = 0; t < votes->n_targets; t++)
        {
          uint64_t place = mix ((uintptr_t)votes->targets[t].type, 0);
          while (slots[place & (votes->n_type_slots - 1)] != GCG__NONE)
            place++;
          slots[place & (votes->n_type_slots - 1)] = t;
        }
      free (votes->type_slots);
      votes->type_slots = slots;
    }
  for (uint32_t t; (t = votes->type_slots[at & (votes->n_type_slots - 1)]) != GCG__NONE; at++)
    if (votes->targets[t].type == type)
      return t;
  if (!gcg__room_for_one (&votes->targets, votes->n_targets, &votes->room_targets,
                          sizeof *votes->targets))
    return GCG__NONE;
  votes->targets[votes->n_targets] = (struct gcg__target){ .type = type };
  return votes->type_slots[at & (votes->n_type_slots - 1)] = votes->n_targets++;
}

/* The bytes that an object of type NAME has in CLASS: the requested ones, or, in a slot that was
   rounded up to a multiple of 16 with perhaps a byte to spare, the type's own. */
static uint64_t
object_bytes (const struct gcg__votes *votes, const struct gcg__class *class, const char *name)
{
  if (class->site != GCG__SITE_NONE)
    return class->bytes;
  uint64_t bytes = gcg__symbols_type_size (votes->symbols, name);
  return bytes > 0 && bytes <= class->bytes && class->bytes - bytes <= 16 ? bytes : 0;
}

static enum gcg__fit
fit_of (const struct gcg__votes *votes, const struct gcg__class *class, const char *name)
{
  struct gcg__pointers pointers;
  const uint64_t size = gcg__symbols_type_size (votes->symbols, name);
  const uint64_t bytes = object_bytes (votes, class, name);
  const bool is_structure = strchr (name, ' ') != NULL && name[strlen (name) - 1] != '*';
  if (size < (is_structure ? LEAST_STRUCTURE : LEAST_TYPE) || size > class->bytes)
    return GCG__FIT_NOT;
  if (bytes == 0 || !gcg__symbols_pointers (votes->symbols, name, bytes, &pointers))
    return GCG__FIT_PART;
  /* Another library's type of that name would fit: not what the pointer means. */
  if ((pointers.fit == GCG__FIT_EXACT) != (size == bytes))
    return GCG__FIT_PART;
  /* Nothing that the collector shall look at lies in pointer-free memory. */
  if (class->site == GCG__SITE_NONE && pointers.n > 0
      && (class->kind == GCG__KIND_ATOMIC || class->kind == GCG__KIND_ATOMIC_UNCOLLECTABLE))
    return GCG__FIT_PART;
  return pointers.fit;
}

/* The entry for TYPE in CLASS' list, made when there is room; GCG__NONE: there is none.  *FAILED:
   out of memory. */
static uint32_t
find_vote (struct gcg__votes *votes, uint32_t class, const char *type, bool *failed)
{
  struct gcg__class *c = &votes->classes[class];
  *failed = false;
  for (uint32_t v = c->first_vote; v != GCG__NONE; v = votes->votes[v].next)
    if (votes->votes[v].type == type)
      return v;
  if (c->n_votes == MOST_VOTES)
    return GCG__NONE;
  uint32_t target = find_target (votes, type);
  *failed = target == GCG__NONE
            || !gcg__room_for_one (&votes->votes, votes->n_votes, &votes->room_votes,
                                   sizeof *votes->votes);
  if (*failed)
    return GCG__NONE;
  votes->votes[votes->n_votes] = (struct gcg__vote){
    .type = type, .target = target, .next = c->first_vote, .fit = fit_of (votes, c, type)
  };
  c->n_votes++;
  return c->first_vote = votes->n_votes++;
}

bool
gcg__votes_add (struct gcg__votes *votes, uint32_t class, const struct gcg__pointer *pointer,
                const struct gcg__evidence *evidence)
{
  bool failed;
  if (pointer->to[0] == '\0')
    return true;
  const uint32_t found = find_vote (votes, class, pointer->to, &failed);
  if (found == GCG__NONE)
    {
      votes->classes[class].n_other++;
      return !failed;
    }
  struct gcg__vote *vote = &votes->votes[found];
  struct gcg__target *target = &votes->targets[vote->target];
  if (vote->count++ == 0 || evidence->kind > vote->evidence.kind)
    vote->evidence = *evidence;
  vote->clear += pointer->in != pointer->to;
  target->many += vote->fit == GCG__FIT_MANY;
  target->part += vote->fit == GCG__FIT_PART;
  return true;
}

/* The votes of a class together. */
struct sums
{
  uint64_t all, exact, many;
  const struct gcg__vote *best_exact, *best_many;
};

static struct sums
sum_votes (const struct gcg__votes *votes, const struct gcg__class *class)
{
  struct sums sums = { .all = class->n_other };
  for (uint32_t v = class->first_vote; v != GCG__NONE; v = votes->votes[v].next)
    {
      const struct gcg__vote *vote = &votes->votes[v];
      sums.all += vote->count;
      if (vote->fit == GCG__FIT_EXACT)
        {
          sums.exact += vote->count;
          if (sums.best_exact == NULL || vote->count > sums.best_exact->count)
            sums.best_exact = vote;
        }
      else if (vote->fit == GCG__FIT_MANY)
        {
          sums.many += vote->count;
          if (sums.best_many == NULL || vote->count > sums.best_many->count)
            sums.best_many = vote;
        }
    }
  return sums;
}

static bool
most_of (uint64_t part, uint64_t whole)
{
  return part * 10 >= whole * 9;
}

const struct gcg__vote *
gcg__votes_winner (const struct gcg__votes *votes, uint32_t class)
{
  const struct gcg__class *c = &votes->classes[class];
  const struct sums sums = sum_votes (votes, c);
  const bool tagged = c->site != GCG__SITE_NONE;
  if (!tagged && !most_of (c->n_voted, c->n_objects))
    return NULL;
  const struct gcg__vote *winner = NULL;
  if (sums.exact > 0)
    {
      if (most_of (sums.best_exact->count, tagged ? sums.exact : sums.all)
          && sums.exact >= sums.many)
        winner = sums.best_exact;
    }
  else if (sums.many > 0 && tagged)
    {
      const struct gcg__vote *best = sums.best_many;
      const struct gcg__target *target = &votes->targets[best->target];
      if (most_of (best->count, sums.all) && best->clear * 2 >= best->count
          && target->part * 10 <= target->many)
        winner = best;
    }
  return winner != NULL && winner->type != c->banned ? winner : NULL;
}

void
gcg__votes_type (struct gcg__votes *votes, uint32_t class, const char *name, uint32_t round)
{
  struct gcg__class *c = &votes->classes[class];
  c->type = name;
  c->round = (uint16_t)round;
  c->explained = c->unexplained = 0;
  (void)gcg__symbols_pointers (votes->symbols, name, object_bytes (votes, c, name), &c->pointers);
}
