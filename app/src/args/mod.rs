//! The command line: `chat serve …`, `chat join …`, or the same called as `chat-serve` or
//! `chat-join` through a link. These are the raw arguments; `settings` says what they mean.
//!
//! | module | noun |
//! |---|---|
//! | `values` | what the word of an argument stands for |

mod values;

use std::ffi::OsString;
use std::path::Path;

use argh::FromArgs;

use crate::failure::Failure;
use values::{
    bell, color, count, file, host, log_sync, name_of_page, number, port, port_of_room, size,
    whereabouts,
};

pub(crate) use values::{BellFor, Color, LogSync, Whereabouts, name};

/// What the arguments ask for.
pub(crate) enum Parsed {
    Command(Command),
    /// Help, or the version, to be printed on stdout.
    Text(String),
}

/// Group chat for the terminal: one serves a room, everybody joins it.
#[derive(FromArgs)]
#[argh(note = "`chat --version` prints the version. `chat serve --help` and `chat join --help` \
            say more.")]
struct Chat {
    #[argh(subcommand)]
    command: Command,
}

#[derive(FromArgs)]
#[argh(subcommand)]
pub(crate) enum Command {
    Serve(Serve),
    Join(Join),
}

/// Serve a room on this machine, and print what is said in it. Ctrl+C ends it.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "serve",
    example = "chat serve 0.0.0.0 3333",
    note = "On a terminal, what you type is said by [Host].\n\
            SIZE is a number of bytes; K, M and G after it mean 1024 bytes, 1024 K and 1024 M."
)]
pub(crate) struct Serve {
    /// address or name to listen on; '' for all, IPv4 and IPv6
    #[argh(positional, from_str_fn(host))]
    pub(crate) host: String,

    /// TCP port; 0 for any free one
    #[argh(positional, from_str_fn(port))]
    pub(crate) port: u16,

    /// users online at once, 1 or more; who comes then is turned away (default: no limit)
    #[argh(option, arg_name = "N", from_str_fn(count))]
    pub(crate) max_users: Option<usize>,

    /// longest message, 16 to 64K; a longer one becomes several (default: 4K)
    #[argh(option, arg_name = "SIZE", from_str_fn(size))]
    pub(crate) max_line: Option<usize>,

    /// how much of what was said is kept for slow readers, 12 of the longest lines to 1G (default:
    /// 1M)
    #[argh(option, arg_name = "SIZE", from_str_fn(size))]
    pub(crate) backlog: Option<usize>,

    /// messages that somebody may ask for of what was said before, within half of that; 0 for none
    /// (default: no limit)
    #[argh(option, arg_name = "N", from_str_fn(number))]
    pub(crate) history: Option<usize>,

    /// append what is said to FILE, each line with its time, and begin with what FILE ends with;
    /// SIGHUP opens it anew
    #[argh(option, arg_name = "FILE", from_str_fn(file))]
    pub(crate) log: Option<String>,

    /// second or always; when what is in FILE is made safe from a power failure: each second, or
    /// before anybody gets it (default: second)
    #[argh(option, arg_name = "WHEN", from_str_fn(log_sync))]
    pub(crate) log_sync: Option<LogSync>,

    /// redis://HOST/ROOM: be one room with all servers that are given the same URL, whose log a
    /// Redis or Valkey keeps; the manual has its further forms
    #[argh(option, arg_name = "URL")]
    pub(crate) shared: Option<String>,

    /// TCP port of a page by which browsers join, on the same addresses; 0 for any free one
    /// (default: none)
    #[argh(option, arg_name = "PORT", from_str_fn(values::port))]
    pub(crate) web: Option<u16>,

    /// name of this machine that the page may be asked for by, beside addresses and local names;
    /// for several, several times
    #[argh(option, arg_name = "NAME", from_str_fn(name_of_page))]
    pub(crate) web_name: Vec<String>,

    /// print the first line and errors only
    #[argh(switch)]
    pub(crate) quiet: bool,
}

/// Join a room: lines that are typed are sent, what others say is shown. Ctrl+C ends it.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "join",
    example = "chat join 127.0.0.1 3333",
    example = "chat join a.example:3333,b.example:3333",
    note = "On a terminal the line that is being typed stands below what others say, and the\n\
            connection is made again when it ends. With a pipe at either end it is a filter.\n\
            /help lists the commands of a room; /ignore NAME hides what NAME says."
)]
pub(crate) struct Join {
    /// address or name of the machine that serves the room; or HOST:PORT, or several of these with
    /// commas between them, each a server of the room: the next is tried when one fails
    #[argh(positional, from_str_fn(whereabouts))]
    pub(crate) host: Whereabouts,

    /// its TCP port, 1 to 65535; none behind HOST:PORT
    #[argh(positional, from_str_fn(port_of_room))]
    pub(crate) port: Option<u16>,

