/* address.c -- code addresses to source frames, data addresses to variables.
 *
 * For each module the compilation units' address ranges are read once into a sorted list (not
 * .debug_aranges: clang writes none), and for each unit that is asked about, its functions'.  From
 * the function the way down to the innermost inlined call leads through the children that hold the
 * address; what that collects are the frames, and each inlined call says where it was called from.
 * This is what dwarf_getscopes and dwarf_getscopes_die compute by walking the whole unit twice for
 * every address.
 *
 * Without DWARF the ELF symbol names the function; without that the frame says module and offset.
 * Answers, the empty ones too, are kept by address: a snapshot's sites share most of their stacks.
 */
#include "config.h"

#include "symbol/internal.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Inlined calls in one another; what is deeper is left out. */
#define MAX_INLINED 64u
/* Lexical blocks and inlined calls in one another. */
#define MAX_DEPTH 256u

struct unit
{
  Dwarf_Die die;   /* for lines */
  Dwarf_Die split; /* for functions: in the .dwo file when there is one */
  struct gcg__spans functions;
  bool built, inner_built;
};

struct answer
{
  uint32_t n;
  struct gcg__frame frames[];
};

/* Handed out when memory is short. */
static const struct gcg__frame no_frame = { .function = "", .file = "", .module = "" };

