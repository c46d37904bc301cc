/* gcglass/gcglass.h -- look into the heap of this program, in the browser.
 *
 *   #include <gcglass/gc.h>         instead of <gc.h>: allocations carry site and type
 *   #include <gcglass/gcglass.h>
 *
 *   gcg_start_in_background (NULL, NULL, NULL);   prints the URL to open
 *
 * Link with -lgcglass -lgc; a program that uses malloc (<gcglass/malloc.h>) with -lgcglass-malloc
 * instead: the same functions, for another heap.  Every function may be called before GC_INIT, from
 * any thread, and after fork (the child is not served).  Nothing here throws, exits or aborts.
 */
#ifndef GCGLASS_H
#define GCGLASS_H

#include <stddef.h>

#include "gcglass/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GCG_API __attribute__ ((visibility ("default")))

/* A server that shows this process; made by gcg_start_in_background, ended by gcg_stop. */
struct gcg_server;

/* Options of a server.  Zero-initialise, set SIZE, set what differs from the default. */
struct gcg_options
{
  size_t size;           /* sizeof (struct gcg_options) */
  const char *host;      /* NULL = "localhost": only loopback addresses are taken */
  int port;              /* 0 = 8090; -1 = any free port */
  const char *token;     /* NULL = made at start; "off" = none */
  double every;          /* seconds between samples; 0 = 1, negative = none */
  const char *snapshot;  /* file to show instead of this process; NULL = this process */
  const char *templates; /* directory of pages to use instead of the built-in ones */
  int stack_depth;       /* with malloc: frames of call stacks from now on; 0 = as it is, 8 */
  int debug;             /* not 0: the server logs requests to stderr */
  int quiet;             /* not 0: the URL is not printed to stderr */
  int contents;          /* not 0: snapshots hold the first bytes of each object */
  int lifetimes;         /* not 0: how old objects become is counted, a few ns for each death */
};

/* Serves the profiler and suspends the calling thread, as a breakpoint would, until the server is
   stopped: by Ctrl+C (the program's own disposition of SIGINT is put back before this returns), by
   the page's stop button, or by gcg_stop_all from another thread.  OPTIONS may be NULL.
   Errors: GCG_INVALID, GCG_NO_SERVER (says which file was looked for, or that this program has
   more rights than its caller), GCG_BUSY (port in use), GCG_SYSTEM, GCG_NO_MEMORY; without ERROR
   its line is written to stderr.  Any thread; several at once serve independently, on other ports.
 */
GCG_API enum gcg_status gcg_start (const struct gcg_options *options, struct gcg_error *error);

/* The same without suspending.  On GCG_OK *SERVER (which may be NULL when it is not wanted) is to
   be ended with gcg_stop; a server also ends with the program. */
GCG_API enum gcg_status gcg_start_in_background (const struct gcg_options *options,
                                                 struct gcg_server **server,
                                                 struct gcg_error *error);

/* Where SERVER is served, the token inside, the port resolved.  Borrowed until gcg_stop. */
GCG_API const char *gcg_url (const struct gcg_server *server);

/* Ends SERVER and frees it (NULL is fine): its process has gone and its temporary directory is
   removed when this returns.  The program runs on unprofiled. */
GCG_API void gcg_stop (struct gcg_server *server);

/* Ends every server of this process, those of gcg_start included, which then return. */
GCG_API void gcg_stop_all (void);

/* Takes a snapshot now and shows it in every server of this process.  DESCRIPTION may be NULL.
   A gcglass process looks at this one from outside: one that is started for that, no child of this
   process, which ends some seconds after the last call.  The program stands for the time of a fork;
   no collection is made, no signal sent.  Where that cannot be (gcglass is not found, ptrace is not
   permitted) the snapshot is taken from inside, with the collector by a collection, and the reason
   is written to stderr once.
   Errors, all from inside: GCG_DISABLED (GC_disable), GCG_SYSTEM, GCG_TIMEOUT, GCG_NO_MEMORY. */
