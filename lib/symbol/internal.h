/* internal.h -- shared by the files of lib/symbol only.
 *
 *   symbols ── image[] (one per module of the snapshot, opened when first asked about)
 *                ├── units      compilation units by address ── functions by address   address.c
 *                ├── labels     ELF symbols by address                                  label.c
 *                └── names      types, functions and variables by name                  names.c
 *
 * Everything here is called with the lock of the symbols held.  Strings and arrays live in one
 * pool that is freed with the symbols; libdw owns what it hands out until its session ends, which
 * is then too.  Debug information is not trusted: every loop over it either moves forward in its
 * section or counts its steps.
 */
#ifndef GCG_SYMBOL_INTERNAL_H
#define GCG_SYMBOL_INTERNAL_H

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <pthread.h>

#include "symbol/symbol.h"

/* store.c: memory, hash tables, intervals.  All of them are zero-initialised and fail by returning
   NULL or false when memory is short, leaving what they held intact. */

struct gcg__pool
{
  struct gcg__pool_chunk *chunks; /* newest first; the first one is being filled */
};

/* Zeroed, aligned for anything, freed with the pool. */
void *gcg__pool_take (struct gcg__pool *pool, size_t bytes);
/* A NUL-terminated copy of LENGTH bytes. */
char *gcg__pool_text (struct gcg__pool *pool, const char *text, size_t length);
void gcg__pool_fini (struct gcg__pool *pool);

/* (key, extra) to a non-NULL value. */
struct gcg__table
{
  struct gcg__table_slot *slots;
  size_t used, room;
};

void *gcg__table_find (const struct gcg__table *table, uint64_t key, uint64_t extra);
/* Adds, or replaces the value. */
bool gcg__table_set (struct gcg__table *table, uint64_t key, uint64_t extra, void *value);
void gcg__table_fini (struct gcg__table *table);

/* 64-bit FNV-1a of LENGTH bytes, continuing from SEED (0 to begin). */
uint64_t gcg__hash (uint64_t seed, const void *bytes, size_t length);

/* Addresses [low, high) that belong to something; after gcg__spans_sort in order of low, outer
   before inner. */
struct gcg__span
{
  uint64_t low, high;
  uint64_t reach; /* greatest high of this and all before */
  void *what;
  uint64_t rank; /* of equal intervals the highest is found first */
};

struct gcg__spans
{
  struct gcg__span *items;
  size_t n, room;
};

bool gcg__spans_add (struct gcg__spans *spans, uint64_t low, uint64_t high, void *what,
                     uint64_t rank);
void gcg__spans_sort (struct gcg__spans *spans);
/* The innermost span that holds ADDRESS, or, with INNER, the next one around that.  NULL: none. */
const struct gcg__span *gcg__spans_find (const struct gcg__spans *spans, uint64_t address,
                                         const struct gcg__span *inner);
/* Number of spans whose low is at most ADDRESS. */
size_t gcg__spans_until (const struct gcg__spans *spans, uint64_t address);
void gcg__spans_fini (struct gcg__spans *spans);

/* symbols.c: life cycle, modules. */

enum gcg__name_kind
{
  GCG__NAME_PLAIN, /* typedef or base type */
  GCG__NAME_STRUCT,
  GCG__NAME_UNION,
  GCG__NAME_ENUM,
  GCG__NAME_FUNCTION,
  GCG__NAME_VARIABLE
};

struct gcg__name
{
  uint64_t hash; /* of kind and text */
  const char *text;
  Dwarf_Die die;
  uint32_t order; /* in which it was met */
  uint8_t kind;   /* enum gcg__name_kind */
  bool bare;      /* C++: goes without the keyword, too */
};

struct gcg__names
{
  struct gcg__name *items; /* sorted by hash, then order */
  size_t n, room;
  bool built;
};

struct gcg__image
{
  const struct gcg__module *module;
  const char *path;
  const char *name; /* base name of path */
  Dwfl *dwfl;       /* its own session, reported at address 0: addresses are the file's */
  Dwfl_Module *dwfl_module;
  Dwarf *dwarf;    /* NULL when there is no debug information */
  Dwarf_Addr bias; /* address in dwarf = address in the file - bias */
  struct gcg__spans units, sized_labels, bare_labels;
  struct gcg__names names;       /* at file, namespace and class level */
  struct gcg__names inner_names; /* types inside functions */
  struct gcg__spans variables;   /* of all scopes, by address in the file */
  bool tried, usable, dwarf_tried, units_built, labels_built, variables_built;
};

