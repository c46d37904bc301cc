# tests/browser: the pages in headless Chromium, driven by chromedriver.  axe-*.test use axe-core, which
# npm fetches into axe/ of the build directory; where it cannot, they are skipped.
check_PROGRAMS += %D%/make_snapshot
%C%_make_snapshot_SOURCES = %D%/make_snapshot.c
%C%_make_snapshot_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)
%C%_make_snapshot_LDFLAGS = $(SAN_CFLAGS)
%C%_make_snapshot_LDADD = tests/libheap.la lib/snapshot/libsnapshot.la

axe_tests = %D%/axe-file.test %D%/axe-collects-light.test %D%/axe-collects-dark.test \
	%D%/axe-malloc-light.test %D%/axe-malloc-dark.test
dist_check_SCRIPTS += %D%/browser.test $(axe_tests)
TESTS += %D%/browser.test $(axe_tests)
EXTRA_DIST += %D%/main.mjs %D%/view.mjs %D%/live.mjs %D%/tracker.mjs %D%/hostile.mjs %D%/walk.mjs %D%/axe.mjs %D%/package.json %D%/package-lock.json %D%/tap.mjs %D%/gcglass.mjs %D%/webdriver.mjs
CLEANDIRS += %D%/screenshots %D%/axe
