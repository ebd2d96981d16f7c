//! A record, and a disk that makes sure of what it is given late, in parts, or never.

use std::convert::Infallible;

use chat_core::{Delivered, Instant, ReaderId, Wall};

use super::super::choices::Choices;
use super::super::peer::is_far_behind;
use super::Run;

/// Moments at which the clock on the wall begins: in summer time, and as that ends.
const BEGIN: Wall = Wall { unix_seconds: 1_792_890_000, offset_seconds: 7_200 };

/// A record, if there is one.
#[derive(Default)]
pub(super) struct Record {
    pub(super) place: Option<usize>,
    /// Whether it may be the gate.
    pub(super) confirms: bool,
    /// Since when much has not been confirmed, if it is the gate.
    pub(super) far_behind_since: Option<Instant>,
}

impl<C: Choices> Run<C> {
    /// The clock on the wall is looked at.
    pub(super) fn set_clock(&mut self) {
        let seconds = i64::try_from(self.now.as_micros() / 1_000_000).unwrap();
        let offset_seconds = BEGIN.offset_seconds - if seconds < 5 { 0 } else { 3_600 };
        let wall = Wall { unix_seconds: BEGIN.unix_seconds + seconds, offset_seconds };
        self.tell(|server, now| server.set_wall(now, wall));
        self.model.wall = wall;
    }

    /// The record gets something, and it is safe, or not.
    pub(super) fn keep(&mut self) {
        let Some(place) = self.record.place.filter(|place| self.peers.contains_key(place)) else {
            return;
        };
        match self.choices.below(16) {
            0 if self.record.confirms => {
                let gate = self.choices.one(&[None, Some(place), Some(place)]);
                self.set_gate(gate);
            }
            0..6 => {
                let most = self.choices.one(&[1, 10, 100, usize::MAX]);
                self.read(place, most);
            }
            6..14 => {
                while self.read(place, usize::MAX) && !self.choices.once_in(8) {}
                self.confirm();
            }
            _ => self.confirm(),
        }
    }

    pub(super) fn set_gate(&mut self, place: Option<usize>) {
        let reader = place.map(|place| self.peers[&place].reader);
        self.tell(|server, _| server.set_gate(reader));
        self.model.set_gate(place);
        self.waits_anew();
        self.more_is_let_through();
        self.look();
    }

    pub(super) fn confirm(&mut self) {
        let Some(peer) = self.record.place.and_then(|place| self.peers.get(&place)) else { return };
        let reader = peer.reader;
        self.tell(|server, now| server.confirm(now, reader));
        self.model.confirm();
        self.more_is_let_through();
        self.look();
    }

    /// The room may have waited for the gate in vain: only then it opens by itself.
    pub(super) fn look_at_gate(&mut self) {
        if self.model.bound.is_some() && self.server.said() > self.model.readable() {
            let ends = self.record.far_behind_since.map(|since| since + self.limits.grace);
            assert!(ends.is_some_and(|ends| ends <= self.now), "the gate opens too soon");
            self.model.bound = None;
            self.more_is_let_through();
        }
    }

    /// Those that have something more now may be late with it from now on.
    pub(super) fn more_is_let_through(&mut self) {
        if self.model.held_back() <= self.turn() {
            self.record.far_behind_since = None;
        }
        self.fall_behind(0, false);
    }

    /// What everybody has pending has grown by so many bytes.
    pub(super) fn fall_behind(&mut self, grown: u64, is_heedless: bool) {
        let is_closed = self.model.bound.is_some();
        if is_closed && is_far_behind(self.model.held_back(), &self.limits) {
            self.record.far_behind_since.get_or_insert(self.now);
        }
        for (&place, peer) in &mut self.peers {
            let is_held = is_closed && self.model.has_all(place);
            peer.falls_behind(grown, is_heedless, is_held, self.now, &self.limits);
        }
    }

    /// Whether a reader is the gate, and the room does not wait for it.
    pub(super) fn is_gate_in_vain(&self, place: usize) -> bool {
        let since = self.record.far_behind_since;
        self.model.gate == Some(place)
            && (self.model.bound.is_none()
                || since.is_some_and(|since| since + self.limits.grace <= self.now))
    }

    /// As any other reader is lent something: lines of one second.
    pub(super) fn lend_timed(
        &mut self,
        place: usize,
        reader: ReaderId,
        most: usize,
    ) -> (Vec<u8>, Delivered) {
        let (length, second) = self.model.in_one_second(place);
        let (mut lent, mut at) = (Vec::new(), None);
        let delivered = self.tell(|server, _| {
            server.deliver_timed(reader, |wall, slices| {
                at = Some(wall);
                slices.iter().for_each(|slice| lent.extend_from_slice(slice));
                Ok::<_, Infallible>(lent.len().min(most))
            })
        });
        self.memory -= lent.capacity() as i64;
        assert!(lent.len() <= length, "lines of several seconds");
        let now = self.model.wall;
        assert!(at.is_none_or(|at| at == second.unwrap_or(now)), "{at:?} is not {second:?}");
        let Ok(delivered) = delivered;
        (lent, delivered)
    }
}
