# sanitized.sh -- what does not run inside the profiled program, with the address and the
# undefined-behaviour sanitizers; all tests, and how much of each folder they run: no less than
# tests/ci/coverage.floors says.
# shellcheck shell=sh

# "FOLDER LINES COVERED" for each folder, of gcovr's table "FILE,LINES,COVERED,...".
folders ()
{
  awk -F, 'NR > 1 && $2 > 0 {
      sub ("/[^/]*$", "", $1)
      lines[$1] += $2
      covered[$1] += $3
    }
    END { for (folder in lines) print folder, lines[folder], covered[folder] }' | sort
}

# coverage DIRECTORY: prints a line for each folder; one that is below its floor, or has none, fails.
coverage ()
{
  step "gcovr" "$here/build/$1/gcovr.log" gcovr -j "$jobs" -r "$here" --csv \
    -o "$here/build/$1/coverage.csv" -e "$here/tests/" -e "$here/build/" "$here/build/$1"
  folders <"$here/build/$1/coverage.csv" | while read -r folder lines covered; do
    share=$((100 * covered / lines))
    floor=$(awk -v folder="$folder" '$1 == folder || ($1 == "*" && floor == "") { floor = $2 }
      END { print floor }' "$here/tests/ci/coverage.floors")
    printf 'coverage of %-16s %6d of %6d lines, %3d %% (at least %s)\n' "$folder" "$covered" \
      "$lines" "$share" "$floor"
    if [ "$share" -ge "$floor" ]; then
      passes "coverage of $folder"
    else
      fails "coverage of $folder: $share %, and tests/ci/coverage.floors says $floor"
    fi
  done
}

part_sanitized ()
{
  build sanitized --enable-werror --enable-sanitizers=address,undefined --enable-coverage
  find "$here/build/sanitized" -name '*.gcda' -delete
  # Not all of what tests do may write there.
  export GCOV_ERROR_FILE=/dev/null
  check sanitized
  coverage sanitized
}
