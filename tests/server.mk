# Tests of server/ and of gcglass run, view and serve.
check_PROGRAMS += %D%/server/fake_agent
tests_server_fake_agent_SOURCES = %D%/server/fake_agent.c
tests_server_fake_agent_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
tests_server_fake_agent_LDADD = tests/libtape.la tests/libheap.la lib/snapshot/libsnapshot.la
check_PROGRAMS += %D%/server/probe
tests_server_probe_SOURCES = %D%/server/probe.c
tests_server_probe_CFLAGS = $(AM_CFLAGS)
check_PROGRAMS += %D%/server/secret
tests_server_secret_SOURCES = %D%/server/secret.c
tests_server_secret_CFLAGS = $(AM_CFLAGS) $(GC_CFLAGS)
tests_server_secret_LDADD = -lgc
dist_check_SCRIPTS += %D%/server/run.test %D%/server/stopped.test %D%/server/users.test %D%/server/locale.test %D%/server/api.test
EXTRA_DIST += %D%/server/api.py
TESTS += %D%/server/run.test %D%/server/stopped.test %D%/server/users.test %D%/server/locale.test %D%/server/api.test
check_LTLIBRARIES += %D%/server/empty.la
tests_server_empty_la_SOURCES = %D%/server/empty.c
tests_server_empty_la_CFLAGS = $(AM_CFLAGS)
tests_server_empty_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)

if HAVE_CMOCKA
SERVER_TEST_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
SERVER_TEST_LIBS = tests/libtape.la tests/libheap.la lib/snapshot/libsnapshot.la $(CMOCKA_LIBS) $(JANSSON_LIBS) \
	-lpthread
SERVER_CLIENT = %D%/server/client.c %D%/server/client.h
server_tests = %D%/server/access %D%/server/checklist %D%/server/crowd %D%/server/http %D%/server/live %D%/server/serve %D%/server/stress \
	%D%/server/terminal
check_PROGRAMS += $(server_tests)
TESTS += $(server_tests)
tests_server_access_SOURCES = %D%/server/access.c $(SERVER_CLIENT)
tests_server_access_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_access_LDADD = $(SERVER_TEST_LIBS)
tests_server_checklist_SOURCES = %D%/server/checklist.c $(SERVER_CLIENT)
tests_server_checklist_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_checklist_LDADD = $(SERVER_TEST_LIBS)
tests_server_crowd_SOURCES = %D%/server/crowd.c $(SERVER_CLIENT)
tests_server_crowd_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_crowd_LDADD = $(SERVER_TEST_LIBS)
tests_server_http_SOURCES = %D%/server/http.c $(SERVER_CLIENT)
tests_server_http_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_http_LDADD = $(SERVER_TEST_LIBS)
tests_server_live_SOURCES = %D%/server/live.c $(SERVER_CLIENT)
tests_server_live_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_live_LDADD = $(SERVER_TEST_LIBS)
tests_server_serve_SOURCES = %D%/server/serve.c $(SERVER_CLIENT)
tests_server_serve_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_serve_LDADD = $(SERVER_TEST_LIBS)
tests_server_stress_SOURCES = %D%/server/stress.c $(SERVER_CLIENT)
tests_server_stress_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_stress_LDADD = $(SERVER_TEST_LIBS)
tests_server_terminal_SOURCES = %D%/server/terminal.c $(SERVER_CLIENT)
tests_server_terminal_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_terminal_LDADD = $(SERVER_TEST_LIBS)
endif
