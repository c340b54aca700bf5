#compdef fovea
# SPDX-License-Identifier: MIT
# zsh completion for fovea. What may follow is asked of the program itself: 'fovea completion candidates'.

_fovea()
{
    local -a typed=("${(@Q)words[2,CURRENT-1]}" "$PREFIX") whole=() begun=() endings
    local line word meaning files=''
    for line in "${(@f)$(${(Q)~words[1]} completion candidates -- "${typed[@]}" 2>/dev/null)}"; do
        word=${line%%$'\t'*} meaning=${${line#$word}#$'\t'}
        case $word in
        (:files*|:folders) files=$word ;;
        (*[=:]) begun+=("${word//:/\\:}${meaning:+:$meaning}") ;;
        (?*) whole+=("${word//:/\\:}${meaning:+:$meaning}") ;;
        esac
    done

    local found=1
    _describe -t words word whole -- begun -S '' && found=0
    if [[ -n $files && $PREFIX == --*=* ]]; then compset -P '--*='; fi
    case $files in
    (:files\ \*) _files && found=0 ;;
    (:files*) endings=(${=files#:files}) && _files -g "(#i)*(${(j:|:)endings})(-.)" && found=0 ;;
    (:folders) _files -/ && found=0 ;;
    esac
    return found
}

if [[ $funcstack[1] == _fovea ]]; then _fovea "$@"; else compdef _fovea fovea; fi