GCG_API enum gcg_status gcg_snapshot (const char *description, struct gcg_error *error);

/* Takes a snapshot now and saves it to PATH for "gcglass view": PATH is the old file or the whole
   new one, which is the caller's and has mode 0600.  A symbolic link is followed when it is the
   caller's or root's and only they can write to its directory, and is replaced otherwise; character
   devices and FIFOs are written to.  Needs no server.
   Errors: as gcg_snapshot; GCG_INVALID: PATH is a block device, a socket, or another user's FIFO in
   a directory that others can write to; GCG_SYSTEM names the file. */
GCG_API enum gcg_status gcg_save (const char *path, struct gcg_error *error);

/* Takes a sample now: how many objects of each site are alive, how many have been made, and the
   figures of collector and process.  It neither collects nor copies the heap.  Samples are kept (at
   most 32 MiB of them, the oldest go first) and shown in every server of this process.
   DESCRIPTION may be NULL.  The first call begins to count.  Errors: GCG_NO_MEMORY. */
GCG_API enum gcg_status gcg_sample (const char *description, struct gcg_error *error);

/* Takes a last sample and saves all of them to PATH for "gcglass view", as gcg_save does a
   snapshot.
   Errors: as gcg_sample; GCG_INVALID; GCG_SYSTEM names the file. */
GCG_API enum gcg_status gcg_save_recording (const char *path, struct gcg_error *error);

/* Takes a sample every SECONDS (0.01 to 1,000,000) in the background, server or not; a second call
   changes the interval.  Errors: GCG_INVALID, GCG_SYSTEM. */
GCG_API enum gcg_status gcg_start_periodic_samples (double seconds, struct gcg_error *error);
GCG_API void gcg_stop_periodic_samples (void);

/* Says that OBJECT (any address in it) is a TYPE_NAME.  Errors: GCG_NOT_FOUND: not an object that
   was allocated through gcglass. */
GCG_API enum gcg_status gcg_track (const void *object, const char *type_name,
                                   struct gcg_error *error);

/* OBJECT (any address in it) is meant to stay: it is not counted as a leak, and with malloc nothing
   that it leads to is.  That is forgotten when OBJECT is freed.  Errors: GCG_NOT_FOUND: no object
   that is in use; GCG_NO_MEMORY. */
GCG_API enum gcg_status gcg_ignore (const void *object, struct gcg_error *error);

/* From gcg_disable to gcg_enable what the calling thread allocates is as if gcg_ignore had been
   called for it.  Pairs may be nested; one gcg_enable more than there were gcg_disable does
   nothing.  A forked child goes on as the thread that forked; other threads are not concerned. */
GCG_API void gcg_disable (void);
GCG_API void gcg_enable (void);

/* Counts what is leaked now: with malloc the blocks that nothing leads to any more; with the
   collector, which frees those, what it never will: objects that cycles through ordered finalizers
   keep, and uncollectable objects that nothing points to.  *OBJECTS and *BYTES (as they were asked
   for); either may be NULL.  The program is looked at as for gcg_snapshot, and nothing is sent to
   any server nor kept.  Errors: as gcg_snapshot. */
GCG_API enum gcg_status gcg_check_leaks (size_t *objects, size_t *bytes, struct gcg_error *error);

/* The BYTES at AREA may hold the only pointers to objects, and would not be scanned otherwise:
   memory that the program got past the C library (by a system call of its own, from a device), what
   it keeps on behalf of another owner.  Where the collector decides, it is informed as by
   GC_add_roots; in programs that use malloc the area keeps blocks.  It must stay mapped until
   gcg_remove_roots, which takes away areas that lie within the BYTES at AREA. Errors: GCG_INVALID:
   no area; GCG_NO_MEMORY: there are 4,096 areas already. */
GCG_API enum gcg_status gcg_add_roots (const void *area, size_t bytes, struct gcg_error *error);
GCG_API void gcg_remove_roots (const void *area, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
