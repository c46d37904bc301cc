# A process seen from outside: stopped, copied, let go; the copy read and called.
noinst_LTLIBRARIES += lib/image/libimage.la
lib_image_libimage_la_SOURCES = \
	%D%/arch.h %D%/arch_aarch64.c %D%/arch_x86_64.c %D%/copy.h %D%/copy.c %D%/freeze.h %D%/freeze.c \
	%D%/inject.h %D%/inject.c %D%/limit.h %D%/limit.c %D%/permit.c %D%/proc.h %D%/proc.c %D%/stop.h %D%/stop.c %D%/event.c \
	%D%/traced.h %D%/traced.c %D%/tracer.h %D%/tracer.c %D%/waits.h %D%/waits.c \
	%D%/image.h %D%/image.c %D%/source.c %D%/window.h %D%/window.c %D%/vma.h %D%/vma.c \
	%D%/modules.h %D%/modules.c %D%/symbol.c %D%/libc_layout.h %D%/libc_layout.c \
	%D%/tls.h %D%/tls.c %D%/threads.h %D%/threads.c \
	%D%/heap_index.h %D%/heap_index.c %D%/edges.h %D%/edges.c %D%/roots.h %D%/roots.c \
	%D%/agent.h %D%/agent.c %D%/agent_heap.h %D%/agent_heap.c %D%/agent_own.h %D%/agent_own.c \
	%D%/agent_areas.h %D%/agent_areas.c %D%/agent_texts.h %D%/agent_texts.c \
	%D%/agent_snapshot.h %D%/agent_snapshot.c %D%/dump.h %D%/dump.c
lib_image_libimage_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
lib_image_libimage_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
