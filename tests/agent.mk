# The agent, as programs meet it.  Built without sanitizers: the collector scans the stack.
AGENT_TEST_LIBS = lib/libgcglass.la -lgc -lpthread

check_PROGRAMS += %D%/agent/api %D%/agent/threads %D%/agent/semantics_plain %D%/agent/semantics_tracked
tests_agent_api_SOURCES = %D%/agent/api.c %D%/agent/tap.h lib/snapshot/reader.c lib/snapshot/find.c \
	lib/snapshot/check.c lib/snapshot/checksum.c
tests_agent_api_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_api_LDADD = $(AGENT_TEST_LIBS)
tests_agent_threads_SOURCES = %D%/agent/threads.c %D%/agent/tap.h
tests_agent_threads_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_threads_LDFLAGS = -rdynamic
tests_agent_threads_LDADD = $(AGENT_TEST_LIBS)
tests_agent_semantics_plain_SOURCES = %D%/agent/semantics.c
tests_agent_semantics_plain_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS)
tests_agent_semantics_plain_LDADD = -lgc
tests_agent_semantics_tracked_SOURCES = %D%/agent/semantics.c
tests_agent_semantics_tracked_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -DTRACKED
tests_agent_semantics_tracked_LDADD = $(AGENT_TEST_LIBS)

check_PROGRAMS += %D%/agent/contents
tests_agent_contents_SOURCES = %D%/agent/contents.c %D%/agent/tap.h lib/snapshot/reader.c \
	lib/snapshot/find.c lib/snapshot/check.c lib/snapshot/checksum.c
tests_agent_contents_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_contents_LDADD = $(AGENT_TEST_LIBS)
TESTS += %D%/agent/contents

check_PROGRAMS += %D%/agent/live
tests_agent_live_SOURCES = %D%/agent/live.c %D%/agent/tap.h lib/snapshot/reader.c \
	lib/snapshot/find.c lib/snapshot/check.c lib/snapshot/checksum.c
tests_agent_live_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_live_LDADD = $(AGENT_TEST_LIBS)
TESTS += %D%/agent/live

check_PROGRAMS += %D%/agent/samples %D%/agent/samples_plain
RECORDED_SOURCES = %D%/agent/tap.h %D%/agent/recorded.h lib/recording/reader.c \
	lib/recording/recording.c lib/recording/take.c lib/snapshot/reader.c lib/snapshot/find.c \
	lib/snapshot/check.c lib/snapshot/checksum.c
tests_agent_samples_SOURCES = %D%/agent/samples.c $(RECORDED_SOURCES)
tests_agent_samples_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_samples_LDADD = $(AGENT_TEST_LIBS)
check_PROGRAMS += %D%/agent/samples_limits
tests_agent_samples_limits_SOURCES = %D%/agent/samples_limits.c $(RECORDED_SOURCES)
tests_agent_samples_limits_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_samples_limits_LDADD = $(AGENT_TEST_LIBS)
tests_agent_samples_plain_SOURCES = %D%/agent/samples_plain.c
tests_agent_samples_plain_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS)
tests_agent_samples_plain_LDADD = -lgc
dist_check_SCRIPTS += %D%/agent/samples.test
TESTS += %D%/agent/samples %D%/agent/samples_limits %D%/agent/samples.test

# The same twice: without gcglass, for the preload object, and with it.
check_PROGRAMS += %D%/agent/hazards_plain %D%/agent/hazards_tracked %D%/agent/hazard_list
check_LTLIBRARIES += %D%/agent/hazard_module.la
tests_agent_hazard_module_la_SOURCES = %D%/agent/hazard_module.c
tests_agent_hazard_module_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_agent_hazards_plain_SOURCES = %D%/agent/hazards.c
tests_agent_hazards_plain_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_hazards_plain_LDADD = -lgc -lpthread
tests_agent_hazards_tracked_SOURCES = %D%/agent/hazards.c
tests_agent_hazards_tracked_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS) -DTRACKED
tests_agent_hazards_tracked_LDADD = $(AGENT_TEST_LIBS)
tests_agent_hazard_list_SOURCES = %D%/agent/hazard_list.c
tests_agent_hazard_list_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_agent_hazard_list_LDADD = lib/snapshot/libsnapshot.la
dist_check_SCRIPTS += %D%/agent/hazards.test
TESTS += %D%/agent/hazards.test

check_LTLIBRARIES += %D%/agent/last_spy.la
tests_agent_last_spy_la_SOURCES = %D%/agent/last_spy.c
tests_agent_last_spy_la_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -fvisibility=default
tests_agent_last_spy_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)
dist_check_SCRIPTS += %D%/agent/last.test
TESTS += %D%/agent/last.test

