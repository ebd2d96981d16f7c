//! A reader: a cursor on the log, and the little that it gets otherwise than others.

use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use crate::cuts::{Chain, Cuts, Evicted};
use crate::id::MemberId;
use crate::log::Log;
use crate::notice;
use crate::pressure::Episode;
use crate::transmit::Transmit;

/// A member's or the console's view of the room.
pub(crate) struct Reader {
    /// The next byte of the log that it gets. Before the log's start if it fell behind the
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
    /// What only this reader gets, before anything more of the log.
    private: Private,
    /// Where its reading ends, as a position and the lines before it: a member that has left gets
    /// what was pending then. `None` while it is in the room.
    until: Option<(u64, u64)>,
    /// The episode in which it was far behind, if it has not caught up completely since then. The
    /// room waits for it while that lasts, and not again before it has caught up.
    pub(crate) far_behind_in: Option<Episode>,
}

/// A line of which a reader has got a part. Should it never get the rest, because the backlog has
/// gone over it, the line is ended where it is, but not inside a character.
#[derive(Clone, Copy, Default)]
struct Half {
    /// What the character that it is inside of still needs, and how many bytes that is.
    rest: [u8; 3],
    len: u8,
    /// Whether with that it lacks nothing but its newline.
    is_whole: bool,
}

/// Bytes for one reader. Empty, they hold no memory.
#[derive(Default)]
struct Private {
    text: Vec<u8>,
    sent: usize,
    /// The messages that `text` says were skipped; `None` if it is a greeting.
    skips: Option<u64>,
}

impl Half {
    /// Of the line at `position`, of which the bytes before are sent.
    fn at(position: u64, log: &Log) -> Self {
        let mut half = Self::default();
        let mut next = log.slices(position..position + 4).into_iter().flatten().copied().peekable();
        for place in &mut half.rest {
            let Some(byte) = next.next_if(|&byte| is_inner(byte)) else { break };
            *place = byte;
            half.len += 1;
        }
        half.is_whole = next.next() == Some(b'\n');
        half
    }

    /// What ends it.
    fn end(&self) -> impl Iterator<Item = u8> {
        self.rest.into_iter().take(self.len.into()).chain([b'\n'])
    }
}

