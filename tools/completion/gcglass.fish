# Completion of gcglass in fish: gcglass itself says what can come (gcglass complete).

function __gcglass_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    for line in ($words[1] complete $words[2..-1] "$token" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- $token)
            case :directories
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $token)
            case :programs
                complete -C (string escape -- $token)
            case '*'
                printf '%s\n' $line
        end
    end
end

complete -c gcglass -f -a '(__gcglass_complete)'
