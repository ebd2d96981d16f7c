//! What the room says of people: names, private words, what was earlier, the host.
//!
//! What everybody gets is without its newline, which the log adds; what one peer gets is with it.

use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

use super::{
    ARROW, ASIDE, COUNTS, EARLIER, FREE, HEARD, LOCKED, NAMED, Online, REMOVED, RESUMED, SELF,
    SESSION, TAKEN, TOPIC,
};
use crate::command::{Audience, Command};
use crate::time::Wall;

/// What the host of a room is called.
pub(crate) const HOST_NAME: &str = "Host";

/// What a newcomer gets when nobody else is let in.
pub(crate) fn locked() -> String {
    format!("{LOCKED}\n")
}

/// What everybody gets when a member is called otherwise.
pub(crate) fn named(from: &str, name: &str) -> String {
    let [before, between] = NAMED;
    format!("{before}{from}{between}{name}")
}

/// The answer that somebody else is called so.
pub(crate) fn taken(name: &str, free: &str) -> String {
    let [before, between] = TAKEN;
    format!("{before}{name}{between}{free}{FREE}\n")
}

/// The answer to who one is.
pub(crate) fn you_are(name: &str, address: &str) -> String {
    if name == address {
        format!("> You are {name}\n")
    } else {
        format!("> You are {name} ({address})\n")
    }
}

/// A private message, as its receiver gets it.
pub(crate) fn whispered_to_you(from: &str, text: &str) -> String {
    format!("[{from}{ARROW}{SELF}] {text}\n")
}

/// A private message, as its sender gets it.
pub(crate) fn whispered_by_you(to: &str, text: &str) -> String {
    format!("[{SELF}{ARROW}{to}] {text}\n")
}

/// The answer that there is nobody to write to.
pub(crate) fn nobody(name: &str) -> String {
    format!("> There is no {name} here\n")
}

/// The answer that a private message was not delivered.
pub(crate) fn not_read(name: &str) -> String {
    format!("> {name} has left too much unread, and did not get that\n")
}

/// Other answers, each for one case.
pub(crate) const NOBODY_WROTE: &str = "> Nobody here has written to you\n";
pub(crate) const NO_TEXT: &str = "> There is nothing to see in that\n";
pub(crate) const NOT_PRIVATE: &str = "> Private messages are off here\n";
pub(crate) const MUTED: &str = "> You are muted: that was not said\n";
pub(crate) const HUSHED: &str = "> Only Host speaks now: that was not said\n";
pub(crate) const NO_HISTORY: &str = "> No history is kept here\n";
pub(crate) const NO_EARLIER: &str = "> Nothing was said earlier\n";
pub(crate) const EARLIER_ENDS: &str = "> That was earlier\n";
pub(crate) const NOT_A_NUMBER: &str = "> How many messages? /history 20\n";

/// The answer that a command takes no more text than a message has.
pub(crate) fn too_long(command: Command) -> String {
    format!("> That is too long for /{}\n", command.word())
}

/// The answer that a command is another one's.
pub(crate) fn for_host(command: Command) -> String {
    format!("> Only the host can do that: /{}\n", command.word())
}

/// What stands before a command in a list of them. It is not [`ASIDE`]: it is for users.
const ENTRY: &str = ">   /";

/// How a command is used.
pub(crate) fn usage(command: Command) -> String {
    let rows = [Audience::All, Audience::Host].into_iter().flat_map(Command::help);
    let mut rows = rows.filter(|&(word, ..)| word == command.word());
    let (word, arguments, effect) = rows.next().unwrap_or_default();
    format!("{ENTRY}{word}{arguments}: {effect}\n")
}

/// The commands, one line each.
pub(crate) fn help(is_host: bool) -> String {
    let of_host = is_host.then(|| Command::help(Audience::Host)).into_iter().flatten();
    let mut text = String::new();
    for (word, arguments, effect) in Command::help(Audience::All).chain(of_host) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{ENTRY}{word}{arguments}: {effect}");
    }
    text
}

