# Our side of the conversation with agents: messages, and snapshots taken from outside.
noinst_LTLIBRARIES += link/liblink.la
link_liblink_la_SOURCES = \
	%D%/confined.c %D%/confined.h \
	%D%/count.c %D%/count.h \
	%D%/door.c %D%/door.h \
	%D%/find.c %D%/find.h \
	%D%/jobs.c %D%/jobs.h \
	%D%/message.c %D%/message.h \
	%D%/outside.c %D%/outside.h \
	%D%/read.c %D%/read.h \
	%D%/sample.c %D%/sample.h \
	%D%/survey.c %D%/survey.h \
	%D%/tables.c %D%/tables.h
link_liblink_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
link_liblink_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
