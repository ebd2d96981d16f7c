//! A reader: a cursor on the log, and the little that it gets otherwise than others.

mod returns;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use super::cuts::{Chain, Cuts, Evicted};
use super::half::{Half, continues_character};
use super::inserts::{Due, Earlier, Insert, Inserts, Kind, MAX_KEPT};
use super::pressure::Episode;
use super::ring::Ring;
use super::slices::Slices;
use super::stream::Stream;
use crate::id::ReaderId;
use crate::notice;

/// A member's or an observer's view of the room.
pub(super) struct Reader {
    /// What it gets next of the log. Before the ring's start if it fell behind the backlog and was not
    /// served since.
    track: Track,
    /// The line of which it has got the first part and nothing after it.
    half: Option<Half>,
    /// What only this reader gets.
    inserts: Inserts,
    stage: Stage,
    /// If it has left: the end of what it gets, and the lines before that. In a box, as few have.
    left: Option<Box<(u64, u64)>>,
    newlines: Newlines,
    /// Whether nobody serves it for now: its connection is gone, and it may come back.
    pub(super) is_away: bool,
    /// Whether it was far behind, and has not caught up completely since then.
    is_far_behind: bool,
    /// If it was, in which episode that was. The room waits for it while that lasts, and not again before
    /// it has caught up. Otherwise the length of the log at which it is to be looked at: that counts of
    /// all that `pressure` has noted for it.
    watched: u64,
    /// Where it can come back to, if it counts its lines.
    stream: Option<Box<Stream>>,
}

/// A place in the log, and what is known of it.
#[derive(Clone, Copy)]
pub(super) struct Track {
    /// The next byte. Never at the start of one of the reader's own cuts.
    pub(super) position: u64,
    /// Lines of the log that end before `position`.
    pub(super) lines: u64,
    /// What the reader said itself behind it.
    pub(super) own: Chain,
    /// Lines of its own among those that were evicted before it passed them.
    pub(super) own_evicted: u64,
}

impl Track {
    /// Behind all that was said.
    pub(super) fn at_end(ring: &Ring) -> Self {
        Self { position: ring.end(), lines: ring.lines(), own: Chain::default(), own_evicted: 0 }
    }

    /// Passes the cuts that it has come to. The caller finds out how many lines they are.
    pub(super) fn pass_cuts(&mut self, cuts: &Cuts) {
        while let Some(cut) = cuts.first(self.own).filter(|cut| cut.start == self.position) {
            self.position = cut.end;
            self.own = cuts.after_first(self.own);
        }
    }
}

