/* recording_layout.c -- prints the layout of every record as C sees it. */
#include <stddef.h>
#include <stdio.h>

#include "recording/format.h"

#define FIELD(section, type, field)                                                                \
  printf ("%s %zu %zu %s\n", section, offsetof (type, field), sizeof (((type *)NULL)->field),      \
          #field)

int
main (void)
{
  FIELD ("header", struct gcg__recording_header, magic);
  FIELD ("header", struct gcg__recording_header, version);
  FIELD ("header", struct gcg__recording_header, zero);
  FIELD ("record", struct gcg__record_head, code);
  FIELD ("record", struct gcg__record_head, zero);
  FIELD ("record", struct gcg__record_head, bytes);
  FIELD ("record", struct gcg__record_head, checksum);
  FIELD ("record", struct gcg__record_head, zero_too);
  FIELD ("PROCESS", struct gcg__record_process, pid);
  FIELD ("PROCESS", struct gcg__record_process, flags);
  FIELD ("PROCESS", struct gcg__record_process, page_bytes);
  FIELD ("PROCESS", struct gcg__record_process, machine);
  FIELD ("PROCESS", struct gcg__record_process, start_monotonic_ns);
  FIELD ("PROCESS", struct gcg__record_process, start_realtime_ns);
  FIELD ("PROCESS", struct gcg__record_process, program);
  FIELD ("PROCESS", struct gcg__record_process, command_line);
  FIELD ("PROCESS", struct gcg__record_process, agent_version);
  FIELD ("PROCESS", struct gcg__record_process, string_bytes);
  FIELD ("MODULES", struct gcg__record_modules, n);
  FIELD ("MODULES", struct gcg__record_modules, string_bytes);
  FIELD ("SITES", struct gcg__record_sites, first);
  FIELD ("SITES", struct gcg__record_sites, n);
  FIELD ("SITES", struct gcg__record_sites, n_frames);
  FIELD ("SITES", struct gcg__record_sites, string_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, monotonic_ns);
  FIELD ("SAMPLE", struct gcg__record_sample, realtime_ns);
  FIELD ("SAMPLE", struct gcg__record_sample, number);
  FIELD ("SAMPLE", struct gcg__record_sample, flags);
  FIELD ("SAMPLE", struct gcg__record_sample, collections);
  FIELD ("SAMPLE", struct gcg__record_sample, survivors_of);
  FIELD ("SAMPLE", struct gcg__record_sample, heap_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, free_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, unmapped_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, since_gc_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, allocated_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, pause_last_ns);
  FIELD ("SAMPLE", struct gcg__record_sample, pause_worst_ns);
  FIELD ("SAMPLE", struct gcg__record_sample, pause_total_ns);
  FIELD ("SAMPLE", struct gcg__record_sample, virtual_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, resident_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, peak_resident_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, data_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, stack_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, code_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, library_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, shared_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, swap_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, page_table_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, major_faults);
  FIELD ("SAMPLE", struct gcg__record_sample, minor_faults);
  FIELD ("SAMPLE", struct gcg__record_sample, own_bytes);
  FIELD ("SAMPLE", struct gcg__record_sample, cost_ns);
  FIELD ("SAMPLE", struct gcg__record_sample, threads);
  FIELD ("SAMPLE", struct gcg__record_sample, n_sites);
  FIELD ("SAMPLE", struct gcg__record_sample, n_deaths);
  FIELD ("SAMPLE", struct gcg__record_sample, description_bytes);
  FIELD ("site", struct gcg__sample_site, site);
  FIELD ("site", struct gcg__sample_site, zero);
  FIELD ("site", struct gcg__sample_site, live_count);
  FIELD ("site", struct gcg__sample_site, live_bytes);
  FIELD ("site", struct gcg__sample_site, made_count);
  FIELD ("site", struct gcg__sample_site, made_bytes);
  FIELD ("deaths", struct gcg__sample_deaths, site);
  FIELD ("deaths", struct gcg__sample_deaths, zero);
  FIELD ("deaths", struct gcg__sample_deaths, died_count);
  FIELD ("deaths", struct gcg__sample_deaths, died_bytes);
  FIELD ("deaths", struct gcg__sample_deaths, by_age);
  FIELD ("EXIT", struct gcg__record_exit, realtime_ns);
  FIELD ("EXIT", struct gcg__record_exit, wait_status);
  FIELD ("EXIT", struct gcg__record_exit, zero);
  return 0;
}
