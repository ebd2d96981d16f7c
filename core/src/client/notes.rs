//! What the client heeds itself of what it shows.

use alloc::string::{String, ToString};

use memchr::memmem;

use super::line::Line;
use super::lines::Lines;
use crate::notice::{begins_earlier, is_no_earlier, is_removal, read_free};

/// What a client with a session knows from the lines of the room.
#[derive(Default)]
pub(super) struct Notes {
    /// What the user is called: its name, or its address.
    pub(super) name: Option<String>,
    /// The name that the room offers to one who wanted another's, until it is taken up.
    pub(super) free: Option<String>,
    /// Bytes of lines, since this was last set to 0, that the room keeps for this client alone.
    pub(super) kept: usize,
    /// Whether the host has removed the user.
    pub(super) is_removed: bool,
    /// Whether what is said now was said before.
    pub(super) is_earlier: bool,
    /// Whether the program itself has asked for what was. To its user it is no answer that there is
    /// nothing: nobody has asked.
    pub(super) awaits_earlier: bool,
}

impl Notes {
    /// Adds `lines`, with a newline between each two and none of them empty, to those that are shown.
    pub(super) fn push(&mut self, lines: &str, shown: &mut Lines) {
        let mut rest = lines;
        while !rest.is_empty() {
            let notices = if rest.starts_with("> ") {
                0
            } else {
                memmem::find(rest.as_bytes(), b"\n> ").map_or(rest.len(), |newline| newline + 1)
            };
            let (others, after) = rest.split_at(notices);
            if !others.is_empty() {
                let others = others.strip_suffix('\n').unwrap_or(others);
                self.note_private(others);
                shown.push_server(others, self.is_earlier);
            }
            let (notice, after) = after.split_once('\n').unwrap_or((after, ""));
            if !notice.is_empty() {
                self.push_notice(notice, shown);
            }
            rest = after;
        }
    }

    /// A private message has a place of its own among what the room keeps for its receiver.
    fn note_private(&mut self, lines: &str) {
        if memmem::find(lines.as_bytes(), b" -> ").is_none() {
            return;
        }
        for line in lines.split('\n') {
            if let Line::Private { .. } | Line::PrivateTo { .. } = Line::of_server(line) {
                self.kept += line.len() + 1;
            }
        }
    }

    fn push_notice(&mut self, text: &str, shown: &mut Lines) {
        self.kept += text.len() + 1;
        match Line::of_server(text) {
            // What was earlier was another room's.
            Line::Greeting { .. } => self.is_earlier = false,
            Line::Named { from, name, .. } if self.name.as_deref() == Some(from) => {
                self.name = Some(name.to_string());
            }
            Line::Notice(text) => {
                self.is_removed |= is_removal(text);
                self.free = read_free(text).map(str::to_string).or(self.free.take());
            }
            _ => {}
        }
        let is_nothing = is_no_earlier(text);
        let was_awaited = self.awaits_earlier;
        self.awaits_earlier &= !begins_earlier(text) && !is_nothing;
        if is_nothing && was_awaited {
            return;
        }
        shown.push_said(text, &mut self.is_earlier);
    }
}
