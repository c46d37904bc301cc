/* scope.c -- which variable a name means at a line of a function.
 *
 * The function is found by name and by the end of its file's path: a macro records the path as it
 * was given to the compiler, DWARF as the compiler resolved it.  Its parameters and the variables
 * of its blocks are then candidates, those declared after the line excepted, and behind them the
 * file's and the program's globals.  A block's extent is known in addresses only, so the line is
 * turned into the addresses that the line table has for it: a block that holds one of them holds
 * the line.  Where the compiler left no addresses (abstract instances of inlined functions) a
 * candidate merely may be the one; then all that may be must have the same type.
 *
 * Right or silent: an answer goes into the type column of every object of a site.
 */
#include "config.h"

#include "symbol/internal.h"

#include <string.h>

#define MAX_CANDIDATES 64u
#define MAX_DEPTH      64u
#define MAX_ADDRESSES  64u
/* How far the line of a macro that spans lines may be from the code's. */
#define MAX_DISTANCE 3u

enum holds
{
  NO,
  MAYBE,
  YES
};

struct candidate
{
  Dwarf_Die type;
  uint32_t depth; /* of its block; 0: global */
  enum holds holds;
};

struct search
{
  const struct gcg__place *place;
  const char *name;
  Dwarf_Addr addresses[MAX_ADDRESSES];
  uint32_t n_addresses;
  struct candidate candidates[MAX_CANDIDATES];
  uint32_t n_candidates;
};

/* How many components the ends of two paths share, 0 when not even the base name; *ALL says whether
   one of them is the end of the other. */
static uint32_t
path_match (const char *a, const char *b, bool *all)
{
  size_t i = strlen (a), j = strlen (b);
  uint32_t n = 0;
  *all = false;
  if (i == 0 || j == 0)
    return 0;
  while (i > 0 && j > 0 && a[i - 1] == b[j - 1])
    {
      i--, j--;
      n += a[i] == '/';
    }
  /* "list.c" is not the end of "mylist.c". */
  const bool between = (i == 0 || a[i - 1] == '/') && (j == 0 || b[j - 1] == '/');
  *all = (i == 0 || j == 0) && (between || a[i] == '/');
  return *all && a[i] != '/' ? n + 1 : n;
}

uint32_t
gcg__scope_places (struct gcg__symbols *symbols, const char *function, const char *file,
                   uint32_t line, struct gcg__place places[GCG__MAX_PLACES])
{
  uint32_t n = 0, best = 1;
  bool found = false;
  /* A library is not read if the program has it. */
  for (uint32_t i = 0; i < symbols->n_images && !found; i++)
    {
      struct gcg__image *image = symbols->by_order[i];
      const struct gcg__name *name = NULL;
      while ((name = gcg__names_find (symbols, image, false, GCG__NAME_FUNCTION, function, name))
             != NULL)
        {
          Dwarf_Die die = name->die;
          int declared = 0;
          bool all;
          const uint32_t match = path_match (gcg__die_file (&die, DW_AT_decl_file), file, &all);
          if (match < best || (dwarf_decl_line (&die, &declared) == 0 && (uint32_t)declared > line))
            continue;
          if (match > best)
            n = 0;
          best = match;
          found = found || all;
          if (n < GCG__MAX_PLACES)
            places[n++] = (struct gcg__place){ symbols, image, die, line };
        }
    }
  return n;
}

/* Collects the addresses of the code of the place's line, or of the nearest that has any. */
static void
search_addresses (struct search *search)
{
  Dwarf_Die function = search->place->function, unit;
  Dwarf_Lines *lines;
  size_t n;
  uint32_t nearest = MAX_DISTANCE;
  bool all;
  const char *file = gcg__die_file (&function, DW_AT_decl_file);
  const bool placed
      = dwarf_hasattr (&function, DW_AT_low_pc) || dwarf_hasattr (&function, DW_AT_ranges);
  if (dwarf_diecu (&function, &unit, NULL, NULL) == NULL
      || dwarf_getsrclines (&unit, &lines, &n) != 0)
    return;
  for (size_t i = 0; i < n; i++)
    {
      Dwarf_Line *line = dwarf_onesrcline (lines, i);
      Dwarf_Addr address;
      int number;
      if (dwarf_lineno (line, &number) != 0 || number <= 0)
        continue;
      const uint32_t distance = (uint32_t)number > search->place->line
                                    ? (uint32_t)number - search->place->line
                                    : search->place->line - (uint32_t)number;
      const char *source = distance <= nearest ? dwarf_linesrc (line, NULL, NULL) : NULL;
      if (source == NULL || path_match (source, file, &all) == 0
          || dwarf_lineaddr (line, &address) != 0
          || (placed && dwarf_haspc (&function, address) <= 0))
        continue;
      if (distance < nearest)
        search->n_addresses = 0;
      nearest = distance;
      if (search->n_addresses < MAX_ADDRESSES)
        search->addresses[search->n_addresses++] = address;
    }
}

