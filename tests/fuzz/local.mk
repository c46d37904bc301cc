# Fuzz targets.  Each is linked with a plain driver and run on its corpus by make check, or with
# libFuzzer when configured by CC=clang --enable-fuzzing (driver.c says how).  A target NAME needs
# tests_fuzz_NAME_CFLAGS = $(FUZZ_CFLAGS), _LDFLAGS = $(FUZZ_LINK) and, before its own libraries,
# _LDADD = $(FUZZ_LIBS), and its corpus in EXTRA_DIST, file by file.
fuzz_targets = %D%/columns %D%/expression %D%/recording %D%/report %D%/snapshot %D%/suppress
check_PROGRAMS += $(fuzz_targets)
dist_check_SCRIPTS += %D%/driver.test
TESTS += %D%/driver.test
FUZZ_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
if FUZZING
FUZZ_LINK = -fsanitize=fuzzer
FUZZ_LIBS =
else
TESTS += $(fuzz_targets)
FUZZ_LINK =
FUZZ_LIBS = %D%/libdriver.la
check_LTLIBRARIES += %D%/libdriver.la
tests_fuzz_libdriver_la_SOURCES = %D%/driver.c
tests_fuzz_libdriver_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
endif

tests_fuzz_columns_SOURCES = %D%/columns.c %D%/change.c %D%/change.h
tests_fuzz_columns_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_columns_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_columns_LDADD = $(FUZZ_LIBS) tests/libheap.la lib/snapshot/libsnapshot.la

tests_fuzz_expression_SOURCES = %D%/expression.c tests/modules.c tests/modules.h
tests_fuzz_expression_CFLAGS = $(FUZZ_CFLAGS) -g
tests_fuzz_expression_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_expression_LDADD = $(FUZZ_LIBS) $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

tests_fuzz_recording_SOURCES = %D%/recording.c
tests_fuzz_recording_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_recording_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_recording_LDADD = $(FUZZ_LIBS) tests/libtape.la $(RECORDING_LIBS)

tests_fuzz_report_SOURCES = %D%/report.c %D%/change.c %D%/change.h \
	tests/report_heaps.c tests/report_heaps.h
tests_fuzz_report_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_report_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_report_LDADD = $(FUZZ_LIBS) tests/libheap.la $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

tests_fuzz_snapshot_SOURCES = %D%/snapshot.c %D%/change.c %D%/change.h
tests_fuzz_snapshot_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_snapshot_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_snapshot_LDADD = $(FUZZ_LIBS) tests/libheap.la lib/snapshot/libsnapshot.la

tests_fuzz_suppress_SOURCES = %D%/suppress.c
tests_fuzz_suppress_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_suppress_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_suppress_LDADD = $(FUZZ_LIBS) $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

EXTRA_DIST += \
	%D%/corpus/columns/edges \
	%D%/corpus/columns/objects \
	%D%/corpus/expression/declarations \
	%D%/corpus/expression/parts \
	%D%/corpus/expression/product \
	%D%/corpus/expression/quoted \
	%D%/corpus/recording/one-sample \
	%D%/corpus/report/leaks \
	%D%/corpus/report/list \
	%D%/corpus/report/mix \
	%D%/corpus/report/observer \
	%D%/corpus/report/ring \
	%D%/corpus/report/star \
	%D%/corpus/report/tree \
	%D%/corpus/snapshot/changes \
	%D%/corpus/snapshot/sound \
	%D%/corpus/suppress/pattern \
	%D%/corpus/suppress/rules
