# tests/browser: the pages in headless Chromium, driven by chromedriver; nothing is downloaded.
check_PROGRAMS += %D%/make_snapshot
%C%_make_snapshot_SOURCES = %D%/make_snapshot.c
%C%_make_snapshot_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
%C%_make_snapshot_LDFLAGS = $(SAN_CFLAGS)
%C%_make_snapshot_LDADD = tests/libheap.la lib/snapshot/libsnapshot.la

dist_check_SCRIPTS += %D%/browser.test
TESTS += %D%/browser.test
EXTRA_DIST += %D%/main.mjs %D%/view.mjs %D%/live.mjs %D%/tracker.mjs %D%/hostile.mjs %D%/walk.mjs %D%/tap.mjs %D%/gcglass.mjs %D%/webdriver.mjs
CLEANDIRS += %D%/screenshots