/* Whether BLOCK, in one that holds the line as PARENT says, does. */
static enum holds
block_holds (const struct search *search, Dwarf_Die *block, enum holds parent)
{
  if (parent == NO || search->n_addresses == 0
      || (!dwarf_hasattr (block, DW_AT_low_pc) && !dwarf_hasattr (block, DW_AT_ranges)))
    return parent == NO ? NO : MAYBE;
  for (uint32_t i = 0; i < search->n_addresses; i++)
    if (dwarf_haspc (block, search->addresses[i]) > 0)
      return parent;
  return NO;
}

static void
search_add (struct search *search, Dwarf_Die *variable, uint32_t depth, enum holds holds)
{
  int declared = 0;
  const char *name = dwarf_diename (variable);
  Dwarf_Die type;
  if (holds == NO || name == NULL || strcmp (name, search->name) != 0
      || (depth > 0 && dwarf_decl_line (variable, &declared) == 0
          && (uint32_t)declared > search->place->line)
      || !gcg__die_target (variable, DW_AT_type, &type) || search->n_candidates == MAX_CANDIDATES)
    return;
  search->candidates[search->n_candidates++] = (struct candidate){ type, depth, holds };
}

/* Collects the parameters and local variables. */
static void
search_function (struct search *search)
{
  struct
  {
    Dwarf_Die die;
    enum holds holds;
  } stack[MAX_DEPTH];
  Dwarf_Die function = search->place->function;
  uint32_t depth = 0;
  const char *furthest = NULL;
  if (gcg__die_child (&function, &stack[0].die))
    {
      stack[0].holds = YES;
      depth = 1;
    }
  while (depth > 0)
    {
      Dwarf_Die die = stack[depth - 1].die;
      const enum holds holds = stack[depth - 1].holds;
      const uint32_t level = depth;
      if ((const char *)die.addr <= furthest) /* overlapping children: damaged */
        return;
      furthest = die.addr;
      if (!gcg__die_sibling (&die, &stack[depth - 1].die))
        depth--;
      const int tag = dwarf_tag (&die);
      if (tag == DW_TAG_formal_parameter || tag == DW_TAG_variable)
        search_add (search, &die, level, holds);
      /* LEVEL may be above DEPTH when this was the last of its block. */
      if (tag == DW_TAG_lexical_block && depth < MAX_DEPTH
          && gcg__die_child (&die, &stack[depth].die))
        stack[depth++].holds = block_holds (search, &die, holds);
    }
}

/* Adds the global variable: the function's own file's, else one that the module's other files
   export (a declaration that is used in sizeof only is not described). */
static void
search_globals (struct search *search)
{
  const struct gcg__place *place = search->place;
  for (int outside = 0; outside < 2; outside++)
    {
      const struct gcg__name *found = NULL;
      while ((found = gcg__names_find (place->symbols, place->image, false, GCG__NAME_VARIABLE,
                                       search->name, found))
             != NULL)
        {
          Dwarf_Die die = found->die;
          if (outside ? gcg__die_flag (&die, DW_AT_external) : die.cu == place->function.cu)
            {
              search_add (search, &die, 0, YES);
              return;
            }
        }
    }
}

static bool
types_agree (Dwarf_Die *a, Dwarf_Die *b)
{
  char first[GCG__NAME_BYTES], second[GCG__NAME_BYTES];
  return a->addr == b->addr
         || (gcg__spelling_of (a, 0, 0, first, sizeof first)
             && gcg__spelling_of (b, 0, 0, second, sizeof second) && strcmp (first, second) == 0);
}

bool
gcg__scope_variable (const struct gcg__place *place, const char *name, Dwarf_Die *type)
{
  struct search search = { .place = place, .name = name };
  struct candidate *best = NULL;
  search_addresses (&search);
  search_function (&search);
  search_globals (&search);
  /* The innermost that is certainly visible; what may hide it must be of its type. */
  for (uint32_t i = 0; i < search.n_candidates; i++)
    if (search.candidates[i].holds == YES
        && (best == NULL || search.candidates[i].depth >= best->depth))
      best = &search.candidates[i];
  if (best == NULL && search.n_candidates > 0)
    best = &search.candidates[0];
  if (best == NULL)
    return false;
  for (uint32_t i = 0; i < search.n_candidates; i++)
    {
      struct candidate *other = &search.candidates[i];
      if (other->holds == MAYBE && other->depth >= best->depth
          && !types_agree (&other->type, &best->type))
        return false;
    }
  *type = best->type;
  return true;
}
