//! Which lines are commands, and how one that is none is written.

use alloc::borrow::Cow;
use alloc::format;

/// The words of members, and those of the host.
const WORDS: [&str; 19] = [
    "name", "nick", "who", "names", "msg", "reply", "r", "history", "help", "kick", "mute",
    "unmute", "hush", "open", "lock", "unlock", "topic", "private", "session",
];

/// Those of programs.
const PROGRAM_WORDS: [&str; 4] = ["session", "resume", "got", "bye"];

/// The word after the slash that `line` begins with.
fn word(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('/')?;
    Some(rest.split_once(' ').map_or(rest, |(word, _)| word))
}

/// Whether a server that knows commands does not say `line`, but obeys it.
pub(super) fn is_command(line: &str) -> bool {
    word(line).is_some_and(|word| WORDS.contains(&word)) || is_for_programs(line)
}

/// Whether only a program sends `line`.
pub(super) fn is_for_programs(line: &str) -> bool {
    word(line).is_some_and(|word| PROGRAM_WORDS.contains(&word))
}

/// Whether `line` asks for a name.
pub(super) fn is_naming(line: &str) -> bool {
    matches!(word(line), Some("name" | "nick"))
}

/// What to send so that `line` is said.
pub(super) fn escape(line: &str) -> Cow<'_, str> {
    match after_slashes(line) {
        Some((1.., command)) if is_command(command) => format!("/{line}").into(),
        _ => line.into(),
    }
}

/// What is said of `line`, which is no command.
pub(super) fn said(line: &str) -> &str {
    match after_slashes(line) {
        Some((2.., command)) if is_command(command) => &line[1..],
        _ => line,
    }
}

/// How many slashes `line` begins with, and what follows all but the last of them.
fn after_slashes(line: &str) -> Option<(usize, &str)> {
    let slashes = line.len() - line.trim_start_matches('/').len();
    Some((slashes, &line[slashes.checked_sub(1)?..]))
}
