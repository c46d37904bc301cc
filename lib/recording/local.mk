# The recording: samples over time.  Its format is spoken by the agent, too.
noinst_LTLIBRARIES += lib/recording/librecording.la
lib_recording_librecording_la_SOURCES = \
	%D%/encode.h %D%/figures.h %D%/format.h %D%/internal.h %D%/reader.c %D%/recording.c %D%/recording.h \
	%D%/take.c %D%/writer.c %D%/writer.h
lib_recording_librecording_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
