//! The front: what this server's peers send becomes proposals.
//!
//! | module | noun |
//! |---|---|
//! | `peer` | one connection's bytes, and what they come to |
//! | `person` | what is known of a peer that does more than to listen and to speak |
//! | `count` | what of a member's input is dealt with, where several servers share the room |
//! | `allowance` | what a peer may say while the room waits |
//! | `timers` | when to look at a peer although it has sent nothing |

mod allowance;
mod count;
mod peer;
mod person;
mod timers;

pub use peer::Wire;
pub(crate) use peer::{Newlines, Outcome, Terms};
pub(crate) use person::{Arrival, Back, Leaves, Next, Person, Returns, Session, read_resume};

use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use slotmap::{DefaultKey, SecondaryMap};

use crate::entry::Heard;
use crate::id::MemberId;
use crate::limits::Limits;
use crate::room::{Label, Name};
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
    /// How many have not been greeted.
    newcomers: usize,
    /// How many have come.
    came: u32,
}

impl Front {
    /// A peer has come.
    pub(crate) fn add(&mut self, now: Instant, id: MemberId, label: Label, wire: Wire) {
        self.came = self.came.wrapping_add(1);
        self.peers.insert(id.key(), Peer::new(now, label, wire, self.came));
    }

    /// A peer has come that may have come back: it is not greeted before that is known.
    pub(crate) fn hold(&mut self, now: Instant, id: MemberId, time: Duration, limits: &Limits) {
        if let Some(peer) = self.peers.get_mut(id.key()) {
            peer.hold(now + time);
            self.newcomers += 1;
        }
        self.set_timer(id, limits);
    }

    /// What a peer gets of the log begins at a position, if it did not before.
    pub(crate) fn note_entrance(&mut self, id: MemberId, position: u64) {
        if let Some(peer) = self.peers.get_mut(id.key()).filter(|peer| peer.entered_at == 0) {
            peer.entered_at = position;
        }
    }

    /// Where the first history ends that a peer with a session asks for: where it entered, as it has got
    /// all that came then. `None` if it has had one: it may want to see that too.
    pub(crate) fn first_history_ends(&mut self, id: MemberId) -> Option<u64> {
        let peer = self.peers.get_mut(id.key())?;
        let person = peer.person.as_mut().filter(|person| person.session.is_some())?;
        let is_first = !mem::replace(&mut person.has_had_history, true);
        is_first.then_some(peer.entered_at)
    }

    /// A peer is gone.
    pub(crate) fn remove(&mut self, id: MemberId) {
        if self.peers.remove(id.key()).is_some_and(|peer| peer.is_new) {
            self.newcomers -= 1;
        }
    }

    /// Whether a peer has not been greeted.
    pub(crate) fn is_new(&self, id: MemberId) -> bool {
        self.newcomers > 0 && self.peers.get(id.key()).is_some_and(|peer| peer.is_new)
    }

