# Tests of lib/recording, and the imaginary recordings of other tests.
check_LTLIBRARIES += tests/libtape.la
tests_libtape_la_SOURCES = tests/tape.h tests/tape.c
tests_libtape_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
RECORDING_LIBS = lib/recording/librecording.la lib/snapshot/libsnapshot.la lib/base/libbase.la

# The specification says what the code says.
check_PROGRAMS += tests/recording_layout
dist_check_SCRIPTS += tests/recording_format.test
TESTS += tests/recording_format.test

if HAVE_CMOCKA
check_PROGRAMS += tests/recording
TESTS += tests/recording
tests_recording_SOURCES = tests/recording.c
tests_recording_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS)
tests_recording_LDADD = tests/libtape.la tests/libheap.la $(RECORDING_LIBS) $(CMOCKA_LIBS)
endif
