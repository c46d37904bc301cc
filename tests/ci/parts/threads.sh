# threads.sh -- what runs in several threads, with the thread sanitizer.
# shellcheck shell=sh
THREAD_TESTS="tests/analysis_unit tests/recording tests/report_pages tests/server/checklist
  tests/server/crowd tests/server/http tests/server/live tests/server/serve tests/server/stress"

part_threads ()
{
  build threads --enable-werror --enable-sanitizers=thread
  # shellcheck disable=SC2116,SC2086 # on one line
  check threads TESTS="$(echo $THREAD_TESTS)"
}
