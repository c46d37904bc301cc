# libgcglass, the agent: what is linked into, or preloaded before, the profiled program.
# It needs libgc and libc and no more; it is never built with sanitizers.
gcgincludedir = $(includedir)/gcglass
gcginclude_HEADERS = %D%/gcglass/error.h %D%/gcglass/gcglass.h %D%/gcglass/gc.h \
	%D%/gcglass/malloc.h %D%/gcglass/plain.h %D%/gcglass/redirect.h %D%/gcglass/site.h
# Before the C library's, where a source is compiled with -include gcglass/malloc.h.
gcgfirstdir = $(includedir)/gcglass/first
gcgfirst_HEADERS = %D%/gcglass/first/gcglass_first.h %D%/gcglass/first/malloc.h \
	%D%/gcglass/first/mm_malloc.h %D%/gcglass/first/stdio.h %D%/gcglass/first/stdlib.h \
	%D%/gcglass/first/string.h %D%/gcglass/first/unistd.h %D%/gcglass/first/wchar.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/gcglass.pc %D%/gcglass-malloc.pc
EXTRA_DIST += %D%/libgcglass.map %D%/malloc/exports.map

AGENT_SOURCES = \
	%D%/agent.c %D%/agent.h %D%/agent_root.h %D%/agent_tables.h %D%/alloc.c %D%/alloc.h %D%/answer.c \
	%D%/answer.h %D%/api.c %D%/ask.c %D%/ask.h %D%/attendant.c %D%/attendant.h %D%/arena.c %D%/arena.h %D%/capture.h %D%/clone.c %D%/clone.h \
	%D%/collector.c %D%/collector.h %D%/column.c %D%/column.h %D%/confined.c %D%/confined.h \
	%D%/contents.c %D%/contents.h %D%/control.c %D%/control.h %D%/excluded.c %D%/excluded.h \
	%D%/fail.c %D%/fail.h %D%/figures.c %D%/figures.h %D%/filter.c %D%/filter.h %D%/gc_calls.h \
	%D%/ignore.c %D%/ignore.h %D%/listen.c %D%/listen.h %D%/lookup.c %D%/lookup.h %D%/offer.c \
	%D%/offer.h %D%/outside.c %D%/outside.h %D%/peek.c %D%/peek.h %D%/protocol.h %D%/raw.h \
	%D%/registry.c %D%/registry.h %D%/rules.c %D%/rules.h %D%/settings.c %D%/settings.h %D%/site.c \
	%D%/site.h %D%/spawn_server.c %D%/spawn_server.h %D%/start.c %D%/tag.h %D%/thread.c %D%/thread.h \
	%D%/visible.h %D%/wire.c %D%/wire.h %D%/freeze/freeze.h %D%/freeze/keytables.c %D%/freeze/keytables.h \
	%D%/freeze/maps.c %D%/freeze/maps.h %D%/freeze/words.c %D%/freeze/words.h %D%/sample/count.c \
	%D%/sample/count.h %D%/sample/lifetime.c %D%/sample/lifetime.h %D%/sample/record.c \
	%D%/sample/record.h %D%/sample/sample.c %D%/sample/sample.h %D%/sample/survivors.h \
	lib/base/packet.c lib/base/packet.h lib/base/save.c lib/base/save.h lib/snapshot/checksum.c
# Call stacks, for unmodified programs.
STACK_SOURCES = \
	%D%/stack/stack.c %D%/stack/stack.h %D%/stack/unwind.c %D%/stack/unwind.h \
	%D%/stack/unwinder.c %D%/stack/unwinder.h %D%/unloaded.c %D%/unloaded.h
# For programs that use the collector: what is walked in a copy of them.
COLLECTOR_SOURCES = \
	%D%/capture.c %D%/copied.c %D%/copied.h %D%/gc_module.c %D%/gc_module.h %D%/sample/survivors.c \
	%D%/freeze/freeze.c %D%/freeze/hazards.c %D%/freeze/hazards.h %D%/freeze/heaptaken.c \
	%D%/freeze/heapwalk.c %D%/freeze/heapwalk.h %D%/freeze/holders.c %D%/freeze/holders.h \
	%D%/freeze/mallocwalk.c %D%/freeze/mallocwalk.h %D%/freeze/preview.c %D%/freeze/preview.h \
	%D%/freeze/rootwalk.c %D%/freeze/rootwalk.h %D%/freeze/shapes.h %D%/freeze/tally.c \
	%D%/freeze/tally.h %D%/freeze/tls.c %D%/freeze/tls.h %D%/freeze/trace.c %D%/freeze/trace.h \
	lib/snapshot/writer.c
