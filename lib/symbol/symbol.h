/* symbol.h -- addresses to functions, files and lines; types to fields.  The only place with libdw.
 *
 * Works from the modules a snapshot names (path, load bias, build id), so also after the process
 * has ended; a file whose build id differs is not used (its frames say module+offset).  Stripped
 * files: separate debug files by build id or .gnu_debuglink, else the symbol table, else
 * module+offset.  Results are cached by address and by type name.  libdw is not thread-safe: a
 * mutex inside serialises every call, so any thread may call.  Never asks the network
 * (DEBUGINFOD_URLS is cleared for this process, unless GCGLASS_DEBUGINFOD is 1). GCGLASS_DEBUG_PATH
 * in the environment names more directories with separate debug files, separated by colons, to be
 * looked through before /usr/lib/debug.
 */
#ifndef GCG_SYMBOL_H
#define GCG_SYMBOL_H

#include "snapshot/snapshot.h"

struct gcg__symbols;

/* Prepares the modules of SNAPSHOT (which must outlive the result); reads no debug information
   yet.  Missing files are not an error.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__symbols_new (const struct gcg__snapshot *snapshot,
                                  struct gcg__symbols **symbols, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__symbols_free (struct gcg__symbols *symbols);

/* One source-level frame.  Strings are owned by the symbols, live as long as they, and are never
   NULL (empty when unknown); module is the file's base name. */
struct gcg__frame
{
  const char *function; /* demangled when it is C++ */
  const char *file;
  uint32_t line;   /* 0 when unknown */
  uint32_t column; /* in bytes, from 1; 0 when unknown */
  bool inlined;    /* inlined into the next frame */
  const char *module;
  uint64_t offset; /* the address in the module's file, as addr2line takes it; without a module the
                      address itself */
};

/* The frames at code address ADDRESS, innermost inlined first; at least one.  A return address is
   looked up one byte before.  Borrowed until SYMBOLS are freed.  Returns their number. */
uint32_t gcg__symbols_frames (struct gcg__symbols *symbols, uint64_t address, bool return_address,
                              const struct gcg__frame **frames);

#define GCG__CALL_REGISTERS 32u /* by DWARF number; as many as struct gcg__thread has */

/* A function that had not returned.  Frames inlined into it are gcg__symbols_frames's affair. */
struct gcg__call
{
  uint64_t pc;
  bool return_address; /* PC is where it goes on: look it up one byte before */
  uint64_t low, high;  /* its part of the stack: [stack pointer, that of its caller) */
  uint32_t known;      /* bit i: registers[i] is known */
  uint64_t registers[GCG__CALL_REGISTERS];
};

/* Unwinds the stack of THREAD (an index) as it was in the snapshot, innermost call first, at most
   MOST calls into CALLS.  By the call frame information of the modules' files
   (dwfl_thread_getframes over registers and stack words of the snapshot), so it works offline; it
   ends where a file or its information is missing.  Returns how many; 0 when the registers are not
   known. */
uint32_t gcg__symbols_calls (struct gcg__symbols *symbols, uint32_t thread, struct gcg__call *calls,
                             uint32_t most);

/* A local variable or parameter. */
struct gcg__variable
{
  const char *name, *type; /* TYPE "" when it has no name */
  bool parameter;
  bool in_register;
  bool by_value;  /* it is nowhere, but this is what it would hold */
  uint64_t place; /* address, number of the register, or value */
  uint64_t bytes; /* 0: unknown */
};

/* The variables visible in CALL that have a place there, innermost scope first, at most MOST into
   VARIABLES.  Those that are in pieces or whose place takes more than registers and stacks are left
   out.  Strings are borrowed until SYMBOLS are freed.  Returns how many. */
uint32_t gcg__symbols_variables (struct gcg__symbols *symbols, const struct gcg__call *call,
                                 struct gcg__variable *variables, uint32_t most);

/* Name of the data symbol at ADDRESS and the offset in it, or false. */
bool gcg__symbols_data (struct gcg__symbols *symbols, uint64_t address, const char **name,
                        uint64_t *offset);

/* A global or static variable.  Strings are borrowed until SYMBOLS are freed. */
struct gcg__data
{
  const char *name;
  const char *type; /* "" when it has no name */
  const char *file; /* where it is declared, "" when unknown */
  uint64_t bytes;   /* 0: unknown */
  uint64_t offset;  /* of the address in it */
};

