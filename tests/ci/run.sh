# run.sh -- for ./bootstrap check, which sources it: runs parts, counts results, judges skips.
# shellcheck shell=sh
#
# A part is a file tests/ci/parts/NAME.sh that defines part_NAME.  It may use what bootstrap and this
# file define, runs in a process of its own with set -e, and notes results with passes, fails and
# check.  A part that fails does not keep the next one from running.
#
# What is noted is a line each of build/results: pass, fail or skip and what it is about.

# All parts, those that fail soonest first.
ALL_PARTS="lint aarch64 clang distcheck sanitized threads"

: "${here:?}" "${jobs:?}"
results=$here/build/results

passes () { printf 'pass %s\n' "$1" >>"$results"; }
fails ()
{
  printf 'fail %s\n' "$1" >>"$results"
  printf 'FAIL: %s\n' "$1"
}

# allowed LINE: one of the patterns of tests/skips.allowed matches "TEST NUMBER - NAME # SKIP REASON".
allowed ()
{
  while IFS=$tab read -r pattern reason; do
    case $pattern in '' | '#'*) continue ;; esac
    [ -n "$reason" ] || { say "tests/skips.allowed: no reason: $pattern"; return 1; }
    # shellcheck disable=SC2254 # a pattern
    case $1 in $pattern) return 0 ;; esac
  done <"$here/tests/skips.allowed"
  return 1
}
tab=$(printf '\t')

# Judges the lines "SKIP: ..." of the file LOG: with CI=true only those are well that are allowed.
judge_skips ()
{
  grep '^SKIP: ' "$1" | while read -r _ line; do
    if [ "${CI-}" != true ] || allowed "$line"; then
      printf 'skip %s\n' "$line" >>"$results"
      printf 'SKIP: %s\n' "$line"
    else
      fails "$line: skipped, and not among tests/skips.allowed"
    fi
  done
}

# Notes what automake's driver says in the file LOG of the tests of build/DIRECTORY.
note_results ()
{
  sed -n -E "s,^(PASS|XFAIL): (.*),pass $1: \\2,p" "$2" >>"$results"
  sed -n -E "s,^(FAIL|XPASS|ERROR): (.*),fail $1: \\2,p" "$2" >>"$results"
  judge_skips "$2"
}

# What failed of the tests below the present directory, with what it says of it, not what went well
# around it.
show_failures ()
{
  for result in $(grep -lrE '^:test-result: (FAIL|XPASS|ERROR)' --include='*.trs' . || true); do
    printf '== build/%s/%s\n' "$1" "${result%.trs}.log"
    grep -E '^(not ok|ERROR|FAIL|XPASS)' "${result%.trs}.log" | head -n 20
    printf -- '--\n'
    grep -vE '^(ok|PASS:|not ok) ?' "${result%.trs}.log" | tail -n 100
  done
}

# make_noting TARGET DIRECTORY [MAKE-ARGUMENT...]: runs make in build/DIRECTORY and notes what the
# tests say that it runs.
make_noting ()
{
  target=$1 dir=$2
  shift 2
  cd "$here/build/$dir" || return
  find . -name '*.trs' -delete
  say "make $target in build/$dir"
  status=0
  logged check.log make -j"$jobs" "$target" "$@" || status=$?
  note_results "$dir" check.log
  if [ "$status" != 0 ]; then
    show_failures "$dir"
    # Nothing ran, or did not end: that is a failure too.
    if ! grep -qE '^(FAIL|XPASS|ERROR): ' check.log; then
      tail -n 40 check.log
      fails "make $target in build/$dir (status $status)"
    fi
  elif ! grep -q '^PASS: ' check.log; then
    fails "make $target in build/$dir ran no test"
  fi
  cd "$here" || return
}

# check DIRECTORY [MAKE-ARGUMENT...]: the tests of build/DIRECTORY.
check () { make_noting check "$@"; }

# Seconds of processor time that our children took.
children_seconds () { awk '{ printf "%d", ($16 + $17) / 100 }' "/proc/$$/stat"; }

# Runs one part; what it took, in seconds by the clock and of processors.
run_part ()
{
  [ -f "$here/tests/ci/parts/$1.sh" ] || die "no part $1; there are:" "$here"/tests/ci/parts/*
  # shellcheck disable=SC1090 # one of ours
  . "$here/tests/ci/parts/$1.sh"
  began=$(date +%s) before=$(children_seconds)
  set +e
  (
    set -e
    "part_$1"
  )
  status=$?
  set -e
  [ "$status" = 0 ] || fails "$1 (status $status)"
  say "$1: $(($(date +%s) - began)) s, $(($(children_seconds) - before)) s of processors"
}

# How many results of KIND there are.
count () { grep -c "^$1 " "$results" || true; }

# Runs the parts that are named, by default all with CI=true and else the plain one.
run_parts ()
{
  : >"$results"
  if [ $# = 0 ]; then
    set -- plain
    # shellcheck disable=SC2086 # words
    [ "${CI-}" != true ] || set -- $ALL_PARTS
  fi
  for part in "$@"; do
    run_part "$part"
  done
  sed -n 's/^fail /FAIL: /p' "$results"
  [ "$(count skip)" = 0 ] || printf '%s skipped\n' "$(count skip)"
  printf '%s passed, %s failed\n' "$(count pass)" "$(count fail)"
  [ "$(count fail)" = 0 ] && [ "$(count pass)" -gt 0 ]
}
