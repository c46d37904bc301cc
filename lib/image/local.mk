# A process seen from outside: stopped, copied, let go; the copy read and called.
noinst_LTLIBRARIES += lib/image/libimage.la
lib_image_libimage_la_SOURCES = \
	%D%/freeze.h \
	%D%/proc.h %D%/proc.c
lib_image_libimage_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
lib_image_libimage_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
