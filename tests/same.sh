# same.sh -- for tests that source it: unmodified programs under gcglass and without.
# shellcheck shell=bash
#
# same NAME STATUS PROGRAM ARGUMENT...: PROGRAM has exit status STATUS and the same output under
# gcglass run as without, and the snapshot of its end, $here/NAME.gcsnap, passes the assertions in the
# array "shows"; when that is empty no snapshot is wanted.  The array "options" goes to gcglass run; "input", when set, is a file for the
# standard input; "filter" is a command that takes out of the output what differs in any two runs.
# What is not installed is skipped.

: "${top_builddir:?}"
gcglass=$top_builddir/tools/gcglass
assert=$top_builddir/tests/json_assert
here=$(mktemp -d) || exit 1
trap 'rm -rf "$here"' EXIT
cd "$here" || exit 1
export HOME=$here TERM=dumb LC_ALL=C.UTF-8
options=() shows=() input=/dev/null filter=cat

. "${top_srcdir:?}/tests/tap.sh"

# readable FILE: the snapshot in FILE passes the assertions.
readable ()
{
  { "$gcglass" report --json "$1" >json && "$assert" json "${shows[@]}"; } >log 2>&1
}

same ()
{
  local name=$1 wanted=$2 program=$3 save=() plain traced
  shift 3
  if ! command -v "$program" >/dev/null; then
    skip "$name: the same output and status" "not installed"
    [ ${#shows[@]} = 0 ] || skip "$name: ${shows[*]}" "not installed"
    return
  fi
  [ ${#shows[@]} = 0 ] || save=(-o "$here/$name.gcsnap")
  "$program" "$@" <"$input" >plain.out 2>plain.err
  plain=$?
  timeout -k 5 60 "$gcglass" run --exit --quiet "${options[@]}" "${save[@]}" -- "$program" "$@" \
    <"$input" >traced.out 2>traced.err
  traced=$?
  for file in {plain,traced}.{out,err}; do
    $filter "$file" >"$file.filtered"
  done
  {
    echo "status $plain without, $traced with gcglass, wanted $wanted"
    [ -s plain.out ] || echo "no output"
    diff -a plain.out.filtered traced.out.filtered && diff -a plain.err.filtered traced.err.filtered
  } >log 2>&1
  [ "$plain" = "$wanted" ] && [ "$traced" = "$wanted" ] && [ -s plain.out ] &&
    cmp -s plain.out.filtered traced.out.filtered && cmp -s plain.err.filtered traced.err.filtered
  result "$name: the same output and status"
  [ ${#shows[@]} != 0 ] || return
  readable "$here/$name.gcsnap"
  result "$name: ${shows[*]}"
}
