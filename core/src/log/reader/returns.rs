//! What a reader has got for sure, and how it goes on behind that, on this server or on another one.

use alloc::boxed::Box;

use super::{Newlines, Reader, Track};
use crate::id::ReaderId;
use crate::log::cuts::{Chain, Cuts};
use crate::log::inserts::{Insert, Kind, MAX_INSERTS};
use crate::log::ring::Ring;
use crate::log::stream::Stream;
use crate::notice;

/// What the inserts may cost, in bytes, that are kept for one that is away: all that may be pending, and
/// as much that is told before it says what it has got.
const KEPT_AWAY: usize = 2 * MAX_INSERTS;

impl Reader {
    /// From what is said next on its lines are counted, so that it can come back to one of them.
    pub(in crate::log) fn count_lines(&mut self, ring: &Ring) {
        let mut stream = Stream::new(ring);
        // Its own lines behind that place are noted from now on.
        stream.base.own = Chain::default();
        self.stream = Some(Box::new(stream));
    }

    /// Its lines are counted from now on as on all servers of a room, of which `total` came before.
    pub(in crate::log) fn count_shared_lines(&mut self, total: u64, ring: &Ring) {
        self.stream = Some(Box::new(Stream::shared(total, ring)));
    }

    /// The same, though it is told so only now: it has missed so many of them since.
    pub(in crate::log) fn count_missed_lines(&mut self, missed: u64, ring: &Ring) {
        self.stream = Some(Box::new(Stream::skipped(missed, ring)));
    }

    /// Whether its lines have the same numbers on all servers of a room.
    pub(in crate::log) fn is_shared(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.is_shared())
    }

    /// The lines that it counts so far, got or not.
    pub(in crate::log) fn total(&self, ring: &Ring) -> Option<u64> {
        self.stream.as_ref().map(|stream| stream.total(ring))
    }

    /// What it has said itself is `author`'s from now on.
    pub(in crate::log) fn give_cuts(&self, author: ReaderId, cuts: &mut Cuts) {
        // Either may go on with the other.
        let base = self.stream.as_ref().map(|stream| stream.base.own);
        base.into_iter().chain([self.track.own]).for_each(|own| cuts.give(own, author));
    }

    /// Has it get a line that others do not get on other servers: where its lines have the same numbers
    /// everywhere that one has none.
    pub(in crate::log) fn insert_local(&mut self, line: &str, ring: &Ring) {
        if self.is_shared() {
            let text = notice::counts(0) + line;
            self.insert(text.into_bytes().into(), Kind::Control, ring);
        } else {
            self.insert(line.as_bytes().into(), Kind::Lines, ring);
        }
    }

    /// Of the lines that were skipped so many were its own.
    pub(in crate::log) fn own_were_skipped(&mut self, count: u64) {
        self.track.own_evicted += count;
        if let Some(stream) = &mut self.stream {
            stream.own_were_skipped(count);
        }
    }

    /// Its lines are counted no more.
    pub(in crate::log) fn count_no_lines(&mut self) {
        self.stream = None;
        self.inserts.forget_kept();
    }

    /// It has got its first `count` lines.
    pub(in crate::log) fn acknowledge(&mut self, count: u64, ring: &Ring, cuts: &Cuts) {
        let is_away = self.is_away;
        let Some(stream) = &mut self.stream else { return };
        if !is_away || !stream.is_shared() {
            return stream.seek(count, self.track.position, false, &mut self.inserts, ring, cuts);
        }
        // It may have got that elsewhere.
        if count > stream.got() {
            self.go_to(count, ring, cuts);
        }
    }

    /// It goes on behind its first `count` lines, and has got them.
    fn go_to(&mut self, count: u64, ring: &Ring, cuts: &Cuts) {
        let Some(stream) = &mut self.stream else { return };
        self.inserts.rewind();
        stream.seek(count, ring.end(), true, &mut self.inserts, ring, cuts);
        self.inserts.forget_ends(stream.is_shared());
        // Else there would be something pending, and nothing of it to be sent.
        stream.pass_cuts(ring, cuts);
        self.track = stream.base;
        self.track.pass_cuts(cuts);
        self.track.lines = ring.lines_before(self.track.position);
        self.half = None;
    }

    /// Of a reader that is away, and of which nobody tells what it has got elsewhere, no more is kept
    /// than of others.
    pub(in crate::log) fn forget_oldest(&mut self, ring: &Ring, cuts: &Cuts) {
        let mut cost = usize::MAX;
        while self.is_away
            && self.is_shared()
            && (KEPT_AWAY..cost).contains(&self.inserts.cost_of_all())
            && let Some(first) = self.inserts.first()
        {
            cost = self.inserts.cost_of_all();
            self.go_to(first.ordinal + first.lines, ring, cuts);
        }
    }

    /// It is served again, and has got its first `count` lines. Returns whether it counts them.
    pub(in crate::log) fn come_back(&mut self, count: u64, ring: &Ring, cuts: &Cuts) -> bool {
        if self.stream.is_none() {
            return false;
        }
        self.go_to(count, ring, cuts);
        self.newlines = Newlines::Sent;
        self.is_away = false;
        true
    }

    /// If it is still to be told that its lines are counted, which have the same numbers on all servers: of
    /// those that are left out it is told behind that of the ones that count. Returns how many they are.
    pub(in crate::log) fn tell_of_counted_skips(
        &mut self,
        missed: u64,
        gap: Option<(u64, Track)>,
        ring: &Ring,
    ) -> u64 {
        let Some((_, to)) = gap.filter(|_| self.is_shared() && self.inserts.are_to_begin()) else {
            return 0;
        };
        let Some(stream) = &mut self.stream else { return 0 };
        let base = stream.base.position;
        if base >= ring.start() {
            return 0;
        }
        let counted = stream.evicted(ring).min(missed);
        let text = notice::skipped(counted).into_bytes().into();
        let mut told = Insert::text(to.position, text, Kind::Skips(counted));
        stream.skip(&mut told, counted, 0, Some((base, to)), &mut self.inserts, ring);
        if counted > 0 {
            self.inserts.push_behind_beginning(told);
        }
        counted
    }
}
