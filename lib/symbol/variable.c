/* variable.c -- which local variables a call has, and where they are.
 *
 * DWARF says of a variable where it is by an expression that may depend on the place in the code
 * (DWARF 5, 2.5 and 2.6).  Nearly all of them are one step: an offset from the frame's base, an
 * offset from a register, a register, an address.  Longer ones that compute an address from those,
 * with words of the stacks, are worked out.  Of a variable that is no longer anywhere but whose
 * value can be computed that value is told.  Of pieces, and of what a register held on entry,
 * nothing is said: parameters come in registers that need not be preserved.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/internal.h"

#define MAX_VALUES   8u
#define MAX_CHILDREN 4096u /* of one scope: more is damage */

struct lookup
{
  struct gcg__symbols *symbols;
  struct gcg__image *image;
  const struct gcg__call *call;
  uint64_t pc;    /* in the image's DWARF */
  uint64_t slide; /* run-time address - address in the image's DWARF */
  bool has_base;
  uint64_t base; /* of the frame */
  struct gcg__variable *variables;
  uint32_t n, most;
};

/* The register that an operation names, by its own number or the operand of its long form. */
static uint64_t
register_of (const Dwarf_Op *op, unsigned first, unsigned extended, bool *is)
{
  *is = (op->atom >= first && op->atom < first + 32u) || op->atom == extended;
  return op->atom == extended ? op->number : op->atom - first;
}

/* The steps of the expression in ATTRIBUTE of DIE at this place in the code; how many, 0: none. */
static size_t
all_steps (const struct lookup *lookup, Dwarf_Die *die, unsigned attribute, Dwarf_Op **steps)
{
  Dwarf_Attribute found;
  size_t n;
  if (dwarf_attr_integrate (die, attribute, &found) == NULL
      || dwarf_getlocation_addr (&found, lookup->pc, steps, &n, 1) != 1)
    return 0;
  return n;
}

/* The only one. */
static bool
only_step (const struct lookup *lookup, Dwarf_Die *die, unsigned attribute, Dwarf_Op *step)
{
  Dwarf_Op *steps;
  if (all_steps (lookup, die, attribute, &steps) != 1)
    return false;
  *step = steps[0];
  return true;
}

static bool
known_register (const struct gcg__call *call, uint64_t number, uint64_t *value)
{
  if (number >= GCG__CALL_REGISTERS || !(call->known >> number & 1))
    return false;
  *value = call->registers[number];
  return true;
}

/* DW_AT_frame_base of FUNCTION. */
static void
find_base (struct lookup *lookup, Dwarf_Die *function)
{
  Dwarf_Op step;
  bool is;
  if (!only_step (lookup, function, DW_AT_frame_base, &step))
    return;
  if (step.atom == DW_OP_call_frame_cfa)
    {
      /* The caller's stack pointer after the return is the canonical frame address. */
      lookup->base = lookup->call->high;
      lookup->has_base = lookup->call->high > lookup->call->low;
      return;
    }
  uint64_t number = register_of (&step, DW_OP_reg0, DW_OP_regx, &is);
  if (is)
    lookup->has_base = known_register (lookup->call, number, &lookup->base);
}

/* Pushes what one step that needs no other value means: an offset from the frame's base or a
   register, an address, a number. */
static bool
push_value (const struct lookup *lookup, const Dwarf_Op *step, uint64_t *value)
{
  bool is;
  const uint64_t number = register_of (step, DW_OP_breg0, DW_OP_bregx, &is);
  if (is)
    {
      if (!known_register (lookup->call, number, value))
        return false;
      *value += step->atom == DW_OP_bregx ? step->number2 : step->number;
      return true;
    }
  switch (step->atom)
    {
    case DW_OP_fbreg:
      *value = lookup->base + step->number;
      return lookup->has_base;
    case DW_OP_call_frame_cfa:
      *value = lookup->call->high;
      return lookup->call->high > lookup->call->low;
    case DW_OP_addr:
      *value = step->number + lookup->slide;
      return true;
    case DW_OP_const1u:
    case DW_OP_const1s:
    case DW_OP_const2u:
    case DW_OP_const2s:
    case DW_OP_const4u:
    case DW_OP_const4s:
    case DW_OP_const8u:
    case DW_OP_const8s:
    case DW_OP_constu:
    case DW_OP_consts:
      *value = step->number;
      return true;
    default:
      *value = step->atom - DW_OP_lit0;
      return step->atom >= DW_OP_lit0 && step->atom <= DW_OP_lit31;
    }
}

/* The word at ADDRESS of whatever stack it is on. */
static bool
stack_word (const struct lookup *lookup, uint64_t address, uint64_t *word)
{
  const struct gcg__snapshot *snapshot = lookup->symbols->snapshot;
  for (uint32_t i = 0; i < snapshot->n_stack_pieces; i++)
    if (gcg__snapshot_stack_word (snapshot, snapshot->stack_pieces[i].thread, address, word))
      return true;
  return false;
}

