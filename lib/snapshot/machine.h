/* machine.h -- the machine that this runs on, as snapshots and samples say it (format.h).  Plain
 * enough for the world stopped. */
#ifndef GCG_SNAPSHOT_MACHINE_H
#define GCG_SNAPSHOT_MACHINE_H

#include <elf.h>
#include <stdint.h>
#include <unistd.h>

/* As ELF's e_machine. */
#if defined __x86_64__
#define GCG__MACHINE ((uint32_t)EM_X86_64)
#elif defined __aarch64__
#define GCG__MACHINE ((uint32_t)EM_AARCH64)
#endif

static inline uint32_t
gcg__page_bytes (void)
{
  return (uint32_t)getpagesize ();
}

#endif
