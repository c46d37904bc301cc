/* format.h -- the bytes of a snapshot, shared by writer, reader and checker.
 *
 * doc/design/snapshot-format.md is the specification; this header is its C face.  A file is a
 * header, a table of sections, and the sections: flat arrays of fixed-size little-endian elements,
 * each at a multiple of 64 bytes, each with a checksum.  Nothing needs decoding: mmap it and read.
 *
 *   +--------+---------------+---------+---------+-----
 *   | header | section table | INFO    | STRINGS | ...
 *   +--------+---------------+---------+---------+-----
 *
 * Glossary: see lib/snapshot/snapshot.h.  Retired section codes are never used again.
 */
#ifndef GCG_SNAPSHOT_FORMAT_H
#define GCG_SNAPSHOT_FORMAT_H

#include <stdint.h>

#define GCG__MAGIC     "GCGSNAP\n"
#define GCG__VERSION   1u
#define GCG__ALIGNMENT 64u

struct gcg__file_header
{
  char magic[8];
  uint32_t version;
  uint32_t n_sections;
  uint64_t file_bytes;     /* a multiple of 64 */
  uint64_t table_checksum; /* of the section table */
  uint8_t zero[24];
  uint64_t header_checksum; /* of the 56 bytes before it */
};

struct gcg__file_section
{
  uint32_t code;          /* enum gcg__section */
  uint32_t element_bytes; /* size of one element: a reader refuses another size */
  uint64_t offset;        /* from the start of the file, a multiple of 64 */
  uint64_t bytes;         /* a multiple of element_bytes; the gap to the next section is zero */
  uint64_t checksum;      /* gcg__checksum of the bytes */
};

/* A file has at most this many sections. */
#define GCG__SECTIONS_MAX 256u

/* Code, C type of the element.  Every section must be there, empty or not, INFO exactly once; those
   from GCG__SECTION_OPTIONAL on came later and count as empty when they are not. */
#define GCG_SECTION_MAP(XX)                                                                        \
  XX (INFO, 1, struct gcg__info)                                                                   \
  XX (STRINGS, 2, char)                                                                            \
  XX (MODULES, 3, struct gcg__module)                                                              \
  XX (SITES, 4, struct gcg__site)                                                                  \
  XX (FRAMES, 5, uint64_t)                                                                         \
  XX (THREADS, 6, struct gcg__thread)                                                              \
  XX (REGIONS, 7, struct gcg__region)                                                              \
  XX (ROOTS, 8, struct gcg__root)                                                                  \
  XX (BLOCKS, 9, struct gcg__block)                                                                \
  XX (SLOTS, 10, uint8_t)                                                                          \
  XX (WORDS, 11, uint64_t)                                                                         \
  XX (EDGE_COUNTS, 12, uint8_t)                                                                    \
  XX (EDGE_TARGETS, 13, uint32_t)                                                                  \
  XX (EDGE_STEPS, 14, uint8_t)                                                                     \
  XX (BIG_SLACKS, 15, struct gcg__big)                                                             \
  XX (BIG_COUNTS, 16, struct gcg__big)                                                             \
  XX (BIG_STEPS, 17, struct gcg__big)                                                              \
  XX (COLLECTIONS, 18, struct gcg__collection)                                                     \
  XX (FINALIZERS, 19, struct gcg__finalizer)                                                       \
  XX (STACKS, 20, uint64_t)                                                                        \
  XX (STACK_PIECES, 21, struct gcg__stack_piece)                                                   \
  XX (PREVIEWS, 22, uint8_t)                                                                       \
  XX (PREVIEW_STARTS, 23, uint64_t)                                                                \
  XX (STATISTICS, 24, struct gcg__statistics)                                                      \
  XX (EDGE_PLACES, 25, uint8_t)                                                                    \
  XX (ROOT_PLACES, 26, uint8_t)                                                                    \
  XX (HAZARDS, 27, struct gcg__hazard)                                                             \
  XX (USAGE, 28, struct gcg__usage)                                                                \
  XX (RULES, 29, char)                                                                             \
  XX (LIVE, 30, uint64_t)                                                                          \
  XX (VERDICTS, 31, struct gcg__verdicts)

