/* tls.h -- where the threads of a process keep what is theirs, read from its memory.
 *
 *   x86-64    | stack ... | TLS of modules | struct pthread |     thread pointer: the latter's
 * start aarch64   | stack ... | struct pthread | TLS of modules |     thread pointer: the former's
 * end
 *
 * The C library gives each thread a struct pthread, a block of thread-local data for each module
 * that has any, and tables of what pthread_setspecific was given.  Blocks of modules that are there
 * from the start stand beside struct pthread; those of modules that dlopen has loaded are allocated
 * by the thread's first access, unless they are of the initial-exec kind.  libc_layout.h says where
 * all that is.
 *
 * Threads that have ended and not been joined still have a struct pthread: it holds their result.
 */
#ifndef GCG_IMAGE_TLS_H
#define GCG_IMAGE_TLS_H

#include "image/freeze.h"
#include "image/libc_layout.h"

enum gcg__tls_kind
{
  GCG__TLS_BLOCK,    /* thread-local data of a module */
  GCG__TLS_CONTROL,  /* struct pthread; holds its first table of keys, argument and result too */
  GCG__TLS_KEYS,     /* a table of keys */
  GCG__TLS_VECTOR,   /* the dynamic thread vector: pointers to blocks */
  GCG__TLS_ARGUMENT, /* the word that holds the thread's argument, as long as it lives */
  GCG__TLS_RESULT    /* the word that holds its result, from its end until it is joined */
};

#define GCG__TLS_NO_THREAD UINT32_MAX
#define GCG__TLS_NO_MODULE UINT32_MAX

struct gcg__tls_range
{
  uint64_t low, high;
  uint32_t thread; /* index of the frozen thread; GCG__TLS_NO_THREAD: it has ended */
  uint32_t module; /* BLOCK: index of the loaded module; else GCG__TLS_NO_MODULE */
  enum gcg__tls_kind kind;
};

struct gcg__tls_thread
{
  uint32_t thread;    /* as above; at most one each */
  uint64_t pointer;   /* thread pointer */
  uint64_t control;   /* struct pthread */
  uint64_t low, high; /* all that stands beside the pointer: above the stack, if pthread_create made
                         that */
  uint64_t start_routine, argument, result;
  bool has_ended; /* ARGUMENT keeps nothing any more, RESULT does */
};

/* A value that pthread_setspecific was given for a key that exists. */
struct gcg__tls_key
{
  uint32_t thread, key;
  uint64_t value;
  uint64_t address; /* of the word that holds it */
};

struct gcg__tls
{
  struct gcg__tls_thread *threads; /* ascending by LOW */
  size_t n_threads;
  struct gcg__tls_range *ranges; /* those of a thread side by side */
  size_t n_ranges;
  struct gcg__tls_key *keys; /* the same; not those with the value NULL */
  size_t n_keys;
};

/* Finds what belongs to THREADS[N_THREADS] of IMAGE, by LAYOUT.  Threads that the C library does
   not know have nothing.  The caller frees TLS's contents by gcg__tls_fini.  Errors: GCG_NO_MEMORY;
   GCG_UNSUPPORTED: no thread pointer leads to the struct pthread of its thread, so the layout is
   not this program's. */
enum gcg_status
gcg__tls_read (const struct gcg__memory_image *image, const struct gcg__loaded_modules *modules,
               const struct gcg__libc_layout *layout, const struct gcg__frozen_thread *threads,
               size_t n_threads, struct gcg__tls *tls, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Harmless on zeroed ones. */
void gcg__tls_fini (struct gcg__tls *tls);

/* The thread with index THREAD, or NULL. */
const struct gcg__tls_thread *gcg__tls_find (const struct gcg__tls *tls, uint32_t thread);

#endif
