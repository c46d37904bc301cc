/* dump_format.h -- a raw dump: the memory of a program and its threads, as they stood, in one file.
 *
 * What gcglass is given of a process that it may not trace.  The agent stops the program by itself
 * (malloc/stopworld.h), clones it, and the clone writes the dump into a memfd (dump.h); gcglass
 * reads the heap there as it reads that of a frozen copy (lib/image/dump.h).
 *
 *   header          written last: a file without its magic is not finished
 *   texts           files of /proc, as the kernel gives them
 *   threads         struct gcg__dump_thread[]
 *   memory          pages, at multiples of GCG__DUMP_PAGE
 *   ranges          struct gcg__dump_range[], ascending, without overlaps
 *
 * Offsets and sizes are in bytes.  Never written to disk, so it has the byte order and layout of
 * the machine, and one version.
 */
#ifndef GCG_DUMP_FORMAT_H
#define GCG_DUMP_FORMAT_H

#include <stdint.h>

#define GCG__DUMP_MAGIC   UINT64_C (0x31504d5544474347) /* "GCGDUMP1" */
#define GCG__DUMP_VERSION 1u
#define GCG__DUMP_PAGE    UINT64_C (4096)

struct gcg__dump_part
{
  uint64_t offset, bytes;
};

enum gcg__dump_text
{
  GCG__DUMP_MAPS,
  GCG__DUMP_COMMAND_LINE,
  GCG__DUMP_STATUS,
  GCG__DUMP_STAT,
  GCG__DUMP_SMAPS,
  GCG__DUMP_PROGRAM, /* what /proc/PID/exe leads to */
  GCG__DUMP_TEXTS
};

struct gcg__dump_header
{
  uint64_t magic;
  uint32_t version, bytes;
  uint64_t root;                                /* address of the struct gcg__agent_root */
  uint64_t requested_ns, monotonic_ns, stop_ns; /* asked for; stopped; until all stood */
  uint64_t pause_ns, realtime_ns;               /* how long the program stood; when */
  uint64_t calling_tid;                         /* the thread that took it, 0: none */
  uint64_t ends;                                /* 1: that thread ends the program */
  struct gcg__dump_part texts[GCG__DUMP_TEXTS];
  struct gcg__dump_part threads, ranges;
};

struct gcg__dump_thread
{
  uint64_t tid;                     /* as the program sees it */
  uint64_t context;                 /* address of the ucontext_t with its registers */
  uint64_t thread_pointer;          /* 0: not known */
  struct gcg__dump_part name, stat; /* texts of its files comm and stat in /proc */
};

struct gcg__dump_range
{
  uint64_t address, bytes, offset;
};

#endif