enum gcg__section
{
  GCG__N_SECTIONS = 31, /* codes are 1 ... 31 */
  GCG__SECTION_OPTIONAL = 20,
#define GCG_SECTION_ENUM(name, code, type) GCG__SECTION_##name = (code),
  GCG_SECTION_MAP (GCG_SECTION_ENUM)
#undef GCG_SECTION_ENUM
};

/* A string is an offset into STRINGS, where it is NUL-terminated; 0 is the empty string.  Strings
   hold any bytes but NUL: a reader that shows them must sanitise them.  Strings that many elements
   may share (those of sites, modules and threads) have at most GCG__STRING_MAX bytes, so that
   reading them all stays linear whatever the file says; only those of struct gcg__info may be
   longer. */
typedef uint32_t gcg__string;
#define GCG__STRING_MAX 4095u

#define GCG__INFO_PRELOADED   1u /* the agent was preloaded: sites are call stacks */
#define GCG__INFO_IN_PLACE    2u /* clone failed: captured with the world stopped */
#define GCG__INFO_AT_EXIT     4u /* taken while the program was ending */
#define GCG__INFO_INTERIOR    8u /* GC_all_interior_pointers */
#define GCG__INFO_INCREMENTAL 16u
#define GCG__INFO_ON_DEMAND   32u  /* GC_finalize_on_demand */
#define GCG__INFO_JAVA        64u  /* GC_java_finalization */
#define GCG__INFO_MALLOC      128u /* objects are malloc'd blocks: what is not reached is leaked */

struct gcg__info
{
  uint32_t pid;
  uint32_t flags; /* GCG__INFO_... */
  uint32_t page_bytes;
  uint32_t machine;          /* ELF e_machine: 62 x86-64, 183 aarch64 */
  uint64_t realtime_ns;      /* when taken, since the epoch */
  uint64_t monotonic_ns;     /* the same instant on CLOCK_MONOTONIC */
  uint64_t program_start_ns; /* CLOCK_MONOTONIC when the agent started */
  gcg__string description;   /* given with the request; may be empty */
  gcg__string program;       /* /proc/PID/exe */
  gcg__string command_line;  /* arguments joined by spaces */
  gcg__string agent_version; /* of gcglass */
  gcg__string proc_status;   /* text of /proc/PID/status */
  gcg__string proc_stat;     /* text of /proc/PID/stat */
  uint32_t gc_version;       /* GC_get_version () */
  uint32_t parallel_markers; /* GC_get_parallel () */
  uint64_t free_space_divisor;
  uint64_t collections; /* number of the collection this was taken at */
  uint64_t heap_bytes;  /* all figures of GC_get_prof_stats, in bytes */
  uint64_t free_bytes;
  uint64_t unmapped_bytes;
  uint64_t since_gc_bytes;  /* allocated since the collection before */
  uint64_t allocated_bytes; /* ever */
  uint64_t non_gc_bytes;
  uint64_t from_os_bytes;
  uint64_t heap_low; /* lowest and highest plausible heap address */
  uint64_t heap_high;
  uint64_t pause_ns; /* added to the collection's own pause by this capture */
  uint64_t stop_ns;  /* stopping the world took */
  uint64_t mark_ns;  /* the collection's own marking took; 0: there was none */
  uint64_t total_ns; /* from the request to the end of writing */
};

struct gcg__module
{
  uint64_t base; /* load bias: run-time address = base + address in the file */
  uint64_t low;  /* lowest mapped address */
  uint64_t high; /* one past the highest */
  gcg__string path;
  gcg__string build_id; /* hexadecimal, empty when it has none */
};

#define GCG__SITE_NONE  0u /* only site 0: no tag (inlined free lists, the collector's own) */
#define GCG__SITE_MACRO 1u /* file, line, function and size expression from a header of ours */
#define GCG__SITE_STACK 2u /* a call stack */

/* Modules from here on have been unloaded: addresses in them stand for what they were, and no
   memory is there. */
#define GCG__UNLOADED_LOW UINT64_C (0x4000000000000000)

#define GCG__FRAMES_MAX 256u /* frames of one site; they may be shared, too */

struct gcg__site
{
  uint32_t kind;          /* GCG__SITE_... */
  uint32_t line;          /* MACRO: 1... */
  gcg__string file;       /* MACRO */
  gcg__string function;   /* MACRO */
  gcg__string expression; /* MACRO: size expression as written */
  gcg__string type;       /* known type name, or empty */
  uint32_t first_frame;   /* into FRAMES, innermost first, return addresses; MACRO: may have none */
  uint32_t n_frames;
};

