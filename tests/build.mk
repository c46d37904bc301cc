# The build, the rules about the source, and the whole of it on examples and real programs.

# A tool of the tests in shell.
check_PROGRAMS += %D%/json_assert
tests_json_assert_SOURCES = %D%/json_assert.c
tests_json_assert_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(JANSSON_CFLAGS)
tests_json_assert_LDADD = $(JANSSON_LIBS)

BUILD_TESTS = \
	%D%/json_assert.test %D%/configure.test %D%/bootstrap.test %D%/ci.test %D%/golden_files.test %D%/structure.test \
	%D%/examples.test %D%/ledger.test %D%/real_programs.test %D%/install.test
dist_check_SCRIPTS += $(BUILD_TESTS)
TESTS += $(BUILD_TESTS)
# What ./bootstrap check is made of.
CI_PARTS = %D%/ci/parts/aarch64.sh %D%/ci/parts/clang.sh %D%/ci/parts/distcheck.sh \
	%D%/ci/parts/lint.sh %D%/ci/parts/plain.sh %D%/ci/parts/sanitized.sh %D%/ci/parts/threads.sh
EXTRA_DIST += %D%/tap.sh %D%/skips.allowed %D%/ci/run.sh %D%/ci/coverage.floors \
	%D%/ci/cppcheck.suppressions %D%/ci/words $(CI_PARTS)
# See golden/files/make.
EXTRA_DIST += %D%/golden/files/heap.c %D%/golden/files/make \
	%D%/golden/files/allocated-1.gcrec %D%/golden/files/allocated-1.gcsnap \
	%D%/golden/files/allocated-run-1.gcrec %D%/golden/files/collected-1.gcrec \
	%D%/golden/files/collected-1.gcsnap %D%/golden/files/collected-run-1.gcrec
