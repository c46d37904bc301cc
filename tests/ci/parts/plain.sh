# plain.sh -- all of it built as users build it, warnings as errors; all tests.  With CI=true that is
# what distcheck does.
# shellcheck shell=sh
part_plain ()
{
  build check --enable-werror
  check check
}
