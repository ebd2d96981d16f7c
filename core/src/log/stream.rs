//! A stream: what a reader gets that counts its lines, so that it can come back to one of them.

use super::cuts::Cuts;
use super::inserts::{Insert, Inserts, Kind};
use super::reader::Track;
use super::ring::Ring;
use crate::notice;

/// The lines of one reader from a place on, up to which it has got them for sure.
pub(super) struct Stream {
    /// The place in the log.
    pub(super) base: Track,
    /// How many lines of the stream come before it. Inserts before it that are not got for sure have
    /// smaller ordinals.
    count: u64,
    /// The lines of the stream so far, less those of the log.
    shift: i64,
    /// Whether what stands for lines that are left out counts as them, so that each line has the same
    /// number on all servers of a room. Else it counts as what it is.
    is_exact: bool,
}

impl Stream {
    /// One that begins with what is said next.
    pub(super) fn new(ring: &Ring) -> Self {
        Self { base: Track::at_end(ring), count: 0, shift: -signed(ring.lines()), is_exact: false }
    }

    /// One that goes on behind its first `total` lines with what is said next, on any server of a room.
    pub(super) fn shared(total: u64, ring: &Ring) -> Self {
        let shift = signed(total) - signed(ring.lines());
        Self { base: Track::at_end(ring), count: total, shift, is_exact: true }
    }

    /// The same from behind its beginning on: it had `missed` lines since then, among those that the log has
    /// just skipped.
    pub(super) fn skipped(missed: u64, ring: &Ring) -> Self {
        let mut stream = Self::shared(missed, ring);
        if missed > 0 {
            stream.count = 0;
            stream.base.position = ring.start().saturating_sub(1);
            stream.base.lines = ring.lines_evicted().saturating_sub(missed);
        }
        stream
    }

    /// Whether its lines have the same numbers on all servers of a room.
    pub(super) fn is_shared(&self) -> bool {
        self.is_exact
    }

    /// How many lines of it are known to be got.
    pub(super) fn got(&self) -> u64 {
        self.count
    }

    /// The lines so far, sent or not.
    pub(super) fn total(&self, ring: &Ring) -> u64 {
        u64::try_from(signed(ring.lines()) + self.shift).unwrap_or(0)
    }

    /// The newest line of the log is not part of it.
    pub(super) fn leave_out_line(&mut self) {
        self.shift -= 1;
    }

    /// Of the lines that were skipped so many are not part of it.
    pub(super) fn own_were_skipped(&mut self, count: u64) {
        self.base.own_evicted += count;
        self.shift -= signed(count);
    }

    /// Numbers an insert that stands behind all that was said.
    pub(super) fn number(&mut self, insert: &mut Insert, ring: &Ring) {
        insert.ordinal = self.total(ring);
        insert.lines = match insert.kind {
            Kind::Instead(lines) => self.lines_of_skips(insert, lines),
            _ => insert.count_lines(),
        };
        self.shift += signed(insert.lines);
    }

    /// Of the lines that its reader was to get next, `missed` are left out, and `notice` stands before all
    /// that is pending in their place, instead of `back` lines of an earlier one. If they were lines
    /// of the log from `gap.0` on, it goes on at `gap.1`.
    pub(super) fn skip(
        &mut self,
        notice: &mut Insert,
        missed: u64,
        back: u64,
        gap: Option<(u64, Track)>,
        inserts: &mut Inserts,
        ring: &Ring,
    ) {
        let instead = missed + back;
        if self.is_exact && gap.is_none() && inserts.are_to_begin() {
            // What is left out comes before its beginning.
            return;
        }
        let Some((from, to)) = gap else {
            notice.lines = self.lines_of_skips(notice, instead);
            let change = signed(notice.lines) - signed(missed);
            let mut pending = inserts.pending_mut().filter(|insert| insert.lines > 0);
            if let Some(first) = pending.next() {
                notice.ordinal = first.ordinal.saturating_sub(missed);
                first.ordinal = notice.ordinal + notice.lines;
            }
            pending.for_each(|insert| insert.ordinal = add(insert.ordinal, change));
            self.shift += change;
            return;
        };
        if self.base.position >= ring.start() {
            // All that is left out comes before the stream.
            return;
        }
        let has_begun = from >= self.base.position;
        let missed = if has_begun { missed } else { self.evicted(ring) };
        notice.lines = if has_begun { self.lines_of_skips(notice, instead) } else { 0 };
        let change = signed(notice.lines) - signed(missed) - signed(back);
        self.count = add(self.count_at_start(inserts, ring), change);
        self.base = to;
        let mut ordinal = self.count;
        for insert in inserts.pending_mut().rev().filter(|insert| insert.lines > 0) {
            if insert.at < ring.start() {
                ordinal = ordinal.saturating_sub(insert.lines);
                insert.ordinal = ordinal;
            } else {
                insert.ordinal = add(insert.ordinal, change);
            }
        }
        notice.ordinal = ordinal.saturating_sub(notice.lines);
        self.shift += change;
    }

    /// As how many lines a notice counts that stands for `missed` of them, and says so.
    fn lines_of_skips(&self, notice: &mut Insert, missed: u64) -> u64 {
        if self.is_exact {
            notice.count_as(missed);
            return missed;
        }
        notice.count_lines()
    }

