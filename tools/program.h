/* program.h -- finds the program to run, and whether it can be looked into.
 *
 * A statically linked program has no dynamic linker that would load the preload object, and for a
 * program with more rights than its user the linker leaves it out: both would run unobserved, in
 * silence, so both are refused.  Scripts are followed to their interpreters.
 */
#ifndef GCG_TOOLS_PROGRAM_H
#define GCG_TOOLS_PROGRAM_H

#include <stdbool.h>

#define PROGRAM_FAILED    125 /* gcglass itself failed */
#define PROGRAM_NOT_RUN   126 /* found, but it cannot be run, or not be looked into */
#define PROGRAM_NOT_FOUND 127

/* Finds NAME as a shell would: in the PATH unless there is a slash in it.  Returns 0 and *PATH,
   which the caller frees, or an exit status and the reason in TEXT. */
int program_find (const char *name, char **path, char text[512]);

/* Returns whether the program at PATH can be observed; if not, TEXT gives the reason. */
bool program_can_observe (const char *path, char text[512]);

/* What a program's objects are. */
enum program_heap
{
  PROGRAM_COLLECTOR, /* it needs libgc, or that is unknown */
  PROGRAM_MALLOC,
  PROGRAM_SANITIZED /* a sanitizer replaces malloc, and may refuse to stand behind us */
};

/* Asks the dynamic linker which libraries the program at PATH (or a script's interpreter) needs,
   with LIBRARIES as LD_LIBRARY_PATH (NULL: ours).  Sets *LINKED when libgcglass-malloc is among
   them, and *SANITIZER to the name of the sanitizer whose runtime is among them or in the program
   itself, or to NULL. */
enum program_heap program_heap_of (const char *path, const char *libraries, bool *linked,
                                   const char **sanitizer);

/* Returns a description of invisible allocators in the program at PATH (or a script's interpreter),
   or NULL. */
const char *program_unseen (const char *path);

/* Returns whether the program at PATH (or a script's interpreter) is made for a C library other
   than glibc, so that the preload object would keep it from starting.  The reason is written to
   TEXT. */
bool program_is_of_other_library (const char *path, char text[512]);

/* Finds the preload object for HEAP: beside GCGLASS_PRELOAD, the installed one, one beside this
   program.  Returns 0 and *PATH, which the caller frees, or an exit status and the reason in TEXT.
 */
int program_find_preload (enum program_heap heap, char **path, char text[512]);

#endif
