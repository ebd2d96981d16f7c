//! The words that a line may begin with after a slash, and what becomes of the line.

use std::borrow::Cow;

use chat_core::{Audience, Command, Meaning, is_visible};

use crate::terminal::{CommandWord, Takes};

/// What is said of a draft with a line that looks like a mistyped command.
pub(super) const DOUBT: &str = "chat: there is no such command; Enter again says it to everybody";

/// The words of the room's for its members, without those that are short for another.
const MEMBERS: &[CommandWord] = &[
    CommandWord { word: "msg", takes: Takes::Name },
    CommandWord { word: "reply", takes: Takes::Text },
    CommandWord { word: "who", takes: Takes::Nothing },
    CommandWord { word: "name", takes: Takes::Text },
    CommandWord { word: "history", takes: Takes::Nothing },
    CommandWord { word: "help", takes: Takes::Nothing },
];

/// Those for its host alone.
const HOSTS: &[CommandWord] = &[
    CommandWord { word: "kick", takes: Takes::Name },
    CommandWord { word: "mute", takes: Takes::Name },
    CommandWord { word: "unmute", takes: Takes::Name },
    CommandWord { word: "hush", takes: Takes::Nothing },
    CommandWord { word: "open", takes: Takes::Nothing },
    CommandWord { word: "lock", takes: Takes::Nothing },
    CommandWord { word: "unlock", takes: Takes::Nothing },
    CommandWord { word: "topic", takes: Takes::Text },
    CommandWord { word: "private", takes: Takes::Text },
];

/// The words that mean something in what somebody writes.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// Those of the room's that are completed.
    rooms: [&'static [CommandWord]; 2],
    /// Those that the program obeys itself. They are never sent.
    own: &'static [CommandWord],
    /// Whether the room knows commands.
    are_known: bool,
}