    /// Goes to the place behind the first `target` lines, or to `limit` if that comes first: from there
    /// on it is kept. Inserts before it are forgotten, of a reader that does not return only those
    /// that are sent. One that returns has what cannot be given again counted in a notice.
    pub(super) fn seek(
        &mut self,
        target: u64,
        limit: u64,
        is_return: bool,
        inserts: &mut Inserts,
        ring: &Ring,
        cuts: &Cuts,
    ) {
        if !is_return && limit < ring.start() {
            // It is still to be told of what it has missed, which comes behind what it has got.
            return;
        }
        self.forget_evicted(inserts, ring, cuts);
        let limit = match limit > self.base.position && ring.is_inside_line(limit) {
            // Of that line it has got a part.
            true => ring.position_of(ring.lines_before(limit)).unwrap_or(self.base.position),
            false => limit,
        };
        let target = target.min(self.total(ring));
        let may_forget = |inserts: &Inserts| is_return || inserts.is_first_sent();
        while let Some(first) = inserts.first()
            && first.ordinal < self.count.min(target)
        {
            if first.ordinal + first.lines <= target && may_forget(inserts) {
                inserts.forget_first();
            } else {
                break;
            }
        }
        if target < self.count {
            if is_return {
                self.return_before_base(target, inserts, ring);
            }
            return;
        }
        loop {
            while let Some(first) = inserts.first()
                && first.at <= self.base.position
            {
                if self.count + first.lines > target || !may_forget(inserts) {
                    break;
                }
                self.count += first.lines;
                inserts.forget_first();
            }
            let due = inserts.first().filter(|first| first.at <= self.base.position);
            if due.is_some() || self.count == target || self.base.position >= limit {
                break;
            }
            let at = inserts.first().map_or(limit, |first| first.at);
            let cut = cuts.first(self.base.own).map_or(limit, |cut| cut.start);
            let run_end = limit.min(at).min(cut);
            let lines = ring.lines_before(run_end) - self.base.lines;
            if self.count + lines > target {
                let line = self.base.lines + (target - self.count);
                self.base.position = ring.position_of(line).unwrap_or(run_end);
                self.base.lines = line;
                self.count = target;
                break;
            }
            self.count += lines;
            self.base.lines += lines;
            self.base.position = run_end;
            self.pass_cuts(ring, cuts);
        }
        if is_return
            && self.count < target
            && inserts.first().is_some_and(|first| first.lines > target - self.count)
        {
            inserts.skip_lines_of_first(target - self.count, self.is_exact, ring);
            self.count = target;
        }
    }

    /// Goes on from the oldest line kept, if the backlog has gone over the place.
    fn forget_evicted(&mut self, inserts: &Inserts, ring: &Ring, cuts: &Cuts) {
        if self.base.position >= ring.start() {
            return;
        }
        self.count = self.count_at_start(inserts, ring);
        self.base.position = ring.start();
        self.base.lines = ring.lines_evicted();
        self.base.own_evicted = 0;
        self.pass_cuts(ring, cuts);
    }

    /// Passes what is not its reader's: its own lines, if the place is before some.
    pub(super) fn pass_cuts(&mut self, ring: &Ring, cuts: &Cuts) {
        self.base.pass_cuts(cuts);
        self.base.lines = ring.lines_before(self.base.position);
    }

    /// How many of its lines of the log, from the place on, are not kept any more.
    pub(super) fn evicted(&self, ring: &Ring) -> u64 {
        ring.lines_evicted().saturating_sub(self.base.lines + self.base.own_evicted)
    }

    /// How many lines of the stream come before the oldest line of the log that is kept.
    fn count_at_start(&self, inserts: &Inserts, ring: &Ring) -> u64 {
        let between = inserts
            .iter()
            .filter(|insert| insert.ordinal >= self.count && insert.at < ring.start())
            .map(|insert| insert.lines);
        self.count + self.evicted(ring) + between.sum::<u64>()
    }

    /// Has those told who return to a line before what is kept how many they do not get.
    fn return_before_base(&mut self, target: u64, inserts: &mut Inserts, ring: &Ring) {
        if let Some(first) = inserts.first()
            && first.ordinal < target
            && first.ordinal + first.lines > target
        {
            inserts.skip_lines_of_first(target - first.ordinal, self.is_exact, ring);
        }
        let count = self.count;
        let is_before = |insert: &&mut Insert| insert.lines > 0 && insert.ordinal < count;
        let held: u64 = inserts.iter_mut().filter(is_before).map(|insert| insert.lines).sum();
        let missed = (count - target).saturating_sub(held);
        if missed == 0 {
            return;
        }
        let text = notice::skipped(missed).into_bytes().into();
        let mut told = Insert::text(self.base.position, text, Kind::Skips(missed));
        told.lines = self.lines_of_skips(&mut told, missed);
        told.ordinal = target;
        let change = signed(told.lines) - signed(missed);
        let mut ordinal = target + told.lines;
        for insert in inserts.iter_mut().filter(|insert| insert.lines > 0) {
            if insert.ordinal < count {
                insert.ordinal = ordinal;
                ordinal += insert.lines;
            } else {
                insert.ordinal = add(insert.ordinal, change);
            }
        }
        self.count = add(count, change);
        self.shift += change;
        inserts.push_before_all(told);
    }
}

/// Counts of lines are far below the largest number.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn add(count: u64, change: i64) -> u64 {
    count.saturating_add_signed(change)
}
