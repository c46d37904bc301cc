# Tests of lib/snapshot, and the heaps that other tests are made of.
check_LTLIBRARIES += tests/libheap.la
tests_libheap_la_SOURCES = tests/heap.h tests/heap.c
tests_libheap_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
