//! What of a member's input is dealt with, where several servers share the room: another one goes on
//! behind that.

use crate::entry::Heard;
use crate::wire::Piece;

/// Positions in a member's input, from where it asked for a session.
#[derive(Default)]
pub(super) struct Count {
    /// Where the message begins of which nothing, or a part, has come.
    begins: u64,
    /// Whether a piece of that was said.
    is_inside: bool,
    /// What is dealt with, and what entries say of that.
    dealt: Heard,
    proposed: Heard,
    /// If the message that comes next was said in part elsewhere: how many bytes of its text were.
    said: Option<u64>,
}

impl Count {
    /// What is counted begins here.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    /// What is counted goes on where entries say.
    pub(super) fn go_on(&mut self, heard: Heard, said: u64) {
        *self = Self {
            begins: heard.bytes,
            is_inside: heard.is_inside,
            dealt: heard,
            proposed: heard,
            said: heard.is_inside.then_some(said),
        };
    }

    /// What is dealt with once a piece is that came last of what was `received`.
    pub(super) fn of_piece(&self, piece: Piece, received: u64) -> Heard {
        let is_inside = !ends(piece);
        Heard { bytes: if is_inside { self.begins } else { received }, is_inside }
    }

    /// A piece has come.
    pub(super) fn pass(&mut self, piece: Piece) {
        self.is_inside = !ends(piece);
    }

    /// Whether the message that comes next was said in part elsewhere.
    pub(super) fn is_said_in_part(&self) -> bool {
        self.said.is_some()
    }

    /// What of a piece was not said elsewhere, if its message was said in part.
    pub(super) fn unsaid<'a>(&mut self, text: &'a str, piece: Piece) -> &'a str {
        let Some(said) = self.said else { return text };
        let passed = usize::try_from(said).map_or(text.len(), |said| said.min(text.len()));
        // It is where a piece ended, unless its member has sent something else.
        let text = &text[text.ceil_char_boundary(passed)..];
        self.said = if ends(piece) { None } else { Some(said - passed as u64) };
        text
    }

    /// All of what was received is taken in. A message may have begun, and messages may be deferred.
    pub(super) fn settle(&mut self, received: u64, has_begun: bool, has_deferred: bool) {
        let goes_on = self.is_inside && self.said.is_some();
        if !has_begun && !goes_on {
            self.begins = received;
            self.is_inside = false;
        }
        if !has_deferred {
            self.dealt = Heard { bytes: self.begins, is_inside: self.is_inside };
        }
    }

    /// A message that was deferred is dealt with.
    pub(super) fn deal(&mut self, heard: Heard) {
        self.dealt = heard;
    }

    pub(super) fn dealt(&self) -> Heard {
        self.dealt
    }

    /// Entries say so much. Returns what is to be said by one more, as it came to nothing else.
    pub(super) fn propose(&mut self, heard: Option<Heard>) -> Option<Heard> {
        self.proposed = heard.unwrap_or_default().max(self.proposed);
        let more = Some(self.dealt).filter(|&dealt| dealt > self.proposed);
        self.proposed = self.proposed.max(self.dealt);
        more
    }
}

/// Whether a message ends with a piece.
fn ends(piece: Piece) -> bool {
    matches!(piece, Piece::Whole | Piece::Last)
}
