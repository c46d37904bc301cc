# Tests of server/ and of gcglass run, view and serve.
if HAVE_CMOCKA
SERVER_TEST_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
SERVER_TEST_LIBS = tests/libheap.la lib/snapshot/libsnapshot.la $(CMOCKA_LIBS) $(JANSSON_LIBS)
server_tests = tests/server/access tests/server/http
check_PROGRAMS += $(server_tests)
TESTS += $(server_tests)
tests_server_access_SOURCES = %D%/server/access.c %D%/server/client.c %D%/server/client.h
tests_server_access_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_access_LDADD = $(SERVER_TEST_LIBS)
tests_server_http_SOURCES = %D%/server/http.c %D%/server/client.c %D%/server/client.h
tests_server_http_CFLAGS = $(SERVER_TEST_CFLAGS)
tests_server_http_LDADD = $(SERVER_TEST_LIBS)
endif
