/* format.h -- the bytes of a recording: what a program's heap was like over time.
 *
 * doc/design/recording-format.md is the specification; this header is its C face.  A file is a
 * header and records, appended as things happen; nothing is ever rewritten, so a file that is cut
 * short is the recording up to there.  The agent hands out the same records without the header.
 *
 *   +--------+------------+---------+-------+--------+--------+-------+--------+----
 *   | header | PROCESS    | MODULES | SITES | SAMPLE | SAMPLE | SITES | SAMPLE | ...
 *   +--------+------------+---------+-------+--------+--------+-------+--------+----
 *
 * A record is a head and a payload, which is padded with zeros to a multiple of 8.  Structures of
 * snapshots (lib/snapshot/format.h) stand in records as they stand there; their strings are offsets
 * into the strings of their record, where offset 0 is "".  Little-endian.  Retired codes are never
 * used again.
 */
#ifndef GCG_RECORDING_FORMAT_H
#define GCG_RECORDING_FORMAT_H

#include "snapshot/format.h"

#define GCG__RECORDING_MAGIC   "GCGREC\r\n"
#define GCG__RECORDING_VERSION 1u

struct gcg__recording_header
{
  char magic[8];
  uint32_t version;
  uint8_t zero[52];
};

enum gcg__record_code
{
  GCG__RECORD_PROCESS = 1, /* once, first */
  GCG__RECORD_MODULES = 2, /* all of them: replaces the list before */
  GCG__RECORD_SITES = 3,   /* the next ones */
  GCG__RECORD_SAMPLE = 4,
  GCG__RECORD_SNAPSHOT = 5, /* payload: the bytes of a snapshot file */
  GCG__RECORD_EXIT = 6      /* last */
};

struct gcg__record_head
{
  uint32_t code; /* enum gcg__record_code */
  uint32_t zero;
  uint64_t bytes;    /* of the payload, padding included */
  uint64_t checksum; /* gcg__checksum of the payload; 0 of a snapshot, which has its own */
  uint64_t zero_too;
};

/* PROCESS; then STRING_BYTES of strings. */
struct gcg__record_process
{
  uint32_t pid;
  uint32_t flags; /* GCG__INFO_... */
  uint32_t page_bytes;
  uint32_t machine;            /* ELF e_machine */
  uint64_t start_monotonic_ns; /* when the agent started */
  uint64_t start_realtime_ns;
  gcg__string program, command_line, agent_version;
  uint32_t string_bytes;
};

/* MODULES; then struct gcg__module[n], strings. */
struct gcg__record_modules
{
  uint32_t n;
  uint32_t string_bytes;
};

/* SITES first ... first + n - 1; then struct gcg__site[n], whose first_frame counts from the first
   of uint64_t[n_frames] that follow, strings.  First is the number of those before, of which site
   0 (not known) is one; or ids come again, with the same contents, as at the head of a piece that
   stands alone. */
struct gcg__record_sites
{
  uint32_t first, n;
  uint32_t n_frames;
  uint32_t string_bytes;
};

#define GCG__SAMPLE_KEY       1u /* sites that are not listed have nothing; else they are as before */
#define GCG__SAMPLE_SNAPSHOT  2u /* taken together with a snapshot */
#define GCG__SAMPLE_LIFETIMES 4u /* deaths are counted */

#define GCG__KEY_EVERY 64u /* samples of which at least the first is a KEY */

#define GCG__SAMPLE_TEXT 400u /* bytes of a description that are kept */

/* SAMPLE; then struct gcg__sample_site[n_sites] and struct gcg__sample_deaths[n_deaths], both
   ascending by site, and DESCRIPTION_BYTES of text with its NUL.  Figures are those of the moment,
   never differences. */
struct gcg__record_sample
{
  uint64_t monotonic_ns, realtime_ns;
  uint32_t number; /* from 1, ascending */
  uint32_t flags;  /* GCG__SAMPLE_... */
  uint64_t collections;
  uint64_t survivors_of; /* the collection whose survivors are counted, 0 = none yet */
  uint64_t heap_bytes, free_bytes, unmapped_bytes, since_gc_bytes, allocated_bytes;
  uint64_t pause_last_ns, pause_worst_ns, pause_total_ns;
  uint64_t virtual_bytes, resident_bytes, peak_resident_bytes;
  uint64_t data_bytes, stack_bytes, code_bytes, library_bytes, shared_bytes, swap_bytes;
  uint64_t page_table_bytes;
  uint64_t major_faults, minor_faults;
  uint64_t own_bytes; /* gcglass's own mappings in the process */
  uint64_t cost_ns;   /* of processor time that taking the sample before this one took */
  uint32_t threads;
  uint32_t n_sites, n_deaths;
  uint32_t description_bytes;
};

struct gcg__sample_site
{
  uint32_t site;
  uint32_t zero;
  uint64_t live_count, live_bytes; /* survivors and what was made since, less what was freed */
  uint64_t made_count, made_bytes; /* ever */
};

/* Ages at death in collections: bucket 0 is 0, bucket i is 2^(i-1) ... 2^i - 1, the last is open.
 */
#define GCG__AGE_BUCKETS 16u

struct gcg__sample_deaths
{
  uint32_t site;
  uint32_t zero;
  uint64_t died_count, died_bytes; /* ever */
  uint64_t by_age[GCG__AGE_BUCKETS];
};

struct gcg__record_exit
{
  uint64_t realtime_ns;
  int32_t wait_status; /* as from waitpid; -1: not known */
  uint32_t zero;
};

_Static_assert(sizeof (struct gcg__recording_header) == 64, "recording header");
_Static_assert(sizeof (struct gcg__record_head) == 32, "record head");
_Static_assert(sizeof (struct gcg__record_process) == 48, "PROCESS");
_Static_assert(sizeof (struct gcg__record_modules) == 8, "MODULES");
_Static_assert(sizeof (struct gcg__record_sites) == 16, "SITES");
_Static_assert(sizeof (struct gcg__record_sample) == 232, "SAMPLE");
_Static_assert(sizeof (struct gcg__sample_site) == 40, "SAMPLE sites");
_Static_assert(sizeof (struct gcg__sample_deaths) == 152, "SAMPLE deaths");
_Static_assert(sizeof (struct gcg__record_exit) == 16, "EXIT");

#endif
