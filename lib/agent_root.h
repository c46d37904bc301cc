/* agent_root.h -- where gcglass finds what it needs in a program that it looks at from outside.
 *
 * One exported structure, gcg__agent_root, in the agent's writable data.  gcglass stops the program
 * by ptrace, makes a frozen copy of it, lets it go, and calls the function at WALK in the copy,
 * which writes the snapshot: the program itself runs nothing.  Addresses are those of the program,
 * which are those of the copy; 0: there is none.
 *
 *   HELLO's text    "VERSION ADDRESS": the agent's version, and the root's address in hexadecimal
 *   the symbol      gcg__agent_root in the agent's dynamic symbols: a process without a connection
 *
 * A copy made while IN_LIBGC, or the word at LOCK, is not 0 would not be whole: libgc's heap is
 * being changed.  So gcglass looks there when it has stopped the program, and tries again a little
 * later. What else the agent has to say of a copy CHECK finds out there. Fields are only added at
 * the end, and BYTES says how many there are.
 */
#ifndef GCG_AGENT_ROOT_H
#define GCG_AGENT_ROOT_H

#include <stdint.h>

#define GCG__ROOT_MAGIC   UINT64_C (0x31544f4f52474347) /* "GCGROOT1" */
#define GCG__ROOT_VERSION 3u
#define GCG__ROOT_SYMBOL  "gcg__agent_root"

/* libgc's figures of its heap, after its last change. */
struct gcg__root_libgc
{
  uint64_t collections, heap_bytes, free_bytes, unmapped_bytes, since_gc_bytes, allocated_bytes;
};

/* What samples are made from beside the sites (agent_tables.h), read while the program runs.
   Addresses, but for the last two. */
struct gcg__root_samples
{
  uint64_t counting;    /* of a byte: not 0 when objects are counted */
  uint64_t counts;      /* of the pointer to the first struct gcg__counts */
  uint64_t surveyed;    /* of struct gcg__surveyed *[GCG__CHUNKS]; NULL: nothing of these */
  uint64_t is_surveyed; /* of a byte: not 0 when the agent has made that survey */
  uint64_t n_unloaded, unloaded; /* of a uint32_t; of struct gcg__unloaded *[GCG__MOST_UNLOADED] */
  uint64_t own_bytes;            /* of a uint64_t: what the agent has mapped */
  uint64_t agent_version;        /* of a text */
  uint64_t start_ns;             /* CLOCK_MONOTONIC, when the agent started */
  struct gcg__root_libgc libgc;
};

/* How a program that restricts its own system calls (confined.h) and gcglass converse. */
struct gcg__root_confined
{
  uint64_t
      ending_pointer; /* thread pointer of the thread that ends the program, and waits; 0: none */
  uint32_t is_over;   /* written by gcglass: it may go on */
  uint32_t watch;     /* written by gcglass: goes up while it looks here */
};

struct gcg__agent_root
{
  uint64_t magic; /* written last */
  uint32_t version, bytes;
  uint32_t pid;      /* as the program sees itself */
  uint32_t in_libgc; /* threads that are changing libgc's heap */
  uint64_t scratch;  /* memory that the agent keeps for who stops the program */
  uint64_t scratch_bytes;
  uint64_t syscall_ret; /* "syscall; ret" */
  uint64_t restorer;    /* "mov $15, %eax; syscall": returns from a signal */
  uint64_t walk;        /* int (struct gcg__walk *): 0 or an errno; 0: the heap is read (HEAP) */
  uint64_t birth;       /* address of the uint32_t that is to go up by one with each copy, or 0 */
  uint64_t hidden; /* address of a struct gcg__root_table, what children do not inherit, or 0 */
  uint64_t heap;   /* address of a struct gcg__root_heap */
  struct gcg__root_samples samples;
  uint64_t areas; /* address of a struct gcg__root_areas */
  uint64_t facts; /* address of a struct gcg__root_facts */
  uint64_t check; /* uint64_t (void): an enum gcg__copy_state; 0: each copy is whole */
  struct gcg__root_confined confined;
  uint64_t lock; /* address of an int32_t: not 0 while libgc's heap is being changed; 0: IN_LIBGC
                    says it */
};

