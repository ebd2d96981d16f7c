//! The program's own lines, read back: a client knows from them what happened.
//!
//! Whatever a member says stands behind its label, so a line that begins with `> ` or `< ` is the
//! room's. A name holds neither a space nor anything else that could end it here.

use core::fmt;

use super::{
    ARROW, CONNECTED, EARLIER, ENTERED, FREE, FULL, HEARD, LEFT, LOCKED, NAMED, REMOVED, RESUMED,
    SELF, SESSION, SKIPPED, TAKEN, WAS_EARLIER,
};

/// Whether the line turns a newcomer away.
pub(crate) fn is_refusal(line: &str) -> bool {
    line.starts_with(FULL) || line == LOCKED
}

/// The users online, of the line that a newcomer gets first.
pub(crate) fn read_connected(line: &str) -> Option<u64> {
    read_online(line.strip_prefix(CONNECTED)?)
}

/// Who entered, and the users online.
pub(crate) fn read_entered(line: &str) -> Option<(&str, u64)> {
    read_change(line, ENTERED)
}

/// Who left, and the users online.
pub(crate) fn read_left(line: &str) -> Option<(&str, u64)> {
    read_change(line, LEFT)
}

/// The old name and the new one.
pub(crate) fn read_named(line: &str) -> Option<(&str, &str)> {
    let [before, between] = NAMED;
    let (from, name) = line.strip_prefix(before)?.split_once(between)?;
    (is_name(from) && is_name(name)).then_some((from, name))
}

/// How many messages a reader did not get.
pub(crate) fn read_skipped(line: &str) -> Option<u64> {
    let (count, noun) = read_number(line.strip_prefix("> ")?)?;
    let s = if count == 1 { "" } else { "s" };
    let rest = noun.strip_prefix(" message")?.strip_prefix(s)?;
    (rest == SKIPPED).then_some(count)
}

/// The name that is free, of the answer to one who wanted another member's.
pub(crate) fn read_free(line: &str) -> Option<&str> {
    let [before, between] = TAKEN;
    let (_, free) = line.strip_prefix(before)?.split_once(between)?;
    free.strip_suffix(FREE).filter(|name| is_name(name))
}

/// Whether the line tells the user that the host has removed it.
pub(crate) fn is_removal(line: &str) -> bool {
    line.strip_prefix(REMOVED).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}

/// Whether the lines that follow are earlier ones.
pub(crate) fn begins_earlier(line: &str) -> bool {
    let number = line.strip_prefix("> ").and_then(read_number);
    number.is_some_and(|(_, rest)| rest.starts_with(EARLIER) && rest.ends_with(':'))
}

/// Whether the lines before were earlier ones, and those that follow are not.
pub(crate) fn ends_earlier(line: &str) -> bool {
    line == WAS_EARLIER
}

/// A line for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside<'a> {
    /// The member has a session.
    Session {
        /// What proves who it is when it comes back.
        key: u128,
        /// What it is called.
        name: &'a str,
    },
    /// It has come back; the room has taken so many bytes of it for good.
    Resumed(u64),
    /// The room has taken so many bytes of it for good.
    Heard(u64),
}

/// Reads what follows [`super::ASIDE`].
pub(crate) fn read_aside(text: &str) -> Option<Aside<'_>> {
    if let Some(session) = text.strip_prefix(SESSION) {
        let (key, name) = session.split_once(' ')?;
        let key = read_key(key)?;
        return is_name(name).then_some(Aside::Session { key, name });
    }
    let read_count = |text| read_number(text).filter(|(_, rest)| rest.is_empty());
    if let Some(count) = text.strip_prefix(RESUMED) {
        return read_count(count).map(|(bytes, _)| Aside::Resumed(bytes));
    }
    text.strip_prefix(HEARD).and_then(read_count).map(|(bytes, _)| Aside::Heard(bytes))
}

/// The other one in the label of a private message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Private<'a> {
    /// The user gets it.
    From(&'a str),
    /// The user has sent it.
    To(&'a str),
}

impl fmt::Display for Private<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(from) => write!(f, "{from}{ARROW}{SELF}"),
            Self::To(to) => write!(f, "{SELF}{ARROW}{to}"),
        }
    }
}

/// Reads what stands in the brackets of a label; `None` if what it labels is not private.
pub(crate) fn read_private_label(label: &str) -> Option<Private<'_>> {
    let (from, to) = label.split_once(ARROW)?;
    match (from, to) {
        (from, SELF) if is_name(from) => Some(Private::From(from)),
        (SELF, to) if is_name(to) => Some(Private::To(to)),
        _ => None,
    }
}

fn read_change<'a>(line: &'a str, [before, after]: [&str; 2]) -> Option<(&'a str, u64)> {
    let (name, online) = line.strip_prefix(before)?.split_once(after)?;
    Some((name, read_online(online)?)).filter(|_| is_name(name))
}

/// Reads `1 user online)` and its like.
fn read_online(text: &str) -> Option<u64> {
    let (count, noun) = read_number(text)?;
    let s = if count < 2 { "" } else { "s" };
    let rest = noun.strip_prefix(" user")?.strip_prefix(s)?;
    (rest == " online)").then_some(count)
}

/// Reads the number that `text` begins with, and returns what follows it.
fn read_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

/// Reads 32 lower-case hexadecimal digits.
fn read_key(text: &str) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_key = text.len() == 32 && text.bytes().all(is_digit);
    is_key.then(|| u128::from_str_radix(text, 16).ok())?
}

/// Whether `text` can be what a member is called: a name, or an address.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(' ')
}