/// Whether a reader gets anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not yet.
    Prepared,
    /// All from its start on.
    Started,
    /// The same, and that is kept: what it missed is told otherwise.
    Recording,
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
            track: Track::at_end(ring),
            half: None,
            inserts: Inserts::default(),
            stage: Stage::Prepared,
            left: None,
            newlines: Newlines::Sent,
            is_away: false,
            is_far_behind: false,
            watched: 0,
            stream: None,
        }
    }

    /// Starts it at a position that has so many lines before it.
    pub(super) fn start_at(&mut self, (position, lines): (u64, u64)) {
        debug_assert_eq!(self.stage, Stage::Prepared, "a reader starts once");
        (self.track.position, self.track.lines) = (position, lines);
        self.stage = Stage::Started;
    }

    /// Somebody keeps what it gets.
    pub(super) fn keep(&mut self) {
        self.stage = Stage::Recording;
    }

    /// The oldest byte of the log that it has not got.
    pub(super) fn position(&self) -> u64 {
        self.inserts.needs().map_or(self.track.position, |at| at.min(self.track.position))
    }

    /// The next byte of the log that it gets.
    pub(super) fn next(&self) -> u64 {
        self.track.position
    }

    /// The episode in which it was far behind, if it has not caught up completely since then.
    pub(super) fn far_behind_in(&self) -> Option<Episode> {
        Episode::of_number(self.watched).filter(|_| self.is_far_behind)
    }

    /// It is far behind.
    pub(super) fn fall_behind(&mut self, episode: Episode) {
        (self.is_far_behind, self.watched) = (true, episode.number());
    }

    /// It is as good as any other. Returns the episode in which it was far behind.
    pub(super) fn recover(&mut self) -> Option<Episode> {
        let episode = self.far_behind_in();
        self.is_far_behind = false;
        self.watched = 0;
        episode
    }

    /// It is to be looked at when the log is so long.
    pub(super) fn set_due(&mut self, due: u64) {
        debug_assert!(!self.is_far_behind, "it is waited for");
        self.watched = due;
    }

    /// Whether it is to be looked at when the log is so long.
    pub(super) fn is_due_at(&self, due: u64) -> bool {
        !self.is_far_behind && !self.is_away && self.watched == due
    }

    pub(super) fn has_started(&self) -> bool {
        self.stage != Stage::Prepared
    }

    /// Whether it gets what is said from now on.
    pub(super) fn is_reading(&self) -> bool {
        self.has_started() && self.left.is_none()
    }

    /// Whether it has got all that it may have before `limit`.
    pub(super) fn has_caught_up(&self, limit: u64, ring: &Ring) -> bool {
        self.track.position >= self.end(ring).0.min(limit) && self.due(0, limit).is_none()
    }

    /// Whether it has got all that it is to get of the log so far.
    fn has_all_lines(&self, ring: &Ring) -> bool {
        self.track.position >= self.end(ring).0
    }

    /// The pending insert at `index`, if it gets that before anything more of the log, and before
    /// `limit`.
    fn due(&self, index: usize, limit: u64) -> Option<(Due<'_>, Kind)> {
        // It is beyond the limit if its own lines are all that is between.
        self.inserts.due(index, self.track.position.min(limit))
    }

    /// It gets nothing that is said from now on.
    pub(super) fn end_here(&mut self, ring: &Ring) {
        if self.has_started() && self.left.is_none() {
            self.left = Some(Box::new((ring.end(), ring.lines())));
        }
    }

    /// Whether it has left and has got all that was pending then.
    pub(super) fn is_finished(&self, ring: &Ring) -> bool {
        self.is_out_of_reach(ring) && self.inserts.is_empty()
    }

    /// Whether nothing that is said can make it miss anything: it has left, with all lines.
    pub(super) fn is_out_of_reach(&self, ring: &Ring) -> bool {
        self.left.is_some() && self.has_all_lines(ring)
    }

    /// `line`, the newest line of the log, is this member's own.
    pub(super) fn said(
        &mut self,
        line: Range<u64>,
        author: ReaderId,
        ring: &Ring,
        cuts: &mut Cuts,
    ) {
        let Self { track, stream, .. } = self;
        let has_caught_up = track.position == line.start;
        match stream {
            // It may come back to a place before it.
            Some(stream) => {
                // It has not got to that place yet: its own lines go on behind it.
                let is_before = stream.base.own.is_empty() && !track.own.is_empty();
                let before = if is_before { &mut track.own } else { &mut stream.base.own };
                let number = cuts.push(before, author, line.clone(), !is_before);
                if is_before {
                    stream.base.own.extend(number);
                } else if !has_caught_up {
                    track.own.extend(number);
                }
                stream.leave_out_line();
            }
            None if has_caught_up => {}
            None => {
                cuts.push(&mut track.own, author, line.clone(), true);
            }
        }
        if has_caught_up {
            (track.position, track.lines) = (line.end, ring.lines());
        }
    }

    /// A line of its own was evicted: if it had not passed it, it has not missed it either.
    pub(super) fn own_was_evicted(&mut self, evicted: &Evicted) {
        let base = self.stream.as_mut().map(|stream| &mut stream.base);
        for track in base.into_iter().chain([&mut self.track]) {
            track.own_evicted += u64::from(track.own.drop_evicted(evicted));
        }
    }

    /// What ends the line of which it has got a part and nothing after it, be it all but the newline.
    pub(super) fn line_end(&self) -> Vec<u8> {
        let due = self.inserts.due(0, self.track.position);
        match (&self.half, due) {
            (Some(half), _) => half.end().collect(),
            (None, Some((Due::Text(rest), _))) if self.inserts.is_begun() => {
                let rest = rest.iter().copied().take_while(|&byte| continues_character(byte));
                rest.chain([b'\n']).collect()
            }
            (None, Some((Due::Text(b"\n"), _))) => b"\n".into(),
            _ if self.newlines == (Newlines::Withheld { last: true }) => b"\n".into(),
            _ => Vec::new(),
        }
    }

    /// Has it get `text` behind all that is said so far.
    pub(super) fn insert(&mut self, text: Box<[u8]>, kind: Kind, ring: &Ring) {
        self.push(Insert::text(self.end(ring).0, text, kind), ring);
    }

    /// Has it get lines of the log once more, behind all that is said so far.
    pub(super) fn insert_earlier(&mut self, earlier: Earlier, ring: &Ring) {
        self.push(Insert::earlier(self.end(ring).0, earlier), ring);
    }

    fn push(&mut self, mut insert: Insert, ring: &Ring) {
        if let Some(stream) = &mut self.stream {
            stream.number(&mut insert, ring);
        }
        if insert.kind == Kind::Heard {
            self.inserts.push_heard(insert);
        } else {
            self.inserts.push(insert);
        }
    }

    /// Has it get a line for the program at the other end before anything else.
    pub(super) fn insert_first(&mut self, text: Box<[u8]>) {
        self.inserts.push_first(Insert::text(self.track.position, text, Kind::Control));
    }

    /// Whether it has not left too many inserts unread for this one.
    pub(super) fn has_space(&self, length: usize) -> bool {
        self.inserts.has_space(length)
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
            let newline = Insert::text(self.track.position, Box::from(*b"\n"), Kind::Raw);
            self.inserts.push_first(newline);
        }
        is_owed
    }

    /// If it fell behind the backlog: goes on from the oldest line kept and has it told how many
    /// messages it missed. One of which it has got a part is among them, and its part is ended; one
    /// that lacks only its newline is not.
    pub(super) fn rejoin(&mut self, ring: &Ring, cuts: &Cuts) {
        if let Some(missed) = self.inserts.clip(self.track.position, ring) {
            return self.tell_of_skips(missed, None, (0, 0), ring);
        }
        if self.track.position >= ring.start() {
            return;
        }
        let told_before = self.inserts.take_back_skips();
        if told_before.is_none() && self.inserts.due(0, self.track.position).is_some() {
            // That comes first, and then what was missed.
            return;
        }
        let from = self.track.position;
        let (position, lines) = self.end(ring).min((ring.start(), ring.lines_evicted()));
        let passed = self.track.lines + self.track.own_evicted;
        assert!(lines >= passed, "a reader ahead of the log");
        let missed = lines - passed;
        self.track.position = position;
        self.track.pass_cuts(cuts);
        self.track.lines = if self.track.position == position {
            lines
        } else {
            ring.lines_before(self.track.position)
        };
        self.track.own_evicted = 0;
        self.tell_of_skips(missed, Some((from, self.track)), told_before.unwrap_or_default(), ring);
    }

    /// Has it told before all else that it does not get `missed` lines, of the log if there is a `gap` in
    /// what it gets of that: from a position to a place. An earlier notice may have been taken back, of
    /// so many skips, in so many lines.
    fn tell_of_skips(
        &mut self,
        missed: u64,
        gap: Option<(u64, Track)>,
        (skips_before, back): (u64, u64),
        ring: &Ring,
    ) {
        let missed = missed - self.tell_of_counted_skips(missed, gap, ring);
        let mut text = Vec::new();
        let mut skips = skips_before + missed;
        if let Some(half) = &mut self.half {
            text.extend(half.end());
            if half.takes_as_whole() {
                assert!(missed > 0, "a whole line that was not evicted");
                skips -= 1;
            }
        }
        if skips > 0 {
            let notice = match self.stage {
                Stage::Recording => notice::missing,
                Stage::Prepared | Stage::Started => notice::skipped,
            };
            text.extend(notice(skips).bytes());
        }
        let mut told = Insert::text(self.track.position, text.into(), Kind::Skips(skips));
        if let Some(stream) = &mut self.stream {
            stream.skip(&mut told, missed, back, gap, &mut self.inserts, ring);
        }
        self.inserts.push_first(told);
    }

    /// What it has pending before `limit`, or the first of it. [`Reader::rejoin`] goes before.
    pub(super) fn lend<'a>(&'a self, limit: u64, ring: &'a Ring, cuts: &Cuts) -> Lent<'a> {
        let mut slices = Slices::default();
        let last = self.lend_all(limit, ring, cuts, &mut slices);
        let may_withhold =
            self.newlines != Newlines::Sent && !matches!(last, Some(Kind::Greeting | Kind::Raw));
        let is_newline_withheld = may_withhold && slices.withhold_newline();
        Lent { slices, is_newline_withheld }
    }

    /// Adds all slices that fit. Returns what kind of insert is the last, if it is one.
    fn lend_all<'a>(
        &'a self,
        limit: u64,
        ring: &'a Ring,
        cuts: &Cuts,
        slices: &mut Slices<'a>,
    ) -> Option<Kind> {
        let (mut position, mut own, mut insert) = (self.track.position, self.track.own, 0);
        let end = self.end(ring).0;
        debug_assert!(position <= end && end <= ring.end(), "a reader ahead of the log");
        let end = end.min(limit);
        let mut last = None;
        loop {
            while let Some((due, kind)) = self.inserts.due(insert, position.min(limit)) {
                match due {
                    Due::Text(text) => {
                        if !slices.push(text) {
                            return Some(kind);
                        }
                    }
                    // Its next lines are not kept any more: first the reader is told.
                    Due::Earlier(range) if range.start < ring.start() => return last,
                    Due::Earlier(range) => {
                        let [first, second] = ring.slices(range);
                        if !slices.push(first) || !slices.push(second) {
                            return Some(kind);
                        }
                    }
                }
                last = Some(kind);
                insert += 1;
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
    pub(super) fn advance(
        &mut self,
        lent: LentBytes,
        count: usize,
        limit: u64,
        ring: &Ring,
        cuts: &Cuts,
    ) {
        let with_newline = lent.is_newline_withheld && count == lent.total;
        let passed = count + usize::from(with_newline);
        if passed == 0 {
            return;
        }
        let has_text = self.newlines != Newlines::Sent && self.passes_text(passed, limit);
        if has_text && let Newlines::Withheld { last } = &mut self.newlines {
            *last = with_newline;
        }
        self.pass(passed, limit, ring, cuts);
    }

    /// Whether any of the next bytes that it gets, so many of them, is text.
    fn passes_text(&self, count: usize, limit: u64) -> bool {
        let (mut left, mut index) = (count as u64, 0);
        while let Some((due, Kind::Raw)) = self.due(index, limit) {
            if due.len() >= left {
                return false;
            }
            left -= due.len();
            index += 1;
        }
        true
    }

    /// Goes past so many bytes of inserts and of the log.
    fn pass(&mut self, count: usize, limit: u64, ring: &Ring, cuts: &Cuts) {
        let end = self.end(ring).0.min(limit);
        let mut left = count;
        loop {
            while let Some((due, _)) = self.due(0, limit).filter(|_| left > 0) {
                // Not more than was left, so it fits a usize.
                let step = due.len().min(left as u64) as usize;
                // What is told a reader ends the half of a line that it had, if it had any.
                self.half = None;
                if let Some(position) = self.inserts.advance(step, ring) {
                    self.half = half_at(position, ring);
                }
                left -= step;
            }
            if left == 0 {
                break;
            }
            let at = self.inserts.at(0).unwrap_or(end);
            let cut = cuts.first(self.track.own).map_or(end, |cut| cut.start);
            let run_end = end.min(at).min(cut);
            assert!(self.track.position < run_end, "more is sent than was lent");
            let step = (run_end - self.track.position).min(left as u64);
            self.track.position += step;
            // Not more than was left, so it fits a usize.
            left -= step as usize;
            if left == 0 {
                self.half = half_at(self.track.position, ring);
            }
            self.track.pass_cuts(cuts);
        }
        if self.track.position == ring.end() {
            self.track.lines = ring.lines();
        } else if self.track.position >= ring.start() {
            self.track.lines = ring.lines_before(self.track.position);
        }
        if let Some(stream) = &mut self.stream {
            // What is kept for too long counts as got.
            let mut kept = usize::MAX;
            while (MAX_KEPT..kept).contains(&self.inserts.cost_kept())
                && let Some(first) = self.inserts.first()
            {
                kept = self.inserts.cost_kept();
                let got = first.ordinal + first.lines;
                stream.seek(got, self.track.position, false, &mut self.inserts, ring, cuts);
            }
        }
    }

    /// The end of what it gets, and the lines before it.
    fn end(&self, ring: &Ring) -> (u64, u64) {
        match &self.left {
            Some(end) => **end,
            None if self.has_started() => (ring.end(), ring.lines()),
            None => (self.track.position, self.track.lines),
        }
    }
}

/// The line that a reader has a part of which has got to `position`.
fn half_at(position: u64, ring: &Ring) -> Option<Half> {
    let is_inside = position < ring.end() && ring.is_inside_line(position);
    is_inside.then(|| Half::at(position, ring))
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
