//! The program's own lines, read back: a client knows from them what happened.
//!
//! Whatever a member says stands behind its label, so a line that begins with `> ` or `< ` is the
//! room's. A name holds neither a space nor anything else that could end it here.

use core::fmt;

use super::{
    ARROW, CONNECTED, COUNTS, EARLIER, EARLIER_ENDS, ENTERED, FREE, FULL, HEARD, LEFT, LOCKED,
    MAY_BE_MISSING, NAMED, NO_EARLIER, NO_HISTORY, REMOVED, RESUMED, SELF, SESSION, SKIPPED, TAKEN,
    TOPIC, hushed, lock, lost, missing, muted, private, removed, topic, unreachable,
};

/// Whether the line turns a newcomer away.
pub(crate) fn is_refusal(line: &str) -> bool {
    line.starts_with(FULL) || line == LOCKED || line == unreachable().trim_end()
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
    line == EARLIER_ENDS.trim_end()
}

/// Whether the line says that there are no earlier ones.
pub(crate) fn is_no_earlier(line: &str) -> bool {
    [NO_EARLIER, NO_HISTORY].iter().any(|none| line == none.trim_end())
}

/// Whether the line is one that the room says to everybody, or what a record has in place of some.
pub(crate) fn is_of_room(line: &str) -> bool {
    read_entered(line).is_some()
        || read_left(line).is_some()
        || read_named(line).is_some()
        || is_of_host(line)
        || is_loss(line)
}

/// Whether everybody is told so of what the host has done.
fn is_of_host(line: &str) -> bool {
    let is_removed = |rest: &str| {
        let (name, reason) = rest.split_once(' ').unwrap_or((rest, "()"));
        is_name(name) && reason.starts_with('(') && reason.ends_with(')')
    };
    if let Some(rest) = line.strip_prefix(removed("", "").as_str()) {
        return is_removed(rest) && !is_removal(line);
    }
    let is_muting = |is_muted| line.strip_prefix(muted("", is_muted).as_str()).is_some_and(is_name);
    let is_rule = |is_on| [hushed, lock, private].iter().any(|rule| rule(is_on) == line);
    line.starts_with(TOPIC)
        || line == topic("")
        || [true, false].into_iter().any(|is_on| is_muting(is_on) || is_rule(is_on))
}

/// Whether the line tells of members, or of messages, that are lost.
fn is_loss(line: &str) -> bool {
    let counts = || {
        let (members, _) = read_number(line.strip_prefix("< ")?)?;
        let users = read_online(line.rsplit_once('(')?.1)?;
        Some((members.try_into().ok()?, users.try_into().ok()?))
    };
    is_of_record(line) || counts().is_some_and(|(members, users)| lost(members, users) == line)
}

/// Whether a record says by the line that it lacks others.
fn is_of_record(line: &str) -> bool {
    read_missing(line).is_some() || line == MAY_BE_MISSING.trim_end()
}

/// Whether a line, given without its newline, is one of a room's log, the same on all of its servers: not
/// one that a server alone has told, or that a record has instead of others.
#[must_use]
pub fn is_of_log(line: &str) -> bool {
    line.starts_with('[') || (is_of_room(line) && !is_of_record(line))
}

