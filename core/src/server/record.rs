//! The record: what is kept of what is said, beyond the end of the server.

use alloc::string::String;

use super::Server;
use crate::id::ReaderId;
use crate::limits::MAX_NOTICE;
use crate::log::Delivered;
use crate::notice;
use crate::room::Label;
use crate::time::{Instant, Wall};
use crate::wire::{Framer, is_clean, is_visible};

/// Record.
///
/// A record is an observer of which somebody keeps what it is delivered. It gets the very lines that
/// others get, and is told of those that it missed.
impl Server {
    /// Lines of an earlier run are the room's history: each without its newline, with the time at which
    /// it was said. They are not trusted: what is no line of a room is left out, and text is cleaned and
    /// cut as if it was said now. Of those that the backlog cannot hold the last ones are kept.
    ///
    /// Call it before anybody connects or observes; later it is without effect, and so it is where
    /// [`Limits::history`](crate::Limits::history) is 0, or where several servers share the room: the
    /// lines of its log are the same on all of them.
    pub fn restore<'a>(&mut self, lines: impl IntoIterator<Item = (Wall, &'a [u8])>) {
        let is_untouched = self.ordered.room.log.is_untouched() && !self.ordered.is_shared();
        if self.limits.history == 0 || !is_untouched {
            return;
        }
        for (wall, line) in lines {
            self.ordered.room.log.set_wall(wall);
            self.restore_line(line);
        }
        // It is not known to anybody that the log has grown.
        self.events.told = self.ordered.room.log.readable();
        if let Some((_, wall)) = self.wall {
            self.ordered.room.log.set_wall(wall);
        }
    }

    fn restore_line(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if is_clean(&line) && notice::is_of_room(&line) && line.len() < MAX_NOTICE {
            self.ordered.room.log.append(self.now, None, "", &line);
        }
        let Some((label, text)) = Label::split_off(&line).filter(|(label, _)| is_label(label))
        else {
            return;
        };
        let (now, log, max_line) = (self.now, &mut self.ordered.room.log, self.limits.max_line);
        let mut framer = Framer::framed();
        let mut take = |text: &str, _| {
            if is_visible(text) {
                log.append(now, None, label, text);
            }
        };
        framer.receive(now, text.as_bytes(), max_line, &mut take);
        framer.end_of_stream(max_line, &mut take);
    }

    /// Newcomers are told that what is said is recorded, or they are not.
    pub fn set_recorded(&mut self, is_recorded: bool) {
        self.ordered.room.is_recorded = is_recorded;
    }

    /// Adds an observer that keeps all that is said from now on: what it missed is told so as it is to
    /// be kept. Read as it with [`Server::deliver_timed`].
    pub fn record(&mut self) -> ReaderId {
        self.ordered.room.log.record()
    }

    /// As [`Server::deliver`], but of the room's lines only those are lent that were said in the same
    /// second. `take` is given that second too: what [`Server::set_wall`] had said last when they were
    /// said.
    ///
    /// What the reader alone is told has the second of the line that it stands before, or what the
    /// clock said last.
    ///
    /// # Errors
    ///
    /// That of `take`; then none of the bytes count as taken.
    ///
    /// # Panics
    ///
    /// If `take` returns more than it was lent.
    pub fn deliver_timed<E>(
        &mut self,
        reader: ReaderId,
        take: impl FnOnce(Wall, &[&[u8]]) -> Result<usize, E>,
    ) -> Result<Delivered, E> {
        self.ordered.room.log.deliver_timed(reader, take)
    }

    /// Closes a gate: from now on nobody but this reader gets a line before it has confirmed it. With
    /// `None`, or one that is no reader, the gate is open: all is let through.
    ///
    /// What the gate holds back is news for its reader alone: [`Event::Addressed`] tells of it, and
    /// [`Event::Grown`] once it is let through. The room waits for the gate's reader as for others that
    /// are far behind. Once it is given up the gate is open until that reader has caught up.
    ///
    /// [`Event::Addressed`]: crate::Event::Addressed
    /// [`Event::Grown`]: crate::Event::Grown
    pub fn set_gate(&mut self, reader: Option<ReaderId>) {
        self.ordered.room.log.set_gate(self.now, reader);
    }

    /// All that the gate's reader was delivered so far is safe: everybody may have it.
    pub fn confirm(&mut self, now: Instant, reader: ReaderId) {
        self.pass_time(now);
        self.ordered.room.log.confirm(self.now, reader);
    }

    /// Whether something was said that the gate has not let through.
    #[must_use]
    pub fn holds_back(&self) -> bool {
        self.ordered.room.log.holds_back().is_some()
    }
}

/// Whether it can be the label of what was said in a room, and nobody's own lines look like that.
fn is_label(label: &str) -> bool {
    is_clean(label) && label != notice::YOU
}
