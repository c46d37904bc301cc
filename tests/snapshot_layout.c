/* snapshot_layout.c -- prints the layout of every element of the format as C sees it.
 *
 * "SECTION offset bytes field" each, to be compared by snapshot_format.test with the tables of
 * doc/design/snapshot-format.md, so that the specification cannot drift from the code.
 */
#include "config.h"

#include <stddef.h>
#include <stdio.h>

#include "snapshot/format.h"

#define FIELD(section, type, field)                                                                \
  printf (section " %zu %zu " #field "\n", offsetof (type, field), sizeof (((type *)0)->field))

static void
print_file (void)
{
  FIELD ("header", struct gcg__file_header, magic);
  FIELD ("header", struct gcg__file_header, version);
  FIELD ("header", struct gcg__file_header, n_sections);
  FIELD ("header", struct gcg__file_header, file_bytes);
  FIELD ("header", struct gcg__file_header, table_checksum);
  FIELD ("header", struct gcg__file_header, zero);
  FIELD ("header", struct gcg__file_header, header_checksum);
  FIELD ("table", struct gcg__file_section, code);
  FIELD ("table", struct gcg__file_section, element_bytes);
  FIELD ("table", struct gcg__file_section, offset);
  FIELD ("table", struct gcg__file_section, bytes);
  FIELD ("table", struct gcg__file_section, checksum);
}

static void
print_info (void)
{
  FIELD ("INFO", struct gcg__info, pid);
  FIELD ("INFO", struct gcg__info, flags);
  FIELD ("INFO", struct gcg__info, page_bytes);
  FIELD ("INFO", struct gcg__info, machine);
  FIELD ("INFO", struct gcg__info, realtime_ns);
  FIELD ("INFO", struct gcg__info, monotonic_ns);
  FIELD ("INFO", struct gcg__info, program_start_ns);
  FIELD ("INFO", struct gcg__info, description);
  FIELD ("INFO", struct gcg__info, program);
  FIELD ("INFO", struct gcg__info, command_line);
  FIELD ("INFO", struct gcg__info, agent_version);
  FIELD ("INFO", struct gcg__info, proc_status);
  FIELD ("INFO", struct gcg__info, proc_stat);
  FIELD ("INFO", struct gcg__info, gc_version);
  FIELD ("INFO", struct gcg__info, parallel_markers);
  FIELD ("INFO", struct gcg__info, free_space_divisor);
  FIELD ("INFO", struct gcg__info, collections);
  FIELD ("INFO", struct gcg__info, heap_bytes);
  FIELD ("INFO", struct gcg__info, free_bytes);
  FIELD ("INFO", struct gcg__info, unmapped_bytes);
  FIELD ("INFO", struct gcg__info, since_gc_bytes);
  FIELD ("INFO", struct gcg__info, allocated_bytes);
  FIELD ("INFO", struct gcg__info, non_gc_bytes);
  FIELD ("INFO", struct gcg__info, from_os_bytes);
  FIELD ("INFO", struct gcg__info, heap_low);
  FIELD ("INFO", struct gcg__info, heap_high);
  FIELD ("INFO", struct gcg__info, pause_ns);
  FIELD ("INFO", struct gcg__info, stop_ns);
  FIELD ("INFO", struct gcg__info, mark_ns);
  FIELD ("INFO", struct gcg__info, total_ns);
}

static void
print_origins (void)
{
  FIELD ("MODULES", struct gcg__module, base);
  FIELD ("MODULES", struct gcg__module, low);
  FIELD ("MODULES", struct gcg__module, high);
  FIELD ("MODULES", struct gcg__module, path);
  FIELD ("MODULES", struct gcg__module, build_id);
  FIELD ("SITES", struct gcg__site, kind);
  FIELD ("SITES", struct gcg__site, line);
  FIELD ("SITES", struct gcg__site, file);
  FIELD ("SITES", struct gcg__site, function);
  FIELD ("SITES", struct gcg__site, expression);
  FIELD ("SITES", struct gcg__site, type);
  FIELD ("SITES", struct gcg__site, first_frame);
  FIELD ("SITES", struct gcg__site, n_frames);
  FIELD ("THREADS", struct gcg__thread, tid);
  FIELD ("THREADS", struct gcg__thread, flags);
  FIELD ("THREADS", struct gcg__thread, name);
  FIELD ("THREADS", struct gcg__thread, state);
  FIELD ("THREADS", struct gcg__thread, pc);
  FIELD ("THREADS", struct gcg__thread, sp);
  FIELD ("THREADS", struct gcg__thread, fp);
  FIELD ("THREADS", struct gcg__thread, stack_low);
  FIELD ("THREADS", struct gcg__thread, stack_high);
  FIELD ("THREADS", struct gcg__thread, registers);
  FIELD ("REGIONS", struct gcg__region, kind);
  FIELD ("REGIONS", struct gcg__region, index);
  FIELD ("REGIONS", struct gcg__region, low);
  FIELD ("REGIONS", struct gcg__region, high);
  FIELD ("ROOTS", struct gcg__root, object);
  FIELD ("ROOTS", struct gcg__root, region);
  FIELD ("ROOTS", struct gcg__root, address);
}

static void
print_objects (void)
{
  FIELD ("BLOCKS", struct gcg__block, address);
  FIELD ("BLOCKS", struct gcg__block, slot_bytes);
  FIELD ("BLOCKS", struct gcg__block, first_edge);
  FIELD ("BLOCKS", struct gcg__block, first_object);
  FIELD ("BLOCKS", struct gcg__block, kind);
  FIELD ("BIG", struct gcg__big, index);
  FIELD ("BIG", struct gcg__big, value);
  FIELD ("COLLECTIONS", struct gcg__collection, number);
  FIELD ("COLLECTIONS", struct gcg__collection, start_ns);
  FIELD ("COLLECTIONS", struct gcg__collection, stop_ns);
  FIELD ("COLLECTIONS", struct gcg__collection, mark_ns);
  FIELD ("COLLECTIONS", struct gcg__collection, pause_ns);
  FIELD ("COLLECTIONS", struct gcg__collection, heap_bytes);
  FIELD ("COLLECTIONS", struct gcg__collection, free_bytes);
  FIELD ("FINALIZERS", struct gcg__finalizer, object);
  FIELD ("FINALIZERS", struct gcg__finalizer, mode);
  FIELD ("FINALIZERS", struct gcg__finalizer, function);
  FIELD ("STACK_PIECES", struct gcg__stack_piece, low);
  FIELD ("STACK_PIECES", struct gcg__stack_piece, first);
  FIELD ("STACK_PIECES", struct gcg__stack_piece, n);
  FIELD ("STACK_PIECES", struct gcg__stack_piece, thread);
}

static void
print_statistics (void)
{
  FIELD ("STATISTICS", struct gcg__statistics, smaps);
  FIELD ("STATISTICS", struct gcg__statistics, flags);
  FIELD ("STATISTICS", struct gcg__statistics, heap_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, free_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, unmapped_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, since_gc_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, before_gc_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, non_gc_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, collections);
  FIELD ("STATISTICS", struct gcg__statistics, markers);
  FIELD ("STATISTICS", struct gcg__statistics, reclaimed_since_gc_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, reclaimed_before_gc_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, freed_since_gc_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, from_os_bytes);
  FIELD ("STATISTICS", struct gcg__statistics, full_total_ms);
  FIELD ("STATISTICS", struct gcg__statistics, free_space_divisor);
  FIELD ("STATISTICS", struct gcg__statistics, full_freq);
  FIELD ("STATISTICS", struct gcg__statistics, max_prior_attempts);
  FIELD ("STATISTICS", struct gcg__statistics, max_retries);
  FIELD ("STATISTICS", struct gcg__statistics, rate);
  FIELD ("STATISTICS", struct gcg__statistics, min_bytes_allocd);
  FIELD ("STATISTICS", struct gcg__statistics, allocd_bytes_per_finalizer);
  FIELD ("STATISTICS", struct gcg__statistics, time_limit_ns);
  FIELD ("STATISTICS", struct gcg__statistics, suspend_signal);
  FIELD ("STATISTICS", struct gcg__statistics, restart_signal);
  FIELD ("STATISTICS", struct gcg__statistics, warn_proc);
  FIELD ("STATISTICS", struct gcg__statistics, oom_fn);
  FIELD ("STATISTICS", struct gcg__statistics, abort_func);
  FIELD ("STATISTICS", struct gcg__statistics, finalizer_notifier);
  FIELD ("STATISTICS", struct gcg__statistics, on_heap_resize);
  FIELD ("STATISTICS", struct gcg__statistics, on_thread_event);
  FIELD ("STATISTICS", struct gcg__statistics, stop_func);
  FIELD ("STATISTICS", struct gcg__statistics, toggleref_func);
}

static void
print_hazards (void)
{
  FIELD ("HAZARDS", struct gcg__hazard, object);
  FIELD ("HAZARDS", struct gcg__hazard, kind);
  FIELD ("HAZARDS", struct gcg__hazard, thread);
  FIELD ("HAZARDS", struct gcg__hazard, zero);
  FIELD ("HAZARDS", struct gcg__hazard, address);
}

static void
print_usage (void)
{
  FIELD ("USAGE", struct gcg__usage, allocs);
  FIELD ("USAGE", struct gcg__usage, frees);
  FIELD ("USAGE", struct gcg__usage, bytes);
  FIELD ("USAGE", struct gcg__usage, live_blocks);
  FIELD ("USAGE", struct gcg__usage, live_bytes);
  FIELD ("USAGE", struct gcg__usage, peak_blocks);
  FIELD ("USAGE", struct gcg__usage, peak_bytes);
}

static void
print_verdicts (void)
{
  FIELD ("VERDICTS", struct gcg__verdicts, compared);
  FIELD ("VERDICTS", struct gcg__verdicts, marked_only);
  FIELD ("VERDICTS", struct gcg__verdicts, reached_only);
}

int
main (void)
{
  print_file ();
#define SECTION(name, code, type) printf ("sections %d %zu " #name "\n", code, sizeof (type));
  GCG_SECTION_MAP (SECTION)
#undef SECTION
  print_info ();
  print_origins ();
  print_objects ();
  print_statistics ();
  print_hazards ();
  print_usage ();
  print_verdicts ();
  return 0;
}
