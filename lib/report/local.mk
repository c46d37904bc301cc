# What a page, a text report or an export says; no markup, no HTTP.
noinst_LTLIBRARIES += lib/report/libreport.la
lib_report_libreport_la_SOURCES = \
	%D%/report.h %D%/frame.c \
	%D%/buffer.h %D%/buffer.c \
	%D%/fail.h %D%/fail.c \
	%D%/json.h %D%/json.c \
	%D%/model.h %D%/model.c \
	%D%/query.h %D%/query.c \
	%D%/types.h %D%/types.c \
	%D%/words.h %D%/words.c
lib_report_libreport_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
