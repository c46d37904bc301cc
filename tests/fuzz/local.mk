# Fuzz targets.  Each is linked with a plain driver and run on its corpus by make check, or with
# libFuzzer when configured by CC=clang --enable-fuzzing (driver.c says how).  A target NAME needs
# tests_fuzz_NAME_CFLAGS = $(FUZZ_CFLAGS), _LDFLAGS = $(FUZZ_LINK) and, before its own libraries,
# _LDADD = $(FUZZ_LIBS), and its corpus in EXTRA_DIST, file by file.
fuzz_targets = %D%/agent %D%/columns %D%/expression %D%/image %D%/inside %D%/message %D%/query \
	%D%/recording %D%/report %D%/request %D%/serve %D%/snapshot %D%/suppress \
	%D%/tables
check_PROGRAMS += $(fuzz_targets)
dist_check_SCRIPTS += %D%/driver.test
TESTS += %D%/driver.test
FUZZ_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
if FUZZING
FUZZ_LINK = -fsanitize=fuzzer
FUZZ_LIBS =
else
TESTS += $(fuzz_targets)
FUZZ_LINK =
FUZZ_LIBS = %D%/libdriver.la
check_LTLIBRARIES += %D%/libdriver.la
tests_fuzz_libdriver_la_SOURCES = %D%/driver.c %D%/target.h
tests_fuzz_libdriver_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
endif

tests_fuzz_agent_SOURCES = %D%/agent.c lib/wire.c lib/wire.h lib/base/packet.c \
	lib/snapshot/checksum.c
tests_fuzz_agent_CFLAGS = $(FUZZ_CFLAGS) -D_GNU_SOURCE
tests_fuzz_agent_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_agent_LDADD = $(FUZZ_LIBS) -lm

tests_fuzz_columns_SOURCES = %D%/columns.c %D%/change.c %D%/change.h
tests_fuzz_columns_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_columns_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_columns_LDADD = $(FUZZ_LIBS) tests/libheap.la lib/snapshot/libsnapshot.la

tests_fuzz_image_SOURCES = %D%/image.c
tests_fuzz_image_CFLAGS = $(FUZZ_CFLAGS) -D_GNU_SOURCE
tests_fuzz_image_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_image_LDADD = $(FUZZ_LIBS) lib/image/libimage.la lib/snapshot/libsnapshot.la \
	lib/base/libbase.la

tests_fuzz_expression_SOURCES = %D%/expression.c tests/modules.c tests/modules.h
tests_fuzz_expression_CFLAGS = $(FUZZ_CFLAGS) -g
tests_fuzz_expression_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_expression_LDADD = $(FUZZ_LIBS) $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

tests_fuzz_inside_SOURCES = %D%/inside.c %D%/change.c %D%/change.h
tests_fuzz_inside_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_inside_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_inside_LDADD = $(FUZZ_LIBS) tests/libheap.la $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

FUZZ_SERVER_LIBS = tests/libtape.la tests/libheap.la server/libserver.la server/librenderer.la link/liblink.la lib/image/libimage.la \
	lib/report/libreport.la lib/analysis/libanalysis.la lib/symbol/libsymbol.la \
	lib/recording/librecording.la lib/snapshot/libsnapshot.la lib/base/libbase.la $(SERVER_LIBS) $(DW_LIBS)
tests_fuzz_message_SOURCES = %D%/message.c
tests_fuzz_message_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_message_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_message_LDADD = $(FUZZ_LIBS) $(FUZZ_SERVER_LIBS)

