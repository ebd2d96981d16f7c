//! What somebody types at a terminal without an editor: lines, some of which the client obeys itself.

use super::ignoring::words;
use crate::editor::Entered;

/// What is said of a line that looks like a mistyped command.
const DOUBT: &str = "chat: there is no such command; an empty line now says it to everybody";

/// Most bytes of a line that is kept until it has ended. A terminal gives less in one piece.
const LONGEST: usize = 16 * 1024;

/// The lines that somebody types.
#[derive(Default)]
pub(super) struct Person {
    /// A line that has begun.
    begun: Vec<u8>,
    /// A line that looks like a mistyped command, and is sent if an empty one follows.
    doubtful: Option<String>,
}

/// What is to be done with what was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It is to be sent: bytes of lines.
    Send(Vec<u8>),
    /// The user is to be told a line.
    Tell(String),
    /// What one of the client's own words does, with what stands behind it.
    Obey(&'static str, String),
}

impl Person {
    /// Returns what is to be done with bytes that are typed, in any chunks.
    pub(super) fn type_in(&mut self, bytes: &[u8], knows_commands: bool) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.begun.len() > LONGEST {
                let line = std::mem::take(&mut self.begun);
                deeds.push(self.enter(line, knows_commands));
            }
        }
        deeds
    }

    /// Returns what was typed of a line that has not ended.
    pub(super) fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.begun)
    }

    fn enter(&mut self, bytes: Vec<u8>, knows_commands: bool) -> Deed {
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end_matches(['\r', '\n']);
        let doubtful = self.doubtful.take();
        if let Some(doubtful) = doubtful.filter(|_| line.is_empty()) {
            return Deed::Send(doubtful.into_bytes());
        }
        match words(knows_commands).read(line) {
            Entered::Own(word, rest) => Deed::Obey(word, rest.to_owned()),
            Entered::Doubtful(line) => {
                self.doubtful = Some(format!("{line}\n"));
                Deed::Tell(DOUBT.to_owned())
            }
            // Bytes that are no text are the room's business.
            Entered::Sent(sent) if sent == line => Deed::Send(bytes),
            Entered::Sent(sent) => Deed::Send(format!("{sent}\n").into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(line: &str) -> Deed {
        Deed::Send(line.as_bytes().to_vec())
    }

    #[test]
    fn lines_in_any_chunks() {
        let typed = "하나\n/ignore 지민 Ann\r\n//ignore\n/who\n\n/mgs 비밀\n\n/mgs\n둘\n\n끝";
        let expected = [
            send("하나\n"),
            Deed::Obey("ignore", "지민 Ann".to_owned()),
            send("/ignore\n"),
            send("/who\n"),
            send("\n"),
            Deed::Tell(DOUBT.to_owned()),
            send("/mgs 비밀\n"),
            Deed::Tell(DOUBT.to_owned()),
            send("둘\n"),
            send("\n"),
        ];
        for length in 1..=typed.len() {
            let mut person = Person::default();
            let chunks = typed.as_bytes().chunks(length);
            let deeds: Vec<Deed> = chunks.flat_map(|chunk| person.type_in(chunk, true)).collect();
            assert_eq!(deeds, expected);
            assert_eq!(person.end(), "끝".as_bytes());
        }
    }

    #[test]
    fn what_never_ends_is_sent_in_pieces() {
        let mut person = Person::default();
        for _ in 0..100 {
            person.type_in(&[b'x'; 1000], true);
            assert!(person.begun.len() <= LONGEST);
        }
        let deeds = person.type_in(b"\xff\n", true);
        let [Deed::Send(bytes)] = &deeds[..] else { panic!("{deeds:?}") };
        assert!(bytes.ends_with(b"x\xff\n"));
    }
}