#define GCG__THREAD_STOPPED    1u /* registered: stopped by the collector, registers known */
#define GCG__THREAD_COLLECTING 2u /* it ran the collection */
#define GCG__THREAD_AGENT      4u /* gcglass's own */

struct gcg__thread
{
  uint32_t tid;
  uint32_t flags; /* GCG__THREAD_... */
  gcg__string name;
  uint32_t state;      /* letter of /proc/PID/task/TID/stat, 0 when unknown */
  uint64_t pc, sp, fp; /* 0 when not known */
  uint64_t stack_low;  /* [sp, high) was scanned; 0, 0 when not known */
  uint64_t stack_high;
  uint64_t registers[32]; /* by DWARF number */
};

/* Root areas. */
#define GCG__REGION_STATIC 1u /* writable data of a module */
#define GCG__REGION_STACK  2u /* of a thread */
/* Of a thread; a root's address is the register's DWARF number. */
#define GCG__REGION_REGISTERS 3u
#define GCG__REGION_EXPLICIT  4u /* GC_add_roots */
/* Marked by the collector from a root that the agent cannot see (GC_push_other_roots, mark
   procedures, its own tables): such objects get one root here, address 0. */
#define GCG__REGION_UNSEEN 5u
#define GCG__REGION_TLS    6u /* of a thread: thread-local data, keys */
/* What the collector does not scan (thread-local data, stacks of threads it does not know, blocks
   of malloc's) holds its uncollectable objects all the same: only these have roots there. */
#define GCG__EXPLICIT_MALLOC 1u /* index of an EXPLICIT region: a block of malloc's */

struct gcg__region
{
  uint32_t kind;  /* GCG__REGION_... */
  uint32_t index; /* STATIC: module, STACK, REGISTERS and TLS: thread; EXPLICIT: 0 or
                     GCG__EXPLICIT_MALLOC; else 0 */
  uint64_t low, high;
};

struct gcg__root
{
  uint32_t object;
  uint32_t region;
  uint64_t address; /* of the word that points to the object */
};

/* Kinds of objects, as libgc numbers them; others are made by the program (typed, marked by its
   own procedure). */
#define GCG__KIND_ATOMIC               0u
#define GCG__KIND_NORMAL               1u
#define GCG__KIND_UNCOLLECTABLE        2u
#define GCG__KIND_ATOMIC_UNCOLLECTABLE 3u

/* Slots of one size and kind side by side: a heap block of small objects, or one large object. */
struct gcg__block
{
  uint64_t address; /* of slot 0 */
  uint64_t slot_bytes;
  uint64_t first_edge; /* of first_object, into EDGE_TARGETS and EDGE_STEPS */
  uint32_t first_object;
  uint32_t kind;
};

/* The 64-bit word of an object.  In the heap it stands at the end of the slot (lib/tag.h) with a
   check value in the top 16 bits; in a snapshot these bits are flags.
     63..48 flags   47..40 slack   39..20 birth   19..0 site
   slack: slot bytes - 8 - requested bytes, 255 = see BIG_SLACKS.  For an object without a tag,
   site, birth and slack are 0 and its requested size counts as the slot's.  birth: number of the
   last collection before it was made, modulo 2^20. */
#define GCG__WORD_SITE_BITS   20
#define GCG__SITES_MAX        (UINT32_C (1) << GCG__WORD_SITE_BITS)
#define GCG__WORD_BIRTH_BITS  20
#define GCG__WORD_BIRTH_SHIFT 20
#define GCG__WORD_SLACK_SHIFT 40
#define GCG__WORD_FLAG_SHIFT  48
#define GCG__SLACK_BIG        255u

#define GCG__OBJECT_MARKED    1u /* the collector reached it from the roots */
#define GCG__OBJECT_TAGGED    2u /* site, birth and requested size are known */
#define GCG__OBJECT_FINALIZER 4u /* has an entry in FINALIZERS */
#define GCG__OBJECT_IGNORED   8u /* gcg_ignore */

/* Values that do not fit their column, sorted by index: object's requested-size slack, object's
   number of edges (column 255), edge's step (column 255). */