/* What the agent says of a copy, in the copy. */
enum gcg__copy_state
{
  GCG__COPY_WHOLE,
  GCG__COPY_TORN,  /* libgc's heap is being changed: another copy is needed */
  GCG__COPY_OPAQUE /* only libgc knows what is alive: the agent is to be asked for a snapshot */
};

struct gcg__root_range
{
  uint64_t low, high;
};

/* Ranges of addresses, while the program stands. */
struct gcg__root_table
{
  uint64_t ranges; /* address of struct gcg__root_range[n] */
  uint32_t n, room;
};

/* The heap, for who reads it instead of calling WALK.
 *
 * A block is a slot that carries a valid tag (tag.h).  Slots are found in two ways.  For each page
 * of the address space there is a byte:
 *
 *   0                          none that are found by their page
 *   1 ... GCG__OF_PAGES - 1    slots of so many granules stand in the page, side by side
 *   more, by N                 one slot of N pages begins here
 *
 * Pages are in pieces of 2^GCG__PIECE_SHIFT, and PIECES[page >> GCG__PIECE_SHIFT] leads to their
 * bytes, or is 0.  What is not found by its page is an entry of OBJECTS; one that lies in a page of
 * small slots counts as nothing. */
#define GCG__GRANULE     16u
#define GCG__PAGE_SHIFT  12
#define GCG__PIECE_SHIFT 18
#define GCG__PIECES      (1u << (47 - GCG__PAGE_SHIFT - GCG__PIECE_SHIFT))
#define GCG__OF_PAGES    128u
#define GCG__SITE_CHUNK  4096u

struct gcg__root_heap
{
  uint64_t pieces;  /* address of uint64_t[GCG__PIECES]: addresses */
  uint64_t objects; /* address of a struct gcg__root_objects */
  uint64_t sites;   /* address of uint64_t[]: addresses of struct gcg__root_site[GCG__SITE_CHUNK] */
  uint64_t n_sites; /* address of a uint32_t: one more than the highest site */
};

struct gcg__root_objects
{
  uint64_t items; /* address of struct gcg__root_object[ROOM] */
  uint64_t room;
};

#define GCG__OBJECT_OF_LINKER UINT64_C (1)
struct gcg__root_object
{
  uint64_t address; /* of the block; 0 and 1: there is none */
  uint64_t bytes;   /* of its slot from there on; GCG__OBJECT_OF_LINKER: it is the dynamic linker's,
                       and a root */
};

/* One site (site.h): addresses of texts and of FRAMES, return addresses. */
struct gcg__root_site
{
  uint64_t file, function, expression, type, frames;
  uint32_t n_frames, line;
  uint8_t is_bare, is_ignored, zero[2];
  uint32_t original, twin;
  uint32_t zero_too;
};

/* What keeps blocks, apart from the data of modules, stacks and registers (malloc/areas.h). */
enum gcg__root_library
{
  GCG__ROOT_LINKER,
  GCG__ROOT_COLLECTOR,
  GCG__ROOT_C_LIBRARY,
  GCG__ROOT_AGENT,
  GCG__ROOT_CXX_LIBRARY, /* empty where there is none */
  GCG__ROOT_LIBRARIES
};

/* Flags that change which roots and pointers count, as LeakSanitizer's use_... do. */
enum
{
  GCG__LOOK_UNALIGNED = 1, /* pointers at any address, not at multiples of 8 alone */
  GCG__LOOK_NO_STACKS = 2,
  GCG__LOOK_NO_REGISTERS = 4,
  GCG__LOOK_NO_TLS = 8
};

#define GCG__ROOT_OPERATOR_BYTES 512u /* of code of an operator new */

