# make bench: what gcglass costs, both sides of each comparison in one run.  Not part of all.
# BENCH=malloc runs those whose names begin so.
BENCH_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS)
BENCH_LIBS = lib/libgcglass.la $(GC_LIBS) -lpthread
# The same sources against libgc alone.
BENCH_PLAIN_CPPFLAGS = -I$(srcdir)/bench/plain $(AM_CPPFLAGS)
BENCHES = \
	%D%/compare %D%/big %D%/ring %D%/idle %D%/idle-plain %D%/small %D%/small-plain \
	%D%/small-sampled %D%/factor %D%/factor-plain %D%/gcbench-plain %D%/analysis %D%/sampled \
	%D%/minutes
EXTRA_PROGRAMS = $(BENCHES)
CLEANFILES += $(BENCHES)
EXTRA_DIST += %D%/run %D%/malloc

bench_compare_SOURCES = %D%/compare.c %D%/stats.c %D%/stats.h

bench_big_SOURCES = %D%/big.c %D%/http.c %D%/http.h %D%/stats.c %D%/stats.h
bench_big_CFLAGS = $(BENCH_CFLAGS)
bench_big_LDFLAGS = -no-install
bench_big_LDADD = lib/snapshot/libsnapshot.la $(BENCH_LIBS)

bench_ring_SOURCES = %D%/ring.c %D%/http.c %D%/http.h %D%/stats.c %D%/stats.h
bench_ring_CFLAGS = $(BENCH_CFLAGS)
bench_ring_LDFLAGS = -no-install
bench_ring_LDADD = $(BENCH_LIBS)

bench_idle_SOURCES = %D%/idle.c %D%/stats.c %D%/stats.h
bench_idle_CPPFLAGS = $(AM_CPPFLAGS) -DGCG_SERVE
bench_idle_CFLAGS = $(BENCH_CFLAGS)
bench_idle_LDFLAGS = -no-install
bench_idle_LDADD = $(BENCH_LIBS)
bench_idle_plain_SOURCES = %D%/idle.c %D%/plain/gcglass/gc.h %D%/stats.c %D%/stats.h
bench_idle_plain_CPPFLAGS = $(BENCH_PLAIN_CPPFLAGS)
bench_idle_plain_CFLAGS = $(BENCH_CFLAGS)
bench_idle_plain_LDADD = $(GC_LIBS)

bench_sampled_SOURCES = %D%/sampled.c %D%/fifty.c %D%/fifty.h %D%/stats.c %D%/stats.h
bench_sampled_CFLAGS = $(BENCH_CFLAGS)
bench_sampled_LDFLAGS = -no-install
bench_sampled_LDADD = $(BENCH_LIBS)

bench_minutes_SOURCES = \
	%D%/minutes.c %D%/routes.c %D%/routes.h %D%/fifty.c %D%/fifty.h %D%/http.c %D%/http.h \
	%D%/stats.c %D%/stats.h
bench_minutes_CFLAGS = $(BENCH_CFLAGS)
bench_minutes_LDFLAGS = -no-install
bench_minutes_LDADD = $(BENCH_LIBS)

bench_small_SOURCES = %D%/small.c %D%/stats.c %D%/stats.h $(EXAMPLE_SOURCES)
bench_small_CFLAGS = $(BENCH_CFLAGS)
bench_small_LDFLAGS = -no-install
bench_small_LDADD = $(BENCH_LIBS)
bench_small_sampled_SOURCES = $(bench_small_SOURCES)
bench_small_sampled_CPPFLAGS = $(AM_CPPFLAGS) -DGCG_SAMPLED
bench_small_sampled_CFLAGS = $(BENCH_CFLAGS)
bench_small_sampled_LDFLAGS = -no-install
bench_small_sampled_LDADD = $(BENCH_LIBS)
bench_small_plain_SOURCES = %D%/small.c %D%/plain.c %D%/stats.c %D%/stats.h
bench_small_plain_CPPFLAGS = $(BENCH_PLAIN_CPPFLAGS)
bench_small_plain_CFLAGS = $(BENCH_CFLAGS)
bench_small_plain_LDADD = $(GC_LIBS)

bench_factor_SOURCES = %D%/factor.c $(EXAMPLE_SOURCES)
bench_factor_CFLAGS = $(BENCH_CFLAGS)
bench_factor_LDFLAGS = -no-install
bench_factor_LDADD = $(BENCH_LIBS)
bench_factor_plain_SOURCES = %D%/factor.c %D%/plain.c
bench_factor_plain_CPPFLAGS = $(BENCH_PLAIN_CPPFLAGS)
bench_factor_plain_CFLAGS = $(BENCH_CFLAGS)
bench_factor_plain_LDADD = $(GC_LIBS)

bench_gcbench_plain_SOURCES = examples/gcbench.c %D%/plain.c
bench_gcbench_plain_CPPFLAGS = $(BENCH_PLAIN_CPPFLAGS)
bench_gcbench_plain_CFLAGS = $(BENCH_CFLAGS) -g
bench_gcbench_plain_LDADD = $(GC_LIBS)

bench_analysis_SOURCES = %D%/analysis.c %D%/stats.c %D%/stats.h
bench_analysis_LDADD = \
	tests/libheap.la lib/analysis/libanalysis.la lib/snapshot/libsnapshot.la

include bench/image.mk
include bench/freeze.mk
include bench/malloc.mk
include bench/snapshot.mk
include bench/symbol.mk

.PHONY: bench
bench: all $(BENCHES) $(MALLOC_BENCHES)
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/%D%/run $(BENCH)
