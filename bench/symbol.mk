# What questions to lib/symbol cost, first and again; included from bench/local.mk.
BENCHES += bench/symbol
bench_symbol_SOURCES = bench/symbol.c bench/stats.c bench/stats.h tests/modules.c tests/modules.h
bench_symbol_CFLAGS = $(AM_CFLAGS) -g
bench_symbol_LDADD = lib/symbol/libsymbol.la lib/snapshot/libsnapshot.la
