//! A reader: a cursor on the log, and the little that it gets otherwise than others.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use super::cuts::{Chain, Cuts, Evicted};
use super::half::Half;
use super::inserts::{Inserts, Kind};
use super::pressure::Episode;
use super::ring::Ring;
use super::slices::Slices;
use crate::id::ReaderId;
use crate::notice;

/// A member's or an observer's view of the room.
pub(super) struct Reader {
    /// The next byte of the log that it gets. Before the ring's start if it fell behind the
    /// backlog and was not served since. Never at the start of one of its own cuts.
    position: u64,
    /// Lines of the log that end before `position`.
    lines: u64,
    /// The line of which it has got the first part and nothing after it.
    half: Option<Half>,
    /// What it said itself and has not passed yet.
    own: Chain,
    /// Lines of its own among those that were evicted before it passed them.
    own_evicted: u64,
    /// What only this reader gets.
    inserts: Inserts,
    span: Span,
    newlines: Newlines,
    /// The episode in which it was far behind, if it has not caught up completely since then. The
    /// room waits for it while that lasts, and not again before it has caught up.
    pub(super) far_behind_in: Option<Episode>,
}

/// How much of the log a reader gets.
#[derive(Debug, PartialEq, Eq)]
enum Span {
    /// Nothing yet.
    NotStarted,
    /// All from its start on.
    Open,
    /// All before a position, which has so many lines before it: what was pending when it left. In a
    /// box, as few readers have left.
    Until(Box<(u64, u64)>),
}

/// What becomes of a newline at the end of what is lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Newlines {
    Sent,
    /// It is left out, as the reader takes the end of a write for it.
    Withheld {
        /// Whether that was so of the last one with any text, so that its last line would have no
        /// end for a reader that turns out to take newlines.
        last: bool,
    },
}

/// What a delivery lends, and whether the newline at its end was left out.
pub(super) struct Lent<'a> {
    pub(super) slices: Slices<'a>,
    is_newline_withheld: bool,
}

impl Reader {
    /// One that gets nothing before it is started.
    pub(super) fn new(ring: &Ring) -> Self {
        Self {
            position: ring.end(),
            lines: ring.lines(),
            half: None,
            own: Chain::default(),
            own_evicted: 0,
            inserts: Inserts::default(),
            span: Span::NotStarted,
            newlines: Newlines::Sent,
            far_behind_in: None,
        }
    }

