# Tests of lib/image/freeze: programs that are stopped from outside, and notice nothing.
check_PROGRAMS += tests/image/target
tests_image_target_SOURCES = tests/image/target.c tests/image/target.h tests/image/limited.c \
	tests/image/waits.c
tests_image_target_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
tests_image_target_LDADD = -lpthread -ldl

freeze_tests = tests/image/freeze tests/image/killed tests/image/limits tests/image/traps
check_PROGRAMS += $(freeze_tests)
TESTS += $(freeze_tests)
FREEZE_TEST_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) -D_GNU_SOURCE
FREEZE_TEST_LIBS = lib/image/libimage.la lib/base/libbase.la -lpthread
RUN_SOURCES = tests/image/run.c tests/image/run.h tests/agent/tap.h
tests_image_freeze_SOURCES = tests/image/freeze.c $(RUN_SOURCES)
tests_image_freeze_CFLAGS = $(FREEZE_TEST_CFLAGS)
tests_image_freeze_LDADD = $(FREEZE_TEST_LIBS)
tests_image_killed_SOURCES = tests/image/killed.c $(RUN_SOURCES)
tests_image_killed_CFLAGS = $(FREEZE_TEST_CFLAGS)
tests_image_killed_LDADD = $(FREEZE_TEST_LIBS)
tests_image_limits_SOURCES = tests/image/limits.c $(RUN_SOURCES)
tests_image_limits_CFLAGS = $(FREEZE_TEST_CFLAGS)
tests_image_limits_LDADD = $(FREEZE_TEST_LIBS)
tests_image_traps_SOURCES = tests/image/traps.c $(RUN_SOURCES)
tests_image_traps_CFLAGS = $(FREEZE_TEST_CFLAGS)
tests_image_traps_LDADD = $(FREEZE_TEST_LIBS)
