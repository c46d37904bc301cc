# Programs that teach what gcglass shows; each is compiled, run and checked by make check.
EXAMPLE_SOURCES = %D%/example.c %D%/example.h
EXAMPLE_LIBS = lib/libgcglass.la $(GC_LIBS) -lpthread
noinst_PROGRAMS += \
	%D%/finalizer_list %D%/gcbench %D%/observer %D%/port_after %D%/port_before %D%/sessions
# Debug information and no wrapper scripts: gcglass run looks into these.
EXAMPLE_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS) -g
examples_finalizer_list_SOURCES = %D%/finalizer_list.c $(EXAMPLE_SOURCES)
examples_finalizer_list_CFLAGS = $(EXAMPLE_CFLAGS)
examples_finalizer_list_LDFLAGS = -no-install
examples_finalizer_list_LDADD = $(EXAMPLE_LIBS)
examples_gcbench_SOURCES = %D%/gcbench.c $(EXAMPLE_SOURCES)
examples_gcbench_CFLAGS = $(EXAMPLE_CFLAGS)
examples_gcbench_LDFLAGS = -no-install
examples_gcbench_LDADD = $(EXAMPLE_LIBS)
examples_observer_SOURCES = %D%/observer.c $(EXAMPLE_SOURCES)
examples_observer_CFLAGS = $(EXAMPLE_CFLAGS)
examples_observer_LDFLAGS = -no-install
examples_observer_LDADD = $(EXAMPLE_LIBS)
examples_port_after_SOURCES = %D%/port_after.c $(EXAMPLE_SOURCES)
examples_port_after_CFLAGS = $(EXAMPLE_CFLAGS)
examples_port_after_LDFLAGS = -no-install
examples_port_after_LDADD = $(EXAMPLE_LIBS)
examples_port_before_SOURCES = %D%/port_before.c $(EXAMPLE_SOURCES)
examples_port_before_CFLAGS = $(EXAMPLE_CFLAGS)
examples_port_before_LDFLAGS = -no-install
examples_port_before_LDADD = $(EXAMPLE_LIBS)
examples_sessions_SOURCES = %D%/sessions.c $(EXAMPLE_SOURCES)
examples_sessions_CFLAGS = $(EXAMPLE_CFLAGS)
examples_sessions_LDFLAGS = -no-install
examples_sessions_LDADD = $(EXAMPLE_LIBS)
EXTRA_DIST += %D%/port_after.sed
# A project of its own: tests/ledger.test builds it.
EXTRA_DIST += \
	%D%/ledger/Makefile %D%/ledger/account.c %D%/ledger/account.h %D%/ledger/example.txt \
	%D%/ledger/main.c %D%/ledger/memory.c %D%/ledger/memory.h %D%/ledger/statement.c