    /// Starts it at a position that has so many lines before it.
    pub(super) fn start_at(&mut self, (position, lines): (u64, u64)) {
        debug_assert_eq!(self.span, Span::NotStarted, "a reader starts once");
        (self.position, self.lines) = (position, lines);
        self.span = Span::Open;
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn has_started(&self) -> bool {
        self.span != Span::NotStarted
    }

    pub(super) fn has_caught_up(&self, ring: &Ring) -> bool {
        self.inserts.is_empty() && self.has_all_lines(ring)
    }

    /// Whether it has got all that it is to get of the log so far.
    fn has_all_lines(&self, ring: &Ring) -> bool {
        self.position >= self.end(ring).0
    }

    /// It gets nothing that is said from now on.
    pub(super) fn end_here(&mut self, ring: &Ring) {
        if self.span == Span::Open {
            self.span = Span::Until(Box::new((ring.end(), ring.lines())));
        }
    }

    /// Whether it has left and has got all that was pending then.
    pub(super) fn is_finished(&self, ring: &Ring) -> bool {
        matches!(self.span, Span::Until(_)) && self.has_caught_up(ring)
    }

    /// Whether nothing that is said can make it miss anything: it has left, with all lines.
    pub(super) fn is_out_of_reach(&self, ring: &Ring) -> bool {
        matches!(self.span, Span::Until(_)) && self.has_all_lines(ring)
    }

    /// `line`, the newest line of the log, is this member's own.
    pub(super) fn said(
        &mut self,
        line: Range<u64>,
        author: ReaderId,
        ring: &Ring,
        cuts: &mut Cuts,
    ) {
        if self.position == line.start {
            self.position = line.end;
            self.lines = ring.lines();
        } else {
            cuts.push(&mut self.own, author, line);
        }
    }

    /// A line of its own was evicted: if it had not passed it, it has not missed it either.
    pub(super) fn own_was_evicted(&mut self, evicted: &Evicted) {
        self.own_evicted += u64::from(self.own.drop_evicted(evicted));
    }

    /// Has it get `text` behind all that is said so far.
    pub(super) fn insert(&mut self, text: Box<[u8]>, kind: Kind, ring: &Ring) {
        self.inserts.push(self.end(ring).0, text, kind);
    }

    /// Whether it has not left too many inserts unread for this one.
    pub(super) fn has_space(&self, text: &[u8]) -> bool {
        self.inserts.has_space(text)
    }

    /// What the inserts cost that it has not got, in bytes.
    pub(super) fn inserts_pending(&self) -> usize {
        self.inserts.cost()
    }

    /// From now on the newline at the end of a delivery is left out.
    pub(super) fn withhold_newlines(&mut self) {
        if self.newlines == Newlines::Sent {
            self.newlines = Newlines::Withheld { last: false };
        }
    }

    /// From now on it gets all newlines. Returns whether it is owed one now, which it gets first.
    pub(super) fn send_newlines(&mut self) -> bool {
        let before = mem::replace(&mut self.newlines, Newlines::Sent);
        let is_owed = before == Newlines::Withheld { last: true };
        if is_owed {
            self.inserts.push_first(self.position, Box::from(*b"\n"), Kind::Lines);
        }
        is_owed
    }

    /// If it fell behind the backlog: goes on from the oldest line kept and has it told how many
    /// messages it missed. One of which it has got a part is among them, and its part is ended; one
    /// that lacks only its newline is not.
    pub(super) fn rejoin(&mut self, ring: &Ring, cuts: &Cuts) {
        if self.position >= ring.start() {
            return;
        }
        let told_before = self.inserts.take_back_skips();
        if told_before.is_none() && self.inserts.due(0, self.position).is_some() {
            // That comes first, and then what was missed.
            return;
        }
        let (position, lines) = self.end(ring).min((ring.start(), ring.lines_evicted()));
        assert!(lines >= self.lines + self.own_evicted, "a reader ahead of the log");
        let mut missed = lines - self.lines - self.own_evicted;
        let mut text = Vec::new();
        if let Some(half) = &mut self.half {
            text.extend(half.end());
            if half.takes_as_whole() {
                assert!(missed > 0, "a whole line that was not evicted");
                missed -= 1;
            }
        }
        let skips = told_before.unwrap_or(0) + missed;
        if skips > 0 {
            text.extend(notice::skipped(skips).bytes());
        }
        self.inserts.push_first(self.position, text.into(), Kind::Skips(skips));
        self.position = position;
        self.pass_cuts(cuts);
        self.lines =
            if self.position == position { lines } else { ring.lines_before(self.position) };
        self.own_evicted = 0;
    }

    /// What it has pending, or the first of it. [`Reader::rejoin`] goes before.
    pub(super) fn lend<'a>(&'a self, ring: &'a Ring, cuts: &Cuts) -> Lent<'a> {
        let mut slices = Slices::default();
        let last = self.lend_all(ring, cuts, &mut slices);
        let may_withhold =
            self.newlines != Newlines::Sent && !matches!(last, Some(Kind::Greeting | Kind::Raw));
        let is_newline_withheld = may_withhold && slices.withhold_newline();
        Lent { slices, is_newline_withheld }
    }

    /// Adds all slices that fit. Returns what kind of insert is the last, if it is one.
    fn lend_all<'a>(
        &'a self,
        ring: &'a Ring,
        cuts: &Cuts,
        slices: &mut Slices<'a>,
    ) -> Option<Kind> {
        let (mut position, mut own, mut insert) = (self.position, self.own, 0);
        let end = self.end(ring).0;
        debug_assert!(position <= end && end <= ring.end(), "a reader ahead of the log");
        let mut last = None;
        loop {
            while let Some((text, kind)) = self.inserts.due(insert, position) {
                last = Some(kind);
                insert += 1;
                if !slices.push(text) {
                    return last;
                }
            }
            if position >= end || position < ring.start() {
                return last;
            }
            let cut = cuts.first(own).filter(|cut| cut.start < end);
            let at = self.inserts.at(insert).filter(|at| *at < end);
            let run_end = cut.as_ref().map_or(end, |cut| cut.start).min(at.unwrap_or(end));
            let [first, second] = ring.slices(position..run_end);
            last = None;
            if !slices.push(first) || !slices.push(second) {
                return last;
            }
            position = run_end;
            if let Some(cut) = cut.filter(|cut| cut.start == run_end) {
                position = cut.end;
                own = cuts.after_first(own);
            }
        }
    }

