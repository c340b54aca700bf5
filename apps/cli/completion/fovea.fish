# SPDX-License-Identifier: MIT
# fish completion for fovea. What may follow is asked of the program itself: 'fovea completion candidates'.

# Folders, and files with one of the endings; behind "--model=" too.
function __fovea_files
    set -l current (commandline -ct)
    set -l begun (string match -r '^--[^=]*=' -- "$current")
    for path in (complete -C "'' "(string replace -- "$begun" '' "$current"))
        set -l name (string split -f 1 \t -- $path)
        if string match -q '*/' -- $name
            echo "$begun$name"
            continue
        end
        for ending in $argv
            if test "$ending" = '*'; or string match -qi -- "*$ending" $name
                echo "$begun$name"
                break
            end
        end
    end
end

function __fovea_candidates
    set -l typed (commandline -opc) (commandline -ct)
    for line in ($typed[1] completion candidates -- $typed[2..-1] 2>/dev/null)
        switch $line
            case ':files *'
                __fovea_files (string split ' ' -- $line)[2..-1]
            case ':folders'
                __fovea_files
            case '*'
                echo $line
        end
    end
end

complete -c fovea -f -a '(__fovea_candidates)'
