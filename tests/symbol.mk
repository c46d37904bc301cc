# Tests of lib/symbol, included from tests/local.mk.
SYMBOL_LIBS = lib/symbol/libsymbol.la lib/snapshot/libsnapshot.la

check_PROGRAMS += %D%/symbol_check
tests_symbol_check_SOURCES = %D%/symbol_check.c %D%/modules.c %D%/modules.h
tests_symbol_check_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_symbol_check_LDADD = $(SYMBOL_LIBS)
dist_check_SCRIPTS += %D%/symbol.test
TESTS += %D%/symbol.test
dist_check_SCRIPTS += %D%/debuginfod.test
TESTS += %D%/debuginfod.test
EXTRA_DIST += %D%/symbol_fixture.h %D%/symbol_fixture.c %D%/symbol_fixture_other.c \
	%D%/symbol_fixture_library.c

check_PROGRAMS += %D%/symbol_frames
tests_symbol_frames_SOURCES = %D%/symbol_frames.c %D%/modules.c %D%/modules.h
tests_symbol_frames_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_symbol_frames_LDADD = $(SYMBOL_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += %D%/symbol_test
TESTS += %D%/symbol.test
dist_check_SCRIPTS += %D%/debuginfod.test
TESTS += %D%/debuginfod.test
tests_symbol_test_SOURCES = %D%/symbol_test.c %D%/modules.c %D%/modules.h
tests_symbol_test_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS) -g
tests_symbol_test_LDFLAGS = -no-install \
	-Wl,--wrap=calloc -Wl,--wrap=malloc -Wl,--wrap=reallocarray
tests_symbol_test_LDADD = $(SYMBOL_LIBS) $(CMOCKA_LIBS) $(DW_LIBS) -lpthread

check_PROGRAMS += %D%/symbol_layout
TESTS += %D%/symbol_layout
tests_symbol_layout_SOURCES = %D%/symbol_layout.c %D%/modules.c %D%/modules.h
tests_symbol_layout_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS) -g
tests_symbol_layout_LDFLAGS = -no-install
tests_symbol_layout_LDADD = $(SYMBOL_LIBS) $(CMOCKA_LIBS)
endif

check_PROGRAMS += %D%/symbol_damage
tests_symbol_damage_SOURCES = %D%/symbol_damage.c %D%/modules.c %D%/modules.h
tests_symbol_damage_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_symbol_damage_LDADD = $(SYMBOL_LIBS)
