# Tests of lib/snapshot, and the heaps that other tests are made of.
check_LTLIBRARIES += tests/libheap.la
tests_libheap_la_SOURCES = \
	tests/heap.h tests/heap.c tests/heap_sound.c tests/random.h \
	tests/columns.h tests/columns.c tests/tour.c
tests_libheap_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)

# The specification says what the code says.
check_PROGRAMS += tests/snapshot_layout
dist_check_SCRIPTS += tests/snapshot_format.test
TESTS += tests/snapshot_format.test

if HAVE_CMOCKA
SNAPSHOT_TEST_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS)
SNAPSHOT_TEST_LIBS = tests/libheap.la lib/snapshot/libsnapshot.la $(CMOCKA_LIBS)
snapshot_tests = tests/snapshot_unit tests/snapshot_check tests/snapshot_fault
check_PROGRAMS += $(snapshot_tests)
TESTS += $(snapshot_tests)
tests_snapshot_unit_CFLAGS = $(SNAPSHOT_TEST_CFLAGS)
tests_snapshot_unit_LDADD = $(SNAPSHOT_TEST_LIBS)
tests_snapshot_check_CFLAGS = $(SNAPSHOT_TEST_CFLAGS)
tests_snapshot_check_LDADD = $(SNAPSHOT_TEST_LIBS)
tests_snapshot_fault_CFLAGS = $(SNAPSHOT_TEST_CFLAGS)
tests_snapshot_fault_LDADD = $(SNAPSHOT_TEST_LIBS)
endif
