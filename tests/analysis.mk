# Tests of lib/analysis.
if HAVE_CMOCKA
ANALYSIS_TEST_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS)
ANALYSIS_TEST_LIBS = \
	tests/libheap.la lib/analysis/libanalysis.la lib/snapshot/libsnapshot.la $(CMOCKA_LIBS)
analysis_tests = \
	tests/analysis_unit tests/analysis_oracle tests/analysis_large tests/analysis_leaks \
	tests/analysis_memory
check_PROGRAMS += $(analysis_tests)
TESTS += $(analysis_tests)

tests_analysis_unit_SOURCES = tests/analysis_unit.c tests/draw.c tests/draw.h
tests_analysis_unit_CFLAGS = $(ANALYSIS_TEST_CFLAGS)
tests_analysis_unit_LDADD = $(ANALYSIS_TEST_LIBS) -lpthread
tests_analysis_oracle_CFLAGS = $(ANALYSIS_TEST_CFLAGS)
tests_analysis_oracle_LDADD = $(ANALYSIS_TEST_LIBS)
tests_analysis_large_CFLAGS = $(ANALYSIS_TEST_CFLAGS)
tests_analysis_large_LDADD = $(ANALYSIS_TEST_LIBS)
tests_analysis_leaks_CFLAGS = $(ANALYSIS_TEST_CFLAGS)
tests_analysis_leaks_LDADD = $(ANALYSIS_TEST_LIBS)
tests_analysis_memory_CFLAGS = $(ANALYSIS_TEST_CFLAGS)
tests_analysis_memory_LDADD = $(ANALYSIS_TEST_LIBS)
# Allocations of the analyses go through the test, which makes them fail.
tests_analysis_memory_LDFLAGS = -Wl,--wrap=mmap -Wl,--wrap=munmap -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=aligned_alloc -Wl,--wrap=free
endif
