# Addresses to functions and lines, types to fields.  The only place with libdw.
noinst_LTLIBRARIES += lib/symbol/libsymbol.la
lib_symbol_libsymbol_la_SOURCES = \
	%D%/symbol.h %D%/internal.h %D%/store.c %D%/symbols.c %D%/die.c %D%/label.c \
	%D%/address.c %D%/traceback.c %D%/variable.c %D%/names.c %D%/spelling.c %D%/type.c %D%/field.c %D%/layout.c %D%/scope.c %D%/expression.c \
	%D%/inside.c %D%/inside.h
lib_symbol_libsymbol_la_CPPFLAGS = $(AM_CPPFLAGS) $(DW_CFLAGS)
lib_symbol_libsymbol_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
lib_symbol_libsymbol_la_LIBADD = $(DW_LIBS)
