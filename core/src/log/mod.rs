//! The log: lines become slices, for any number of readers.
//!
//! A line is appended once and kept until the backlog is full. Each reader is a cursor, with two
//! kinds of exceptions to "everybody sees the same": *cuts*, lines that are not for it, and
//! *inserts*, lines only for it. Both cost other readers nothing.
//!
//! | module | noun |
//! |---|---|
//! | `ring` | the last bytes of what was said |
//! | `reader`, `half` | a cursor on it, and a line of which it has got a part |
//! | `cuts`, `inserts` | the exceptions |
//! | `stream` | where a reader can come back to that counts its lines |
//! | `shared` | readers that come back on any of several servers |
//! | `times` | when what is kept was said |
//! | `gate` | up to where the others may read before one reader has confirmed the rest |
//! | `waiting` | for readers that are far behind, and for the gate |
//! | `slices` | what one delivery lends |
//! | `pressure` | for whom the room waits, and how much may be said meanwhile |

mod cuts;
mod gate;
mod half;
mod inserts;
mod pressure;
mod reader;
mod ring;
mod shared;
mod slices;
mod stream;
mod times;
mod waiting;

pub(crate) use inserts::{ANSWERED, Kind};
pub use slices::MAX_SLICES;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::time::Duration;

use slotmap::{DefaultKey, SlotMap};

use crate::id::ReaderId;
use crate::limits::{Limits, MAX_LABEL};
use crate::time::{Instant, Wall};
use cuts::Cuts;
use gate::Gate;
use inserts::Earlier;
use pressure::{Episode, Pressure};
use reader::Reader;
use ring::Ring;
use times::Times;

/// What a private message costs at the most beside its text and its label.
const PRIVATE: usize = 128;

/// The lines of a room, and all who read them.
pub(crate) struct Log {
    ring: Ring,
    cuts: Cuts,
    readers: SlotMap<DefaultKey, Reader>,
    times: Times,
    pressure: Pressure,
    gate: Gate,
    /// How long the room waits for readers.
    grace: Duration,
    /// When the present episode of waiting is over, and which one that is.
    grace_ends: Option<(Instant, Episode)>,
    /// Whether something that was refused may be tried again.
    has_resumed: bool,
}

/// Bytes of a reader that has nothing but its place in the log.
#[cfg(test)]
pub(crate) const SIZE_OF_READER: usize = size_of::<Reader>();

/// Where an observer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what is said from now on.
    Now,
    /// With the last lines that are kept, so many of them at the most.
    Last(usize),
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing was pending, and nothing was lent.
    Nothing,
    /// More is pending.
    Partial,
    /// That was all.
    CaughtUp,
    /// The reader has left, or is gone, and has got all that it is to get: close it.
    Finished,
}