struct gcg__big
{
  uint64_t index;
  uint64_t value;
};
#define GCG__COUNT_BIG 255u
#define GCG__STEP_BIG  255u

/* EDGE_STEPS: 8-byte words from the word after the object's edge before it (from its start for the
   first) to this edge's word.  Pointers at offsets 0, 8 and 40 have the steps 0, 0, 3. */

struct gcg__collection
{
  uint64_t number;
  uint64_t start_ns;   /* CLOCK_MONOTONIC when the world was ordered to stop */
  uint64_t stop_ns;    /* until it stood */
  uint64_t mark_ns;    /* marking */
  uint64_t pause_ns;   /* stopped in all */
  uint64_t heap_bytes; /* after it */
  uint64_t free_bytes;
};

/* LIVE: for each collection the bytes of the slots that its marking has reached; 0 = not counted.
   Empty when none was. */

/* At the end of a collection: the collector's marks beside what gcglass's own trace of the same
   heap reaches.  Not for malloc, nor where the trace does not know all that the collector does. */
struct gcg__verdicts
{
  uint64_t compared;     /* objects */
  uint64_t marked_only;  /* of them, marked and not reached */
  uint64_t reached_only; /* reached and not marked */
};

#define GCG__FINALIZER_ORDERED     1u
#define GCG__FINALIZER_IGNORE_SELF 2u
#define GCG__FINALIZER_NO_ORDER    3u
#define GCG__FINALIZER_UNREACHABLE 4u

struct gcg__finalizer
{
  uint32_t object; /* sorted by it, at most one each */
  uint32_t mode;   /* GCG__FINALIZER_... */
  uint64_t function;
};

/* A thread's stack from LOW upward: N words of STACKS from FIRST on.  Of a deep stack only the
   innermost words are there. */
struct gcg__stack_piece
{
  uint64_t low; /* a multiple of 8 */
  uint64_t first;
  uint32_t n;
  uint32_t thread; /* at most one piece each, ascending */
};

/* PREVIEWS: when contents were asked for, the first bytes of each object (fewer where it is
   smaller), one after another by id; PREVIEW_STARTS: for each block, where those of its first
   object begin.  Both empty otherwise. */
#define GCG__PREVIEW_BYTES 64u

/* EDGE_PLACES, ROOT_PLACES: for each edge and each root, where in its object it points to.  Both
   may be empty: nothing is known, every pointer counts as one to the start. */
#define GCG__PLACE_START  0u
#define GCG__PLACE_INSIDE 1u /* between the first byte and the requested end */
#define GCG__PLACE_PAST   2u /* one past the requested end, or in the slack */
#define GCG__N_PLACES     3u

/* Words in memory that the collector does not scan, which point to objects that it has not marked:
   it will take these although a pointer it does not see still holds them. */
#define GCG__HAZARD_TLS    1u /* thread-local data of a thread, or its control block */
#define GCG__HAZARD_KEY    2u /* pthread_setspecific by a thread */
#define GCG__HAZARD_MALLOC 3u /* a block of malloc's: it may have been freed */
#define GCG__HAZARD_STACK                                                                          \
  4u                        /* of a thread the collector does not know: maybe of a call that has   \
                               returned */
#define GCG__HAZARD_REST 5u /* no word: ADDRESS more were found than there was room for */
#define GCG__HAZARDS_MAX 65536u

struct gcg__hazard
{
  uint32_t object; /* sorted by it */
  uint32_t kind;   /* GCG__HAZARD_... */
  uint32_t thread; /* TLS, KEY, STACK: whose; else 0 */
  uint32_t zero;
  uint64_t address; /* of the word */
};

/* What the program has asked malloc for in its whole life, as valgrind's "total heap usage" counts:
   realloc is a free and an alloc. */
struct gcg__usage
{
  uint64_t allocs, frees, bytes;
  uint64_t live_blocks, live_bytes;
  uint64_t peak_blocks, peak_bytes; /* when peak_bytes were live; with one thread exact, with
                                       several within 64 KiB for each */
};

/* RULES: what the program itself wants no leaks reported of, as text of lib/report/suppress.h; ends
   in NUL unless it is empty. */

