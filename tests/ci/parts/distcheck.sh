# distcheck.sh -- an archive as it would be released: unpacked, configured outside its source
# directory, which cannot be written to, built with warnings as errors, all tests run, installed,
# taken away again, cleaned.  Nothing may be missing in the archive nor be left behind.
# shellcheck shell=sh
part_distcheck ()
{
  configured distcheck
  make_noting distcheck distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror
}
