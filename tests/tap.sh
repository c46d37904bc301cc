# tap.sh -- for tests in shell, which source it: what they print (TAP).
# shellcheck shell=sh
#
#   . "${top_srcdir:?}/tests/tap.sh"
#   command...
#   result "NAME"              by the status of the command; when it failed the end of the file log
#                              in the directory $here, or else the present one, is shown
#   skip "NAME" "REASON"       in CI only if tests/skips.allowed has it
#   skip_all "REASON"          the whole test; ends it
#   eventually COMMAND...      until it succeeds, for at most a minute
#   finish                     at the end: how many there were
n=0

result ()
{
  tap_status=$?
  n=$((n + 1))
  if [ $tap_status = 0 ]; then
    echo "ok $n - $1"
  else
    echo "not ok $n - $1"
    [ ! -e "${here:-.}/log" ] || tail -n 40 "${here:-.}/log" | sed 's/^/# /'
  fi
}

skip ()
{
  n=$((n + 1))
  echo "ok $n - $1 # SKIP $2"
}

skip_all ()
{
  echo "1..0 # SKIP $1"
  exit 0
}

eventually ()
{
  for _ in $(seq 3000); do
    "$@" && return 0
    sleep 0.02
  done
  return 1
}

finish () { echo "1..$n"; }
