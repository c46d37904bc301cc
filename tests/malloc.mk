# Programs that use malloc: what is leaked of them, and that they notice nothing.
check_PROGRAMS += %D%/malloc/cases %D%/malloc/holders
MALLOC_CASE_FLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -fno-builtin \
	-DCASE_LIBRARY='"$(abs_builddir)/tests/malloc/.libs/case_library.so"'
tests_malloc_cases_SOURCES = %D%/malloc/confined.c %D%/malloc/cases.c %D%/malloc/case.c %D%/malloc/case.h
tests_malloc_cases_CFLAGS = $(MALLOC_CASE_FLAGS)
tests_malloc_holders_SOURCES = %D%/malloc/confined.c %D%/malloc/holders.c %D%/malloc/holders.h %D%/malloc/holders_threads.c \
	%D%/malloc/case.c %D%/malloc/case.h
tests_malloc_holders_CFLAGS = $(MALLOC_CASE_FLAGS)
tests_malloc_holders_LDADD = -lpthread -ldl
check_LTLIBRARIES += %D%/malloc/case_library.la
tests_malloc_case_library_la_SOURCES = %D%/malloc/case_library.c
tests_malloc_case_library_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default
tests_malloc_case_library_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)
dist_check_SCRIPTS += %D%/malloc/cases.test %D%/malloc/holders.test
EXTRA_DIST += %D%/malloc/judge.sh %D%/malloc/operators.cc
TESTS += %D%/malloc/cases.test %D%/malloc/holders.test
# Looked at from outside.
check_PROGRAMS += %D%/malloc/outsider
tests_malloc_outsider_SOURCES = %D%/malloc/outsider.c %D%/malloc/confined.c
tests_malloc_outsider_CFLAGS = $(MALLOC_CASE_FLAGS)
tests_malloc_outsider_LDADD = -lpthread -ldl
dist_check_SCRIPTS += %D%/malloc/outside.test %D%/malloc/standing.test
TESTS += %D%/malloc/outside.test %D%/malloc/standing.test
check_PROGRAMS += %D%/malloc/library
tests_malloc_library_SOURCES = %D%/malloc/library.c %D%/malloc/case.c %D%/malloc/case.h
tests_malloc_library_CFLAGS = $(MALLOC_CASE_FLAGS)
tests_malloc_library_LDADD = -lpthread -ldl
dist_check_SCRIPTS += %D%/malloc/library.test
TESTS += %D%/malloc/library.test
# Random heaps; what judges them is not preloaded.
check_PROGRAMS += %D%/malloc/heaps %D%/malloc/heaps_judge
tests_malloc_heaps_SOURCES = %D%/malloc/heaps.c %D%/malloc/case.c %D%/malloc/case.h
tests_malloc_heaps_CFLAGS = $(MALLOC_CASE_FLAGS)
tests_malloc_heaps_judge_SOURCES = %D%/malloc/heaps_judge.c
tests_malloc_heaps_judge_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_malloc_heaps_judge_LDADD = link/liblink.la lib/image/libimage.la lib/base/libbase.la \
	lib/analysis/libanalysis.la lib/snapshot/libsnapshot.la -lpthread