/* The variable that holds ADDRESS, static ones of functions included, by debug information; false:
   none is known. */
bool gcg__symbols_data_type (struct gcg__symbols *symbols, uint64_t address,
                             struct gcg__data *data);

/* How a type goes with an object's size. */
enum gcg__fit
{
  GCG__FIT_NOT,  /* the object is too small, or the type is not known */
  GCG__FIT_PART, /* bytes are left over that nothing explains */
  GCG__FIT_MANY, /* an array of it, or its last array goes on */
  GCG__FIT_EXACT
};

/* A pointer in a type, or several at equal distances. */
struct gcg__pointer
{
  uint64_t offset, stride;
  uint64_t count; /* UINT64_MAX: to the end of the object */
  const char *to; /* "struct node", "char *"; "" for void, characters, functions, and what has no
                     name; two that are equal are the same pointer */
  const char *in; /* the structure that it is a member of, written in the same way */
};

/* Where the pointers of an object are. */
struct gcg__pointers
{
  const struct gcg__pointer *items; /* borrowed: single ones by offset, then the repeated ones */
  uint32_t n_single, n;
  uint64_t element; /* the whole repeats after so many bytes; 0: it does not */
  uint64_t whole;   /* bytes that the type explains; UINT64_MAX: all */
  enum gcg__fit fit;
};

/* Fills POINTERS for an object of type NAME and OBJECT_BYTES (0: not known).  False when the type
   is not known or which of several layouts it has; then POINTERS says that there are none. */
bool gcg__symbols_pointers (struct gcg__symbols *symbols, const char *type, uint64_t object_bytes,
                            struct gcg__pointers *pointers);
/* What the pointer at OFFSET points to; NULL when there is none, or several that say different
   things (a union).  Needs no lock. */
const struct gcg__pointer *gcg__pointers_at (const struct gcg__pointers *pointers, uint64_t offset);
/* The address of the text that stands for the type called NAME in gcg__pointer.to. */
const char *gcg__symbols_type_name (struct gcg__symbols *symbols, const char *name);

/* One line of a type's declaration. */
struct gcg__type_field
{
  uint64_t offset, bytes; /* bytes 0: open array, or unknown */
  uint32_t bit_offset;    /* in the byte at OFFSET; of bit-fields only */
  uint32_t bits;          /* 0: no bit-field */
  uint32_t depth;         /* 0: of the type itself; an array's element stands below it */
  const char *name;       /* "" anonymous, or a base class */
  const char *type;       /* "struct {...}" when it has no name */
  const char *pointee;    /* NULL: no pointer; else as gcg__pointer.to */
};

/* The fields of type NAME for an object of OBJECT_BYTES (0: not known), in order of declaration,
   nested ones after the one that they stand in; at most a few thousand.  Borrowed until SYMBOLS are
   freed.  Returns how many, 0 when the type is not known or has none. */
uint32_t gcg__symbols_fields (struct gcg__symbols *symbols, const char *type, uint64_t object_bytes,
                              const struct gcg__type_field **fields);

/* Writes what stands at byte OFFSET of type NAME ("struct node", a typedef, "T[10]") as a field
   path: "next", "children[3].owner", "" for the whole.  OBJECT_BYTES is the object's requested
   size: a multiple of the type's size is an array ("[7].next"), unless the type ends in an open
   array, which then goes on; a smaller size contradicts the type.  0: not known.  Where several
   types of that name would do, the object's size and then the main program decide.  In a union a
   pointer that begins at OFFSET is preferred.  When the type or the field is unknown or cannot be
   told for certain, writes "+16" and returns false.  Always ends in NUL. */
bool gcg__symbols_field (struct gcg__symbols *symbols, const char *type, uint64_t object_bytes,
                         uint64_t offset, char *text, size_t text_bytes);

/* Size of type NAME in bytes, 0 when unknown. */
uint64_t gcg__symbols_type_size (struct gcg__symbols *symbols, const char *type);

/* The type that a size expression means where it stands: "sizeof *p", "n * sizeof (*list->head)",
   "sizeof p[0]", in FUNCTION of FILE around LINE, by looking up the variable there.  Returns the
   name, borrowed, or NULL when nothing certain can be said. */
const char *gcg__symbols_expression_type (struct gcg__symbols *symbols, const char *expression,
                                          const char *function, const char *file, uint32_t line);

#endif
