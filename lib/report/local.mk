# What a page, a text report or an export says; no markup, no HTTP.
noinst_LTLIBRARIES += lib/report/libreport.la
lib_report_libreport_la_SOURCES = \
	%D%/report.h %D%/component.c %D%/dot.c %D%/export_json.c %D%/frame.c %D%/garbage.c %D%/object.c %D%/overview.c %D%/process_page.c \
	%D%/sample_page.c %D%/tracker.c %D%/site_table.c %D%/summary.c %D%/text.c %D%/thread_page.c %D%/type_page.c %D%/type_table.c %D%/sample_text.c \
	%D%/leaks.h %D%/leaks.c %D%/leak_json.c %D%/leak_members.c %D%/leak_text.c \
	%D%/baseline.h %D%/baseline.c \
	%D%/buffer.h %D%/buffer.c \
	%D%/collector.h %D%/collector.c \
	%D%/explain.h %D%/explain.c \
	%D%/findings.h %D%/findings.c \
	%D%/fold.h %D%/fold.c \
	%D%/hazard.h %D%/hazard.c \
	%D%/infer.h %D%/infer.c \
	%D%/json.h %D%/json.c %D%/kind_page.c \
	%D%/kept.h %D%/kept.c \
	%D%/kind_cut.h %D%/kind_cut.c \
	%D%/kinds.h %D%/kinds.c \
	%D%/leak_names.h %D%/leak_names.c \
	%D%/map.h %D%/map.c \
	%D%/model.h %D%/model.c \
	%D%/object_table.h %D%/object_table.c \
	%D%/order.h %D%/order.c \
	%D%/origin.h %D%/origin.c \
	%D%/preview.h %D%/preview.c \
	%D%/process.h %D%/process.c \
	%D%/query.h %D%/query.c \
	%D%/root_text.h %D%/root_text.c \
	%D%/source_type.h %D%/source_type.c \
	%D%/suppress.h %D%/suppress.c \
	%D%/timeline.h %D%/timeline.c %D%/told.c %D%/told.h \
	%D%/type_edges.h %D%/type_edges.c \
	%D%/types.h %D%/types.c \
	%D%/votes.h %D%/votes.c \
	%D%/words.h %D%/words.c \
	%D%/wrapper.h %D%/wrapper.c
lib_report_libreport_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(JANSSON_CFLAGS)