check_PROGRAMS += %D%/agent/blocking %D%/agent/thread_list
tests_agent_blocking_SOURCES = %D%/agent/blocking.c %D%/agent/waiting.h
tests_agent_blocking_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_blocking_LDADD = -lgc -lpthread
tests_agent_thread_list_SOURCES = %D%/agent/thread_list.c
tests_agent_thread_list_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_agent_thread_list_LDADD = lib/snapshot/libsnapshot.la
dist_check_SCRIPTS += %D%/agent/blocking.test
TESTS += %D%/agent/blocking.test

dist_check_SCRIPTS += %D%/agent/semantics.test
TESTS += %D%/agent/api %D%/agent/threads %D%/agent/semantics.test

# The agent's own functions have frame pointers, the program's have none.
check_PROGRAMS += %D%/agent/stacks
check_LTLIBRARIES += %D%/agent/libstacks.la
tests_agent_libstacks_la_SOURCES = lib/stack/stack.c lib/stack/unwind.c lib/stack/unwinder.c lib/site.c lib/arena.c \
	lib/confined.c lib/filter.c lib/lookup.c lib/unloaded.c
tests_agent_libstacks_la_CFLAGS = $(AGENT_CFLAGS)
tests_agent_stacks_SOURCES = %D%/agent/stacks.c %D%/agent/tap.h
tests_agent_stacks_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS) -O2 -fomit-frame-pointer
tests_agent_stacks_LDADD = %D%/agent/libstacks.la -lpthread -ldl
TESTS += %D%/agent/stacks

check_PROGRAMS += %D%/agent/leak_count %D%/malloc/leak_count
tests_agent_leak_count_SOURCES = %D%/agent/leak_count.c %D%/agent/tap.h
tests_agent_leak_count_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_leak_count_LDADD = $(AGENT_TEST_LIBS)
tests_malloc_leak_count_SOURCES = $(tests_agent_leak_count_SOURCES)
tests_malloc_leak_count_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -DMALLOC
tests_malloc_leak_count_LDADD = lib/libgcglass-malloc.la
dist_check_SCRIPTS += %D%/agent/leak_count.test
TESTS += %D%/agent/leak_count %D%/agent/leak_count.test

CALLS_SOURCES = %D%/agent/calls.c %D%/agent/tap.h lib/snapshot/reader.c lib/snapshot/find.c \
	lib/snapshot/check.c lib/snapshot/checksum.c
check_PROGRAMS += %D%/agent/calls %D%/malloc/calls
tests_agent_calls_SOURCES = $(CALLS_SOURCES)
tests_agent_calls_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_calls_LDADD = $(AGENT_TEST_LIBS)
tests_malloc_calls_SOURCES = $(CALLS_SOURCES)
tests_malloc_calls_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -DMALLOC
tests_malloc_calls_LDADD = lib/libgcglass-malloc.la -lpthread
dist_check_SCRIPTS += %D%/agent/calls_run.test
TESTS += %D%/agent/calls %D%/malloc/calls %D%/agent/calls_run.test

check_PROGRAMS += %D%/agent/dead_thread
tests_agent_dead_thread_SOURCES = %D%/agent/dead_thread.c
tests_agent_dead_thread_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_dead_thread_LDADD = -lgc -lpthread
dist_check_SCRIPTS += %D%/agent/dead_thread.test
TESTS += %D%/agent/dead_thread.test

check_PROGRAMS += %D%/agent/early_end
check_LTLIBRARIES += %D%/agent/libearly_end.la
tests_agent_libearly_end_la_SOURCES = %D%/agent/early_end.c
tests_agent_libearly_end_la_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -DMODULE -fvisibility=default
tests_agent_libearly_end_la_LDFLAGS = -rpath $(abs_builddir)
tests_agent_early_end_SOURCES = %D%/agent/early_end.c
tests_agent_early_end_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
tests_agent_early_end_LDADD = %D%/agent/libearly_end.la
dist_check_SCRIPTS += %D%/agent/early_end.test
TESTS += %D%/agent/early_end.test

check_PROGRAMS += %D%/agent/own_malloc
tests_agent_own_malloc_SOURCES = %D%/agent/own_malloc.c
tests_agent_own_malloc_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -fno-builtin
dist_check_SCRIPTS += %D%/agent/own_malloc.test
TESTS += %D%/agent/own_malloc.test

# Without GC_INIT: as it is and linked with gcglass, from main and from a library's constructor.
check_PROGRAMS += %D%/agent/uninitialised_plain %D%/agent/uninitialised_tracked \
	%D%/agent/uninitialised_early %D%/agent/uninitialised_early_tracked
