/* die.c -- bounded steps through DWARF.
 *
 * Debug information comes from whatever file lies at a path, so it may be damaged or made to hurt:
 * sibling references that go backwards, typedefs that lead to themselves, arrays of 2^64 elements.
 * libdw reports what it cannot read but follows such circles for ever; the steps here do not.
 * Siblings and children must lie further on in their section, chains of types end after 64 links,
 * sizes are multiplied with overflow checks.
 *
 * Covers DWARF 2 to 5 where the standards differ: member locations as expressions, bit-fields by
 * storage unit, array bounds by upper bound or count, types in units of their own by signature.
 */
#include "config.h"

#include "symbol/internal.h"

#define MAX_CHAIN    64u
#define MAX_LOCATION (UINT64_C (1) << 48)

bool
gcg__die_child (Dwarf_Die *die, Dwarf_Die *child)
{
  const void *here = die->addr;
  return dwarf_child (die, child) == 0 && (const char *)child->addr > (const char *)here;
}

bool
gcg__die_sibling (Dwarf_Die *die, Dwarf_Die *next)
{
  const void *here = die->addr;
  return dwarf_siblingof (die, next) == 0 && (const char *)next->addr > (const char *)here;
}

bool
gcg__die_number (Dwarf_Die *die, unsigned int attribute, uint64_t *value)
{
  Dwarf_Attribute found;
  Dwarf_Word word;
  if (dwarf_attr_integrate (die, attribute, &found) == NULL || dwarf_formudata (&found, &word) != 0)
    return false;
  *value = word;
  return true;
}

bool
gcg__die_flag (Dwarf_Die *die, unsigned int attribute)
{
  Dwarf_Attribute found;
  bool flag = false;
  return dwarf_attr (die, attribute, &found) != NULL && dwarf_formflag (&found, &flag) == 0 && flag;
}

bool
gcg__die_target (Dwarf_Die *die, unsigned int attribute, Dwarf_Die *target)
{
  Dwarf_Attribute found;
  Dwarf_Die result, definition;
  if (dwarf_attr_integrate (die, attribute, &found) == NULL
      || dwarf_formref_die (&found, &result) == NULL)
    return false;
  /* With -fdebug-types-section the definition is in a unit of its own; this is a stub for it. */
  if (dwarf_attr (&result, DW_AT_signature, &found) != NULL
      && dwarf_formref_die (&found, &definition) != NULL)
    result = definition;
  *target = result;
  return true;
}

const char *
gcg__die_file (Dwarf_Die *die, unsigned int attribute)
{
  Dwarf_Attribute found;
  Dwarf_Die unit;
  Dwarf_Files *files;
  Dwarf_Word number;
  size_t n;
  const char *name = NULL;
  /* Not dwarf_decl_file, which asserts that the unit has a table of files.  An inherited number
     counts in the table of the unit that it was inherited from. */
  if (dwarf_attr_integrate (die, attribute, &found) != NULL
      && dwarf_formudata (&found, &number) == 0
      && dwarf_cu_die (found.cu, &unit, NULL, NULL, NULL, NULL, NULL, NULL) != NULL
      && dwarf_getsrcfiles (&unit, &files, &n) == 0 && number < n)
    name = dwarf_filesrc (files, number, NULL, NULL);
  return name != NULL ? name : "";
}

bool
gcg__die_peel (Dwarf_Die *type, Dwarf_Die *peeled)
{
  Dwarf_Die die = *type;
  for (unsigned int i = 0; i < MAX_CHAIN; i++)
    switch (dwarf_tag (&die))
      {
      case DW_TAG_typedef:
      case DW_TAG_const_type:
      case DW_TAG_volatile_type:
      case DW_TAG_restrict_type:
      case DW_TAG_atomic_type:
      case DW_TAG_immutable_type:
      case DW_TAG_packed_type:
      case DW_TAG_shared_type:
        if (!gcg__die_target (&die, DW_AT_type, &die))
          return false;
        break;
      case DW_TAG_invalid:
        return false;
      default:
        *peeled = die;
        return true;
      }
  return false;
}

bool
gcg__die_is_cxx (Dwarf_Die *die)
{
  Dwarf_Die unit;
  if (dwarf_cu_die (die->cu, &unit, NULL, NULL, NULL, NULL, NULL, NULL) == NULL)
    return false;
  switch (dwarf_srclang (&unit))
    {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case DW_LANG_ObjC_plus_plus:
    case 0x2b: /* DW_LANG_C_plus_plus_17 */
    case 0x2e: /* DW_LANG_C_plus_plus_20 */
      return true;
    default:
      return false;
    }
}

