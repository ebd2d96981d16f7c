//! Waiting: for readers that are far behind, and for the gate.

use core::mem;

use super::Log;
use super::gate::OPEN;
use super::pressure::Episode;
use crate::id::ReaderId;
use crate::limits::LATE;
use crate::time::Instant;

impl Log {
    /// From now on nobody else gets a line before this reader has confirmed it, if there is such a one;
    /// otherwise all is let through.
    pub(crate) fn set_gate(&mut self, now: Instant, reader: Option<ReaderId>) {
        let id = reader.filter(|&id| self.has_started(id));
        let before = self.gate.reader().filter(|_| self.gate.reader() != id);
        self.gate.set_reader(id);
        if let Some(before) = before
            && let Some(reader) = self.readers.get_mut(before.key())
        {
            // It is one like any other.
            self.pressure.watch(before, reader);
        }
        let Some(id) = id else {
            self.let_through(now, OPEN);
            return self.wait_no_more_for_gate();
        };
        self.gate.close(self.ring.end());
        if let Some(reader) = self.readers.get_mut(id.key())
            && let Some(episode) = reader.recover()
        {
            self.wait_no_more(episode);
        }
    }

    /// All that was delivered to the gate's reader so far is safe. It may have got a part of a line.
    pub(crate) fn confirm(&mut self, now: Instant, id: ReaderId) {
        let Some(reader) = self.readers.get(id.key()).filter(|_| self.gate.is_of(id)) else {
            return;
        };
        let (position, end) = (self.ring.line_start(reader.next()), self.ring.end());
        // Not all: something may have been said while it was made safe.
        let has_caught_up = self.pressure.is_little(end - position);
        if self.gate.is_open() {
            if has_caught_up {
                self.gate.close(end);
            }
            return;
        }
        self.let_through(now, position);
        if has_caught_up {
            self.wait_no_more_for_gate();
        }
    }

    /// All before `bound` is let through.
    fn let_through(&mut self, now: Instant, bound: u64) {
        self.gate.raise(bound);
        if self.gate.ends().is_some()
            && let Some((ends, _)) = &mut self.grace_ends
        {
            // Some get only now what they are late with.
            *ends = now + self.grace;
        }
        self.find_far_behind(now);
    }

    /// Deals with times of grace that are over.
    pub(crate) fn tick(&mut self, now: Instant) {
        let was_waiting = self.is_waiting();
        if let Some(ends) = self.gate.ends() {
            match is_over(now, ends) {
                Some(true) => {
                    self.let_through(now, OPEN);
                    self.wait_no_more_for_gate();
                }
                Some(false) => self.gate.wait(Some(now + self.grace)),
                None => {}
            }
        }
        if let Some((ends, episode)) = self.grace_ends {
            match is_over(now, ends) {
                Some(true) => {
                    self.grace_ends = None;
                    self.pressure.give_up(episode);
                }
                Some(false) => self.grace_ends = Some((now + self.grace, episode)),
                None => {}
            }
        }
        self.has_resumed |= was_waiting && !self.is_waiting();
    }

    /// When [`Log::tick`] is wanted next.
    pub(crate) fn next_tick(&self) -> Option<Instant> {
        let readers = self.grace_ends.map(|(ends, _)| ends);
        readers.into_iter().chain(self.gate.ends()).min()
    }

    /// Whether the room waits for a reader.
    pub(crate) fn is_waiting(&self) -> bool {
        self.pressure.is_waiting()
    }

    /// Whether the room has stopped waiting since this was last asked.
    pub(crate) fn take_resumed(&mut self) -> bool {
        mem::take(&mut self.has_resumed)
    }

    /// A reader that the room waited for in `episode` has caught up, or is gone.
    pub(super) fn wait_no_more(&mut self, episode: Episode) {
        let was_waiting = self.is_waiting();
        self.pressure.wait_no_more(episode);
        if self.pressure.episode().is_none() {
            self.grace_ends = None;
        }
        self.has_resumed |= was_waiting && !self.is_waiting();
    }

    fn wait_no_more_for_gate(&mut self) {
        let was_waiting = self.is_waiting();
        self.gate.wait(None);
        self.pressure.wait_for_gate(false);
        self.has_resumed |= was_waiting && !self.is_waiting();
    }

    pub(super) fn tidy_pressure(&mut self) {
        self.pressure.tidy(self.readers.len(), |id, due| {
            self.readers.get(id.key()).is_some_and(|reader| reader.is_due_at(due))
        });
    }

    /// Begins to wait for whoever the log's growth has left far behind, or what is let through of it.
    pub(super) fn find_far_behind(&mut self, now: Instant) {
        self.tidy_pressure();
        self.look_at_readers(now);
        // While the room waits what is as far behind is so earlier.
        if !self.gate.is_open() && self.look_at_gate(now) {
            self.look_at_readers(now);
        }
    }

    fn look_at_readers(&mut self, now: Instant) {
        let end = self.ring.end();
        while let Some((due, id)) = self.pressure.suspect(end, self.gate.bound()) {
            let Some(reader) = self.readers.get_mut(id.key()) else { continue };
            if !reader.is_due_at(due) || reader.is_out_of_reach(&self.ring) {
                continue;
            }
            if !self.pressure.is_far_behind(reader.position(), end) {
                self.pressure.watch(id, reader);
                continue;
            }
            let (episode, begins) = self.pressure.wait();
            reader.fall_behind(episode);
            if begins {
                self.grace_ends = Some((now + self.grace, episode));
            }
        }
    }

    /// Returns whether the room begins to wait for the gate, as that holds back so much.
    fn look_at_gate(&mut self, now: Instant) -> bool {
        let (bound, end) = (self.gate.bound(), self.ring.end());
        let begins = self.gate.ends().is_none() && self.pressure.is_far_behind(bound.min(end), end);
        if begins {
            self.pressure.wait_for_gate(true);
            self.gate.wait(Some(now + self.grace));
        }
        begins
    }
}

/// Returns whether a time that is over was noticed in time; `None` if it is not over. If not it begins
/// anew: nobody could be sent anything meanwhile.
fn is_over(now: Instant, ends: Instant) -> Option<bool> {
    (ends <= now).then(|| now <= ends + LATE)
}