check_LTLIBRARIES += %D%/agent/libuninitialised.la %D%/agent/libuninitialised_tracked.la
tests_agent_libuninitialised_la_SOURCES = %D%/agent/uninitialised.c
tests_agent_libuninitialised_la_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -DMODULE -fvisibility=default
tests_agent_libuninitialised_la_LDFLAGS = -rpath $(abs_builddir)
tests_agent_libuninitialised_la_LIBADD = -lgc
tests_agent_libuninitialised_tracked_la_SOURCES = %D%/agent/uninitialised.c
tests_agent_libuninitialised_tracked_la_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -DMODULE -DTRACKED -fvisibility=default
tests_agent_libuninitialised_tracked_la_LDFLAGS = -rpath $(abs_builddir)
tests_agent_libuninitialised_tracked_la_LIBADD = $(AGENT_TEST_LIBS)
tests_agent_uninitialised_plain_SOURCES = %D%/agent/uninitialised.c
tests_agent_uninitialised_plain_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS)
tests_agent_uninitialised_plain_LDADD = -lgc
tests_agent_uninitialised_tracked_SOURCES = %D%/agent/uninitialised.c
tests_agent_uninitialised_tracked_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -DTRACKED
tests_agent_uninitialised_tracked_LDADD = $(AGENT_TEST_LIBS)
tests_agent_uninitialised_early_SOURCES = %D%/agent/uninitialised.c
tests_agent_uninitialised_early_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -DEARLY
tests_agent_uninitialised_early_LDADD = %D%/agent/libuninitialised.la -lgc
tests_agent_uninitialised_early_tracked_SOURCES = %D%/agent/uninitialised.c
tests_agent_uninitialised_early_tracked_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -DTRACKED -DEARLY
tests_agent_uninitialised_early_tracked_LDADD = %D%/agent/libuninitialised_tracked.la $(AGENT_TEST_LIBS)
dist_check_SCRIPTS += %D%/agent/uninitialised.test
TESTS += %D%/agent/uninitialised.test

# Plugins, compiled by the test.
EXTRA_DIST += %D%/agent/unloaded.c
dist_check_SCRIPTS += %D%/agent/unloaded.test
TESTS += %D%/agent/unloaded.test

# The same process from inside and from outside.
check_PROGRAMS += %D%/agent/random_heap %D%/agent/both_ways %D%/agent/verdicts
tests_agent_verdicts_SOURCES = %D%/agent/verdicts.c
tests_agent_verdicts_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS)
tests_agent_verdicts_LDADD = -lgc
tests_agent_random_heap_SOURCES = %D%/agent/random_heap.c %D%/agent/waiting.h
tests_agent_random_heap_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_random_heap_LDADD = -lgc -lpthread
tests_agent_both_ways_SOURCES = %D%/agent/both_ways.c lib/snapshot/reader.c lib/snapshot/find.c \
	lib/snapshot/check.c lib/snapshot/checksum.c
tests_agent_both_ways_CFLAGS = $(AM_CFLAGS)
dist_check_SCRIPTS += %D%/agent/both_ways.test %D%/agent/collect.test
TESTS += %D%/agent/both_ways.test %D%/agent/collect.test

# What the program has told the collector to scan and what not.
check_PROGRAMS += %D%/agent/look %D%/agent/root_tables %D%/agent/root_tables_tracked
tests_agent_look_SOURCES = %D%/agent/look.c lib/snapshot/reader.c lib/snapshot/find.c \
	lib/snapshot/check.c lib/snapshot/checksum.c
tests_agent_look_CFLAGS = $(AM_CFLAGS)
tests_agent_root_tables_SOURCES = %D%/agent/root_tables.c
tests_agent_root_tables_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_root_tables_LDADD = -lgc -lpthread
tests_agent_root_tables_tracked_SOURCES = %D%/agent/root_tables.c
tests_agent_root_tables_tracked_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS) -DTRACKED
tests_agent_root_tables_tracked_LDADD = $(AGENT_TEST_LIBS) -lpthread
# And what it holds for the program.
check_PROGRAMS += %D%/agent/finalizing %D%/agent/finalizing_tracked
tests_agent_finalizing_SOURCES = %D%/agent/finalizing.c
tests_agent_finalizing_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS)
tests_agent_finalizing_LDADD = -lgc -lpthread
tests_agent_finalizing_tracked_SOURCES = %D%/agent/finalizing.c
tests_agent_finalizing_tracked_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS) -DTRACKED
tests_agent_finalizing_tracked_LDADD = $(AGENT_TEST_LIBS) -lpthread
EXTRA_DIST += %D%/agent/look.sh
dist_check_SCRIPTS += %D%/agent/root_tables.test %D%/agent/finalizing.test
TESTS += %D%/agent/root_tables.test %D%/agent/finalizing.test

check_PROGRAMS += %D%/agent/filter
tests_agent_filter_SOURCES = %D%/agent/filter.c %D%/agent/tap.h lib/filter.c lib/filter.h
tests_agent_filter_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) -D_GNU_SOURCE
TESTS += %D%/agent/filter
