# The snapshot: model, format, reader, writer, checker.  Depends on nothing.
noinst_LTLIBRARIES += lib/snapshot/libsnapshot.la
lib_snapshot_libsnapshot_la_SOURCES = \
	%D%/format.h %D%/machine.h %D%/snapshot.h %D%/writer.h %D%/internal.h \
	%D%/checksum.c %D%/writer.c %D%/reader.c %D%/check.c %D%/find.c
lib_snapshot_libsnapshot_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
