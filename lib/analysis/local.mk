# What a snapshot means: reachability, components, cycles.  Reads lib/snapshot.
noinst_LTLIBRARIES += lib/analysis/libanalysis.la
lib_analysis_libanalysis_la_SOURCES = \
	%D%/analysis.h %D%/analysis.c \
	%D%/arena.h %D%/arena.c \
	%D%/components.h %D%/components.c \
	%D%/cut.h %D%/cut.c \
	%D%/cycles.h %D%/cycles.c \
	%D%/graph.h %D%/graph.c \
	%D%/histogram.c \
	%D%/leaks.h %D%/leaks.c \
	%D%/path.c \
	%D%/reach.h %D%/reach.c \
	%D%/roots.h %D%/roots.c \
	%D%/sort.h %D%/sort.c \
	%D%/strong.h %D%/strong.c
lib_analysis_libanalysis_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
