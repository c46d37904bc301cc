# The snapshot: model, format, reader, writer, checker.  Depends on nothing.
noinst_LTLIBRARIES += lib/snapshot/libsnapshot.la
lib_snapshot_libsnapshot_la_SOURCES = \
	%D%/format.h %D%/snapshot.h %D%/writer.h
lib_snapshot_libsnapshot_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
