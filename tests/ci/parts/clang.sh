# clang.sh -- all of it compiled by clang, warnings as errors; the tests that ask for what compilers
# do: what is allocated where, what keeps it, which call made it, what the source says of it.
# shellcheck shell=sh
CLANG_TESTS="tests/agent/api tests/agent/contents tests/agent/semantics.test tests/agent/samples.test
  tests/agent/stacks tests/malloc/semantics.test tests/malloc/source tests/malloc/source_hardened
  tests/malloc/source.test tests/malloc/robust.test tests/snapshot_unit tests/analysis_unit
  tests/report_unit tests/report_source tests/examples.test"

part_clang ()
{
  build clang --enable-werror CC=clang
  # shellcheck disable=SC2116,SC2086 # on one line
  check clang TESTS="$(echo $CLANG_TESTS)"
}
