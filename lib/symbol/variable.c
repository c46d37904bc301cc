/* variable.c -- which local variables a call has, and where they are.
 *
 * DWARF says of a variable where it is by an expression that may depend on the place in the code
 * (DWARF 5, 2.6).  Nearly all of them are one step: an offset from the frame's base, an offset from
 * a register, a register, an address.  Those are understood; of the others nothing is said.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/internal.h"

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

/* The only step of the expression in ATTRIBUTE of DIE at this place in the code. */
static bool
only_step (const struct lookup *lookup, Dwarf_Die *die, unsigned attribute, Dwarf_Op *step)
{
  Dwarf_Attribute found;
  Dwarf_Op *steps;
  size_t n;
  if (dwarf_attr_integrate (die, attribute, &found) == NULL
      || dwarf_getlocation_addr (&found, lookup->pc, &steps, &n, 1) != 1 || n != 1)
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

/* Sets where VARIABLE is from STEP; false: not understood. */
static bool
place_of (const struct lookup *lookup, const Dwarf_Op *step, struct gcg__variable *variable)
{
  bool is;
  uint64_t number, value;
  if (step->atom == DW_OP_fbreg && lookup->has_base)
    {
      variable->place = lookup->base + step->number;
      return true;
    }
  if (step->atom == DW_OP_addr)
    {
      variable->place = step->number + lookup->slide;
      return true;
    }
  number = register_of (step, DW_OP_reg0, DW_OP_regx, &is);
  if (is)
    {
      variable->in_register = true;
      variable->place = number;
      return known_register (lookup->call, number, &value);
    }
  number = register_of (step, DW_OP_breg0, DW_OP_bregx, &is);
  if (!is || !known_register (lookup->call, number, &value))
    return false;
  variable->place = value + (step->atom == DW_OP_bregx ? step->number2 : step->number);
  return true;
}

static void
take_variable (struct lookup *lookup, Dwarf_Die *die, int tag)
{
  struct gcg__variable variable = { .parameter = tag == DW_TAG_formal_parameter, .type = "" };
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  Dwarf_Op step;
  char name[GCG__NAME_BYTES];
  variable.name = dwarf_formstring (dwarf_attr_integrate (die, DW_AT_name, &attribute));
  if (variable.name == NULL || lookup->n == lookup->most
      || !only_step (lookup, die, DW_AT_location, &step) || !place_of (lookup, &step, &variable))
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
