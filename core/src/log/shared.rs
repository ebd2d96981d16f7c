//! Readers that come back on any of several servers: each server keeps what such a one is to get, be it
//! somewhere else now.

use alloc::boxed::Box;
use alloc::string::String;

use super::inserts::Earlier;
use super::{Kind, Log};
use crate::id::ReaderId;
use crate::notice;
use crate::time::{Instant, Wall};

impl Log {
    /// From what is said next on a reader's lines have the same numbers on all servers, so that it can come
    /// back to one of them on any. `total` of them came before.
    pub(crate) fn count_shared_lines(&mut self, id: ReaderId, total: u64) {
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.count_shared_lines(total, &self.ring);
        }
    }

    /// Adds a reader of another server's, of which `total` lines came before: nobody serves it here.
    pub(crate) fn add_ghost(&mut self, total: u64) -> ReaderId {
        let id = self.prepare();
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.start_at((self.ring.end(), self.ring.lines()));
            reader.is_away = true;
        }
        self.count_shared_lines(id, total);
        id
    }

    pub(crate) fn remove_ghost(&mut self, id: ReaderId) {
        debug_assert!(self.is_ghost(id), "somebody serves it");
        self.readers.remove(id.key());
    }

    /// Whether nobody serves a reader, here or now.
    pub(crate) fn is_ghost(&self, id: ReaderId) -> bool {
        self.readers.get(id.key()).is_some_and(|reader| reader.is_away)
    }

    /// A reader is one of another server's from now on. Whoever serves it here is to close.
    pub(crate) fn make_ghost(&mut self, id: ReaderId) -> ReaderId {
        let ghost = self.prepare();
        self.start(ghost, Box::default());
        self.swap(ghost, id);
        self.set_away(ghost);
        self.end_here(id);
        ghost
    }

    /// One of another server's is this one's from now on, and is called `id`, as a reader was that is
    /// forgotten. It is still away.
    pub(crate) fn take_ghost(&mut self, now: Instant, ghost: ReaderId, id: ReaderId) {
        self.swap(ghost, id);
        self.remove(now, ghost);
    }

    /// Two readers change their handles.
    fn swap(&mut self, first: ReaderId, second: ReaderId) {
        let keys = [first.key(), second.key()];
        let Some([one, other]) = self.readers.get_disjoint_mut(keys) else { return };
        core::mem::swap(one, other);
        for id in [first, second] {
            let Some(reader) = self.readers.get_mut(id.key()) else { continue };
            reader.give_cuts(id, &mut self.cuts);
            let episode = reader.recover();
            if reader.has_started() && !reader.is_away {
                self.pressure.watch(id, reader);
            }
            if let Some(episode) = episode {
                self.wait_no_more(episode);
            }
        }
    }

    /// The lines that a reader counts, got or not.
    pub(crate) fn total(&self, id: ReaderId) -> Option<u64> {
        self.readers.get(id.key())?.total(&self.ring)
    }

    /// Has a reader get a line that stands for so many that it counts.
    pub(crate) fn insert_instead(&mut self, id: ReaderId, line: String, lines: u64) {
        let text = line.into_bytes().into();
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.insert(text, Kind::Instead(lines), &self.ring);
        }
    }

    /// So many lines of the log are skipped here, as nobody knows them: what a reader counts goes on behind
    /// its first `lines`, in which its own were not counted, and what it alone got was.
    pub(crate) fn skip_counted(&mut self, id: ReaderId, lines: u64, skipped: u64) {
        let Some(total) = self.total(id) else { return };
        if let Some(own) = total.checked_sub(lines)
            && let Some(reader) = self.readers.get_mut(id.key())
        {
            // It cannot have said more itself than was said.
            reader.own_were_skipped(own.min(skipped));
        } else {
            self.insert_instead(id, notice::skipped(lines - total), lines - total);
        }
    }

    /// The same of one whose lines are counted since one that was skipped. Returns how many of those it is
    /// still to be told of, once it is told that it counts.
    pub(crate) fn count_skipped(&mut self, id: ReaderId, lines: u64, skipped: u64) -> u64 {
        let missed = lines.min(skipped);
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.count_missed_lines(missed, &self.ring);
        }
        lines - missed
    }

    /// Which lines the last messages before a position are, so many of them at the most, and half of the
    /// backlog at the most: the number of the first, and how many lines they are.
    pub(crate) fn find_earlier(&self, before: u64, most: usize) -> Option<(u64, u64)> {
        let (range, count) = self.ring.last_messages(before, most, self.ring.capacity() / 2);
        let first = (count > 0).then(|| self.ring.lines_before(range.start))?;
        Some((first, self.ring.lines_before(range.end) - first))
    }

    /// Has a reader get lines of the log once more, as [`Log::insert_earlier`] does. What is not kept here
    /// of them is told to be skipped.
    pub(crate) fn insert_lines(
        &mut self,
        id: ReaderId,
        (first, count): (u64, u64),
        tell: impl FnOnce(usize, Option<(Wall, Wall)>) -> String,
        end: &str,
    ) {
        let ring = &self.ring;
        let Some(reader) = self.readers.get_mut(id.key()) else { return };
        let last = first.saturating_add(count);
        let kept = first.max(ring.lines_evicted()).min(last);
        let place = |line: u64| ring.position_of(line).unwrap_or(ring.end());
        let range = place(kept)..place(last);
        let times = self.times.of(range.start).zip(self.times.of(range.end.saturating_sub(1)));
        let messages = ring.messages(range.clone());
        reader.insert(tell(messages, times).into_bytes().into(), Kind::Lines, ring);
        let missed = if range.is_empty() { count } else { kept - first };
        if missed > 0 {
            let text = notice::skipped(missed).into_bytes().into();
            reader.insert(text, Kind::Instead(missed), ring);
        }
        reader.insert_earlier(Earlier::new(range, kept..last), ring);
        reader.insert(end.as_bytes().into(), Kind::Lines, ring);
        reader.forget_oldest(ring, &self.cuts);
        if !reader.is_away && reader.far_behind_in().is_none() {
            // It has got further than that.
            self.pressure.watch(id, reader);
            self.tidy_pressure();
        }
    }
}