/// Whether a byte continues a character of UTF-8.
fn is_inner(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

impl Reader {
    /// A reader of all that is said from now on, which gets `greeting` first.
    pub(crate) fn new(log: &Log, greeting: Vec<u8>) -> Self {
        Self {
            position: log.end(),
            lines: log.lines(),
            half: None,
            own: Chain::default(),
            own_evicted: 0,
            private: Private { text: greeting, sent: 0, skips: None },
            until: None,
            far_behind_in: None,
        }
    }

    /// Has it told `greeting` before anything of the log that it has not got yet.
    pub(crate) fn greet(&mut self, greeting: Vec<u8>) {
        self.private = Private { text: greeting, sent: 0, skips: None };
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn has_caught_up(&self, log: &Log) -> bool {
        self.private.text.is_empty() && self.has_all_lines(log)
    }

    /// Whether it has got all that it is to get of the log so far.
    fn has_all_lines(&self, log: &Log) -> bool {
        self.position >= self.end(log).0
    }

    /// It gets nothing that is said from now on.
    pub(crate) fn end_here(&mut self, log: &Log) {
        self.until.get_or_insert((log.end(), log.lines()));
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.until.is_some()
    }

    /// Whether it has left and has got all that was pending then.
    pub(crate) fn is_finished(&self, log: &Log) -> bool {
        self.has_ended() && self.has_caught_up(log)
    }

    /// Whether nothing that is said can make it miss anything: it has left, with all lines.
    pub(crate) fn is_out_of_reach(&self, log: &Log) -> bool {
        self.has_ended() && self.has_all_lines(log)
    }

    /// `line`, the newest line of the log, is this member's own.
    pub(crate) fn said(&mut self, line: Range<u64>, author: MemberId, log: &Log, cuts: &mut Cuts) {
        if self.position == line.start {
            self.position = line.end;
            self.lines = log.lines();
        } else {
            cuts.push(&mut self.own, author, line);
        }
    }

    /// A line of its own was evicted: if it had not passed it, it has not missed it either.
    pub(crate) fn own_was_evicted(&mut self, evicted: &Evicted) {
        self.own_evicted += u64::from(self.own.drop_evicted(evicted));
    }

    /// If it fell behind the backlog: goes on from the oldest line kept and has it told how many
    /// messages it missed. One of which it has got a part is among them, and its part is ended; one
    /// that lacks only its newline is not.
    pub(crate) fn rejoin(&mut self, log: &Log, cuts: &Cuts) {
        if self.position >= log.start() {
            return;
        }
        // While a greeting or an older notice is on its way, it is told next time.
        if !self.private.text.is_empty() && (self.private.skips.is_none() || self.private.sent > 0)
        {
            return;
        }
        let (position, lines) = self.end(log).min((log.start(), log.lines_evicted()));
        let mut missed = lines.saturating_sub(self.lines + self.own_evicted);
        let mut text = Vec::new();
        if let Some(half) = &mut self.half {
            text.extend(half.end());
            missed = missed.saturating_sub(mem::take(&mut half.is_whole).into());
        }
        let skips = self.private.skips.unwrap_or(0) + missed;
        if skips > 0 {
            text.extend(notice::skipped(skips).bytes());
        }
        self.private = Private { text, sent: 0, skips: Some(skips) };
        self.position = position;
        self.pass_cuts(cuts);
        self.lines =
            if self.position == position { lines } else { log.lines_before(self.position) };
        self.own_evicted = 0;
    }

    /// What it has pending, lent from the log. See [`Reader::rejoin`], which goes before.
    pub(crate) fn pending<'a>(
        &'a self,
        log: &'a Log,
        cuts: &Cuts,
        is_unframed: bool,
    ) -> Transmit<'a> {
        let mut transmit = Transmit::default();
        transmit.push(self.private.text.get(self.private.sent..).unwrap_or_default());
        let is_greeting = !transmit.is_empty() && self.private.skips.is_none();
        let got_more = self.lend(log, cuts, &mut transmit);
        if is_unframed && (got_more || !is_greeting) {
            transmit.withhold_newline();
        }
        transmit
    }

    /// `count` bytes of what was pending are sent.
    pub(crate) fn advance(&mut self, count: usize, log: &Log, cuts: &Cuts) {
        let private_left = self.private.text.len() - self.private.sent;
        if private_left > 0 && count > 0 {
            self.private.sent += count.min(private_left);
            // What is told a reader ends the half of a line that it had, if it had any.
            self.half = None;
        }
        if self.private.sent == self.private.text.len() {
            self.private = Private::default();
        }
        let mut left = count.saturating_sub(private_left) as u64;
        if left == 0 {
            return;
        }
        if self.position < log.start() {
            // They were evicted since they were lent: they count as missed, and as a half.
            self.half = Some(Half::default());
            return;
        }
        let end = self.end(log).0;
        while left > 0 && self.position < end {
            let run = cuts.first(self.own).map_or(end, |cut| cut.start.min(end)) - self.position;
            let step = run.min(left);
            self.position += step;
            left -= step;
            self.pass_cuts(cuts);
        }
        self.half = log.is_inside_line(self.position).then(|| Half::at(self.position, log));
        self.lines = log.lines_before(self.position);
    }

    /// Lends what is pending of the log; gives whether there is any.
    fn lend<'a>(&self, log: &'a Log, cuts: &Cuts, transmit: &mut Transmit<'a>) -> bool {
        let (mut position, mut own, end) = (self.position, self.own, self.end(log).0);
        if position >= end || position < log.start() {
            return false;
        }
        while position < end {
            let cut = cuts.first(own).filter(|cut| cut.start < end);
            let run_end = cut.as_ref().map_or(end, |cut| cut.start);
            let [first, second] = log.slices(position..run_end);
            if !transmit.push(first) || !transmit.push(second) {
                break;
            }
            position = cut.map_or(end, |cut| cut.end);
            own = cuts.after_first(own);
        }
        true
    }

    fn pass_cuts(&mut self, cuts: &Cuts) {
        while let Some(cut) = cuts.first(self.own).filter(|cut| cut.start == self.position) {
            self.position = cut.end;
            self.own = cuts.after_first(self.own);
        }
    }

    fn end(&self, log: &Log) -> (u64, u64) {
        self.until.unwrap_or((log.end(), log.lines()))
    }
}