    /// what to be called; if somebody is called so, the next free name (default: CHAT_NAME, or
    /// the address)
    #[argh(option, arg_name = "NAME", from_str_fn(name))]
    pub(crate) name: Option<String>,

    /// messages to ask for that were said before (default: 20 on a terminal, else 0)
    #[argh(option, arg_name = "N", from_str_fn(number))]
    pub(crate) history: Option<usize>,

    /// never, mention (the own name, private messages) or all; when the bell rings (default:
    /// mention on a terminal, else never)
    #[argh(option, arg_name = "WHEN", from_str_fn(bell))]
    pub(crate) bell: Option<BellFor>,

    /// as a filter: stay when the input ends, and go on printing
    #[argh(switch)]
    pub(crate) stay: bool,

    /// lines in and lines out, without an editor, also on a terminal
    #[argh(switch)]
    pub(crate) plain: bool,

    /// print a JSON object for each line and each connection
    #[argh(switch)]
    pub(crate) json: bool,

    /// as a filter: connect again when the connection ends, and miss nothing
    #[argh(switch)]
    pub(crate) reconnect: bool,

    /// end when the connection ends, instead of connecting again
    #[argh(switch)]
    pub(crate) no_reconnect: bool,

    /// wait for a room that is not there yet
    #[argh(switch)]
    pub(crate) wait: bool,

    /// put the local time before each line
    #[argh(switch)]
    pub(crate) time: bool,

    /// auto, always or never; auto is on a terminal, unless NO_COLOR is set (default: auto)
    #[argh(option, arg_name = "WHEN", from_str_fn(color), default = "Color::Auto")]
    pub(crate) color: Color,
}

/// The options that take a value.
const WITH_VALUE: [&str; 12] = [
    "--max-users",
    "--max-line",
    "--backlog",
    "--log",
    "--log-sync",
    "--shared",
    "--web",
    "--web-name",
    "--name",
    "--history",
    "--bell",
    "--color",
];

/// Parses the arguments, the first of which is the name that the program was called by.
pub(crate) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Parsed, Failure> {
    let called = args.next().unwrap_or_default();
    let mut words = Vec::new();
    let name = Path::new(&called).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let applet = name.strip_prefix("chat-").filter(|applet| matches!(*applet, "serve" | "join"));
    words.extend(applet.map(str::to_owned));
    for (index, arg) in args.enumerate() {
        let word = arg.into_string().map_err(|arg| {
            let text = format!("argument {} is not valid UTF-8: {arg:?}", index + 1);
            Failure::usage(command_in(&words), text)
        })?;
        words.push(word);
    }

    let first_own = usize::from(applet.is_some());
    if matches!(words.get(first_own).map(String::as_str), Some("--version" | "-V")) {
        return Ok(Parsed::Text(concat!("chat ", env!("CHAT_VERSION"), "\n").to_owned()));
    }
    let options_end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (options, rest) = words.split_at(options_end);
    // argh knows neither the short form of help nor `--option=value`.
    let options = options.iter().map(|&word| if word == "-h" { "--help" } else { word });
    let options = options.flat_map(|word| match word.split_once('=') {
        Some((option, value)) if WITH_VALUE.contains(&option) => vec![option, value],
        _ => vec![word],
    });
    let words: Vec<&str> = options.chain(rest.iter().copied()).collect();

    match Chat::from_args(&["chat"], &words) {
        Ok(chat) => Ok(Parsed::Command(chat.command)),
        Err(exit) if exit.status.is_ok() => Ok(Parsed::Text(exit.output)),
        Err(exit) => Err(Failure::usage(command_in(&words), on_one_line(&exit.output))),
    }
}

/// The command that `words` begin with.
fn command_in(words: &[impl AsRef<str>]) -> Option<&str> {
    words.first().map(AsRef::as_ref).filter(|word| matches!(*word, "serve" | "join"))
}

/// argh's explanation on one line.
fn on_one_line(output: &str) -> String {
    let mut text = String::new();
    for line in output.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let gap = match text.chars().last() {
            None => "",
            Some(':') => " ",
            Some('.') => " ",
            Some(_) => ", ",
        };
        text = text + gap + line;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They are the options that the help shows with a value.
    #[test]
    fn the_options_that_take_a_value() {
        let mut shown = Vec::new();
        for applet in ["serve", "join"] {
            let words = ["chat", applet, "--help"].map(OsString::from);
            let Ok(Parsed::Text(help)) = parse(words.into_iter()) else { panic!("no help") };
            let usage = help.lines().find(|line| line.starts_with("Usage: ")).unwrap();
            let options = usage.split(['[', ']']).filter_map(|option| option.split_once(" <"));
            shown.extend(options.map(|(option, _)| option.to_owned()));
        }
        shown.retain(|option| option.starts_with("--"));
        let mut known = WITH_VALUE.to_vec();
        known.sort_unstable();
        shown.sort_unstable();
        // Some are those of both commands.
        shown.dedup();
        assert_eq!(shown, known);
    }
}
