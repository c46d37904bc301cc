# look.sh -- for tests in bash, which source it after tap.sh: a program that says "ready PID" and
# shellcheck shell=bash
# waits for the end of its input is looked at from outside and then from inside.
#
#   ways PROGRAM WAY SIDE... <<END     the program, and PROGRAM_tracked, with the argument WAY; each
#                                      SIDE, outside or inside, has these lines (look.c)
unset GCGLASS_STOP
gcglass=${top_builddir:?}/tools/gcglass
programs=$top_builddir/tests/agent
here=$(mktemp -d) || exit 1
trap 'rm -rf "$here"' EXIT
mkfifo "$here/go"

# look_both PROGRAM WAY: makes outside and inside, what the two snapshots have.
look_both ()
{
  rm -f "$here"/*.gcsnap "$here/out" "$here/log"
  "$gcglass" run --quiet --exit --every 0 -- "$programs/$1" "$2" \
    <"$here/go" >"$here/out" 2>"$here/log" &
  exec 9>"$here/go"
  eventually grep -qs '^ready .*$' "$here/out"
  local program side
  program=$(sed -n 's/^ready //p' "$here/out")
  "$gcglass" snapshot -o "$here/outside.gcsnap" "$program" >>"$here/log" 2>&1
  GCGLASS_STOP=signals "$gcglass" snapshot -o "$here/inside.gcsnap" "$program" >>"$here/log" 2>&1
  exec 9>&-
  wait $!
  for side in outside inside; do
    "$programs/look" "$here/$side.gcsnap" 1000 4999 >"$here/$side" 2>>"$here/log"
  done
}

ways ()
{
  local program side name=$1 way=$2
  shift 2
  cat >"$here/expected"
  for program in "$name" "${name}_tracked"; do
    look_both "$program" "$way"
    for side in "$@"; do
      diff "$here/expected" "$here/$side" >>"$here/log" 2>&1
      result "$way, $program, from $side"
    done
  done
}
