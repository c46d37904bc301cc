# Completion of gcglass in bash: gcglass itself says what can come (gcglass complete).

_gcglass ()
{
  local line word=${COMP_WORDS[COMP_CWORD]} i
  local -a words=()
  # bash takes "--option=value" for three words.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} == "=" && ${#words[@]} -gt 0 ]]; then
      words[-1]+="="
    elif [[ ${#words[@]} -gt 0 && ${words[-1]} == --*= && ${COMP_WORDS[i - 1]} == "=" ]]; then
      words[-1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  [[ $word == "=" ]] && word=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o filenames
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word") ;;
      :directories)
        compopt -o filenames
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$word") ;;
      :programs)
        compopt -o filenames
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word") ;;
      *)
        line=${line%%$'\t'*}
        # What stands before the last "=" is there already.
        [[ ${words[-1]} == --*=* ]] && line=${line#*=}
        COMPREPLY+=("$line") ;;
    esac
  done < <("${COMP_WORDS[0]/#\~/$HOME}" complete "${words[@]}" 2>/dev/null)
}

complete -F _gcglass gcglass
