# Tests of lib/snapshot, and the heaps that other tests are made of.
check_LTLIBRARIES += tests/libheap.la
tests_libheap_la_SOURCES = \
	tests/heap.h tests/heap.c tests/columns.h tests/columns.c tests/tour.c
tests_libheap_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/snapshot_unit
TESTS += tests/snapshot_unit
tests_snapshot_unit_SOURCES = tests/snapshot_unit.c
tests_snapshot_unit_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS)
tests_snapshot_unit_LDADD = tests/libheap.la lib/snapshot/libsnapshot.la $(CMOCKA_LIBS)
endif