#define GCG__SETTING_ALL_INTERIOR     1u
#define GCG__SETTING_INCREMENTAL      2u
#define GCG__SETTING_ON_DEMAND        4u
#define GCG__SETTING_JAVA             8u
#define GCG__SETTING_FIND_LEAK        16u
#define GCG__SETTING_DONT_EXPAND      32u
#define GCG__SETTING_DONT_PRECOLLECT  64u
#define GCG__SETTING_NO_DLS           128u
#define GCG__SETTING_NOT_AUTOMATIC    256u /* GC_get_disable_automatic_collection */
#define GCG__SETTING_DISABLED         512u /* GC_is_disabled, by others than us */
#define GCG__SETTING_PAGES_EXECUTABLE 1024u
#define GCG__SETTING_MANUAL_VDB       2048u
#define GCG__SETTING_FORCE_UNMAP      4096u

/* What the collector reports about itself: all of GC_get_prof_stats, and its settings as they were
   when the snapshot was asked for. */
struct gcg__statistics
{
  gcg__string smaps; /* text of /proc/PID/smaps_rollup, before the child shared every page */
  uint32_t flags;    /* GCG__SETTING_... */
  uint64_t heap_bytes;
  uint64_t free_bytes; /* unmapped ones included */
  uint64_t unmapped_bytes;
  uint64_t since_gc_bytes;
  uint64_t before_gc_bytes; /* allocated before this collection */
  uint64_t non_gc_bytes;
  uint64_t collections;
  uint64_t markers; /* besides the collecting thread */
  uint64_t reclaimed_since_gc_bytes;
  uint64_t reclaimed_before_gc_bytes;
  uint64_t freed_since_gc_bytes; /* by GC_free */
  uint64_t from_os_bytes;
  uint64_t full_total_ms; /* spent in full collections, 0 unless the program has it measured */
  uint64_t free_space_divisor;
  uint64_t full_freq;
  uint64_t max_prior_attempts;
  uint64_t max_retries;
  uint64_t rate;
  uint64_t min_bytes_allocd;
  uint64_t allocd_bytes_per_finalizer;
  uint64_t time_limit_ns;
  uint32_t suspend_signal;
  uint32_t restart_signal;
  uint64_t warn_proc; /* addresses of functions, 0 = none */
  uint64_t oom_fn;
  uint64_t abort_func;
  uint64_t finalizer_notifier;
  uint64_t on_heap_resize;
  uint64_t on_thread_event;
  uint64_t stop_func;
  uint64_t toggleref_func;
};

/* Every element is the same bytes on every platform: no padding, nothing wider than 8 bytes. */
_Static_assert(sizeof (struct gcg__file_header) == 64, "file header");
_Static_assert(sizeof (struct gcg__file_section) == 32, "section table");
_Static_assert(sizeof (struct gcg__info) == 192, "INFO");
_Static_assert(sizeof (struct gcg__module) == 32, "MODULES");
_Static_assert(sizeof (struct gcg__site) == 32, "SITES");
_Static_assert(sizeof (struct gcg__thread) == 312, "THREADS");
_Static_assert(sizeof (struct gcg__region) == 24, "REGIONS");
_Static_assert(sizeof (struct gcg__root) == 16, "ROOTS");
_Static_assert(sizeof (struct gcg__block) == 32, "BLOCKS");
_Static_assert(sizeof (struct gcg__big) == 16, "BIG_...");
_Static_assert(sizeof (struct gcg__collection) == 56, "COLLECTIONS");
_Static_assert(sizeof (struct gcg__finalizer) == 16, "FINALIZERS");
_Static_assert(sizeof (struct gcg__stack_piece) == 24, "STACK_PIECES");
_Static_assert(sizeof (struct gcg__statistics) == 248, "STATISTICS");
_Static_assert(sizeof (struct gcg__hazard) == 24, "HAZARDS");
_Static_assert(sizeof (struct gcg__usage) == 56, "USAGE");
_Static_assert(sizeof (struct gcg__verdicts) == 24, "VERDICTS");

/* Checksum of a section: four lanes of 64-bit FNV-1a over little-endian words (word i goes to lane
   i mod 4, the last one zero-padded), then the lanes and the length folded the same way.  Every
   change of a single word changes it.  Fowler, Noll, Vo, http://www.isthe.com/chongo/tech/comp/fnv
   Pure, any thread, world stopped or not. */
uint64_t gcg__checksum (const void *bytes, uint64_t n);

#endif
