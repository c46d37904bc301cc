# The gcglass command.  It links convenience libraries only, so that tools/gcglass is a plain
# program in the build tree too.
bin_PROGRAMS += %D%/gcglass
tools_gcglass_SOURCES = %D%/command.h %D%/export.c %D%/main.c %D%/report.c \
	%D%/save.h %D%/save.c
tools_gcglass_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tools_gcglass_LDFLAGS = $(SAN_CFLAGS)
tools_gcglass_LDADD = server/librenderer.la lib/report/libreport.la lib/analysis/libanalysis.la \
	lib/symbol/libsymbol.la lib/snapshot/libsnapshot.la
