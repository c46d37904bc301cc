# Tests of lib/report, and the program that writes imaginary snapshots for tests in shell.
REPORT_LIBS = lib/report/libreport.la lib/analysis/libanalysis.la lib/symbol/libsymbol.la \
	lib/recording/librecording.la lib/snapshot/libsnapshot.la lib/base/libbase.la

check_PROGRAMS += tests/make_heap
tests_make_heap_SOURCES = tests/make_heap.c tests/report_heaps.c tests/report_heaps.h
tests_make_heap_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_make_heap_LDADD = tests/libheap.la lib/snapshot/libsnapshot.la

if HAVE_CMOCKA
REPORT_TEST_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
REPORT_TEST_LIBS = tests/libheap.la $(REPORT_LIBS) $(CMOCKA_LIBS) $(JANSSON_LIBS) $(DW_LIBS)
report_tests = tests/report_unit tests/report_pages tests/report_object tests/report_threads \
	tests/report_tracker tests/report_types tests/report_type_page tests/report_leaks \
	tests/report_findings tests/report_kinds tests/report_rules tests/report_source tests/report_memory tests/render
check_PROGRAMS += $(report_tests)
TESTS += $(report_tests)

tests_report_unit_SOURCES = tests/report_unit.c tests/report_heaps.c tests/report_heaps.h
tests_report_unit_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_unit_LDADD = $(REPORT_TEST_LIBS) -lm
tests_report_pages_SOURCES = tests/report_pages.c tests/report_heaps.c tests/report_heaps.h
tests_report_pages_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_pages_LDADD = $(REPORT_TEST_LIBS) -lpthread
tests_report_findings_SOURCES = tests/report_findings.c
tests_report_findings_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_findings_LDADD = $(REPORT_TEST_LIBS)
tests_report_kinds_SOURCES = tests/report_kinds.c tests/report_heaps.c tests/report_heaps.h
tests_report_kinds_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_kinds_LDADD = $(REPORT_TEST_LIBS)
tests_report_object_SOURCES = tests/report_object.c tests/report_heaps.c tests/report_heaps.h
tests_report_object_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_object_LDADD = $(REPORT_TEST_LIBS)
tests_report_threads_SOURCES = tests/report_threads.c
tests_report_threads_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_threads_LDADD = $(REPORT_TEST_LIBS)
tests_report_tracker_SOURCES = tests/report_tracker.c
tests_report_tracker_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_tracker_LDADD = tests/libtape.la $(REPORT_TEST_LIBS)
# The program that it looks into, with its variables where the debug information says.
check_PROGRAMS += tests/thread_fixture
tests_thread_fixture_SOURCES = tests/thread_fixture.c tests/thread_fixture.h \
	tests/thread_fixture_fast.c
tests_thread_fixture_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE -DGC_THREADS $(GC_CFLAGS) -g
tests_thread_fixture_LDADD = $(AGENT_TEST_LIBS)
tests_report_types_SOURCES = tests/report_types.c tests/modules.c tests/modules.h
tests_report_types_CFLAGS = $(REPORT_TEST_CFLAGS) -g
tests_report_types_LDFLAGS = -no-install
tests_report_types_LDADD = $(REPORT_TEST_LIBS)
check_PROGRAMS += tests/type_fixture
tests_type_fixture_SOURCES = tests/type_fixture.c
tests_type_fixture_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -g
tests_type_fixture_LDADD = $(AGENT_TEST_LIBS)
tests_report_type_page_SOURCES = tests/report_type_page.c
tests_report_type_page_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_type_page_LDFLAGS = -no-install
tests_report_type_page_LDADD = tests/libtape.la $(REPORT_TEST_LIBS)
tests_report_source_SOURCES = tests/report_source.c tests/modules.c tests/modules.h
tests_report_source_CFLAGS = $(REPORT_TEST_CFLAGS) -g
tests_report_source_LDFLAGS = -no-install
tests_report_source_LDADD = $(REPORT_TEST_LIBS)
tests_report_rules_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_rules_LDADD = $(REPORT_TEST_LIBS)
tests_report_leaks_SOURCES = tests/report_leaks.c tests/report_heaps.c tests/report_heaps.h \
	tests/modules.c tests/modules.h
tests_report_leaks_CFLAGS = $(REPORT_TEST_CFLAGS) -g
tests_report_leaks_LDFLAGS = -no-install
tests_report_leaks_LDADD = $(REPORT_TEST_LIBS)
tests_report_memory_SOURCES = tests/report_memory.c tests/report_heaps.c tests/report_heaps.h
tests_report_memory_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_report_memory_LDADD = $(REPORT_TEST_LIBS)
# Allocations of the libraries go through the test, which makes them fail.
tests_report_memory_LDFLAGS = -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=reallocarray -Wl,--wrap=aligned_alloc -Wl,--wrap=asprintf -Wl,--wrap=strdup -Wl,--wrap=free
tests_render_SOURCES = tests/render.c tests/report_heaps.c tests/report_heaps.h
tests_render_CFLAGS = $(REPORT_TEST_CFLAGS)
tests_render_LDFLAGS = -Wl,--wrap=poll,--wrap=clock_gettime
tests_render_LDADD = tests/libheap.la server/librenderer.la $(REPORT_LIBS) $(CMOCKA_LIBS)
endif

# The command line: report, export, snapshot.
dist_check_SCRIPTS += tests/tools.test tests/schema.test tests/options.test
TESTS += tests/tools.test tests/schema.test tests/options.test
EXTRA_DIST += tests/schema.py
EXTRA_DIST += tests/golden/report-empty.txt tests/golden/report-clean.txt \
	tests/golden/report-mix.txt tests/golden/report-mix-top.txt tests/golden/report-list.txt \
	tests/golden/report-star.txt tests/golden/observer.dot tests/golden/observer-reduced.dot \
	tests/golden/star.dot tests/golden/leaks-text.txt tests/golden/leaks-suppressed.txt \
	tests/golden/leaks-collected.txt