/// What an entered line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered<'a> {
    /// To be sent: a message, or a command of the room's.
    Sent(Cow<'a, str>),
    /// To be sent as a message, but it looks like a command that somebody has mistyped.
    Doubtful(Cow<'a, str>),
    /// What one of the program's own words does, with what stands behind it.
    Own(&'static str, &'a str),
}

impl Words {
    /// Those of a member in a room that knows commands or does not, whose program obeys its `own`.
    pub(crate) fn of_member(own: &'static [CommandWord], are_known: bool) -> Self {
        Self { rooms: [MEMBERS, &[]], own, are_known }
    }

    /// Those of the host, whose program obeys its `own`.
    pub(crate) fn of_host(own: &'static [CommandWord]) -> Self {
        Self { rooms: [HOSTS, MEMBERS], own, are_known: true }
    }

    /// Returns what each line of `draft` asks for in which there is anything to see. The room relays
    /// no other.
    pub(crate) fn entered(self, draft: &str) -> impl Iterator<Item = Entered<'_>> {
        draft.split('\n').filter(|line| is_visible(line)).map(move |line| self.read(line))
    }

    /// Whether any line of `draft` looks like a mistyped command.
    pub(super) fn are_doubtful(self, draft: &str) -> bool {
        self.entered(draft).any(|line| matches!(line, Entered::Doubtful(_)))
    }

    /// Returns what `line` asks for.
    pub(crate) fn read(self, line: &str) -> Entered<'_> {
        match self.split_own(line) {
            Some((1, word, rest)) => return Entered::Own(word, rest),
            // As the room does with its own words.
            Some(_) => return Entered::Sent(Cow::Borrowed(&line[1..])),
            None if !self.are_known => return Entered::Sent(line.into()),
            None => {}
        }
        match Command::meaning(line) {
            // A person who types what programs say means something else.
            Meaning::Command(command, _) if command.audience() == Audience::Programs => {
                Entered::Doubtful(format!("/{line}").into())
            }
            _ if Command::is_mistyped(line) => Entered::Doubtful(line.into()),
            _ => Entered::Sent(line.into()),
        }
    }

    /// Returns what is to be put into a draft when `text` is pasted: what is pasted is said, so a
    /// line of it that would be taken for a command gets one slash more. The first one counts if the
    /// cursor is at the start of a line.
    pub(super) fn pasted(self, text: &str, is_at_line_start: bool) -> String {
        let mut pasted = String::with_capacity(text.len());
        for (index, line) in text.split('\n').enumerate() {
            let begins_a_line = index > 0 || is_at_line_start;
            let slash = if begins_a_line && self.needs_escape(line) { "/" } else { "" };
            pasted.extend([if index > 0 { "\n" } else { "" }, slash, line]);
        }
        pasted
    }

    /// Returns those that can be completed.
    pub(super) fn completed(self) -> Vec<CommandWord> {
        // A room that does not know `/msg` would tell everybody.
        let rooms = if self.are_known { self.rooms.concat() } else { Vec::new() };
        [&rooms, self.own].concat()
    }

    fn needs_escape(self, line: &str) -> bool {
        self.split_own(line).is_some() || self.are_known && Command::needs_escape(line)
    }

    /// Returns how many slashes stand before one of the program's own words that `line` begins with,
    /// the word, and what stands behind it.
    fn split_own(self, line: &str) -> Option<(usize, &'static str, &str)> {
        let (slashes, word, rest) = Command::split(line)?;
        let own = self.own.iter().find(|own| own.word == word)?;
        Some((slashes, own.word, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[CommandWord] = &[CommandWord { word: "ignore", takes: Takes::Name }];

    fn of_member(are_known: bool) -> Words {
        Words::of_member(OWN, are_known)
    }

    fn of_host() -> Words {
        Words::of_host(&[CommandWord { word: "join", takes: Takes::Nothing }])
    }

    fn sent(line: &str) -> Entered<'_> {
        Entered::Sent(line.into())
    }

    fn doubtful(line: &str) -> Entered<'_> {
        Entered::Doubtful(line.into())
    }

    #[test]
    fn what_a_line_asks_for() {
        for line in
            ["안녕", "/who", "/r 네", "/kick 지민", "/etc/passwd", "//who", "//comment", "/"]
        {
            for words in [of_member(true), of_member(false), of_host()] {
                assert_eq!(words.read(line), sent(line), "{line}");
            }
        }
        for are_known in [true, false] {
            let words = of_member(are_known);
            assert_eq!(words.read("/ignore 지민  Ann"), Entered::Own("ignore", "지민  Ann"));
            assert_eq!(words.read("/ignore"), Entered::Own("ignore", ""));
            assert_eq!(words.read("//ignore 지민"), sent("/ignore 지민"));
            assert_eq!(words.read("///ignore"), sent("//ignore"));
        }
        assert_eq!(of_host().read("//ignore"), sent("//ignore"), "it is none of the host's");
        assert_eq!(of_host().read("/join"), Entered::Own("join", ""));
        assert_eq!(of_host().read("//join"), sent("/join"));
    }

    #[test]
    fn what_is_doubtful() {
        for (line, said) in [
            ("/mgs 지민 비밀", "/mgs 지민 비밀"),
            (" /msg 지민 비밀", " /msg 지민 비밀"),
            ("/ignored 지민", "/ignored 지민"),
            // What a program would say is said by a person only as a message.
            ("/bye", "//bye"),
            ("/got 5", "//got 5"),
        ] {
            assert_eq!(of_member(true).read(line), doubtful(said), "{line}");
            assert_eq!(of_host().read(line), doubtful(said), "{line}");
            assert_eq!(of_member(false).read(line), sent(line), "{line}");
            let Meaning::Said(_) = Command::meaning(said) else { panic!("{said}") };
        }
        assert_eq!(of_host().read("/ignore 지민"), doubtful("/ignore 지민"));
    }

    #[test]
    fn a_draft_of_many_lines() {
        let entered: Vec<_> =
            of_member(true).entered("하나\n \n/ignore\n\u{3164}\n/whom").collect();
        assert_eq!(entered, [sent("하나"), Entered::Own("ignore", ""), doubtful("/whom")]);
        assert!(of_member(true).are_doubtful("하나\n/whom\n둘"));
        assert!(!of_member(true).are_doubtful("하나\n/who\n둘"));
    }

    #[test]
    fn a_paste_is_no_command() {
        let text = "/who\n/etc\n//msg a\n/ignore a\n/resume x\n /who\n/whoever\n";
        let all = "//who\n/etc\n///msg a\n//ignore a\n//resume x\n /who\n/whoever\n";
        assert_eq!(of_member(true).pasted(text, true), all);
        assert_eq!(of_host().pasted(text, true), all.replace("//ignore", "/ignore"));
        assert_eq!(of_member(false).pasted(text, true), text.replace("/ignore", "//ignore"));
        assert_eq!(of_member(true).pasted("/who\n/who", false), "/who\n//who");
        assert_eq!(of_member(true).pasted("", true), "");
    }

    /// They are the room's own words, all of them but the short ones and those of programs.
    #[test]
    fn what_is_completed() {
        let of = |audience| {
            let words = Command::words().filter(move |(_, of)| *of == audience);
            let mut words: Vec<&str> = words.map(|(word, _)| word).collect();
            words.retain(|word| !["nick", "names", "r"].contains(word));
            words.sort_unstable();
            words
        };
        let sorted = |words: Vec<CommandWord>| {
            let mut words: Vec<&str> = words.iter().map(|word| word.word).collect();
            words.sort_unstable();
            words
        };
        assert_eq!(sorted(MEMBERS.to_vec()), of(Audience::All));
        assert_eq!(sorted(HOSTS.to_vec()), of(Audience::Host));
        assert_eq!(of_member(true).completed().len(), MEMBERS.len() + 1);
        assert_eq!(sorted(of_member(false).completed()), ["ignore"]);
        assert_eq!(of_host().completed().len(), MEMBERS.len() + HOSTS.len() + 1);
    }
}