bool
gcg__die_is_aggregate (Dwarf_Die *die)
{
  const int tag = dwarf_tag (die);
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

bool
gcg__die_is_pointer (Dwarf_Die *die)
{
  const int tag = dwarf_tag (die);
  return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type
         || tag == DW_TAG_rvalue_reference_type;
}

/* Elements of one dimension. */
static uint64_t
subrange_count (Dwarf_Die *subrange)
{
  uint64_t count, upper, lower = 0;
  if (gcg__die_number (subrange, DW_AT_count, &count))
    return count;
  if (!gcg__die_number (subrange, DW_AT_upper_bound, &upper))
    return GCG__NO_COUNT;
  if (!gcg__die_number (subrange, DW_AT_lower_bound, &lower))
    lower = 0;
  /* An upper bound of -1 is how "[0]" is written; a four-byte form does not sign-extend it. */
  if (upper == UINT32_MAX)
    upper = UINT64_MAX;
  return upper + 1 - lower;
}

uint32_t
gcg__die_dimensions (Dwarf_Die *array, uint64_t counts[GCG__MAX_DIMENSIONS])
{
  Dwarf_Die child;
  uint32_t n = 0;
  for (bool more = gcg__die_child (array, &child); more; more = gcg__die_sibling (&child, &child))
    {
      if (dwarf_tag (&child) != DW_TAG_subrange_type)
        continue;
      if (n == GCG__MAX_DIMENSIONS)
        return 0;
      counts[n++] = subrange_count (&child);
    }
  if (n == 0)
    counts[n++] = GCG__NO_COUNT;
  return n;
}

bool
gcg__die_size (Dwarf_Die *type, uint64_t *bytes)
{
  Dwarf_Die die = *type;
  uint64_t factor = 1, size, counts[GCG__MAX_DIMENSIONS];
  for (unsigned int i = 0; i < MAX_CHAIN; i++)
    {
      if (!gcg__die_peel (&die, &die))
        return false;
      if (gcg__die_number (&die, DW_AT_byte_size, &size))
        return !__builtin_mul_overflow (factor, size, bytes);
      if (gcg__die_is_pointer (&die) || dwarf_tag (&die) == DW_TAG_ptr_to_member_type)
        return !__builtin_mul_overflow (factor, sizeof (uint64_t), bytes);
      if (dwarf_tag (&die) != DW_TAG_array_type)
        return false;
      const uint32_t n = gcg__die_dimensions (&die, counts);
      for (uint32_t k = 0; k < n; k++)
        if (counts[k] == GCG__NO_COUNT || __builtin_mul_overflow (factor, counts[k], &factor))
          return false;
      if (n == 0 || !gcg__die_target (&die, DW_AT_type, &die))
        return false;
    }
  return false;
}

/* Byte offset of a member or base class.  False when it is computed at run time (virtual base). */
static bool
member_location (Dwarf_Die *die, uint64_t *location)
{
  Dwarf_Attribute attribute;
  Dwarf_Op *operations;
  Dwarf_Word word;
  size_t n;
  *location = 0;
  if (dwarf_attr_integrate (die, DW_AT_data_member_location, &attribute) == NULL)
    return true;
  if (dwarf_formudata (&attribute, &word) == 0)
    *location = word;
  else if (dwarf_getlocation (&attribute, &operations, &n) == 0 && n == 1
           && (operations[0].atom == DW_OP_plus_uconst || operations[0].atom == DW_OP_constu))
    *location = operations[0].number;
  else
    return false;
  return *location < MAX_LOCATION;
}

/* Fills in where MEMBER stands.  False when it is not part of the object's own bytes. */
static bool
member_place (struct gcg__member *member)
{
  Dwarf_Die *die = &member->die;
  uint64_t location, bits, size = 0, position;
  /* A static member is declared here and stands elsewhere. */
  if (gcg__die_flag (die, DW_AT_external) || gcg__die_flag (die, DW_AT_declaration)
      || !gcg__die_target (die, DW_AT_type, &member->type) || !member_location (die, &location))
    return false;
  const bool sized = gcg__die_size (&member->type, &size) && size < MAX_LOCATION;
  member->bit_field = gcg__die_number (die, DW_AT_bit_size, &bits) && bits < MAX_LOCATION;
  if (!member->bit_field)
    bits = sized ? size * 8 : 0;
  if (gcg__die_number (die, DW_AT_data_bit_offset, &position))
    position = position < MAX_LOCATION ? position : 0;
  else if (member->bit_field && gcg__die_number (die, DW_AT_bit_offset, &position))
    {
      /* DWARF 2 and 3 count from the most significant bit of the storage unit. */
      uint64_t storage = size;
      if (!gcg__die_number (die, DW_AT_byte_size, &storage))
        storage = size;
      if (storage > 16 || position > storage * 8 || bits > storage * 8 - position)
        return false;
      position = location * 8 + storage * 8 - position - bits;
    }
  else
    position = location * 8;
  member->low_bit = position;
  member->high_bit = position + bits;
  member->name = dwarf_tag (die) == DW_TAG_inheritance ? NULL : dwarf_diename (die);
  return true;
}

bool
gcg__die_member (Dwarf_Die *aggregate, struct gcg__member *member)
{
  bool more = member->die.addr == NULL ? gcg__die_child (aggregate, &member->die)
                                       : gcg__die_sibling (&member->die, &member->die);
  for (; more; more = gcg__die_sibling (&member->die, &member->die))
    {
      const int tag = dwarf_tag (&member->die);
      if ((tag == DW_TAG_member || tag == DW_TAG_inheritance) && member_place (member))
        return true;
    }
  return false;
}
