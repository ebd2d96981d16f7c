//! What the plain client prints: lines as they are to be read, or objects for programs.

use chat_core::{Instant, Lines};
use tz::TimeZone;

use super::json::Events;
use crate::settings::Look;
use crate::style::{Bell, People, Style};

/// Rings a terminal's bell.
const BELL: u8 = 0x07;

pub(super) enum Form {
    Text { style: Box<Style>, bell: Bell },
    Json(Events),
}

impl Form {
    pub(super) fn new(look: Look, is_json: bool) -> Self {
        if is_json {
            return Self::Json(Events::new(look.zone.unwrap_or_else(TimeZone::utc)));
        }
        Self::Text { style: Box::new(Style::new(look)), bell: Bell::default() }
    }

    /// Returns what to print of `lines`, to a user who is called `name`.
    pub(super) fn show(&mut self, lines: Lines, name: Option<&str>, now: Instant) -> Vec<u8> {
        match self {
            Self::Json(events) => events.show(&lines, name),
            Self::Text { style, bell } => {
                style.call_user(name);
                let mut bytes = style.show(lines, "\n");
                if style.take_call() && bell.rings(now) {
                    bytes.push(BELL);
                }
                bytes
            }
        }
    }

    /// Returns what to print of a connection to `place` that is made.
    pub(super) fn connected(&mut self, place: &str) -> Vec<u8> {
        self.event("connected", place)
    }

    /// Returns what to print of a connection that has ended.
    pub(super) fn disconnected(&mut self, why: &str) -> Vec<u8> {
        self.event("disconnected", why)
    }

    /// Returns what to print of a line that a new room is not sent.
    pub(super) fn unsent(&mut self, line: &str) -> Vec<u8> {
        self.event("unsent", line)
    }

    /// Those of whom there were lines for somebody to read.
    pub(super) fn people(&mut self) -> Option<&mut People> {
        match self {
            Self::Text { style, .. } => Some(style.people()),
            Self::Json(_) => None,
        }
    }

    fn event(&mut self, kind: &'static str, text: &str) -> Vec<u8> {
        match self {
            Self::Json(events) => events.of(kind, text),
            Self::Text { .. } => Vec::new(),
        }
    }
}