TESTS += %D%/malloc/heaps_judge
check_PROGRAMS += %D%/malloc/messages %D%/malloc/semantics %D%/malloc/stress %D%/malloc/robust
tests_malloc_robust_SOURCES = %D%/malloc/robust.c %D%/malloc/case.c %D%/malloc/case.h
tests_malloc_robust_CFLAGS = $(MALLOC_CASE_FLAGS)
tests_malloc_robust_LDADD = -lpthread -ldl
tests_malloc_messages_SOURCES = %D%/malloc/messages.c
tests_malloc_messages_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -fno-builtin -Wno-alloc-size-larger-than
tests_malloc_messages_LDADD = -lpthread -ldl
tests_malloc_semantics_SOURCES = %D%/malloc/semantics.c
tests_malloc_semantics_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -fno-builtin -Wno-alloc-size-larger-than -Wno-use-after-free
tests_malloc_stress_SOURCES = %D%/malloc/stress.c
tests_malloc_stress_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -DCASE_LIBRARY='"$(abs_builddir)/tests/malloc/.libs/case_library.so"'
tests_malloc_stress_LDADD = -lpthread -ldl
check_PROGRAMS += %D%/malloc/figures
tests_malloc_figures_SOURCES = %D%/malloc/figures.c %D%/malloc/case.c %D%/malloc/case.h
tests_malloc_figures_CFLAGS = $(MALLOC_CASE_FLAGS)
tests_malloc_figures_LDADD = -lpthread -ldl
dist_check_SCRIPTS += %D%/malloc/figures.test %D%/malloc/annotated.test
EXTRA_DIST += %D%/malloc/annotated.c
TESTS += %D%/malloc/figures.test %D%/malloc/annotated.test
dist_check_SCRIPTS += %D%/malloc/semantics.test %D%/malloc/robust.test
TESTS += %D%/malloc/semantics.test %D%/malloc/robust.test
# Programs that nobody wrote for this.
dist_check_SCRIPTS += %D%/malloc/real.test
TESTS += %D%/malloc/real.test
EXTRA_DIST += %D%/same.sh
# Programs that are compiled for it: before any header, after all, in C++, hardened.
# What they look into snapshots with is not.
check_LTLIBRARIES += %D%/malloc/libreader.la
tests_malloc_libreader_la_SOURCES = lib/snapshot/reader.c lib/snapshot/find.c lib/snapshot/check.c \
	lib/snapshot/checksum.c
check_PROGRAMS += %D%/malloc/source %D%/malloc/source_hardened
SOURCE_CFLAGS = $(AM_CFLAGS) -Wno-unused-result -Wno-use-after-free -Wno-alloc-size-larger-than -include gcglass/malloc.h -I$(top_srcdir)/lib/gcglass/first
tests_malloc_source_SOURCES = %D%/malloc/source.c tests/agent/tap.h
tests_malloc_source_CFLAGS = $(SOURCE_CFLAGS)
tests_malloc_source_LDADD = %D%/malloc/libreader.la lib/libgcglass-malloc.la -lpthread
tests_malloc_source_hardened_SOURCES = $(tests_malloc_source_SOURCES)
tests_malloc_source_hardened_CFLAGS = $(SOURCE_CFLAGS) -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
tests_malloc_source_hardened_LDADD = $(tests_malloc_source_LDADD)
TESTS += %D%/malloc/source %D%/malloc/source_hardened
dist_check_SCRIPTS += %D%/malloc/source.test
EXTRA_DIST += %D%/malloc/source_cxx.cc %D%/malloc/source_order.c
TESTS += %D%/malloc/source.test
# What gcglass leaks -- PROGRAM says of them.
check_PROGRAMS += %D%/malloc/leaver %D%/malloc/ruled %D%/malloc/finalizing
tests_malloc_finalizing_SOURCES = %D%/malloc/finalizing.c
tests_malloc_finalizing_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -O0
tests_malloc_finalizing_LDADD = -lgc
tests_malloc_leaver_SOURCES = %D%/malloc/leaver.c
tests_malloc_leaver_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -O0
tests_malloc_leaver_LDADD = -lpthread
tests_malloc_ruled_SOURCES = %D%/malloc/confined.c %D%/malloc/ruled.c
tests_malloc_ruled_CFLAGS = $(AM_CFLAGS) -O0
dist_check_SCRIPTS += %D%/malloc/leaks_run.test %D%/malloc/kinds.test
TESTS += %D%/malloc/leaks_run.test %D%/malloc/kinds.test
check_PROGRAMS += %D%/malloc/samples
tests_malloc_samples_SOURCES = %D%/malloc/samples.c
tests_malloc_samples_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
tests_malloc_samples_LDADD = lib/libgcglass-malloc.la -lpthread
dist_check_SCRIPTS += %D%/malloc/samples.test
TESTS += %D%/malloc/samples.test
# Samples from outside.
check_PROGRAMS += %D%/malloc/sampled
tests_malloc_sampled_SOURCES = %D%/malloc/sampled.c
tests_malloc_sampled_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
tests_malloc_sampled_LDFLAGS = -no-install
tests_malloc_sampled_LDADD = lib/libgcglass-malloc.la -lpthread -ldl
check_LTLIBRARIES += %D%/malloc/sampled_plugin.la
tests_malloc_sampled_plugin_la_SOURCES = %D%/malloc/sampled_plugin.c
tests_malloc_sampled_plugin_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default
tests_malloc_sampled_plugin_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)
if HAVE_CMOCKA
check_PROGRAMS += %D%/malloc/sampler
tests_malloc_sampler_SOURCES = %D%/malloc/sampler.c %D%/image/process.h %D%/image/process.c
tests_malloc_sampler_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(SAN_CFLAGS) $(CMOCKA_CFLAGS) \
	-DSAMPLED='"$(abs_builddir)/tests/malloc/sampled"' \
	-DPLUGIN='"$(abs_builddir)/tests/malloc/.libs/sampled_plugin.so"'