const char *
gcg__address_demangle (struct gcg__symbols *symbols, const char *name)
{
  if (strncmp (name, "_Z", 2) != 0)
    return name;
  const char *known = gcg__table_find (&symbols->demangled, (uintptr_t)name, 0);
  if (known != NULL)
    return known;
  if (!symbols->demangler_tried)
    {
      /* The C++ library is no dependency of ours, but where C++ programs run it is there. */
      symbols->demangler_tried = true;
      symbols->demangler = dlopen ("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
      if (symbols->demangler != NULL)
        symbols->demangle = (char *(*)(const char *, char *, size_t *, int *))dlsym (
            symbols->demangler, "__cxa_demangle");
    }
  int status = -1;
  char *plain = symbols->demangle != NULL ? symbols->demangle (name, NULL, NULL, &status) : NULL;
  const char *text = NULL;
  if (plain != NULL && status == 0)
    text = gcg__pool_text (&symbols->pool, plain, strlen (plain));
  free (plain);
  if (text == NULL)
    text = name;
  gcg__table_set (&symbols->demangled, (uintptr_t)name, 0, (void *)text);
  return text;
}

/* NAME as a path that can be opened: a relative one begins where UNIT was compiled.  Where that is
   relative, too (a distribution's reproducible build), nothing would be gained. */
static const char *
source_path (struct gcg__symbols *symbols, struct unit *unit, const char *name)
{
  Dwarf_Attribute attribute;
  if (name == NULL || name[0] == '/' || name[0] == '\0')
    return name != NULL ? name : "";
  const char *directory = NULL;
  if (dwarf_attr (&unit->die, DW_AT_comp_dir, &attribute) != NULL)
    directory = dwarf_formstring (&attribute);
  if (directory == NULL || directory[0] != '/')
    return name;
  const char *known = gcg__table_find (&symbols->paths, (uintptr_t)name, (uintptr_t)directory);
  if (known != NULL)
    return known;
  const size_t before = strlen (directory), after = strlen (name);
  char *path = gcg__pool_take (&symbols->pool, before + after + 2);
  if (path == NULL)
    return name;
  memcpy (path, directory, before);
  path[before] = '/';
  memcpy (path + before + 1, name, after);
  gcg__table_set (&symbols->paths, (uintptr_t)name, (uintptr_t)directory, path);
  return path;
}

/* Adds the ranges of DIE's code to SPANS, in addresses of the file. */
static bool
spans_add_ranges (struct gcg__image *image, struct gcg__spans *spans, Dwarf_Die *die, void *what)
{
  Dwarf_Addr base, low, high;
  ptrdiff_t offset = 0;
  while ((offset = dwarf_ranges (die, offset, &base, &low, &high)) > 0)
    if (low < high && !gcg__spans_add (spans, low + image->bias, high + image->bias, what, 0))
      return false;
  return true;
}

static void
units_build (struct gcg__symbols *symbols, struct gcg__image *image)
{
  Dwarf_CU *cu = NULL;
  Dwarf_Die die, split;
  uint8_t type;
  image->units_built = true;
  if (!gcg__image_open_dwarf (symbols, image))
    return;
  while (dwarf_get_units (image->dwarf, cu, &cu, NULL, &type, &die, &split) == 0)
    {
      if (die.addr == NULL || (type != DW_UT_compile && type != DW_UT_skeleton))
        continue;
      struct unit *unit = gcg__pool_take (&symbols->pool, sizeof *unit);
      if (unit == NULL)
        break;
      unit->die = die;
      unit->split = type == DW_UT_skeleton && split.addr != NULL ? split : die;
      if (!spans_add_ranges (image, &image->units, &die, unit))
        break;
    }
  gcg__spans_sort (&image->units);
}

/* Reads where the functions of UNIT are.  INNER: also those inside functions (a GNU C extension),
   which takes a walk through everything in the unit and is done only for an address that belongs to
   no other function. */
static void
functions_walk (struct gcg__symbols *symbols, struct gcg__image *image, struct unit *unit,
                bool inner)
{
  Dwarf_Die stack[MAX_DEPTH];
  uint32_t depth = 0;
  const char *furthest = NULL;
  if (gcg__die_child (&unit->split, &stack[0]))
    depth = 1;
  while (depth > 0)
    {
      Dwarf_Die die = stack[depth - 1];
      if ((const char *)die.addr <= furthest) /* overlapping children: damaged */
        return;
      furthest = die.addr;
      if (!gcg__die_sibling (&die, &stack[depth - 1]))
        depth--;
      bool enter = false;
      switch (dwarf_tag (&die))
        {
        case DW_TAG_subprogram:
        case DW_TAG_entry_point:
          enter = inner;
          if (dwarf_hasattr (&die, DW_AT_low_pc) || dwarf_hasattr (&die, DW_AT_ranges))
            {
              Dwarf_Die *kept = gcg__pool_take (&symbols->pool, sizeof *kept);
              if (kept == NULL)
                return;
              *kept = die;
              if (!spans_add_ranges (image, &unit->functions, &die, kept))
                return;
            }
          break;
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
          enter = true;
          break;
        case DW_TAG_lexical_block:
          enter = inner;
          break;
        default:
          break;
        }
      if (enter && depth < MAX_DEPTH && gcg__die_child (&die, &stack[depth]))
        depth++;
    }
}

/* The function of UNIT at the file's ADDRESS, or NULL. */
static Dwarf_Die *
unit_function (struct gcg__symbols *symbols, struct gcg__image *image, struct unit *unit,
               uint64_t address)
{
  const struct gcg__span *span = NULL;
  if (!unit->built)
    {
      unit->built = true;
      functions_walk (symbols, image, unit, false);
      gcg__spans_sort (&unit->functions);
    }
  span = gcg__spans_find (&unit->functions, address, NULL);
  if (span == NULL && !unit->inner_built)
    {
      unit->inner_built = true;
      unit->functions.n = 0;
      functions_walk (symbols, image, unit, true);
      gcg__spans_sort (&unit->functions);
      span = gcg__spans_find (&unit->functions, address, NULL);
    }
  return span != NULL ? span->what : NULL;
}

/* Writes to CHAIN the function and the inlined calls in it that hold PC (an address in the DWARF),
   outermost first.  Returns their number. */
static uint32_t
function_chain (Dwarf_Die *function, Dwarf_Addr pc, Dwarf_Die chain[MAX_INLINED])
{
  uint32_t n = 0;
  Dwarf_Die scope = *function, child;
  chain[n++] = scope;
  for (uint32_t depth = 0; depth < MAX_DEPTH && n < MAX_INLINED; depth++)
    {
      bool more = gcg__die_child (&scope, &child);
      for (; more; more = gcg__die_sibling (&child, &child))
        {
          const int tag = dwarf_tag (&child);
          if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block
               || tag == DW_TAG_try_block || tag == DW_TAG_catch_block || tag == DW_TAG_with_stmt
               || tag == DW_TAG_entry_point)
              && dwarf_haspc (&child, pc) > 0)
            break;
        }
      if (!more)
        break;
      scope = child;
      if (dwarf_tag (&scope) == DW_TAG_inlined_subroutine)
        chain[n++] = scope;
    }
  return n;
}

/* Name of a function or inlined call, "" when it has none. */
static const char *
function_name (struct gcg__symbols *symbols, Dwarf_Die *die)
{
  Dwarf_Attribute attribute;
  const char *linkage = NULL;
  if (dwarf_attr_integrate (die, DW_AT_linkage_name, &attribute) != NULL
      || dwarf_attr_integrate (die, DW_AT_MIPS_linkage_name, &attribute) != NULL)
    linkage = dwarf_formstring (&attribute);
  if (linkage != NULL && strncmp (linkage, "_Z", 2) == 0)
    return gcg__address_demangle (symbols, linkage);
  const char *name = dwarf_diename (die);
  return name != NULL ? name : linkage != NULL ? linkage : "";
}

/* The number that DIE has for ATTRIBUTE; 0 when it has none. */
static uint32_t
small_number (Dwarf_Die *die, unsigned attribute)
{
  uint64_t number = 0;
  return gcg__die_number (die, attribute, &number) && number <= UINT32_MAX ? (uint32_t)number : 0;
}