/// How many messages are missing in a record by what a line of it says, if it says that. The line has
/// neither time nor newline.
#[must_use]
pub fn read_missing(line: &str) -> Option<u64> {
    let (messages, _) = read_number(line.strip_prefix("> ")?)?;
    (missing(messages).trim_end() == line).then_some(messages)
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
    /// It has come back; the room has taken so many bytes of it for good, and has given it so many lines, if
    /// that is not what it has said.
    Resumed { bytes: u64, lines: Option<u64> },
    /// The room has taken so many bytes of it for good.
    Heard(u64),
    /// The next line counts as so many.
    Counts(u64),
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
        let (bytes, rest) = read_number(count)?;
        let lines = match rest.strip_prefix(' ') {
            Some(lines) => Some(read_count(lines)?.0),
            None if rest.is_empty() => None,
            None => return None,
        };
        return Some(Aside::Resumed { bytes, lines });
    }
    if let Some(count) = text.strip_prefix(COUNTS) {
        return read_count(count).map(|(lines, _)| Aside::Counts(lines));
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    use crate::command::{Audience, Command};
    use crate::notice;
    use crate::time::Wall;

    /// The only line of `text`, without the newline that it ends with.
    fn line(text: &str) -> &str {
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'));
        line
    }

    #[test]
    fn what_is_said_of_people_is_read_back() {
        assert!(is_refusal(line(&notice::locked())));
        assert!(is_refusal(line(&notice::unreachable())));
        assert!(!is_refusal(line(&notice::waits("timed out"))));
        assert_eq!(
            read_named(&notice::named("192.0.2.1:1", "지민")),
            Some(("192.0.2.1:1", "지민"))
        );
        assert_eq!(read_free(line(&notice::taken("지민", "지민2"))), Some("지민2"));
        for reason in ["", "그만"] {
            assert!(is_removal(line(&notice::removed_you(reason))));
            assert!(!is_removal(&notice::removed("youn", reason)));
        }
        assert_eq!(read_private_label("a -> you"), Some(Private::From("a")));
        assert!(notice::whispered_to_you("a", "b").starts_with("[a -> you] "));
        assert!(notice::whispered_by_you("a", "b").starts_with("[you -> a] "));
    }

    #[test]
    fn what_is_earlier_begins_and_ends() {
        let at = |minutes: i64| Wall { unix_seconds: 60 * minutes, offset_seconds: 0 };
        for times in [None, Some((at(1), at(1))), Some((at(1), at(2)))] {
            for count in [1, 2, 1_000] {
                assert!(begins_earlier(line(&notice::earlier(count, times))));
            }
        }
        for other in [&notice::earlier(0, None), notice::NO_HISTORY, notice::EARLIER_ENDS] {
            assert!(!begins_earlier(line(other)));
        }
        assert!(ends_earlier(line(notice::EARLIER_ENDS)));
    }

    #[test]
    fn what_is_for_a_program() {
        let aside =
            |text: &str| -> String { line(text).strip_prefix(notice::ASIDE).unwrap().into() };
        for key in [0, 1 << 100, u128::MAX] {
            let session = aside(&notice::session(key, "지민"));
            assert_eq!(read_aside(&session), Some(Aside::Session { key, name: "지민" }));
        }
        for bytes in [0, 1, u64::MAX] {
            for lines in [None, Some(0), Some(u64::MAX)] {
                let resumed = aside(&notice::resumed(bytes, lines));
                assert_eq!(read_aside(&resumed), Some(Aside::Resumed { bytes, lines }));
            }
            assert_eq!(read_aside(&aside(&notice::heard(bytes))), Some(Aside::Heard(bytes)));
            assert_eq!(read_aside(&aside(&notice::counts(bytes))), Some(Aside::Counts(bytes)));
        }
        for other in
            ["", "heard", "heard ", "heard x", "heard 1 ", "resumed", "counts -1", "session"]
                .into_iter()
                .chain(["heard 1 2", "resumed 1 ", "resumed 1 x", "resumed 1 2 ", "resumed 1x"])
        {
            assert_eq!(read_aside(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_a_records_own() {
        let may_be = line(notice::MAY_BE_MISSING);
        let missing = notice::missing(3);
        for own in [may_be, line(&missing)] {
            assert!(is_of_room(own) && !is_of_log(own), "{own}");
        }
        let entered = notice::entered("지민", 2);
        for shared in ["[지민] 안녕", &entered, &notice::lost(3, 1)] {
            assert!(is_of_log(shared), "{shared}");
        }
        for other in ["exit", "", line(&notice::started(1)), line(notice::GOES_ON)] {
            assert!(!is_of_log(other), "{other}");
        }
    }

    /// A client would hide it.
    #[test]
    fn no_help_is_for_a_program() {
        let mut text = notice::help(true);
        for (word, _) in Command::words() {
            text += &notice::usage(Command::of_word(word).unwrap());
        }
        assert!(text.lines().count() > 2 * Command::help(Audience::Host).count());
        assert!(
            text.lines().all(|line| line.starts_with("> ") && !line.starts_with(notice::ASIDE))
        );
    }
}