/* Does a step that takes its operands from STACK, of *DEPTH values; false: not understood. */
static bool
do_operation (const struct lookup *lookup, const Dwarf_Op *step, uint64_t *stack, uint32_t *depth)
{
  if (*depth < 1)
    return false;
  uint64_t *top = &stack[*depth - 1];
  if (step->atom == DW_OP_deref || step->atom == DW_OP_plus_uconst)
    {
      if (step->atom == DW_OP_plus_uconst)
        *top += step->number;
      else if (!stack_word (lookup, *top, top))
        return false;
      return true;
    }
  if (*depth < 2)
    return false;
  switch (step->atom)
    {
    case DW_OP_plus:
      top[-1] += top[0];
      break;
    case DW_OP_minus:
      top[-1] -= top[0];
      break;
    case DW_OP_and:
      top[-1] &= top[0];
      break;
    case DW_OP_or:
      top[-1] |= top[0];
      break;
    case DW_OP_mul:
      top[-1] *= top[0];
      break;
    case DW_OP_shl:
      top[-1] = top[0] < 64 ? top[-1] << top[0] : 0;
      break;
    default:
      return false;
    }
  --*depth;
  return true;
}

/* Works out an expression of several steps; false: not understood. */
static bool
compute (const struct lookup *lookup, const Dwarf_Op *steps, size_t n,
         struct gcg__variable *variable)
{
  uint64_t stack[MAX_VALUES];
  uint32_t depth = 0;
  for (size_t i = 0; i < n; i++)
    {
      if (steps[i].atom == DW_OP_stack_value && i + 1 == n)
        variable->by_value = true;
      else if (depth < MAX_VALUES && push_value (lookup, &steps[i], &stack[depth]))
        depth++;
      else if (!do_operation (lookup, &steps[i], stack, &depth))
        return false;
    }
  if (depth == 0)
    return false;
  variable->place = stack[depth - 1];
  return true;
}

/* Sets where VARIABLE is by the N STEPS; false: not understood. */
static bool
place_of (const struct lookup *lookup, const Dwarf_Op *steps, size_t n,
          struct gcg__variable *variable)
{
  bool is = false;
  uint64_t value;
  const uint64_t number = n == 1 ? register_of (&steps[0], DW_OP_reg0, DW_OP_regx, &is) : 0;
  if (!is)
    return n > 0 && compute (lookup, steps, n, variable);
  variable->in_register = true;
  variable->place = number;
  return known_register (lookup->call, number, &value);
}

static void
take_variable (struct lookup *lookup, Dwarf_Die *die, int tag)
{
  struct gcg__variable variable = { .parameter = tag == DW_TAG_formal_parameter, .type = "" };
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  Dwarf_Op *steps;
  char name[GCG__NAME_BYTES];
  variable.name = dwarf_formstring (dwarf_attr_integrate (die, DW_AT_name, &attribute));
  if (variable.name == NULL || lookup->n == lookup->most)
    return;
  const size_t n = all_steps (lookup, die, DW_AT_location, &steps);
  if (n == 0 || !place_of (lookup, steps, n, &variable))
    return;
  if (gcg__die_target (die, DW_AT_type, &type))
    {
      if (gcg__spelling_of (&type, 0, 0, name, sizeof name))
        {
          const char *copy = gcg__pool_text (&lookup->symbols->pool, name, strlen (name));
          variable.type = copy != NULL ? copy : "";
        }
      if (!gcg__die_size (&type, &variable.bytes))
        variable.bytes = 0;
    }
  lookup->variables[lookup->n++] = variable;
}

static void
take_scope (struct lookup *lookup, Dwarf_Die *scope)
{
  Dwarf_Die die, next;
  uint32_t n = 0;
  if (!gcg__die_child (scope, &die))
    return;
  do
    {
      int tag = dwarf_tag (&die);
      if (tag == DW_TAG_variable || tag == DW_TAG_formal_parameter)
        take_variable (lookup, &die, tag);
      next = die;
    }
  while (++n < MAX_CHILDREN && gcg__die_sibling (&next, &die));
}

/* The scopes that hold LOOKUP->pc, innermost first, from the block to the function. */
static void
take_scopes (struct lookup *lookup)
{
  Dwarf_Addr bias;
  Dwarf_Die *here, *around;
  Dwarf_Die *unit
      = dwfl_module_addrdie (lookup->image->dwfl_module, lookup->pc + lookup->image->bias, &bias);
  int n = unit != NULL ? dwarf_getscopes (unit, lookup->pc, &here) : 0;
  if (n <= 0)
    return;
  n = dwarf_getscopes_die (&here[0], &around);
  free (here);
  if (n <= 0)
    return;
  int function = 0;
  while (function < n && dwarf_tag (&around[function]) != DW_TAG_subprogram)
    function++;
  if (function < n)
    find_base (lookup, &around[function]);
  for (int i = 0; i <= function && i < n; i++)
    take_scope (lookup, &around[i]);
  free (around);
}

uint32_t
gcg__symbols_variables (struct gcg__symbols *symbols, const struct gcg__call *call,
                        struct gcg__variable *variables, uint32_t most)
{
  struct lookup lookup = { .symbols = symbols, .call = call, .variables = variables, .most = most };
  pthread_mutex_lock (&symbols->lock);
  lookup.image = gcg__symbols_image (symbols, call->pc);
  if (lookup.image != NULL && gcg__image_open_dwarf (symbols, lookup.image))
    {
      lookup.slide = lookup.image->module->base + lookup.image->bias;
      lookup.pc = call->pc - call->return_address - lookup.slide;
      take_scopes (&lookup);
    }
  pthread_mutex_unlock (&symbols->lock);
  return lookup.n;
}
