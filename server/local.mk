# The HTTP server: routes, access control, temporary directory, the source of snapshots.
noinst_LTLIBRARIES += server/libserver.la
server_libserver_la_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/actions.c \
	%D%/api.c \
	%D%/assets.c %D%/assets.h \
	%D%/handlers.h \
	%D%/http.c \
	%D%/live.c %D%/live.h \
	%D%/pages.c \
	%D%/patience.c %D%/patience.h \
	%D%/pictures.c %D%/pictures.h \
	%D%/reader.c %D%/reader.h \
	%D%/reply.c %D%/reply.h \
	%D%/request.c %D%/request.h \
	%D%/routes.c %D%/routes.h \
	%D%/samples.c %D%/samples.h \
	%D%/server.h \
	%D%/source.c %D%/source.h %D%/source_ask.c %D%/source_internal.h \
	%D%/tempdir.c %D%/tempdir.h
nodist_server_libserver_la_SOURCES = %D%/assets_data.S
server_libserver_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(JANSSON_CFLAGS)
server_libserver_la_CCASFLAGS =
# What a program that links libserver.la links too.
SERVER_LIBS = $(CIVETWEB_LIBS) $(JANSSON_LIBS) -lpthread

# The files of the front end as read-only data, and a table of them: name, start, size.  The
# system's Chart.js is one of them, as chart.min.js.  Scripts and styles are without comments.  Each
# also as gzip makes it, where that is shorter.
EXTRA_DIST += %D%/strip-comments.awk
CLEANFILES += %D%/assets_data.S %D%/assets_*.gz %D%/assets_*.bare
%D%/assets_data.S: $(TEMPLATE_FILES) $(CHART_JS) %D%/local.mk %D%/strip-comments.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && { \
	  table='	.section .data.rel.ro,"aw"\n	.balign 8\n	.globl gcg__embedded\ngcg__embedded:\n'; \
	  echo '	.section .rodata'; \
	  n=0; \
	  for file in $(TEMPLATE_FILES) $(CHART_JS); do \
	    n=`expr $$n + 1`; \
	    if test -f "$$file"; then path=$$file; else path=$(srcdir)/$$file; fi; \
	    name=`basename $$file`; \
	    test "$$file" != "$(CHART_JS)" || name=chart.min.js; \
	    echo "name_$$n:	.asciz \"$$name\""; \
	    case $$file in \
	      templates/*.js|templates/*.css) \
	        $(AWK) -f $(srcdir)/%D%/strip-comments.awk "$$path" >%D%/assets_$$n.bare || exit 1; \
	        path=%D%/assets_$$n.bare ;; \
	    esac; \
	    echo "data_$$n:	.incbin \"$$path\""; \
	    echo "end_$$n:	.byte 0"; \
	    packed=%D%/assets_$$n.gz; packed_bytes=0; \
	    gzip -9nc "$$path" >$$packed || exit 1; \
	    if test `wc -c <$$packed` -lt `wc -c <"$$path"`; then \
	      echo "packed_$$n:	.incbin \"$$packed\""; \
	      packed_bytes=`wc -c <$$packed`; \
	    else echo "packed_$$n:"; fi; \
	    table="$$table	.quad name_$$n, data_$$n, end_$$n - data_$$n, packed_$$n, $$packed_bytes\n"; \
	  done; \
	  printf "$$table	.quad 0, 0, 0, 0, 0\n"; \
	  echo '	.section .note.GNU-stack,"",%progbits'; \
	} >$@-t && mv $@-t $@
