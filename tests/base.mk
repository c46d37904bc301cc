# Tests of lib/base.
if HAVE_CMOCKA
check_PROGRAMS += tests/save
TESTS += tests/save
tests_save_SOURCES = tests/save.c
tests_save_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS)
tests_save_LDFLAGS = -Wl,--wrap=openat,--wrap=linkat,--wrap=renameat,--wrap=fsync,--wrap=write
tests_save_LDADD = lib/base/libbase.la $(CMOCKA_LIBS)
endif

# The commands and the agent together.
dist_check_SCRIPTS += tests/planted.test tests/recorded.test
TESTS += tests/planted.test tests/recorded.test
