/* callers.c -- see callers.h.
 *
 * Found once, when malloc is set up: the libraries concerned are there by then, and stay.
 */
#include "callers.h"

#include <elf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

struct gcg__range gcg__libraries[GCG__N_LIBRARIES];

static uint64_t operators[2];         /* new, and the one with an alignment */
static uint64_t tls_below, tls_bytes; /* the C library's thread-local data, from the pointer */

/* The C++ library's, where it is loaded.  Not by dlsym: what it does not find leaves a message, and
   to take that away may lock what the call that we are in has locked (newlocale, in a constructor).
 */
extern char cxx_allocate_exception[] __asm__("__cxa_allocate_exception") __attribute__ ((weak));
extern char cxx_new[] __asm__("_Znwm") __attribute__ ((weak));
extern char cxx_new_aligned[] __asm__("_ZnwmSt11align_val_t") __attribute__ ((weak));

/* One module: is it one of those that hold ADDRESSES? */
static int
find_module (struct dl_phdr_info *info, size_t size, void *addresses)
{
  struct gcg__range range = { UINT64_MAX, 0 };
  uint64_t tls = 0;

  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++)
    {
      uint64_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      uint64_t high = low + info->dlpi_phdr[i].p_memsz;
      if (info->dlpi_phdr[i].p_type == PT_TLS)
        tls = info->dlpi_phdr[i].p_memsz;
      if (info->dlpi_phdr[i].p_type != PT_LOAD)
        continue;
      range.low = low < range.low ? low : range.low;
      range.high = high > range.high ? high : range.high;
    }
  for (int i = 0; i < GCG__N_LIBRARIES; i++)
    {
      uint64_t address = ((const uint64_t *)addresses)[i];
      /* A program that has the C++ library in itself owns its blocks. */
      if (i == GCG__CXX_LIBRARY && !strstr (info->dlpi_name, "/libstdc++."))
        continue;
      if (!address || address < range.low || address >= range.high)
        continue;
      gcg__libraries[i] = range;
      if (i == GCG__C_LIBRARY && info->dlpi_tls_data)
        {
          tls_below = (uintptr_t)__builtin_thread_pointer () - (uintptr_t)info->dlpi_tls_data;
          tls_bytes = tls;
        }
    }
  return 0;
}

void
gcg__callers_find (void)
{
  uint64_t addresses[GCG__N_LIBRARIES] = { [GCG__LINKER] = getauxval (AT_BASE),
                                           [GCG__COLLECTOR] = (uintptr_t)&GC_malloc,
                                           [GCG__AGENT] = (uintptr_t)&gcg__callers_find,
                                           [GCG__C_LIBRARY] = (uintptr_t)&gnu_get_libc_version,
                                           [GCG__CXX_LIBRARY] = (uintptr_t)cxx_allocate_exception };

  dl_iterate_phdr (find_module, addresses);
  operators[0] = (uintptr_t)cxx_new;
  operators[1] = (uintptr_t)cxx_new_aligned;
}

void
gcg__callers_show (struct gcg__root_areas *areas)
{
  for (int i = 0; i < GCG__N_LIBRARIES; i++)
    areas->libraries[i] = (struct gcg__root_range){ gcg__libraries[i].low, gcg__libraries[i].high };
  areas->operators[0] = operators[0];
  areas->operators[1] = operators[1];
  areas->tls_below = tls_below;
  areas->tls_of_library = tls_bytes;
}
