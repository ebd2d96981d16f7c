# Completions of chat for fish, also under the names of its links. To be put into
# ~/.config/fish/completions, with links to it named `chat-serve.fish` and `chat-join.fish`.

# Whether so many words that are neither options nor their values stand before the cursor. HOST:PORT
# is two.
function __chat_words --argument-names count
    set -l found 0
    set -l is_value 0
    for word in (commandline -opc)
        if test $is_value = 1
            set is_value 0
        else if contains -- $word --max-users --max-line --backlog --log --log-sync --shared --web \
                --web-name --name --history --bell --color
            set is_value 1
        else if not string match --quiet -- '-*' $word
            set found (math $found + 1)
            if string match --quiet -- '*:*' $word; and not string match --quiet -- '*::*' $word
                set found (math $found + 1)
            end
        end
    end
    test $found = $count
end

# The completions of a command whose HOST stands behind so many words.
function __chat_complete --argument-names name condition words command
    complete --command $name --no-files
    set -l c complete --command $name
    set -l host $c --condition "$condition; and __chat_words $words"
    set -l port $c --condition "$condition; and __chat_words "(math $words + 1)
    set -l option $c --condition $condition
    if test $command = serve
        $option --long-option max-users --exclusive --description 'Users online at once'
        $option --long-option max-line --exclusive --arguments 4K --description 'Longest message'
        $option --long-option backlog --exclusive --arguments 1M --description 'What is kept for slow readers'
        $option --long-option history --exclusive --arguments '0 20' --description 'Messages that may be asked for'
        $option --long-option log --require-parameter --force-files --description 'Record what is said'
        $option --long-option log-sync --exclusive --arguments 'second always' --description 'When what is recorded is on the disk'
        $option --long-option shared --exclusive --description 'Room of several servers'
        $option --long-option web --exclusive --arguments 8080 --description 'Port of a page by which browsers join'
        $option --long-option web-name --exclusive --description 'Name that the page may be asked for by'
        $option --long-option quiet --description 'Print the first line and errors only'
        $host --arguments '0.0.0.0 127.0.0.1'
    else
        $option --long-option name --exclusive --description 'What to be called'
        $option --long-option history --exclusive --arguments 20 --description 'Messages that were said before'
        $option --long-option bell --exclusive --arguments 'never mention all' --description 'When the bell rings'
        $option --long-option stay --description 'As a filter, stay when the input ends'
        $option --long-option plain --description 'Lines in and lines out, without an editor'
        $option --long-option json --description 'Print a JSON object for each line'
        $option --long-option reconnect --description 'As a filter, connect again'
        $option --long-option no-reconnect --description 'End when the connection ends'
        $option --long-option wait --description 'Wait for a room that is not there yet'
        $option --long-option time --description 'Put the local time before each line'
        $option --long-option color --exclusive --arguments 'auto always never' --description 'When colours are used'
        $host --arguments '127.0.0.1 (__fish_print_hostnames)'
    end
    $option --long-option help --description 'Say what it does'
    $port --arguments 3333
end

__chat_complete chat '__fish_seen_subcommand_from serve' 2 serve
__chat_complete chat '__fish_seen_subcommand_from join' 2 join
__chat_complete chat-serve true 1 serve
__chat_complete chat-join true 1 join

complete --command chat --condition __fish_use_subcommand --arguments serve --description 'Serve a room on this machine'
complete --command chat --condition __fish_use_subcommand --arguments join --description 'Join a room'
complete --command chat --condition __fish_use_subcommand --long-option help --description 'Say what it does'
complete --command chat --condition __fish_use_subcommand --long-option version --description 'Say the version'

functions --erase __chat_complete
