# The gcglass command.  It links convenience libraries only, so that tools/gcglass is a plain
# program in the build tree too.
bin_PROGRAMS += %D%/gcglass
tools_gcglass_SOURCES = %D%/command.h %D%/main.c \
	%D%/agent.c %D%/agent.h \
	%D%/attend.c \
	%D%/child.c %D%/child.h \
	%D%/complete.c \
	%D%/export.c \
	%D%/help.c \
	%D%/front.c %D%/front.h \
	%D%/launch.c %D%/launch.h \
	%D%/leak_jobs.c %D%/leak_jobs.h \
	%D%/leak_report.c %D%/leak_report.h \
	%D%/leak_run.c %D%/leak_run.h \
	%D%/leaks.c \
	%D%/options.c %D%/options.h \
	%D%/port.c %D%/port.h \
	%D%/program.c %D%/program.h \
	%D%/recorded.c %D%/recorded.h \
	%D%/report.c \
	%D%/run.c \
	%D%/sample.c \
	%D%/save.c %D%/save.h \
	%D%/serve.c \
	%D%/serving.c %D%/serving.h \
	%D%/signals.c %D%/signals.h \
	%D%/snapshot.c \
	%D%/view.c \
	%D%/watch.c %D%/watch.h \
	%D%/wishes.c %D%/wishes.h
tools_gcglass_CPPFLAGS = $(AM_CPPFLAGS) -DLIBDIR='"$(libdir)"' -DPKGLIBDIR='"$(pkglibdir)"'
tools_gcglass_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tools_gcglass_LDFLAGS = $(SAN_CFLAGS)
tools_gcglass_LDADD = server/libserver.la server/librenderer.la link/liblink.la lib/image/libimage.la lib/report/libreport.la \
	lib/analysis/libanalysis.la lib/symbol/libsymbol.la lib/recording/librecording.la lib/snapshot/libsnapshot.la lib/base/libbase.la \
	$(SERVER_LIBS)
# They ask gcglass what can come: where shells look for them.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = %D%/completion/_gcglass
dist_fishcompletion_DATA = %D%/completion/gcglass.fish
EXTRA_DIST += %D%/completion/gcglass.bash
install-data-hook: install-bash-completion
.PHONY: install-bash-completion
install-bash-completion:
	$(MKDIR_P) "$(DESTDIR)$(bashcompletiondir)"
	$(INSTALL_DATA) $(srcdir)/%D%/completion/gcglass.bash "$(DESTDIR)$(bashcompletiondir)/gcglass"
uninstall-hook:
	rm -f "$(DESTDIR)$(bashcompletiondir)/gcglass"
