# Fuzz targets.  Each is linked with a plain driver and run on its corpus by make check, or with
# libFuzzer when configured by CC=clang --enable-fuzzing (driver.c says how).  A target NAME needs
# tests_fuzz_NAME_CFLAGS = $(FUZZ_CFLAGS), _LDFLAGS = $(FUZZ_LINK) and, before its own libraries,
# _LDADD = $(FUZZ_LIBS), and its corpus in EXTRA_DIST, file by file.
fuzz_targets = %D%/recording %D%/snapshot
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

tests_fuzz_recording_SOURCES = %D%/recording.c
tests_fuzz_recording_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_recording_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_recording_LDADD = $(FUZZ_LIBS) tests/libtape.la $(RECORDING_LIBS)

tests_fuzz_snapshot_SOURCES = %D%/snapshot.c
tests_fuzz_snapshot_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_snapshot_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_snapshot_LDADD = $(FUZZ_LIBS) tests/libheap.la lib/snapshot/libsnapshot.la

EXTRA_DIST += \
	%D%/corpus/recording/one-sample %D%/corpus/snapshot/sound %D%/corpus/snapshot/changes