AGENT_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(GC_CFLAGS) -DGCG_BINDIR='"$(bindir)"' -ftls-model=initial-exec \
	-fno-omit-frame-pointer
# Bound at load: a frozen child must not run the dynamic linker.
AGENT_LDFLAGS = -Wl,-z,now -Wl,-z,nodelete

lib_LTLIBRARIES += %D%/libgcglass.la
lib_libgcglass_la_SOURCES = $(AGENT_SOURCES) $(COLLECTOR_SOURCES)
lib_libgcglass_la_CFLAGS = $(AGENT_CFLAGS)
lib_libgcglass_la_LDFLAGS = $(AGENT_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(top_srcdir)/%D%/libgcglass.map
lib_libgcglass_la_LIBADD = -lgc
lib_libgcglass_la_DEPENDENCIES = $(top_srcdir)/%D%/libgcglass.map

# The same agent with a wrapper around every entry point of libgc.
pkglib_LTLIBRARIES += %D%/libgcglass-preload.la
lib_libgcglass_preload_la_SOURCES = $(AGENT_SOURCES) $(COLLECTOR_SOURCES) %D%/preload.c %D%/ending.c %D%/ending.h %D%/environment.c %D%/environment.h \
	%D%/exec.c %D%/self_signal.c %D%/successor.c %D%/successor.h %D%/warnings.c %D%/warnings.h $(STACK_SOURCES)
lib_libgcglass_preload_la_CFLAGS = $(AGENT_CFLAGS) -DGCG_PRELOAD=1
lib_libgcglass_preload_la_LDFLAGS = $(AGENT_LDFLAGS) -module -avoid-version -shared
lib_libgcglass_preload_la_LIBADD = -lgc

# The same agent for programs that use malloc: linked with, or preloaded before, them.
lib_LTLIBRARIES += %D%/libgcglass-malloc.la
lib_libgcglass_malloc_la_SOURCES = $(AGENT_SOURCES) %D%/ending.c %D%/ending.h %D%/environment.c %D%/environment.h \
	%D%/exec.c %D%/self_signal.c %D%/successor.c %D%/successor.h \
	$(STACK_SOURCES) %D%/malloc/allocate.h %D%/malloc/malloc.c %D%/malloc/blocks.c \
	%D%/malloc/blocks.h %D%/malloc/place.h %D%/malloc/text.c \
	%D%/malloc/cache.c %D%/malloc/cache.h %D%/malloc/callers.c %D%/malloc/callers.h %D%/malloc/regrown.c %D%/malloc/regrown.h \
	%D%/dump.c %D%/dump.h %D%/dump_format.h %D%/malloc/standing.c %D%/malloc/standing.h %D%/malloc/divert.c %D%/malloc/divert.h %D%/malloc/early.c %D%/malloc/early.h %D%/malloc/entries.h \
	%D%/malloc/exported.c %D%/malloc/exported.h %D%/malloc/hidden.c %D%/malloc/hidden.h %D%/malloc/foreign.c %D%/malloc/foreign.h \
	%D%/malloc/lsan.c %D%/malloc/keys.c %D%/malloc/keys.h %D%/malloc/mallocx.c %D%/malloc/mallocx.h \
	%D%/malloc/mappings.c %D%/malloc/objects.c %D%/malloc/objects.h %D%/malloc/regions.c %D%/malloc/regions.h \
	%D%/malloc/root.c %D%/malloc/root.h %D%/malloc/roots.c %D%/malloc/roots.h %D%/malloc/shown.c %D%/malloc/shown.h %D%/malloc/signals.h %D%/malloc/stopworld.c %D%/malloc/stopworld.h \
	%D%/malloc/survivors.c \
	%D%/malloc/threads.c %D%/malloc/threads.h
lib_libgcglass_malloc_la_CFLAGS = $(AGENT_CFLAGS) -DGCG_MALLOC=1 -fno-builtin
lib_libgcglass_malloc_la_LDFLAGS = $(AGENT_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(top_srcdir)/%D%/malloc/exports.map
lib_libgcglass_malloc_la_DEPENDENCIES = $(top_srcdir)/%D%/malloc/exports.map
lib_libgcglass_malloc_la_LIBADD = -lgc