struct gcg__symbols
{
  pthread_mutex_t lock;
  const struct gcg__snapshot *snapshot;
  struct gcg__image *images;    /* as in the snapshot */
  struct gcg__image **by_order; /* the main program first */
  struct gcg__spans by_address;
  uint32_t n_images;
  char *debug_path; /* for libdwfl; NULL: its default */
  Dwfl_Callbacks callbacks;
  struct gcg__pool pool;
  struct gcg__table frames;      /* address, whether it is a return address: address.c */
  struct gcg__table types;       /* hash of a name as asked: type.c */
  struct gcg__table fields;      /* shape, offset: field.c */
  struct gcg__table pointers;    /* shape: layout.c */
  struct gcg__table field_lists; /* shape: layout.c */
  struct gcg__table expressions; /* hash of the question: expression.c */
  struct gcg__field_work *field_work;
  Dwfl *unwinder;              /* all modules where they were: traceback.c */
  struct unwinding *unwinding; /* under way */
  bool unwinder_tried;
  struct gcg__table paths;     /* addresses of file and directory names: address.c */
  struct gcg__table demangled; /* address of the mangled name */
  void *demangler;             /* handle of the library, when there is one */
  char *(*demangle) (const char *, char *, size_t *, int *);
  bool demangler_tried;
};

/* The module mapped at ADDRESS, or NULL. */
struct gcg__image *gcg__symbols_image (struct gcg__symbols *symbols, uint64_t address);
/* Opens the image's file if that has not been tried; false when there is none to use. */
bool gcg__image_open_elf (struct gcg__symbols *symbols, struct gcg__image *image);
/* The same for its debug information. */
bool gcg__image_open_dwarf (struct gcg__symbols *symbols, struct gcg__image *image);

/* label.c: the ELF symbol table. */

/* Name of the symbol that holds the file's ADDRESS and the offset in it, or NULL.  DATA asks for
   symbols with a size only: the linker's labels between variables say nothing. */
const char *gcg__label_find (struct gcg__symbols *symbols, struct gcg__image *image,
                             uint64_t address, bool data, uint64_t *offset);
void gcg__label_fini (struct gcg__image *image);

/* address.c */

void gcg__address_fini (struct gcg__image *image);
/* NAME demangled when it is C++ and this system can, else NAME itself. */
const char *gcg__address_demangle (struct gcg__symbols *symbols, const char *name);

/* die.c: bounded steps through DWARF. */

/* First child, and next sibling: false at the end, and when it would not be further on. */
bool gcg__die_child (Dwarf_Die *die, Dwarf_Die *child);
bool gcg__die_sibling (Dwarf_Die *die, Dwarf_Die *next);
/* Unsigned value of an attribute, inherited ones included. */
bool gcg__die_number (Dwarf_Die *die, unsigned int attribute, uint64_t *value);
bool gcg__die_flag (Dwarf_Die *die, unsigned int attribute);
/* The DIE that an attribute refers to. */
bool gcg__die_target (Dwarf_Die *die, unsigned int attribute, Dwarf_Die *target);
/* The source file that an attribute numbers, "" when unknown. */
const char *gcg__die_file (Dwarf_Die *die, unsigned int attribute);
/* Without typedefs and qualifiers.  False for void. */
bool gcg__die_peel (Dwarf_Die *type, Dwarf_Die *peeled);
bool gcg__die_is_cxx (Dwarf_Die *die);
bool gcg__die_is_aggregate (Dwarf_Die *die); /* struct, class, union */
bool gcg__die_is_pointer (Dwarf_Die *die);   /* pointer or reference */

#define GCG__MAX_DIMENSIONS 8u
#define GCG__NO_COUNT       UINT64_MAX

/* Fills COUNTS with the numbers of elements of array DIE, outermost first, GCG__NO_COUNT where it
   is open.  Returns how many dimensions, 0 when there are too many. */
uint32_t gcg__die_dimensions (Dwarf_Die *array, uint64_t counts[GCG__MAX_DIMENSIONS]);
/* Bytes of a type; false when unknown, as for an open array. */
bool gcg__die_size (Dwarf_Die *type, uint64_t *bytes);

struct gcg__member
{
  Dwarf_Die die;
  const char *name; /* NULL: anonymous, or a base class */
  Dwarf_Die type;
  uint64_t low_bit, high_bit; /* [low, high) in the aggregate; low = high for an open array */
  bool bit_field;
};

/* Steps through the data members of an aggregate: MEMBER->die all zero begins.  False at the
   end. */
bool gcg__die_member (Dwarf_Die *aggregate, struct gcg__member *member);

/* names.c: what is defined under a name. */

/* The definitions of KIND under TEXT in IMAGE: the first, or the next after PREVIOUS, or NULL.
   INNER: of types inside functions. */
const struct gcg__name *gcg__names_find (struct gcg__symbols *symbols, struct gcg__image *image,
                                         bool inner, enum gcg__name_kind kind, const char *text,
                                         const struct gcg__name *previous);
/* The variable of IMAGE whose bytes hold the file's ADDRESS, wherever it is declared: sets DIE and
   the OFFSET in it.  False: none. */
bool gcg__names_variable (struct gcg__symbols *symbols, struct gcg__image *image, uint64_t address,
                          Dwarf_Die *die, uint64_t *offset);
void gcg__names_fini (struct gcg__image *image);