tests_fuzz_query_SOURCES = %D%/query.c
tests_fuzz_query_CFLAGS = $(FUZZ_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_query_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_query_LDADD = $(FUZZ_LIBS) $(FUZZ_SERVER_LIBS)

tests_fuzz_request_SOURCES = %D%/request.c
tests_fuzz_request_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_request_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_request_LDADD = $(FUZZ_LIBS) $(FUZZ_SERVER_LIBS)

tests_fuzz_recording_SOURCES = %D%/recording.c %D%/change.c %D%/change.h
tests_fuzz_recording_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_recording_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_recording_LDADD = $(FUZZ_LIBS) tests/libtape.la tests/libheap.la $(RECORDING_LIBS)

tests_fuzz_report_SOURCES = %D%/report.c %D%/change.c %D%/change.h \
	tests/report_heaps.c tests/report_heaps.h
tests_fuzz_report_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_report_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_report_LDADD = $(FUZZ_LIBS) tests/libheap.la $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

tests_fuzz_serve_SOURCES = %D%/serve.c tools/wishes.c tools/wishes.h
tests_fuzz_serve_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_serve_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_serve_LDADD = $(FUZZ_LIBS) $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

tests_fuzz_snapshot_SOURCES = %D%/snapshot.c %D%/change.c %D%/change.h
tests_fuzz_snapshot_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_snapshot_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_snapshot_LDADD = $(FUZZ_LIBS) tests/libheap.la lib/snapshot/libsnapshot.la

tests_fuzz_suppress_SOURCES = %D%/suppress.c
tests_fuzz_suppress_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_suppress_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_suppress_LDADD = $(FUZZ_LIBS) $(REPORT_LIBS) $(DW_LIBS) $(JANSSON_LIBS)

tests_fuzz_tables_SOURCES = %D%/tables.c tests/image/heaps.c tests/image/heaps.h
tests_fuzz_tables_CFLAGS = $(FUZZ_CFLAGS) -D_GNU_SOURCE
tests_fuzz_tables_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_tables_LDADD = $(FUZZ_LIBS) lib/image/libimage.la lib/snapshot/libsnapshot.la \
	lib/base/libbase.la

EXTRA_DIST += \
	%D%/corpus/agent/intervals \
	%D%/corpus/agent/limits \
	%D%/corpus/agent/long \
	%D%/corpus/agent/messages \
	%D%/corpus/columns/edges \
	%D%/corpus/columns/heap \
	%D%/corpus/columns/names \
	%D%/corpus/columns/near \
	%D%/corpus/columns/objects \
	%D%/corpus/columns/others \
	%D%/corpus/expression/declarations \
	%D%/corpus/expression/parts \
	%D%/corpus/expression/product \
	%D%/corpus/expression/quoted \
	%D%/corpus/inside/headers \
	%D%/corpus/inside/libgc \
	%D%/corpus/inside/malloc \
	%D%/corpus/inside/plain \
	%D%/corpus/inside/together \
	%D%/corpus/message/exit \
	%D%/corpus/message/failures \
	%D%/corpus/message/samples \
	%D%/corpus/message/snapshot \
	%D%/corpus/query/1 \
	%D%/corpus/query/2 \
	%D%/corpus/query/3 \
	%D%/corpus/query/4 \
	%D%/corpus/query/5 \
	%D%/corpus/query/6 \
	%D%/corpus/query/7 \
	%D%/corpus/query/8 \
	%D%/corpus/query/9 \
	%D%/corpus/query/10 \
	%D%/corpus/query/11 \
	%D%/corpus/query/12 \
	%D%/corpus/query/13 \
	%D%/corpus/query/14 \
	%D%/corpus/recording/changes \
	%D%/corpus/recording/few \
	%D%/corpus/image/changes %D%/corpus/image/heap %D%/corpus/image/maps %D%/corpus/image/sound \
	%D%/corpus/recording/one-sample \
	%D%/corpus/report/heap \
	%D%/corpus/report/heap1 \
	%D%/corpus/report/heap2 \
	%D%/corpus/report/heap3 \
	%D%/corpus/report/heap4 \
	%D%/corpus/report/heap5 \
	%D%/corpus/report/heap6 \
	%D%/corpus/report/heap7 \
	%D%/corpus/report/leaks \
	%D%/corpus/report/list \
	%D%/corpus/report/mix \
	%D%/corpus/report/names \
	%D%/corpus/report/near \
	%D%/corpus/report/observer \
	%D%/corpus/report/others \
	%D%/corpus/report/ring \
	%D%/corpus/report/star \
	%D%/corpus/report/tree \
	%D%/corpus/request/bearer \
	%D%/corpus/request/form \
	%D%/corpus/request/json \
	%D%/corpus/request/launch \
	%D%/corpus/request/static \
	%D%/corpus/serve/all \
	%D%/corpus/serve/long \
	%D%/corpus/serve/port \
	%D%/corpus/serve/twice \
	%D%/corpus/serve/usual \
	%D%/corpus/snapshot/changes \
	%D%/corpus/snapshot/heap \
	%D%/corpus/snapshot/names \
	%D%/corpus/snapshot/near \
	%D%/corpus/snapshot/others \
	%D%/corpus/snapshot/sound \
	%D%/corpus/snapshot/written \
	%D%/corpus/suppress/pattern \
	%D%/corpus/suppress/rules \
	%D%/corpus/tables/links \
	%D%/corpus/tables/modules \
	%D%/corpus/tables/near \
	%D%/corpus/tables/one \
	%D%/corpus/tables/sound \
	%D%/corpus/tables/tables