    /// What the first bytes of one come to that has not been greeted.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        id: MemberId,
        bytes: &[u8],
        limits: &Limits,
    ) -> Arrival {
        let arrive = |peer: &mut Peer| {
            // It was read from, whoever asked for that.
            peer.is_asked = false;
            peer.arrive(now, bytes)
        };
        let arrival = self.present_mut(id).map_or(Arrival::New, arrive);
        self.set_timer(id, limits);
        arrival
    }

    /// Whether one that has not been greeted was to be listened to, and still is.
    pub(crate) fn is_asked(&self, id: MemberId) -> bool {
        self.present(id).is_some_and(|peer| peer.is_asked)
    }

    /// So many of the bytes that a peer has sent count in the session that it is to have.
    pub(crate) fn count_from_here(&mut self, id: MemberId, bytes: usize) {
        if let Some(peer) = self.present_mut(id) {
            peer.person_mut().received = bytes as u64;
        }
    }

    /// A peer is greeted. Returns what it has sent so far; `None` if it was greeted before.
    pub(crate) fn welcome(&mut self, id: MemberId) -> Option<Vec<u8>> {
        let peer = self.peers.get_mut(id.key()).filter(|peer| peer.is_new)?;
        self.newcomers -= 1;
        Some(peer.welcome())
    }

    /// Whether a peer's connection came before that of `other`.
    pub(crate) fn is_older(&self, id: MemberId, other: MemberId) -> bool {
        let number = |id: MemberId| self.peers.get(id.key()).map(Peer::number);
        let age = number(id).zip(number(other)).map(|(own, other)| other.wrapping_sub(own));
        age.is_some_and(|age| age != 0 && age <= u32::MAX / 2)
    }

    /// A peer goes on with the connection of another, which is gone then.
    pub(crate) fn come_back(&mut self, now: Instant, connection: MemberId, id: MemberId) {
        let Some(number) = self.peers.get(connection.key()).map(Peer::number) else { return };
        self.remove(connection);
        if let Some(peer) = self.peers.get_mut(id.key()) {
            peer.come_back(now, number);
        }
    }

    /// A peer's label, if it is there or may come back.
    pub(crate) fn label(&self, id: MemberId) -> Option<&Label> {
        self.peers.get(id.key()).map(|peer| &peer.label)
    }

    /// What it is called without a name.
    pub(crate) fn address(&self, id: MemberId) -> Option<&Label> {
        let peer = self.peers.get(id.key())?;
        Some(peer.person.as_ref().and_then(|person| person.address.as_ref()).unwrap_or(&peer.label))
    }

    /// A peer is called so from now on.
    pub(crate) fn set_name(&mut self, id: MemberId, name: &Name) {
        let Some(peer) = self.peers.get_mut(id.key()) else { return };
        let before = mem::replace(&mut peer.label, Label::of_name(name.as_str()));
        peer.person_mut().address.get_or_insert(before);
    }

    /// What is known of a peer beside, if it is there or may come back.
    pub(crate) fn person(&self, id: MemberId) -> Option<&Person> {
        self.peers.get(id.key())?.person.as_deref()
    }

    pub(crate) fn person_mut(&mut self, id: MemberId) -> Option<&mut Person> {
        self.peers.get_mut(id.key()).map(Peer::person_mut)
    }

    /// The same, to be changed.
    pub(crate) fn person_mut_if_any(&mut self, id: MemberId) -> Option<&mut Person> {
        self.peers.get_mut(id.key())?.person.as_deref_mut()
    }

    /// Whether a peer is there, and has been greeted.
    pub(crate) fn is_here(&self, id: MemberId) -> bool {
        self.present(id).is_some_and(|peer| !peer.is_new)
    }

    /// Those that are, with what they are called, and whether that is a name.
    pub(crate) fn here(&self) -> impl Iterator<Item = (MemberId, &str, bool)> {
        let peers = self.peers.iter().filter(|(_, peer)| !peer.has_left && !peer.is_new);
        peers.map(|(key, peer)| {
            let is_named = peer.person.as_ref().is_some_and(|person| person.address.is_some());
            (MemberId::from_key(key), peer.label.name(), is_named)
        })
    }

    /// All peers, those too that have left and are still served.
    pub(crate) fn all(&self) -> impl Iterator<Item = MemberId> {
        self.peers.keys().map(MemberId::from_key)
    }

    /// When a peer came.
    pub(crate) fn came(&self, id: MemberId) -> Option<Instant> {
        self.present(id).map(Peer::came)
    }

    /// How many bytes of a peer's input count in its session.
    pub(crate) fn heard(&self, id: MemberId) -> Option<u64> {
        let peer = self.peers.get(id.key())?;
        let person = peer.person.as_ref()?;
        person.session.map(|_| person.received)
    }

    /// Begins a session of a peer.
    pub(crate) fn begin_session(&mut self, id: MemberId, session: Session) {
        if let Some(peer) = self.present_mut(id) {
            peer.person_mut().session = Some(session);
        }
    }

    /// Takes the next message of a peer that was deferred.
    pub(crate) fn next_deferred(&mut self, id: MemberId) -> Option<Next> {
        let person = self.peers.get_mut(id.key())?.person.as_mut()?;
        if let Some(heard) = person.deferred.take_heard() {
            person.count.deal(heard);
        }
        person.deferred.take()
    }

    /// Whether a message of a peer was said in part.
    pub(crate) fn is_said_in_part(&self, id: MemberId) -> bool {
        self.person(id).is_some_and(|person| person.count.dealt().is_inside)
    }

    /// What of a peer's input is dealt with, if it has a session.
    pub(crate) fn dealt(&self, id: MemberId) -> Option<Heard> {
        let person = self.person(id)?;
        person.session.map(|_| person.count.dealt())
    }

    /// Entries say so much of what is dealt with of a peer's input. Returns what one more is to say.
    pub(crate) fn unproposed(&mut self, id: MemberId, heard: Option<Heard>) -> Option<Heard> {
        let peer = self.peers.get_mut(id.key())?;
        peer.settle_count();
        let person = peer.person.as_mut().filter(|person| person.session.is_some())?;
        person.count.propose(heard)
    }

    /// Whether it may matter which of these bytes a message of a peer ends with.
    pub(crate) fn is_counted(&self, id: MemberId, bytes: &[u8]) -> bool {
        self.peers.get(id.key()).is_some_and(|peer| peer.is_counted(bytes))
    }

    /// A peer's connection is for somebody that may come back: that is not decided yet.
    pub(crate) fn await_return(&mut self, id: MemberId, returns: Returns) {
        if let Some(peer) = self.present_mut(id) {
            let person = peer.person_mut();
            person.greeted_at = None;
            person.returns = Some(returns);
        }
    }

    /// Bytes of one that has not been greeted, of whom that is not decided.
    pub(crate) fn keep_arrival(&mut self, id: MemberId, bytes: &[u8]) {
        if let Some(peer) = self.present_mut(id) {
            peer.person_mut().arrival.extend_from_slice(bytes);
        }
    }

    /// Those of whom that is not decided.
    pub(crate) fn returns(&self, id: MemberId) -> Option<Returns> {
        self.present(id)?.person.as_ref()?.returns
    }

    /// A peer goes on as somebody that was elsewhere.
    pub(crate) fn go_on_as(&mut self, id: MemberId, back: Back<'_>) {
        if let Some(peer) = self.present_mut(id) {
            peer.go_on_as(back);
        }
    }

    /// Whether a peer has said, and it is deferred, that it does not come back.
    pub(crate) fn says_bye(&self, id: MemberId) -> bool {
        self.person(id).is_some_and(|person| person.deferred.say_bye())
    }

    /// What a peer has said, and is deferred, is not to be dealt with.
    pub(crate) fn drop_deferred(&mut self, id: MemberId) {
        if let Some(person) = self.peers.get_mut(id.key()).and_then(|peer| peer.person.as_mut()) {
            while person.deferred.take().is_some() {}
        }
    }

    /// Whether for the next message of a peer that was deferred all members are looked at, or much of
    /// what was said.
    pub(crate) fn next_takes_long(&self, id: MemberId) -> bool {
        self.person(id).is_some_and(|person| person.deferred.next_takes_long())
    }

    /// Whether messages of a peer are deferred.
    pub(crate) fn has_deferred(&self, id: MemberId) -> bool {
        self.person(id).is_some_and(Person::has_deferred)
    }

    /// A peer has said so many bytes of the log.
    pub(crate) fn spend(&mut self, now: Instant, id: MemberId, bytes: usize) {
        if let Some(peer) = self.peers.get_mut(id.key()) {
            peer.allowance.spend(now, bytes);
        }
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
        terms: Terms<'_>,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) -> Outcome {
        let Some(peer) = self.present_mut(id) else { return Outcome::default() };
        let outcome = peer.receive(now, bytes, terms, say);
        self.set_timer(id, terms.limits);
        outcome
    }

    /// A peer sends no more.
    pub(crate) fn end_of_input(
        &mut self,
        now: Instant,
        id: MemberId,
        terms: Terms<'_>,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) {
        if let Some(peer) = self.present_mut(id) {
            peer.end_of_input(now, terms, say);
        }
    }

    /// A peer that was to be listened to has sent nothing until `now`.
    pub(crate) fn quiet(
        &mut self,
        now: Instant,
        id: MemberId,
        terms: Terms<'_>,
        say: &mut impl FnMut(&str, &str, Option<Heard>),
    ) -> Outcome {
        let Some(peer) = self.present_mut(id) else { return Outcome::default() };
        if !mem::take(&mut peer.is_asked) {
            return Outcome::default();
        }
        let outcome = peer.quiet(now, terms, say);
        self.set_timer(id, terms.limits);
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
