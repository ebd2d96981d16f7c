# Completions of chat for fish, also under the names of its links. To be put into
# ~/.config/fish/completions, with links to it named `chat-serve.fish` and `chat-join.fish`.

function __chat_options --argument-names name condition command
    set -l c complete --command $name --condition $condition --no-files
    if test $command = serve
        $c --long-option max-users --exclusive --description 'Users online at once'
        $c --long-option max-line --exclusive --arguments 4K --description 'Longest message'
        $c --long-option backlog --exclusive --arguments 1M --description 'What is kept for slow readers'
        $c --long-option quiet --description 'Print the first line and errors only'
        $c --arguments '0.0.0.0 127.0.0.1'
    else
        $c --long-option stay --description 'As a filter, stay when the input ends'
        $c --long-option plain --description 'Lines in and lines out, without an editor'
        $c --long-option no-reconnect --description 'End when the connection ends'
        $c --long-option time --description 'Put the local time before each line'
        $c --long-option color --exclusive --arguments 'auto always never' --description 'When colours are used'
        $c --arguments '(__fish_print_hostnames)'
    end
    $c --long-option help --description 'Say what it does'
end

__chat_options chat '__fish_seen_subcommand_from serve' serve
__chat_options chat '__fish_seen_subcommand_from join' join
__chat_options chat-serve true serve
__chat_options chat-join true join

complete --command chat --condition __fish_use_subcommand --no-files
complete --command chat --condition __fish_use_subcommand --arguments serve --description 'Serve a room on this machine'
complete --command chat --condition __fish_use_subcommand --arguments join --description 'Join a room'
complete --command chat --condition __fish_use_subcommand --long-option help --description 'Say what it does'
complete --command chat --condition __fish_use_subcommand --long-option version --description 'Say the version'

functions --erase __chat_options
