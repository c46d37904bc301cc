# The gcglass command.  It links convenience libraries only, so that tools/gcglass is a plain
# program in the build tree too.
bin_PROGRAMS += %D%/gcglass
tools_gcglass_SOURCES = %D%/command.h %D%/main.c \
	%D%/agent.c %D%/agent.h \
	%D%/child.c %D%/child.h \
	%D%/export.c \
	%D%/launch.c %D%/launch.h \
	%D%/leak_jobs.c %D%/leak_jobs.h \
	%D%/leak_report.c %D%/leak_report.h \
	%D%/leak_run.c %D%/leak_run.h \
	%D%/leaks.c \
	%D%/program.c %D%/program.h \
	%D%/report.c \
	%D%/run.c \
	%D%/sample.c \
	%D%/save.c %D%/save.h \
	%D%/serve.c \
	%D%/serving.c %D%/serving.h \
	%D%/signals.c %D%/signals.h \
	%D%/snapshot.c \
	%D%/view.c \
	%D%/watch.c %D%/watch.h
tools_gcglass_CPPFLAGS = $(AM_CPPFLAGS) -DLIBDIR='"$(libdir)"' -DPKGLIBDIR='"$(pkglibdir)"'
tools_gcglass_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tools_gcglass_LDFLAGS = $(SAN_CFLAGS)
tools_gcglass_LDADD = server/libserver.la server/librenderer.la lib/report/libreport.la \
	lib/analysis/libanalysis.la lib/symbol/libsymbol.la lib/recording/librecording.la lib/snapshot/libsnapshot.la lib/base/libbase.la \
	$(SERVER_LIBS)
