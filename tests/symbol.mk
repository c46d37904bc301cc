# Tests of lib/symbol, included from tests/local.mk.
SYMBOL_LIBS = lib/symbol/libsymbol.la

check_PROGRAMS += %D%/symbol_check
tests_symbol_check_SOURCES = %D%/symbol_check.c %D%/modules.c %D%/modules.h
tests_symbol_check_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_symbol_check_LDADD = $(SYMBOL_LIBS)
dist_check_SCRIPTS += %D%/symbol.test
TESTS += %D%/symbol.test
EXTRA_DIST += %D%/symbol_fixture.h %D%/symbol_fixture.c %D%/symbol_fixture_other.c \
	%D%/symbol_fixture_library.c

check_PROGRAMS += %D%/symbol_frames
tests_symbol_frames_SOURCES = %D%/symbol_frames.c %D%/modules.c %D%/modules.h
tests_symbol_frames_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_symbol_frames_LDADD = $(SYMBOL_LIBS)
