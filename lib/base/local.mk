# What every part needs and what needs none of them.  The agent compiles what it uses itself.
noinst_LTLIBRARIES += lib/base/libbase.la
lib_base_libbase_la_SOURCES = %D%/clock.h %D%/error.h %D%/error.c %D%/parallel.h %D%/parallel.c \
	%D%/packet.h %D%/packet.c %D%/room.h %D%/room.c %D%/save.h %D%/save.c
lib_base_libbase_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
lib_base_libbase_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
