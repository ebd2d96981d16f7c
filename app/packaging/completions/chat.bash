# Completions of chat for bash, also under the names of its links.
#
# To be sourced, or to be put into /usr/share/bash-completion/completions under the name `chat`,
# with links to it named `chat-serve` and `chat-join`.

_chat() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[0]##*/} first=1 options hosts
    COMPREPLY=()

    # bash makes three words of an option, `=` and its value.
    if [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $current == = ]]; then
        current=
    fi

    case $command in
        chat-serve | chat-join) command=${command#chat-} ;;
        *)
            if ((COMP_CWORD == 1)); then
                COMPREPLY=($(compgen -W 'serve join --help --version' -- "$current"))
                return
            fi
            command=${COMP_WORDS[1]} first=2
            ;;
    esac

    case $command in
        serve)
            options='--max-users --max-line --backlog --history --log --log-sync --shared --web'
            options="$options --web-name --quiet --help"
            hosts='0.0.0.0 127.0.0.1'
            ;;
        join)
            options='--name --history --bell --stay --plain --json --reconnect --no-reconnect'
            options="$options --wait --time --color --help"
            hosts="127.0.0.1 $(compgen -A hostname | sort -u)"
            ;;
        *) return ;;
    esac

    case $previous in
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")) && return ;;
        --bell) COMPREPLY=($(compgen -W 'never mention all' -- "$current")) && return ;;
        --log-sync) COMPREPLY=($(compgen -W 'second always' -- "$current")) && return ;;
        --log)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        --max-users | --max-line | --backlog | --shared | --web | --web-name | --name | --history) return ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
        return
    fi

    # HOST and PORT are the words that are neither options nor their values; HOST:PORT is both.
    local index words=0
    for ((index = first; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
            --max-users | --max-line | --backlog | --log | --log-sync | --shared | --web | \
                --web-name | --name | --history | --bell | --color)
                [[ ${COMP_WORDS[index + 1]} == = ]] && ((index++))
                ((index++))
                ;;
            -*) ;;
            *::*) ((words++)) ;;
            *:*) ((words += 2)) ;;
            *) ((words++)) ;;
        esac
    done
    case $words in
        0) COMPREPLY=($(compgen -W "$hosts" -- "$current")) ;;
        1) COMPREPLY=($(compgen -W 3333 -- "$current")) ;;
    esac
}

complete -F _chat chat chat-serve chat-join
