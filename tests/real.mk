# Public programs, without and with gcglass: `GCGLASS=tools/gcglass tests/real/compare LIST`.
EXTRA_DIST += %D%/real/libgc.list %D%/real/malloc.list
dist_check_SCRIPTS += %D%/real/compare %D%/real/compare.test
TESTS += %D%/real/compare.test
