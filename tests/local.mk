# tests: see CONTRIBUTING.md

# A tool of the tests in shell.
check_PROGRAMS += %D%/json_assert
tests_json_assert_SOURCES = %D%/json_assert.c
tests_json_assert_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(JANSSON_CFLAGS)
tests_json_assert_LDADD = $(JANSSON_LIBS)
dist_check_SCRIPTS += %D%/json_assert.test
TESTS += %D%/json_assert.test

# The build and the rules about the source.
dist_check_SCRIPTS += %D%/configure.test
TESTS += %D%/configure.test
dist_check_SCRIPTS += %D%/bootstrap.test
TESTS += %D%/bootstrap.test

# One file per module, so that they can be written side by side.
include tests/snapshot.mk
include tests/agent.mk
include tests/symbol.mk
