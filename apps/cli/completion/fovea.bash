# SPDX-License-Identifier: MIT
# bash completion for fovea. What may follow is asked of the program itself: 'fovea completion candidates'.

# Folders, and files with one of the endings.
_fovea_files()
{
    local current=${1#[\"\']} ending
    current=${current//\\/} # readline quotes what it puts in
    shift
    compopt -o filenames
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
        compgen -d -- "$current"
        for ending; do
            compgen -f -X "!*$ending" -- "$current"
            compgen -f -X "!*${ending^^}" -- "$current"
        done
    )
}

_fovea()
{
    local -a typed=()
    local i word glued='' current begun candidate files
    for ((i = 1; i <= COMP_CWORD; i++)); do # bash cuts words at = and :, the program takes them whole
        word=${COMP_WORDS[i]}
        if [[ ${#typed[@]} -gt 0 && ($glued || $word == [=:]*) ]]; then
            typed[-1]+=$word
        else
            typed+=("$word")
        fi
        if [[ $word == [=:]* ]]; then glued=yes; else glued=''; fi
    done
    current=${typed[-1]}
    begun=${current%"${current##*[=:]}"} # stands on the line already, and is not replaced

    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        case $candidate in
        :files*) read -ra files <<<"${candidate#:files}" && _fovea_files "${current#"$begun"}" "${files[@]}" ;;
        :folders) _fovea_files "${current#"$begun"}" ;;
        "$current"*) COMPREPLY+=("${candidate#"$begun"}") ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" completion candidates -- "${typed[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]]; then compopt -o nospace; fi
}

complete -F _fovea fovea