impl Log {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            ring: Ring::new(limits.backlog),
            cuts: Cuts::default(),
            readers: SlotMap::new(),
            times: Times::default(),
            pressure: Pressure::new(limits),
            gate: Gate::default(),
            grace: limits.grace,
            grace_ends: None,
            has_resumed: false,
        }
    }

    /// Adds a reader that gets nothing before it is started.
    pub(crate) fn prepare(&mut self) -> ReaderId {
        ReaderId::new(self.readers.insert(Reader::new(&self.ring)))
    }

    /// Starts a prepared reader behind all that is said so far, with `greeting` first of all.
    pub(crate) fn start(&mut self, id: ReaderId, greeting: Box<[u8]>) {
        let here = (self.ring.end(), self.ring.lines());
        if self.start_at(id, here)
            && let Some(reader) = self.readers.get_mut(id.key())
        {
            reader.insert(greeting, Kind::Greeting, &self.ring);
        }
    }

    /// Adds a reader without exceptions.
    pub(crate) fn observe(&mut self, start: Start) -> ReaderId {
        let id = self.prepare();
        let here = match start {
            Start::Now => (self.ring.end(), self.ring.lines()),
            Start::Last(lines) => self.ring.start_of_last(lines),
        };
        self.start_at(id, here);
        id
    }

    /// Adds a reader without exceptions that keeps all that is said from now on.
    pub(crate) fn record(&mut self) -> ReaderId {
        let id = self.observe(Start::Now);
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.keep();
        }
        id
    }

    /// Whether nobody reads, and nothing was ever said.
    pub(crate) fn is_untouched(&self) -> bool {
        self.readers.is_empty() && self.ring.lines() == 0
    }

    /// Returns whether there is such a reader that had not started.
    fn start_at(&mut self, id: ReaderId, here: (u64, u64)) -> bool {
        let reader = self.readers.get_mut(id.key()).filter(|reader| !reader.has_started());
        let Some(reader) = reader else { return false };
        reader.start_at(here);
        self.pressure.watch(id, reader);
        true
    }

    /// A reader gets nothing that is said from now on.
    pub(crate) fn end_here(&mut self, id: ReaderId) {
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.end_here(&self.ring);
        }
    }

    /// Removes a reader for good.
    pub(crate) fn remove(&mut self, now: Instant, id: ReaderId) {
        if self.gate.is_of(id) {
            self.set_gate(now, None);
        }
        let reader = self.readers.remove(id.key());
        if let Some(episode) = reader.and_then(|reader| reader.far_behind_in()) {
            self.wait_no_more(episode);
        }
    }

    /// Appends a line, given in two parts without its newline. Its author's reader, if it is one of
    /// ours, does not get it.
    pub(crate) fn append(
        &mut self,
        now: Instant,
        author: Option<ReaderId>,
        label: &str,
        text: &str,
    ) {
        let length = label.len() + text.len() + 1;
        while !self.ring.has_space(length) && self.evict_line() {}
        let line = self.ring.append(label.as_bytes(), text.as_bytes());
        self.times.said(line.start, self.ring.start());
        if let Some(id) = author
            && let Some(reader) = self.readers.get_mut(id.key())
        {
            reader.said(line, id, &self.ring, &mut self.cuts);
        }
        self.pressure.grew(length);
        self.find_far_behind(now);
    }

    /// Has one reader get `text` behind all that is said so far. Returns whether it does: not if it
    /// has left too many inserts unread, or is gone.
    pub(crate) fn insert(&mut self, id: ReaderId, text: Box<[u8]>, kind: Kind) -> bool {
        let Some(reader) = self.readers.get_mut(id.key()) else { return false };
        // What is for programs is little, and is not said again.
        let is_control = matches!(kind, Kind::Control | Kind::Begins | Kind::Heard);
        // What is told on all servers is bounded by what leads to it.
        let fits = is_control || reader.is_shared() || reader.has_space(text.len());
        if fits {
            reader.insert(text, kind, &self.ring);
            reader.forget_oldest(&self.ring, &self.cuts);
        }
        fits
    }

    /// Has everybody get `text` who reads here now. It is no line of the log. Whoever has left too much
    /// unread is not told.
    pub(crate) fn tell_all(&mut self, text: &str) {
        for reader in self.readers.values_mut().filter(|reader| reader.is_reading()) {
            if !reader.is_away && reader.has_space(text.len()) {
                reader.insert_local(text, &self.ring);
            }
        }
    }

    /// Whether a reader has a part of what is said next.
    pub(crate) fn is_reading(&self, id: ReaderId) -> bool {
        self.readers.get(id.key()).is_some_and(Reader::is_reading)
    }

    /// Whether a reader has so little unread that a private message of so many bytes may come to that.
    pub(crate) fn takes_private(&self, id: ReaderId, length: usize) -> bool {
        let pending = self.inserts_pending(id);
        pending == 0 || pending + length + MAX_LABEL + PRIVATE <= ANSWERED
    }

    /// Has one reader get the last messages once more, so many of them at the most, and half of the
    /// backlog at the most. `tell` makes a line of how many they are, and of when they were said, that
    /// stands before them; `end` stands behind them.
    pub(crate) fn insert_earlier(
        &mut self,
        id: ReaderId,
        before: u64,
        most: usize,
        tell: impl FnOnce(usize, Option<(Wall, Wall)>) -> String,
        end: &str,
    ) {
        let reader = self.readers.get_mut(id.key());
        let Some(reader) = reader.filter(|reader| reader.has_space(0)) else { return };
        let ring = &self.ring;
        let (range, count) = ring.last_messages(before, most, ring.capacity() / 2);
        let times = self.times.of(range.start).zip(self.times.of(range.end.saturating_sub(1)));
        reader.insert(tell(count, times).into_bytes().into(), Kind::Lines, ring);
        if count == 0 {
            return;
        }
        let lines = ring.lines_before(range.start)..ring.lines_before(range.end);
        reader.insert_earlier(Earlier::new(range, lines), ring);
        reader.insert(end.as_bytes().into(), Kind::Lines, ring);
        if reader.has_started() && reader.far_behind_in().is_none() {
            // It has got further than that.
            self.pressure.watch(id, reader);
            self.tidy_pressure();
        }
    }

    /// What the clock on the wall says now.
    pub(crate) fn set_wall(&mut self, wall: Wall) {
        self.times.set(wall);
    }

    /// From what is said next on a reader's lines are counted, so that it can come back to one of them.
    pub(crate) fn count_lines(&mut self, id: ReaderId) {
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.count_lines(&self.ring);
        }
    }

    /// A reader's lines are counted no more.
    pub(crate) fn count_no_lines(&mut self, id: ReaderId) {
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.count_no_lines();
        }
    }

    /// What ends the line of which a reader has got a part and nothing after it.
    pub(crate) fn line_end(&self, id: ReaderId) -> Vec<u8> {
        self.readers.get(id.key()).map(Reader::line_end).unwrap_or_default()
    }

    /// A reader has got its first `count` lines for sure.
    pub(crate) fn acknowledge(&mut self, id: ReaderId, count: u64) {
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.acknowledge(count, &self.ring, &self.cuts);
        }
    }

    /// Nobody serves a reader for now. The room does not wait for it.
    pub(crate) fn set_away(&mut self, id: ReaderId) {
        let Some(reader) = self.readers.get_mut(id.key()) else { return };
        reader.is_away = true;
        if let Some(episode) = reader.recover() {
            self.wait_no_more(episode);
        }
    }

    /// A reader is served again. It has got its first `count` lines, and gets `first` before anything
    /// else.
    pub(crate) fn come_back(&mut self, id: ReaderId, count: u64, first: Box<[u8]>) {
        let Some(reader) = self.readers.get_mut(id.key()) else { return };
        if !reader.come_back(count, &self.ring, &self.cuts) {
            return;
        }
        reader.rejoin(&self.ring, &self.cuts);
        reader.insert_first(first);
        let episode = reader.recover();
        self.pressure.watch(id, reader);
        if let Some(episode) = episode {
            self.wait_no_more(episode);
        }
    }

    /// What the inserts cost that a reader has not got, in bytes.
    pub(crate) fn inserts_pending(&self, id: ReaderId) -> usize {
        self.readers.get(id.key()).map_or(0, Reader::inserts_pending)
    }

    /// A reader takes the end of a write for a newline.
    pub(crate) fn withhold_newlines(&mut self, id: ReaderId) {
        if let Some(reader) = self.readers.get_mut(id.key()) {
            reader.withhold_newlines();
        }
    }

    /// A reader wants all newlines. Returns whether it is owed one now.
    pub(crate) fn send_newlines(&mut self, id: ReaderId) -> bool {
        self.readers.get_mut(id.key()).is_some_and(Reader::send_newlines)
    }

    /// Lends a reader what it has pending, or the first of it, to `take`, which returns how many
    /// bytes of it went their way.
    ///
    /// # Errors
    ///
    /// That of `take`; then nothing counts as taken.
    pub(crate) fn deliver<E>(
        &mut self,
        id: ReaderId,
        take: impl FnOnce(&[&[u8]]) -> Result<usize, E>,
    ) -> Result<Delivered, E> {
        self.deliver_until(id, |_, _, _| u64::MAX, take)
    }

    /// The same, but of the log only lines that were said in the same second, which `take` is given
    /// too.
    pub(crate) fn deliver_timed<E>(
        &mut self,
        id: ReaderId,
        take: impl FnOnce(Wall, &[&[u8]]) -> Result<usize, E>,
    ) -> Result<Delivered, E> {
        let wall = Cell::new(Wall::default());
        let until = |times: &Times, position, end| {
            let (second, until) = times.second(position, end);
            wall.set(second);
            until
        };
        self.deliver_until(id, until, |slices| take(wall.get(), slices))
    }

    /// The same, but of the log only what comes before a position, which `until` tells of what comes
    /// next and of the end of all.
    fn deliver_until<E>(
        &mut self,
        id: ReaderId,
        until: impl FnOnce(&Times, u64, u64) -> u64,
        take: impl FnOnce(&[&[u8]]) -> Result<usize, E>,
    ) -> Result<Delivered, E> {
        // What one that is away has pending is for another connection.
        let reader = self.readers.get_mut(id.key()).filter(|reader| !reader.is_away);
        let Some(reader) = reader else { return Ok(Delivered::Finished) };
        let (ring, cuts) = (&self.ring, &self.cuts);
        reader.rejoin(ring, cuts);
        let bound = self.gate.bound_of(id);
        let next = reader.next().max(ring.start());
        let limit = bound.min(until(&self.times, next, ring.end()));
        let lent = reader.lend(limit, ring, cuts);
        let bytes = lent.bytes();
        let taken = match lent.slices.as_slice() {
            [] => 0,
            slices => take(slices)?,
        };
        assert!(taken <= bytes.total, "{taken} bytes are taken of {}", bytes.total);
        reader.advance(bytes, taken, limit, ring, cuts);
        let outcome = match reader.has_caught_up(bound, ring) {
            _ if reader.is_finished(ring) => Delivered::Finished,
            false => Delivered::Partial,
            true if bytes.total == 0 => Delivered::Nothing,
            true => Delivered::CaughtUp,
        };
        if outcome != Delivered::Partial
            && reader.far_behind_in().is_some()
            && let Some(episode) = reader.recover()
        {
            // It is as good as any other again.
            self.pressure.watch(id, reader);
            self.wait_no_more(episode);
        }
        Ok(outcome)
    }

    /// Whether a reader has anything pending.
    pub(crate) fn has_pending(&self, id: ReaderId) -> bool {
        let reader = self.readers.get(id.key()).filter(|reader| !reader.is_away);
        reader.is_some_and(|reader| !reader.has_caught_up(self.gate.bound_of(id), &self.ring))
    }

    /// Whether a reader is there, and has been started.
    pub(crate) fn has_started(&self, id: ReaderId) -> bool {
        self.readers.get(id.key()).is_some_and(Reader::has_started)
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> u64 {
        self.ring.lines()
    }

    /// Goes on behind so many lines, not fewer than there were. If they are more, then those since the last
    /// one are not kept, nor what came before: readers miss what they have not got.
    pub(crate) fn skip_to(&mut self, lines: u64) {
        if lines > self.ring.lines() {
            while self.evict_line() {}
            self.ring.skip_to(lines);
        }
    }

    /// The bytes of all lines so far.
    pub(crate) fn end(&self) -> u64 {
        self.ring.end()
    }

    /// Those of the lines that readers may have.
    pub(crate) fn readable(&self) -> u64 {
        self.gate.bound().min(self.ring.end())
    }

    /// The gate's reader, if anything is held back.
    pub(crate) fn holds_back(&self) -> Option<ReaderId> {
        self.gate.reader().filter(|_| self.gate.bound() < self.ring.end())
    }

    /// Bytes by which the log may grow now through what is received.
    pub(crate) fn space(&self) -> usize {
        self.pressure.space()
    }

    /// Forgets the oldest line. Returns whether there was one.
    fn evict_line(&mut self) -> bool {
        let Some(line) = self.ring.evict_line() else { return false };
        if let Some(evicted) = self.cuts.evict(&line)
            && let Some(author) = self.readers.get_mut(evicted.author.key())
        {
            author.own_was_evicted(&evicted);
        }
        true
    }
}
