# Another process's memory; included from bench/local.mk.
BENCHES += bench/image
bench_image_SOURCES = bench/image.c bench/stats.c bench/stats.h
bench_image_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE
bench_image_LDADD = lib/image/libimage.la lib/snapshot/libsnapshot.la lib/base/libbase.la -lpthread