tests_malloc_sampler_LDADD = link/liblink.la lib/image/libimage.la lib/recording/librecording.la \
	lib/base/libbase.la lib/snapshot/libsnapshot.la $(CMOCKA_LIBS) -lpthread
check_PROGRAMS += %D%/malloc/sampler_faults
tests_malloc_sampler_faults_SOURCES = %D%/malloc/sampler_faults.c %D%/image/process.h %D%/image/process.c
tests_malloc_sampler_faults_CFLAGS = $(tests_malloc_sampler_CFLAGS)
tests_malloc_sampler_faults_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
tests_malloc_sampler_faults_LDADD = $(tests_malloc_sampler_LDADD)
TESTS += %D%/malloc/sampler %D%/malloc/sampler_faults
endif
# What becomes another program, whichever heap either has.
check_PROGRAMS += tests/becomes tests/becomes_gc
tests_becomes_SOURCES = tests/becomes.c
tests_becomes_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -O0
tests_becomes_LDADD = -lpthread
tests_becomes_gc_SOURCES = tests/becomes.c
tests_becomes_gc_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -D_GNU_SOURCE -DUSE_GC=1 -O0
tests_becomes_gc_LDADD = -lgc -lpthread
dist_check_SCRIPTS += tests/exec.test
TESTS += tests/exec.test
# What a look at a program could disturb, whichever heap it has.
check_PROGRAMS += tests/unharmed tests/unharmed_gc
tests_unharmed_SOURCES = tests/unharmed.c
tests_unharmed_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
tests_unharmed_LDADD = -lpthread -ldl
tests_unharmed_gc_SOURCES = tests/unharmed.c
tests_unharmed_gc_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -D_GNU_SOURCE -DUSE_GC=1
tests_unharmed_gc_LDADD = -lgc -lpthread -ldl
dist_check_SCRIPTS += tests/unharmed.test
TESTS += tests/unharmed.test
# Ends of which the C library knows nothing.
check_PROGRAMS += tests/traced
tests_traced_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -O1
tests_traced_LDADD = -lpthread
dist_check_SCRIPTS += tests/traced.test
TESTS += tests/traced.test
# Other allocators and collectors in the program.
dist_check_SCRIPTS += %D%/malloc/foreign.test
EXTRA_DIST += %D%/malloc/foreign.c %D%/malloc/foreign_allocator.c %D%/malloc/foreign_collector.c \
	%D%/malloc/foreign_plugin.c
TESTS += %D%/malloc/foreign.test

# Where ptrace is refused.
check_PROGRAMS += tests/denied
tests_denied_SOURCES = tests/denied.c
tests_denied_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
dist_check_SCRIPTS += tests/refused.test
TESTS += tests/refused.test
