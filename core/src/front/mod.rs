//! The front: what this server's peers send becomes proposals.
//!
//! | module | noun |
//! |---|---|
//! | `peer` | one connection's bytes, and what they come to |
//! | `allowance` | what a peer may say while the room waits |
//! | `timers` | when to look at a peer although it has sent nothing |

mod allowance;
mod peer;
mod timers;

pub use peer::Wire;
pub(crate) use peer::{Newlines, Outcome};

use core::mem;

use slotmap::{DefaultKey, SecondaryMap};

use crate::id::MemberId;
use crate::limits::Limits;
use crate::room::Label;
use crate::time::Instant;
use peer::Peer;
use timers::Timers;

/// Bytes of a peer that has begun no message.
#[cfg(test)]
pub(crate) const SIZE_OF_PEER: usize = size_of::<Peer>();

/// The peers of one server.
#[derive(Default)]
pub(crate) struct Front {
    peers: SecondaryMap<DefaultKey, Peer>,
    timers: Timers,
}

impl Front {
    /// A peer has come.
    pub(crate) fn add(&mut self, now: Instant, id: MemberId, label: Label, wire: Wire) {
        self.peers.insert(id.key(), Peer::new(now, label, wire));
    }

    /// A peer is gone.
    pub(crate) fn remove(&mut self, id: MemberId) {
        self.peers.remove(id.key());
    }

    /// A peer leaves. Returns its label, unless it had left.
    pub(crate) fn depart(&mut self, id: MemberId) -> Option<&Label> {
        let peer = self.present_mut(id)?;
        peer.has_left = true;
        Some(&peer.label)
    }

    /// The most bytes by which the log grows for a byte of a peer, and the bytes by which it may grow
    /// for this one while the room waits; `None` if it has left.
    pub(crate) fn growth_and_allowance(
        &self,
        now: Instant,
        id: MemberId,
    ) -> Option<(usize, usize)> {
        self.present(id).map(|peer| (peer.growth(), peer.allowance.left(now)))
    }

    /// A peer has sent `bytes`. What it says goes to `say`, with its label before it.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        id: MemberId,
        bytes: &[u8],
        limits: &Limits,
        say: &mut impl FnMut(&str, &str),
    ) -> Outcome {
        let Some(peer) = self.present_mut(id) else { return Outcome::default() };
        let outcome = peer.receive(now, bytes, limits, say);
        self.set_timer(id, limits);
        outcome
    }

    /// A peer sends no more.
    pub(crate) fn end_of_input(
        &mut self,
        now: Instant,
        id: MemberId,
        limits: &Limits,
        say: &mut impl FnMut(&str, &str),
    ) {
        if let Some(peer) = self.present_mut(id) {
            peer.end_of_input(now, limits, say);
        }
    }

    /// A peer that was to be listened to has sent nothing until `now`.
    pub(crate) fn quiet(
        &mut self,
        now: Instant,
        id: MemberId,
        limits: &Limits,
        say: &mut impl FnMut(&str, &str),
    ) -> Outcome {
        let Some(peer) = self.present_mut(id) else { return Outcome::default() };
        if !mem::take(&mut peer.is_asked) {
            return Outcome::default();
        }
        let outcome = peer.quiet(now, limits, say);
        self.set_timer(id, limits);
        outcome
    }

    /// Takes a peer that is to be listened to now.
    pub(crate) fn take_due(&mut self, now: Instant, limits: &Limits) -> Option<MemberId> {
        while let Some((due, id)) = self.timers.take_due(now) {
            let peer = self.present_mut(id).filter(|peer| peer.timer == Some(due));
            // Otherwise it is gone, or an earlier time was set later.
            let Some(peer) = peer else { continue };
            peer.timer = None;
            if peer.due_at(limits).is_some_and(|at| at <= now) {
                peer.is_asked = true;
                return Some(id);
            }
            self.set_timer(id, limits);
        }
        None
    }

    /// A peer is not to be read from just now, as the shell wanted to.
    pub(crate) fn refuse(&self, id: MemberId) {
        if let Some(peer) = self.present(id) {
            peer.was_refused.set(true);
        }
    }

    /// When [`Front::take_due`] is wanted next.
    pub(crate) fn next_tick(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Sees to it that a peer is looked at in time.
    fn set_timer(&mut self, id: MemberId, limits: &Limits) {
        let Some(peer) = self.peers.get_mut(id.key()).filter(|peer| !peer.is_asked) else { return };
        let Some(due) = peer.due_at(limits) else { return };
        if peer.timer.is_none_or(|timer| due < timer) {
            peer.timer = Some(due);
            self.timers.set(due, id);
        }
    }

    fn present(&self, id: MemberId) -> Option<&Peer> {
        self.peers.get(id.key()).filter(|peer| !peer.has_left)
    }

    fn present_mut(&mut self, id: MemberId) -> Option<&mut Peer> {
        self.peers.get_mut(id.key()).filter(|peer| !peer.has_left)
    }
}
