# sanitized.sh -- what does not run inside the profiled program, with the address and the
# undefined-behaviour sanitizers; all tests.
# shellcheck shell=sh
part_sanitized ()
{
  build sanitized --enable-werror --enable-sanitizers=address,undefined
  check sanitized
}