/* spelling.c: how types are written. */

#define GCG__NAME_BYTES 512u

/* A type's name taken apart. */
struct gcg__spelling
{
  enum gcg__name_kind kind;
  bool keyword; /* struct, union, enum or class stood before it */
  bool pointer; /* to whatever */
  char text[GCG__NAME_BYTES];
  uint64_t dimensions[GCG__MAX_DIMENSIONS];
  uint32_t n_dimensions;
};

/* Takes TEXT apart.  False when it is no type's name. */
bool gcg__spelling_parse (const char *text, struct gcg__spelling *spelling);
/* Sets the kind, keyword and text of SPELLING from the words of TEXT, LENGTH bytes, without
   qualifiers and in one order.  False when there is nothing left, or too much. */
bool gcg__spelling_words (const char *text, size_t length, struct gcg__spelling *spelling);
/* Returns whether a word can only begin a type's name. */
bool gcg__spelling_is_type_word (const char *text, size_t length);
/* Writes TYPE's name with POINTERS stars and without its first SKIP dimensions, such as
   "struct node *".  False when it has none. */
bool gcg__spelling_of (Dwarf_Die *type, uint32_t pointers, uint32_t skip, char *text, size_t bytes);

/* type.c: the layouts that a name stands for. */

struct gcg__shape
{
  struct gcg__shape *next;
  struct gcg__image *image;
  Dwarf_Die die;
  uint64_t bytes;
  uint64_t signature; /* equal for equal layouts */
  bool open;          /* ends in an array that may be longer than it says */
};

/* A type as a caller named it. */
struct gcg__type
{
  struct gcg__type *next_hash;
  const char *asked;
  bool valid; /* a type's name: SPELLING is set */
  struct gcg__spelling spelling;
  struct gcg__shape *shapes; /* found so far, the main program's first */
  uint32_t searched;         /* modules; then, from the first again, inside their functions */
};

/* The type that TEXT names, always the same pointer for the same text; NULL when out of memory. */
struct gcg__type *gcg__type_find (struct gcg__symbols *symbols, const char *text);
/* Its first layout, or the one after PREVIOUS, or NULL: reads modules as far as that takes.  A
   pointer has none. */
const struct gcg__shape *gcg__type_shape (struct gcg__symbols *symbols, struct gcg__type *type,
                                          const struct gcg__shape *previous);
/* Returns whether anything is known of it: it is a pointer or has a layout. */
bool gcg__type_is_known (struct gcg__symbols *symbols, struct gcg__type *type);
/* The definition of aggregate DIE, which may be itself or, when it is but declared, one of the same
   name. */
bool gcg__type_definition (struct gcg__symbols *symbols, Dwarf_Die *die, Dwarf_Die *definition);

/* How the elements of an object of a type lie. */
struct gcg__layout
{
  uint64_t element; /* bytes of one */
  uint64_t whole;   /* bytes of the type with its written dimensions */
};

/* Fills LAYOUT for TYPE, whose words without dimensions stand for ELEMENT bytes.  False when that
   makes no size. */
bool gcg__layout_of (const struct gcg__type *type, uint64_t element, struct gcg__layout *layout);
/* How TYPE with a layout of ELEMENT bytes, OPEN or not, goes with an object. */
enum gcg__fit gcg__layout_fit (const struct gcg__type *type, uint64_t element, bool open,
                               uint64_t object_bytes);
/* The layout of TYPE that goes with the object: of the first module, the main program before all,
   that has one of the right size.  NULL: none, or one of several might do. */
const struct gcg__shape *gcg__type_shape_for (struct gcg__symbols *symbols, struct gcg__type *type,
                                              uint64_t object_bytes);

/* layout.c */

/* What POINTER's type points to, with typedefs undone as far as that leaves a name: "struct node",
   "int", "char *".  "" when that says nothing about the bytes: void, characters, functions. */
const char *gcg__layout_pointee (struct gcg__symbols *symbols, Dwarf_Die *pointer);

/* traceback.c */

void gcg__traceback_fini (struct gcg__symbols *symbols);

/* field.c */

void gcg__field_fini (struct gcg__symbols *symbols);

/* scope.c: which variable a name means at a place in the source. */

struct gcg__place
{
  struct gcg__symbols *symbols;
  struct gcg__image *image;
  Dwarf_Die function;
  uint32_t line;
};

/* Steps through the definitions of FUNCTION of FILE that can hold LINE, best match of the file's
   path first; at most GCG__MAX_PLACES.  Returns their number. */
#define GCG__MAX_PLACES 16u
uint32_t gcg__scope_places (struct gcg__symbols *symbols, const char *function, const char *file,
                            uint32_t line, struct gcg__place places[GCG__MAX_PLACES]);
/* Type of the variable NAME there.  False when there is none or it is ambiguous. */
bool gcg__scope_variable (const struct gcg__place *place, const char *name, Dwarf_Die *type);

#endif
