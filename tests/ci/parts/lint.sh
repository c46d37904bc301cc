# lint.sh -- what can be said of the source without building it: its format, its shell scripts, man
# pages, spelling, and what cppcheck finds.
#
# What a tool finds and is right as it stands is said where it stands, or with its reason in the files
# beside this one: ../cppcheck.suppressions, ../words.
# shellcheck shell=sh

# The project's files whose names match PATTERN..., those too that are not committed yet.
ours () { git -C "$here" ls-files -co --exclude-standard -- "$@"; }

scripts ()
{
  ours '*.sh'
  ours ':!*.*' '*.test' | while read -r file; do
    head -n 1 "$file" | grep -qE '^#!.*sh$' && echo "$file"
  done
}

# lint NAME COMMAND...: the command has nothing to say and succeeds.
lint ()
{
  name=$1
  shift
  if "$@" >"$here/build/lint.log" 2>&1 </dev/null && [ ! -s "$here/build/lint.log" ]; then
    passes "lint: $name"
  else
    head -n 60 "$here/build/lint.log"
    fails "lint: $name"
  fi
}

format () { ours '*.c' '*.h' '*.cc' | xargs clang-format-14 --dry-run -Werror; }

# SC2154: what tests find in their environment is assigned in Makefile.am; they have set -u.
shell () { scripts | sort -u | xargs shellcheck -x -S warning -e SC2154; }

# A page has no date: it is that of the release it comes with.
man_pages () { ! ours 'doc/man/*.[0-9]' | xargs mandoc -T lint -W warning | grep -v 'missing date'; }

spelling () { ours ':!LICENSE' ':!*.png' ':!*.svg' | xargs codespell -I tests/ci/words; }

findings ()
{
  ours 'lib/*.c' 'server/*.c' 'tools/*.c' |
    xargs cppcheck -q -j "$jobs" --std=c11 --language=c -I lib -I . -D__x86_64__ -D__GNUC__ \
      --enable=warning,performance,portability --suppressions-list=tests/ci/cppcheck.suppressions \
      --error-exitcode=1
}

part_lint ()
{
  lint "clang-format: as .clang-format says" format
  lint "shellcheck" shell
  lint "mandoc" man_pages
  lint "codespell" spelling
  lint "cppcheck" findings
}
