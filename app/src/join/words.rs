//! The words that a line may begin with after a slash, and what becomes of the line.

use std::borrow::Cow;

use chat_core::{Audience, Command};

use crate::terminal::{CommandWord, Takes};

/// What can be completed: the words of members, without those that are short for another, and the
/// client's own.
pub(super) const COMPLETED: &[CommandWord] = &[
    CommandWord { word: "msg", takes: Takes::Name },
    CommandWord { word: "reply", takes: Takes::Text },
    CommandWord { word: "who", takes: Takes::Nothing },
    CommandWord { word: "name", takes: Takes::Text },
    CommandWord { word: "history", takes: Takes::Nothing },
    CommandWord { word: IGNORE, takes: Takes::Name },
    CommandWord { word: UNIGNORE, takes: Takes::Name },
    CommandWord { word: "help", takes: Takes::Nothing },
];

/// Words that the client obeys itself. They are never sent.
const IGNORE: &str = "ignore";
const UNIGNORE: &str = "unignore";

/// What an entered line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered<'a> {
    /// To be sent: a message, or a command of the room's.
    Sent(Cow<'a, str>),
    /// To be sent as a message, but it looks like a command that somebody has mistyped.
    Doubtful(Cow<'a, str>),
    /// To show nothing more of what these say; with no name, to say who they are.
    Ignore(Vec<&'a str>),
    /// To show it again.
    Unignore(Vec<&'a str>),
}

impl<'a> Entered<'a> {
    /// Returns what `line` asks for in a room that knows commands or does not.
    pub(super) fn read(line: &'a str, knows_commands: bool) -> Self {
        let sent = Self::Sent(Cow::Borrowed(line));
        let start = Start::of(line);
        match start {
            Start { slashes: 1, word: IGNORE, rest } => {
                return Self::Ignore(rest.split_whitespace().collect());
            }
            Start { slashes: 1, word: UNIGNORE, rest } => {
                return Self::Unignore(rest.split_whitespace().collect());
            }
            // As the room does with its own words.
            Start { slashes: 2.., word: IGNORE | UNIGNORE, .. } => {
                return Self::Sent(Cow::Borrowed(&line[1..]));
            }
            _ if !knows_commands => return sent,
            Start { slashes: 1, word, .. } => match audience(word) {
                // A person who types what programs say means something else.
                Some(Audience::Programs) => return Self::Doubtful(format!("/{line}").into()),
                Some(_) => return sent,
                None => {}
            },
            _ => {}
        }
        // Also with a blank before it, or typed with full-width keys.
        let typed = line.trim_start();
        let word =
            typed.strip_prefix(['/', '／']).and_then(|rest| rest.split(char::is_whitespace).next());
        let is_doubtful =
            word.is_some_and(|word| word.starts_with(char::is_alphabetic) && !word.contains('/'));
        if is_doubtful { Self::Doubtful(Cow::Borrowed(line)) } else { sent }
    }
}

/// Returns what is to be put into a draft when `text` is pasted: what is pasted is said, so a line of
/// it that is a command gets one slash more. The first one counts if the cursor is at the start of a
/// line.
pub(super) fn pasted(text: &str, is_at_line_start: bool, knows_commands: bool) -> String {
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default();
    let mut pasted =
        if is_at_line_start { escaped(first, knows_commands) } else { first.into() }.into_owned();
    for line in lines {
        pasted.push('\n');
        pasted.push_str(&escaped(line, knows_commands));
    }
    pasted
}

fn escaped(line: &str, knows_commands: bool) -> Cow<'_, str> {
    let Start { slashes, word, .. } = Start::of(line);
    let is_own = slashes > 0 && matches!(word, IGNORE | UNIGNORE);
    let is_rooms = knows_commands && Command::needs_escape(line);
    if is_own || is_rooms { format!("/{line}").into() } else { line.into() }
}

/// Returns whom a word of the room's is for.
fn audience(word: &str) -> Option<Audience> {
    Command::words().find(|(known, _)| *known == word).map(|(_, audience)| audience)
}

/// How a line begins: so many slashes, a word, and a space or the end.
struct Start<'a> {
    slashes: usize,
    word: &'a str,
    rest: &'a str,
}

impl<'a> Start<'a> {
    fn of(line: &'a str) -> Self {
        let after = line.trim_start_matches('/');
        let (word, rest) = after.split_once(' ').unwrap_or((after, ""));
        Self { slashes: line.len() - after.len(), word, rest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(line: &str) -> Entered<'_> {
        Entered::Sent(line.into())
    }

    fn doubtful(line: &str) -> Entered<'_> {
        Entered::Doubtful(line.into())
    }

    #[test]
    fn what_a_line_asks_for() {
        for line in [
            "안녕",
            "/who",
            "/msg 지민 비밀",
            "/name",
            "/r 네",
            "/kick 지민",
            "/",
            "/ 하나",
            "/etc/passwd",
            "//comment",
            "//who",
            "/* 주석 */",
            "/2 = 3",
            "s/하나/둘/",
            "http://example.com",
            "",
        ] {
            assert_eq!(Entered::read(line, true), sent(line), "{line}");
            assert_eq!(Entered::read(line, false), sent(line), "{line}");
        }
        assert_eq!(Entered::read("/ignore 지민  Ann", true), Entered::Ignore(vec!["지민", "Ann"]));
        assert_eq!(Entered::read("/ignore", false), Entered::Ignore(vec![]));
        assert_eq!(Entered::read("/unignore 지민", true), Entered::Unignore(vec!["지민"]));
        assert_eq!(Entered::read("//ignore 지민", true), sent("/ignore 지민"));
        assert_eq!(Entered::read("///unignore", false), sent("//unignore"));
    }

    /// A mistyped `/msg` must not be public.
    #[test]
    fn what_may_be_a_mistyped_command() {
        for line in [
            "/mgs 지민 비밀",
            "/Msg 지민 비밀",
            "/msg\u{3000}지민 비밀",
            "/ㅡㄴㅎ 지민 비밀",
            " /msg 지민 비밀",
            "\t/msg 지민",
            "／msg 지민",
            "/msgs",
            "/ignored 지민",
            "/msg: 지민",
        ] {
            assert_eq!(Entered::read(line, true), doubtful(line), "{line}");
            assert_eq!(Entered::read(line, false), sent(line), "{line}");
        }
        // What a program would say is said by a person only as a message.
        assert_eq!(Entered::read("/bye", true), doubtful("//bye"));
        assert_eq!(Entered::read("/got 5", true), doubtful("//got 5"));
    }

    #[test]
    fn a_paste_is_no_command() {
        let text = "/who\n/etc\n//msg a\n/ignore a\n/resume x\n /who\n/whoever\n";
        assert_eq!(
            pasted(text, true, true),
            "//who\n/etc\n///msg a\n//ignore a\n//resume x\n /who\n/whoever\n"
        );
        assert_eq!(pasted(text, true, false), text.replace("/ignore", "//ignore"));
        assert_eq!(pasted("/who\n/who", false, true), "/who\n//who");
        assert_eq!(pasted("", true, true), "");
    }
}