    /// The first `count` bytes of what was lent are sent; with the last of them goes the newline that
    /// was left out.
    pub(super) fn advance(&mut self, lent: LentBytes, count: usize, ring: &Ring, cuts: &Cuts) {
        let with_newline = lent.is_newline_withheld && count == lent.total;
        let passed = count + usize::from(with_newline);
        if passed == 0 {
            return;
        }
        let has_text = self.newlines != Newlines::Sent && self.passes_text(passed);
        if has_text && let Newlines::Withheld { last } = &mut self.newlines {
            *last = with_newline;
        }
        self.pass(passed, ring, cuts);
    }

    /// Whether any of the next bytes that it gets, so many of them, is text.
    fn passes_text(&self, count: usize) -> bool {
        let (mut left, mut index) = (count, 0);
        while let Some((insert, Kind::Raw)) = self.inserts.due(index, self.position) {
            if insert.len() >= left {
                return false;
            }
            left -= insert.len();
            index += 1;
        }
        true
    }

    /// Goes past so many bytes of inserts and of the log.
    fn pass(&mut self, count: usize, ring: &Ring, cuts: &Cuts) {
        let end = self.end(ring).0;
        let mut left = count;
        loop {
            while let Some((text, _)) = self.inserts.due(0, self.position).filter(|_| left > 0) {
                let step = text.len().min(left);
                self.inserts.advance(step);
                left -= step;
                // What is told a reader ends the half of a line that it had, if it had any.
                self.half = None;
            }
            if left == 0 {
                break;
            }
            let at = self.inserts.at(0).unwrap_or(end);
            let cut = cuts.first(self.own).map_or(end, |cut| cut.start);
            let run_end = end.min(at).min(cut);
            assert!(self.position < run_end, "more is sent than was lent");
            let step = (run_end - self.position).min(left as u64);
            self.position += step;
            // Not more than was left, so it fits a usize.
            left -= step as usize;
            if left == 0 {
                self.find_line(ring);
            }
            self.pass_cuts(cuts);
        }
        if self.position == ring.end() {
            self.lines = ring.lines();
        } else if self.position >= ring.start() {
            self.lines = ring.lines_before(self.position);
        }
    }

    /// Notes of which line it has got a part, now that it has moved in the log.
    fn find_line(&mut self, ring: &Ring) {
        let is_inside = self.position < ring.end() && ring.is_inside_line(self.position);
        self.half = is_inside.then(|| Half::at(self.position, ring));
    }

    fn pass_cuts(&mut self, cuts: &Cuts) {
        while let Some(cut) = cuts.first(self.own).filter(|cut| cut.start == self.position) {
            self.position = cut.end;
            self.own = cuts.after_first(self.own);
        }
    }

    /// The end of what it gets, and the lines before it.
    fn end(&self, ring: &Ring) -> (u64, u64) {
        match &self.span {
            Span::NotStarted => (self.position, self.lines),
            Span::Open => (ring.end(), ring.lines()),
            Span::Until(end) => **end,
        }
    }
}

/// What [`Lent`] was, once its slices are given back.
#[derive(Clone, Copy)]
pub(super) struct LentBytes {
    pub(super) total: usize,
    is_newline_withheld: bool,
}

impl Lent<'_> {
    pub(super) fn bytes(&self) -> LentBytes {
        LentBytes { total: self.slices.total(), is_newline_withheld: self.is_newline_withheld }
    }
}