/// What stands before what was said earlier.
pub(crate) fn earlier(messages: usize, times: Option<(Wall, Wall)>) -> String {
    let s = if messages == 1 { "" } else { "s" };
    match times {
        _ if messages == 0 => NO_EARLIER.into(),
        Some((first, last)) if first.minute() == last.minute() => {
            format!("> {messages}{EARLIER}{s}, {first}:\n")
        }
        Some((first, last)) => format!("> {messages}{EARLIER}{s}, {first} to {last}:\n"),
        None => format!("> {messages}{EARLIER}{s}:\n"),
    }
}

/// How the answer begins that lists who is here.
pub(crate) fn online(users: usize) -> String {
    format!("> {}: ", Online(users))
}

/// How it begins for those whose names start so.
pub(crate) fn online_with(start: &str, matching: usize, users: usize) -> String {
    format!("> {matching} of {} with {start}: ", Online(users))
}

/// How it ends if not all are listed.
pub(crate) fn more(count: usize) -> String {
    let digits = format!("{count}");
    let mut text = String::from("… and ");
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + " more"
}

/// A line of the host's list.
pub(crate) fn guest(name: &str, address: &str, since: Option<Wall>) -> String {
    let address = if name == address { String::new() } else { format!(" ({address})") };
    let since = since.map(|at| format!(", since {at}")).unwrap_or_default();
    format!("> {name}{address}{since}\n")
}

/// What everybody gets when the host has removed a member.
pub(crate) fn removed(name: &str, reason: &str) -> String {
    format!("> {HOST_NAME} removed {name}{}", in_brackets(reason))
}

/// What the removed one gets.
pub(crate) fn removed_you(reason: &str) -> String {
    format!("{REMOVED}{}\n", in_brackets(reason))
}

fn in_brackets(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

/// What everybody gets when what a member says is not said, or is again.
pub(crate) fn muted(name: &str, is_muted: bool) -> String {
    format!("> {HOST_NAME} {} {name}", if is_muted { "muted" } else { "unmuted" })
}

/// What everybody gets when only the host speaks, or all do again.
pub(crate) fn hushed(is_on: bool) -> String {
    if is_on {
        format!("> Only {HOST_NAME} speaks now")
    } else {
        "> Everybody may speak again".into()
    }
}

/// What everybody gets when newcomers are not let in, or are again.
pub(crate) fn lock(is_on: bool) -> String {
    format!("> {HOST_NAME} {} the room", if is_on { "locked" } else { "unlocked" })
}

/// What everybody gets when members may write to each other, or may not.
pub(crate) fn private(is_on: bool) -> String {
    format!("> {HOST_NAME} turned private messages {}", if is_on { "on" } else { "off" })
}

/// What everybody gets when the topic changes, and newcomers after the greeting.
pub(crate) fn topic(text: &str) -> String {
    if text.is_empty() { "> There is no topic now".into() } else { format!("{TOPIC}{text}") }
}

/// What tells a program the key of its session, and what it is called.
pub(crate) fn session(key: u128, name: &str) -> String {
    format!("{ASIDE}{SESSION}{key:032x} {name}\n")
}

/// What tells a program that it has come back, and how many bytes of its input are heard; and how many lines
/// it has been given, if that is not what it says.
pub(crate) fn resumed(bytes: u64, lines: Option<u64>) -> String {
    match lines {
        Some(lines) => format!("{ASIDE}{RESUMED}{bytes} {lines}\n"),
        None => format!("{ASIDE}{RESUMED}{bytes}\n"),
    }
}

/// What one gets that comes back, and has got so many messages of which the room knows nothing, or which it
/// gets once more.
pub(crate) fn cut_back(messages: u64) -> String {
    let s = if messages == 1 { "" } else { "s" };
    format!("> The room's log was cut back: {messages} message{s} may come again\n")
}

/// What a client tells its user of lines that a server had heard that is gone with them.
pub(crate) fn lost_of_yours(lines: usize) -> String {
    let (s, are, them) = if lines == 1 { ("", "is", "it") } else { ("s", "are", "them") };
    format!("> {lines} line{s} of yours {are} lost: the server that had taken {them} is gone")
}

/// What tells a program that the next line, which follows, counts as so many.
pub(crate) fn counts(lines: u64) -> String {
    format!("{ASIDE}{COUNTS}{lines}\n")
}

/// What tells a program how many bytes of its input are heard.
pub(crate) fn heard(bytes: u64) -> String {
    format!("{ASIDE}{HEARD}{bytes}\n")
}
