# judge.sh -- for cases.test and holders.test: runs a program for each case, which is its argument,
# and compares what gcglass leaks says with what is right.  Each case runs three times: its copy
# is read; it cannot be copied, and is read while it stands; it may not be traced, and writes its
# memory.
# Lines on the standard input:
#
#   case  leaked  definite  indirect  possible  reachable  cycles  direct     each bytes/blocks
# shellcheck shell=bash

# judge_case NAME RIGHT COMMAND...: the status and the figures RIGHT are right.
judge_case ()
{
  local name=$1 right=$2 got
  n=$((n + 1))
  "$top_builddir/tools/gcglass" run --quiet --exit --every 0 --heap malloc \
    -o "$scratch/$n.gcsnap" -- "${@:3}" >"$scratch/out" 2>&1 </dev/null
  got=$?
  "$top_builddir/tools/gcglass" leaks --json "$scratch/json" --exitcode 0 \
    "$scratch/$n.gcsnap" >>"$scratch/out" 2>&1
  got="$got $(figures "$scratch/json")"
  if [ "$got" = "$right" ]; then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    echo "# status, leaked, definite, indirect, possible, reachable, cycles, direct"
    printf '# is right: %s\n# was told: %s\n' "$right" "$got"
    sed 's/^/# /' "$scratch/out" | head -n 30
  fi
  rm -f "$scratch/$n.gcsnap" "$scratch/json"
}
judge ()
{
  local program=$1 n=0 name leaked definite indirect possible reachable cycles direct right
  scratch=$(mktemp -d) || exit 1
  trap 'rm -rf "$scratch"' EXIT
  while read -r name leaked definite indirect possible reachable cycles direct; do
    case $name in '' | '#'*) continue ;; esac
    right="0 $leaked $definite $indirect $possible $reachable $cycles $direct"
    judge_case "$name: $leaked leaked, $reachable reachable" "$right" "$program" "$name"
    CONFINED=filter judge_case "$name, while it stands" "$right" "$program" "$name"
    GCGLASS_STOP=signals judge_case "$name, by signals" "$right" "$program" "$name"
  done
  echo "1..$n"
}
# What stands behind KEY in the JSON report FILE, as bytes/blocks.
amount ()
{
  grep -oE "$2:\\{\"bytes\":[0-9]+,\"blocks\":[0-9]+" "$1" | head -n 1 |
    sed 's/.*:{"bytes":\([0-9]*\),"blocks":\([0-9]*\)/\1\/\2/'
}
figures ()
{
  local any='{[^}]*}'
  echo "$(amount "$1" '"leaked"') $(amount "$1" '"valgrind":\{"definite"')" \
    "$(amount "$1" "\"valgrind\":\{\"definite\":\\$any,\"indirect\"")" \
    "$(amount "$1" '"possible"') $(amount "$1" '"reachable"')" \
    "$(grep -oE '"cycle_count":[0-9]+' "$1" | cut -d: -f2) $(amount "$1" '"lsan":\{"direct"')"
}
