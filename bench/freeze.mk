# What a frozen copy costs the process that is copied.
BENCHES += bench/freeze
bench_freeze_SOURCES = bench/freeze.c bench/stats.c bench/stats.h
bench_freeze_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
bench_freeze_LDADD = lib/image/libimage.la lib/base/libbase.la -lpthread
