# The snapshot's format, reader and checker by themselves.
BENCHES += bench/snapshot
bench_snapshot_SOURCES = bench/snapshot.c bench/stats.c bench/stats.h
bench_snapshot_LDADD = tests/libheap.la lib/snapshot/libsnapshot.la