struct gcg__root_areas
{
  struct gcg__root_range libraries[GCG__ROOT_LIBRARIES]; /* where they are in memory */
  uint64_t operators[2]; /* new: what it asks the C++ library's malloc for is the program's */
  /* Bytes of thread-local data: what the C library begins below the thread pointer, and how much
     that is; what all modules have that were there from the start. */
  uint64_t tls_below, tls_of_library, tls_bytes;
  uint32_t control_bytes; /* of what the C library keeps of a thread */
  uint32_t looks;         /* GCG__LOOK_... */

  /* Addresses of ... */
  uint64_t regions;    /* a struct gcg__root_table: what the program has mapped */
  uint64_t given;      /* struct gcg__root_range[*n_given]: roots of the program's own */
  uint64_t n_given;    /* a uint32_t */
  uint64_t early;      /* a struct gcg__root_range: blocks from before the heap was there */
  uint64_t streams;    /* the address of the first open stream of the C library's */
  uint64_t stack_end;  /* the address where the first thread's stack began */
  uint64_t exit_frame; /* and of the thread EXIT_THREAD, an uint32_t, 0: it does not know its
                          number: where it left for the end */
  uint64_t exit_thread;
  uint64_t agent_thread;  /* a uint32_t: the thread of the agent's, 0 = none */
  uint64_t first_pointer; /* the thread pointer of the first thread */
  uint64_t notes;         /* the address of the first chunk of notes of threads */

  uint32_t stream_next; /* offset of the next one's address in a stream */
  /* A chunk begins with the address of the next; its N notes begin at FIRST.  One whose STATE, an
     uint32_t, is MADE or ENDED holds a block by the word at HELD. */
  uint32_t n_notes, note_first, note_bytes, note_held, note_state, note_made, note_ended;
};

/* What else a snapshot says. */
struct gcg__root_facts
{
  uint32_t collector_version, parallel;

  /* Addresses of ... */
  uint64_t settings;                /* a struct gcg__statistics, as when the agent began */
  uint64_t statistics;              /* one with the figures of when a thread last left libgc */
  uint64_t rules;                   /* the address of a text */
  uint64_t contents;                /* a byte: previews are wanted */
  uint64_t caches;                  /* the address of the first of what threads have counted */
  uint64_t peak_blocks, peak_bytes; /* int64_t: with more than one of these */

  /* Offsets in what a thread has counted: the next one's address, and int64_t. */
  uint32_t cache_next, cache_allocs, cache_frees, cache_bytes, cache_freed, cache_peak_blocks,
      cache_peak_bytes, zero;
};

/* A thread as it stood.  CONTEXT is a ucontext_t whose fpregs lead to its vector registers as the
   kernel saves them for a signal handler, or are NULL. */
struct gcg__walk_thread
{
  uint64_t tid;
  uint64_t context;
  uint64_t thread_pointer; /* 0: not known */
  uint32_t state;          /* letter, as in /proc; 0: not known */
  char name[16];           /* NUL-terminated */
};

/* What walk is to do, written into the copy. */
struct gcg__walk
{
  uint64_t description; /* address of a text */
  uint64_t threads;     /* address of struct gcg__walk_thread[n_threads]: all that there are */
  /* Addresses of the texts of these files in /proc, NUL-terminated, since the program has gone on,
     and may see no /proc: MAPS are the copy's. */
  uint64_t maps, exe, command_line, status, stat, smaps;
  uint64_t requested_ns, monotonic_ns, realtime_ns; /* asked for; copied */
  uint64_t stop_ns, pause_ns;                       /* until all threads stood; in all */
  uint32_t n_threads;
  uint32_t calling_tid; /* the thread that ends the program, or (GOES_ON) has asked for the
                           snapshot; 0: none */
  /* The answer. */
  int32_t fd; /* of the sealed snapshot: a descriptor of the copy's */
  uint32_t goes_on;
};

#endif