/* Fills FRAMES from the debug information at the file's ADDRESS.  Returns their number, 0 when
   nothing is known; a function name may be empty. */
static uint32_t
frames_from_dwarf (struct gcg__symbols *symbols, struct gcg__image *image, uint64_t address,
                   struct gcg__frame frames[MAX_INLINED])
{
  const struct gcg__span *span = NULL;
  struct unit *unit = NULL;
  Dwarf_Die *function = NULL, chain[MAX_INLINED];
  if (!image->units_built)
    units_build (symbols, image);
  while (function == NULL && (span = gcg__spans_find (&image->units, address, span)) != NULL)
    {
      unit = span->what;
      function = unit_function (symbols, image, unit, address);
    }
  if (unit == NULL)
    return 0;

  const char *file = "";
  uint32_t line = 0, column = 0;
  int number;
  Dwarf_Line *found = dwarf_getsrc_die (&unit->die, address - image->bias);
  if (found != NULL)
    {
      file = source_path (symbols, unit, dwarf_linesrc (found, NULL, NULL));
      line = dwarf_lineno (found, &number) == 0 && number > 0 ? (uint32_t)number : 0;
      column = dwarf_linecol (found, &number) == 0 && number > 0 ? (uint32_t)number : 0;
    }
  uint32_t n = function == NULL ? 0 : function_chain (function, address - image->bias, chain);
  if (n == 0)
    {
      frames[0]
          = (struct gcg__frame){ .function = "", .file = file, .line = line, .column = column };
      return found != NULL;
    }
  for (uint32_t i = 0; i < n; i++)
    {
      Dwarf_Die *die = &chain[n - 1 - i];
      frames[i] = (struct gcg__frame){ .function = function_name (symbols, die),
                                       .file = file,
                                       .line = line,
                                       .column = column,
                                       .inlined = i + 1 < n };
      if (i + 1 == n)
        break;
      file = source_path (symbols, unit, gcg__die_file (die, DW_AT_call_file));
      line = small_number (die, DW_AT_call_line);
      column = small_number (die, DW_AT_call_column);
    }
  return n;
}

static struct answer *
frames_find (struct gcg__symbols *symbols, uint64_t address, bool return_address)
{
  struct gcg__frame frames[MAX_INLINED] = { no_frame };
  struct gcg__image *image = gcg__symbols_image (symbols, address - return_address);
  uint32_t n = 0;
  uint64_t in_symbol, offset = address;
  if (image != NULL)
    {
      offset = address - image->module->base;
      n = frames_from_dwarf (symbols, image, offset - return_address, frames);
      if (n == 0 || frames[n - 1].function[0] == '\0')
        {
          const char *label
              = gcg__label_find (symbols, image, offset - return_address, false, &in_symbol);
          n = n == 0 ? 1 : n;
          frames[n - 1].function = label != NULL ? label : "";
        }
    }
  else
    n = 1;
  struct answer *answer = gcg__pool_take (&symbols->pool, sizeof *answer + n * sizeof *frames);
  if (answer == NULL)
    return NULL;
  answer->n = n;
  for (uint32_t i = 0; i < n; i++)
    {
      answer->frames[i] = frames[i];
      answer->frames[i].module = image != NULL ? image->name : "";
      answer->frames[i].offset = offset;
    }
  return answer;
}

uint32_t
gcg__symbols_frames (struct gcg__symbols *symbols, uint64_t address, bool return_address,
                     const struct gcg__frame **frames)
{
  pthread_mutex_lock (&symbols->lock);
  struct answer *answer = gcg__table_find (&symbols->frames, address, return_address);
  if (answer == NULL)
    {
      answer = frames_find (symbols, address, return_address);
      /* Without memory to remember it, the answer stays in the pool and is right none the less. */
      if (answer != NULL)
        gcg__table_set (&symbols->frames, address, return_address, answer);
    }
  pthread_mutex_unlock (&symbols->lock);
  *frames = answer != NULL ? answer->frames : &no_frame;
  return answer != NULL ? answer->n : 1;
}

bool
gcg__symbols_data (struct gcg__symbols *symbols, uint64_t address, const char **name,
                   uint64_t *offset)
{
  uint64_t in_symbol = 0;
  const char *found = NULL;
  pthread_mutex_lock (&symbols->lock);
  struct gcg__image *image = gcg__symbols_image (symbols, address);
  if (image != NULL)
    found = gcg__label_find (symbols, image, address - image->module->base, true, &in_symbol);
  pthread_mutex_unlock (&symbols->lock);
  if (found == NULL)
    return false;
  *name = found;
  *offset = in_symbol;
  return true;
}

void
gcg__address_fini (struct gcg__image *image)
{
  for (size_t i = 0; i < image->units.n; i++)
    gcg__spans_fini (&((struct unit *)image->units.items[i].what)->functions);
  gcg__spans_fini (&image->units);
}
