# Programs that use malloc, and the same with LeakSanitizer built in.
MALLOC_BENCHES = %D%/factor-malloc %D%/factor-leak %D%/handover %D%/handover-leak %D%/growing
EXTRA_PROGRAMS += $(MALLOC_BENCHES)
CLEANFILES += $(MALLOC_BENCHES)

BENCH_MALLOC_CPPFLAGS = -I$(srcdir)/bench/plain-malloc $(AM_CPPFLAGS) -DFREES
BENCH_MALLOC_SOURCES = %D%/factor.c %D%/plain.c %D%/plain-malloc/gc.h %D%/plain-malloc/gcglass/gc.h
bench_factor_malloc_SOURCES = $(BENCH_MALLOC_SOURCES)
bench_factor_malloc_CPPFLAGS = $(BENCH_MALLOC_CPPFLAGS)
bench_factor_leak_SOURCES = $(BENCH_MALLOC_SOURCES)
bench_factor_leak_CPPFLAGS = $(BENCH_MALLOC_CPPFLAGS)
bench_factor_leak_CFLAGS = $(AM_CFLAGS) -fsanitize=leak
bench_factor_leak_LDFLAGS = -fsanitize=leak
bench_growing_SOURCES = %D%/growing.c
bench_growing_CFLAGS = $(AM_CFLAGS) -fno-builtin
bench_handover_SOURCES = %D%/handover.c
bench_handover_LDADD = -lpthread
bench_handover_leak_SOURCES = %D%/handover.c
bench_handover_leak_CFLAGS = $(AM_CFLAGS) -fsanitize=leak
bench_handover_leak_LDFLAGS = -fsanitize=leak
bench_handover_leak_LDADD = -lpthread
