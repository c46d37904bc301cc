/* votes.h -- objects that must be of one type, and what points to them says which.
 *
 * A class is the objects of one site and one requested size, or, of those without a tag, of one
 * slot size and kind: what a program allocates at one place in one size is of one type, as good as
 * always.  Each typed pointer to an object is a vote for what the pointer's type says.
 *
 *   fits exactly       the type is as large as the object
 *   fits many times    the object's size is a multiple, or the type ends in an open array
 *   does not fit       the pointer leads into the middle, or to a structure that begins the object
 *
 * An exact fit wins with 90 % of the exact votes, unless most of the votes that fit are for arrays.
 * An array needs 90 % of all votes, half of them from outside of the type itself (the links of a
 * list through a member point into the middle of whatever the list strings together), and a type
 * that is not usually pointed to in objects of other sizes (then it is the beginning of them).
 * In the end a tenth of the class's objects that are alive must have been pointed to.
 *
 * Objects without a tag are a mixture of everything of that size, so nearly all of a class must be
 * pointed to, and by pointers that agree.
 */
#ifndef GCG_REPORT_VOTES_H
#define GCG_REPORT_VOTES_H

#include "snapshot/snapshot.h"
#include "symbol/symbol.h"

/* Where a vote was seen. */
struct gcg__evidence
{
  enum
  {
    GCG__BY_FIELD,
    GCG__BY_LOCAL,
    GCG__BY_GLOBAL
  } kind;                  /* the last is said rather than the first */
  const char *name, *file; /* GLOBAL: variable and file; LOCAL: variable and function */
  const char *type;        /* FIELD: of what points */
  uint64_t bytes, offset;  /* FIELD: its size, and where in it */
};

struct gcg__vote
{
  const char *type; /* as the symbols write it: equal types are equal pointers */
  uint32_t target;  /* index into targets */
  uint32_t next;    /* GCG__NONE ends the list */
  uint64_t count;
  uint64_t clear; /* of them, not from the type's own members */
  enum gcg__fit fit;
  struct gcg__evidence evidence;
};

struct gcg__class
{
  const char *type;              /* NULL: not known */
  const char *banned;            /* a type that turned out to be wrong */
  struct gcg__pointers pointers; /* of an object, when TYPE is known */
  uint64_t bytes;                /* requested; of slots when not tagged */
  uint32_t site, kind;           /* KIND is 0 when tagged */
  uint32_t n_objects, n_marked;
  uint32_t n_voted;                /* objects that something typed points to */
  uint32_t first_vote;             /* GCG__NONE: none */
  uint32_t n_votes;                /* entries of its list */
  uint64_t n_other;                /* votes that found no room in the list */
  uint64_t explained, unexplained; /* pointers in its objects where the type has one, and not */
  uint16_t round;                  /* in which it was typed; 0: given */
  bool given;                      /* typed by its site */
};

/* A type that is voted for. */
struct gcg__target
{
  const char *type;
  uint64_t many, part; /* votes that fit many times, and that do not fit larger objects */
};

struct gcg__votes
{
  struct gcg__symbols *symbols; /* borrowed */
  struct gcg__class *classes;
  struct gcg__vote *votes;
  struct gcg__target *targets;
  uint32_t *slots;      /* hash table of classes by site and size */
  uint32_t *type_slots; /* of targets */
  uint32_t n_classes, room_classes, n_votes, room_votes, n_targets, room_targets;
  uint32_t n_slots, n_type_slots; /* powers of two */
};

void gcg__votes_init (struct gcg__votes *votes, struct gcg__symbols *symbols);
void gcg__votes_fini (struct gcg__votes *votes);

/* The class of OBJECT, made when it is the first of it; GCG__NONE: out of memory. */
uint32_t gcg__votes_class (struct gcg__votes *votes, const struct gcg__object *object);
/* Forgets all votes and what was inferred from them, but not what is given or banned. */
void gcg__votes_clear (struct gcg__votes *votes);
/* A pointer to POINTER->to was seen that leads to an object of CLASS.  False: out of memory. */
bool gcg__votes_add (struct gcg__votes *votes, uint32_t class, const struct gcg__pointer *pointer,
                     const struct gcg__evidence *evidence);
/* The vote that decides what CLASS is, or NULL. */
const struct gcg__vote *gcg__votes_winner (const struct gcg__votes *votes, uint32_t class);
/* Gives CLASS the type that its symbols know by NAME. */
void gcg__votes_type (struct gcg__votes *votes, uint32_t class, const char *name, uint32_t round);

#endif
