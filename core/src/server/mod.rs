//! The server: every transition of its side stands here.
//!
//! | module | noun |
//! |---|---|
//! | `events` | what the shell has to do next, and how much it may read |
//! | `commands` | what members ask of the room |
//! | `turns` | how many of their messages are dealt with at once |
//! | `lists` | who is here |
//! | `host` | what its host does |
//! | `record` | what is kept of what is said, beyond the end of the server |
//! | `sessions` | members that come back |
//! | `returns` | members that come back on any of several servers |
//! | `sharing`, `skip`, `away` | what there is where several servers share a room |

mod away;
mod commands;
mod events;
mod host;
mod lists;
mod record;
mod replicated;
mod returns;
mod sessions;
mod sharing;
mod skip;
mod turns;

pub use events::Event;

use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

use crate::entry::{Entry, Heard};
use crate::front::{Front, Leaves, Newlines, Outcome, Terms, Wire};
use crate::id::{MemberId, NodeId, ReaderId};
use crate::limits::{Limits, MAX_NOTICE};
use crate::log::{ANSWERED, Delivered, Kind, Start};
use crate::notice;
use crate::order::Ordered;
use crate::room::{Effect, Label, Room, Who};
use crate::time::{Instant, Wall};
use away::Away;
use events::Events;
use returns::Returning;
use sessions::Sessions;
use turns::Waiting;

/// One server of a room as a state machine: what its peers send goes in, slices to send to them come
/// out.
///
/// Its methods come in families:
///
/// - **In**: [`connect`](Server::connect), [`receive`](Server::receive), [`quiet`](Server::quiet),
///   [`end_of_input`](Server::end_of_input), [`disconnect`](Server::disconnect) tell what peers did,
///   and [`tick`](Server::tick) that time has passed. None of them fails over what a peer sends.
/// - **Order**: [`proposals`](Server::proposals), [`commit`](Server::commit) and
///   [`declare_lost`](Server::declare_lost), where several servers share a room, with
///   [`snapshot`](Server::snapshot), [`skip_to`](Server::skip_to) and [`set_away`](Server::set_away) for
///   when they do not get all of it. One that is alone commits what it proposes in the same call.
/// - **Out**: [`deliver`](Server::deliver) lends what a reader has pending: a member, or an observer
///   that [`observe`](Server::observe) has added, until [`dismiss`](Server::dismiss).
/// - **Record**: [`restore`](Server::restore), [`record`](Server::record),
///   [`deliver_timed`](Server::deliver_timed), [`set_gate`](Server::set_gate) and
///   [`confirm`](Server::confirm), where somebody keeps what is said.
/// - **When**: [`poll`](Server::poll) says what the shell has to do next, and
///   [`budget`](Server::budget) how much it may read from whom.
///
/// Call `poll` until it has nothing more after any call of the families In, Order, Out and Record. Any order
/// of calls is safe. The same calls give the same bytes.
pub struct Server {
    limits: Limits,
    front: Front,
    ordered: Ordered,
    /// The latest moment seen.
    now: Instant,
    /// Members whose joins are proposed and not committed.
    joining: usize,
    sessions: Sessions,
    /// The same where several servers share the room.
    returning: Returning,
    /// Members of which messages are deferred.
    waiting: Waiting,
    /// Who wrote to the host last.
    host_written_by: Option<Who>,
    /// Whether the log of the room cannot be reached.
    away: Option<Away>,
    /// Whether it ends, so that nothing is proposed of members that leave.
    is_ending: bool,
    /// What the clock on the wall said at which moment.
    wall: Option<(Instant, Wall)>,
    events: Events,
}

/// A newcomer was turned away.
///
/// Its text is what the newcomer is to be sent, newline included, before it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// [`Limits::max_users`] are online.
    Full {
        /// How many that is.
        users: usize,
    },
    /// The host lets nobody else in.
    Locked,
    /// The log of the room, which several servers share, has not been reached for a while.
    Unreachable,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { users } => f.write_str(&notice::full(*users)),
            Self::Locked => f.write_str(&notice::locked()),
            Self::Unreachable => f.write_str(&notice::unreachable()),
        }
    }
}

impl core::error::Error for Refused {}

impl Server {
    /// The server of an empty room, which it alone decides of. A limit outside its range is taken as
    /// the nearest one inside.
    ///
    /// All memory of the backlog is allocated here.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let (limits, node) = (limits.clamped(), NodeId::default());
        let ordered = Ordered::alone(Room::alone(node, &limits), node);
        Self::with(limits, ordered)
    }

    /// One of several servers of an empty room, which has an order elsewhere. It has been given no
    /// entry yet: [`Server::commit`] wants all, from the room's first one on.
    ///
    /// The backlog holds at least what it takes for lines of any server.
    #[must_use]
    pub fn shared(limits: Limits, node: NodeId) -> Self {
        let limits = limits.shared().clamped();
        let ordered = Ordered::shared(Room::shared(node, &limits), node);
        Self::with(limits, ordered)
    }

    fn with(limits: Limits, ordered: Ordered) -> Self {
        Self {
            limits,
            front: Front::default(),
            ordered,
            now: Instant::default(),
            joining: 0,
            sessions: Sessions::default(),
            returning: Returning::default(),
            waiting: Waiting::default(),
            host_written_by: None,
            away: None,
            is_ending: false,
            wall: None,
            events: Events::default(),
        }
    }

    /// The limits that it keeps to: those that it was given, with each field inside its range.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// In.
impl Server {
    /// A peer has come, and its door's handshake, if any, is done. It gets the greeting first,
    /// everybody else a notice.
    ///
    /// If the room knows somebody who may come back, all this has a little time, in which the newcomer can
    /// say that it is one.
    ///
    /// # Errors
    ///
    /// [`Refused`], and nothing has changed, if [`Limits::max_users`] are online, or the room is locked, or
    /// its log cannot be reached ([`Server::set_away`]).
    pub fn connect(
        &mut self,
        now: Instant,
        origin: SocketAddr,
        wire: Wire,
    ) -> Result<MemberId, Refused> {
        self.pass_time(now);
        let has_sessions = self.has_sessions();
        if !has_sessions {
            self.admits()?;
        }
        let id = MemberId::of(self.ordered.room.log.prepare());
        self.front.add(self.now, id, Label::of_address(origin), wire);
        if has_sessions {
            let time = self.welcome_time();
            self.front.hold(self.now, id, time, &self.limits);
        } else {
            self.join(id);
        }
        Ok(id)
    }

    /// Whether a newcomer is let in.
    fn admits(&self) -> Result<(), Refused> {
        if self.is_unreachable() {
            Err(Refused::Unreachable)
        } else if self.is_full() {
            Err(Refused::Full { users: self.users() })
        } else if self.ordered.room.rules().is_locked() {
            Err(Refused::Locked)
        } else {
            Ok(())
        }
    }

    /// Whether as many are online as may be, or are about to be.
    fn is_full(&self) -> bool {
        self.users().saturating_add(self.joining) >= self.limits.max_users
    }

    /// Proposes that a member has joined.
    fn join(&mut self, id: MemberId) {
        let Some(label) = self.front.label(id) else { return };
        let entry = Entry::Joined { member: id.number(), name: label.name() };
        self.joining += usize::from(self.ordered.is_shared());
        self.ordered.propose(self.now, &entry, MAX_NOTICE);
        self.note_entrance(id);
    }

    /// A member's join may be committed: what it gets begins here.
    fn note_entrance(&mut self, id: MemberId) {
        let log = &self.ordered.room.log;
        if log.has_started(id.into()) {
            self.front.note_entrance(id, log.end());
        }
    }

    /// A member has sent `bytes`, in any chunks. See [`Server::budget`] for how many to give at once;
    /// more are taken too, but may cost readers their place in the backlog.
    pub fn receive(&mut self, now: Instant, id: MemberId, bytes: &[u8]) {
        self.pass_time(now);
        if self.front.is_new(id) {
            self.receive_first(id, bytes);
        } else {
            self.hear(id, bytes);
        }
    }

    /// Takes what one has sent that has been greeted.
    fn hear(&mut self, id: MemberId, bytes: &[u8]) {
        if self.ordered.is_shared() && self.front.is_counted(id, bytes) {
            // Each message is known by the byte that ends it.
            let lines = bytes.split_inclusive(|&byte| byte == b'\n');
            lines.for_each(|line| self.hear_all(id, line));
        } else {
            self.hear_all(id, bytes);
        }
    }

    fn hear_all(&mut self, id: MemberId, bytes: &[u8]) {
        let (now, Self { front, ordered, limits, .. }) = (self.now, &mut *self);
        let terms = Terms::of(limits, &ordered.room);
        let outcome = front.receive(now, id, bytes, terms, &mut sayer(ordered, now, id));
        self.follow(id, outcome);
        self.report_heard(id);
        self.tell_heard(id);
    }

    /// A member that [`Event::Listen`] asked to be read from has nothing to read.
    pub fn quiet(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        if self.front.returns(id).is_some() {
            return;
        }
        if self.front.is_new(id) {
            match self.front.is_asked(id) {
                true if self.has_begun_to_come_back(id) => self.turn_away(id, String::new()),
                true => self.welcome(id),
                false => {}
            }
            return;
        }
        let (now, Self { front, ordered, limits, .. }) = (self.now, &mut *self);
        let terms = Terms::of(limits, &ordered.room);
        let outcome = front.quiet(now, id, terms, &mut sayer(ordered, now, id));
        self.follow(id, outcome);
        self.report_heard(id);
    }

    /// A member's sending side has closed: it has left, and what it said last is a message even
    /// without an end. Call only while its [`Server::budget`] is not 0, as that may be said now.
    ///
    /// It still gets what was pending, until [`Delivered::Finished`]; then close its connection and
    /// call [`Server::disconnect`]. A member with a session gets that when it comes back.
    pub fn end_of_input(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        if self.front.is_new(id)
            && (self.has_begun_to_come_back(id) || self.front.returns(id).is_some())
        {
            // It did not get to say so whole. That is nothing for others.
            return self.turn_away(id, String::new());
        }
        if self.front.is_new(id) {
            self.welcome(id);
        }
        if !self.has_session(id) {
            let (now, Self { front, ordered, limits, .. }) = (self.now, &mut *self);
            let terms = Terms::of(limits, &ordered.room);
            front.end_of_input(now, id, terms, &mut sayer(ordered, now, id));
        }
        self.leave(id, Leaves::Input);
    }

    /// A member's connection is gone: it has left, if it had not before, and gets nothing more. A
    /// message that it has not ended is not said. One with a session is kept for a while.
    pub fn disconnect(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        self.leave(id, Leaves::Connection);
        // If it is kept: not before that is said, as the room would stop waiting for it and begin anew.
        self.ordered.room.log.set_away(id.into());
    }

    /// A member leaves, once what it has said is dealt with.
    fn leave(&mut self, id: MemberId, leaves: Leaves) {
        if !self.front.has_deferred(id) || !self.front.is_here(id) {
            return self.take_leave(id, leaves);
        }
        if let Some(person) = self.front.person_mut(id) {
            person.leaves = Some(leaves);
        }
        self.go_on(id);
    }

    /// A member has left.
    fn take_leave(&mut self, id: MemberId, leaves: Leaves) {
        if self.has_session(id) {
            return self.go_away(id);
        }
        self.depart(id);
        if leaves == Leaves::Connection {
            self.drop_connection(id);
        }
    }

    /// Forgets a peer and its reader.
    fn drop_connection(&mut self, id: MemberId) {
        self.front.remove(id);
        self.ordered.room.unseat(id);
        self.ordered.room.log.remove(self.now, id.into());
    }

    /// Deals with the silences and the times of grace that have run out. If it is called much later
    /// than [`Event::TickAt`] says, the latter begin anew: nobody could be sent anything.
    pub fn tick(&mut self, now: Instant) {
        self.pass_time(now);
        self.events.armed = None;
        self.ordered.room.log.tick(self.now);
        while let Some(id) = self.front.take_due(self.now, &self.limits) {
            self.events.queue.push_back(Event::Listen(id));
        }
        self.forget_absent();
        self.tick_returning();
        self.refuse_in_time();
        self.go_on_waiting();
    }

    /// What the clock on the wall says at `now`, in which what is said is told to be earlier. It is good
    /// until it is set again.
    pub fn set_wall(&mut self, now: Instant, wall: Wall) {
        self.pass_time(now);
        self.wall = Some((self.now, wall));
        self.ordered.room.log.set_wall(wall);
    }

    fn pass_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Does what a peer's input has led to, beside what it has said.
    fn follow(&mut self, id: MemberId, outcome: Outcome) {
        let log = &mut self.ordered.room.log;
        let mut is_addressed = false;
        match outcome.newlines {
            Some(Newlines::Withheld) => log.withhold_newlines(id.into()),
            Some(Newlines::Sent) => is_addressed |= log.send_newlines(id.into()),
            None => {}
        }
        if !outcome.answers.is_empty() {
            // Who asks more than it reads is not answered.
            is_addressed |= log.insert(id.into(), outcome.answers.into(), Kind::Raw);
        }
        if is_addressed {
            self.events.queue.push_back(Event::Addressed(id.into()));
        }
        if outcome.wants_session {
            self.events.queue.push_back(Event::KeyWanted(id));
        }
        if outcome.has_deferred {
            self.go_on(id);
        }
        if outcome.departs {
            self.depart(id);
            self.events.queue.push_back(Event::Closed(id));
        }
    }

    /// Does what entries have led to for members of this server.
    fn heed_effects(&mut self) {
        for effect in self.ordered.room.take_effects() {
            match effect {
                Effect::Named(id, name) => {
                    self.front.set_name(id, &name);
                    self.end_wait_for_name(id);
                }
                Effect::NotNamed(id) => self.end_wait_for_name(id),
                Effect::Removed(id) => self.remove(id),
                Effect::Muted(id, is_muted) => {
                    if let Some(person) = self.front.person_mut(id) {
                        person.is_muted = is_muted;
                        person.knows_that_it_is_muted = false;
                    }
                }
                Effect::Written(None, who) => self.host_written_by = Some(who),
                Effect::Written(Some(id), who) => {
                    if let Some(person) = self.front.person_mut(id) {
                        person.written_by = Some(who);
                    }
                }
                Effect::Addressed(reader) => self.address(reader),
                effect => self.heed_return(effect),
            }
        }
    }

    /// The host has removed a member.
    fn remove(&mut self, id: MemberId) {
        self.drop_session(id);
        self.front.depart(id);
        self.front.drop_deferred(id);
        let leaves = self.front.person_mut(id).and_then(|person| person.leaves.take());
        if leaves == Some(Leaves::Connection) {
            self.drop_connection(id);
        } else {
            self.events.queue.push_back(Event::Closed(id));
        }
    }

    /// A reader has something pending, though the log has not grown.
    fn address(&mut self, reader: ReaderId) {
        let event = Event::Addressed(reader);
        if self.events.queue.back() != Some(&event) {
            self.events.queue.push_back(event);
        }
    }

    /// Proposes what is not said by a member.
    fn propose(&mut self, entry: &Entry<'_>, growth: usize) {
        self.ordered.propose(self.now, entry, growth);
        self.heed_effects();
    }

    /// A member leaves, if it is there.
    fn depart(&mut self, id: MemberId) {
        // One that is about to be somebody else leaves as that.
        let is_new = self.front.is_new(id) || self.is_returning(id);
        // One that was not greeted has not joined.
        let Some(label) = self.front.depart(id).filter(|_| !is_new && !self.is_ending) else {
            return;
        };
        let entry = Entry::Left { member: id.number(), name: label.name() };
        self.ordered.propose(self.now, &entry, MAX_NOTICE);
    }
}

/// Says what a member says: proposes it.
fn sayer(
    ordered: &mut Ordered,
    now: Instant,
    id: MemberId,
) -> impl FnMut(&str, &str, Option<Heard>) {
    move |label, text, heard| {
        let growth = label.len() + text.len() + 1;
        let entry = Entry::Said { member: id.number(), label, text };
        ordered.propose_heard(now, &entry, heard, growth);
    }
}

/// Out.
impl Server {
    /// Adds a reader without exceptions, such as the server's console.
    pub fn observe(&mut self, start: Start) -> ReaderId {
        self.ordered.room.log.observe(start)
    }

    /// The server listens on `port`: what an observer is told behind what it has been told so far.
    pub fn open(&mut self, observer: ReaderId, port: u16) {
        let notice = notice::started(port).into_bytes().into();
        if self.ordered.room.log.insert(observer, notice, Kind::Lines) {
            self.events.queue.push_back(Event::Addressed(observer));
        }
    }

    /// Nobody reads as this observer any more: the room does not wait for it.
    pub fn dismiss(&mut self, observer: ReaderId) {
        self.ordered.room.log.remove(self.now, observer);
    }

    /// Lends a reader what it has pending, or the first of it: at most [`MAX_SLICES`] slices, to be
    /// sent in order. `take` returns how many of their bytes the socket took. It is not called if
    /// there is nothing.
    ///
    /// # Errors
    ///
    /// That of `take`; then none of the bytes count as taken.
    ///
    /// # Panics
    ///
    /// If `take` returns more than it was lent.
    ///
    /// [`MAX_SLICES`]: crate::MAX_SLICES
    pub fn deliver<E>(
        &mut self,
        reader: impl Into<ReaderId>,
        take: impl FnOnce(&[&[u8]]) -> Result<usize, E>,
    ) -> Result<Delivered, E> {
        let (id, log) = (reader.into(), &mut self.ordered.room.log);
        let was_refused = log.inserts_pending(id) > ANSWERED;
        let delivered = log.deliver(id, take)?;
        if was_refused && log.inserts_pending(id) <= ANSWERED {
            self.events.has_resumed = true;
            self.go_on(id.member());
        }
        Ok(delivered)
    }

    /// Whether a reader has anything pending.
    #[must_use]
    pub fn has_pending(&self, reader: impl Into<ReaderId>) -> bool {
        self.ordered.room.log.has_pending(reader.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::front::SIZE_OF_PEER;
    use crate::limits::MAX_LABEL;
    use crate::log::SIZE_OF_READER;

    /// What a member costs at rest: its reader and its peer (each with slotmap's version), its label,
    /// and its entry in the pressure's watch.
    #[test]
    fn a_member_costs_well_under_500_bytes() {
        let watch_entry = size_of::<(u64, ReaderId)>();
        let cost = SIZE_OF_READER + SIZE_OF_PEER + 2 * size_of::<u64>() + MAX_LABEL + watch_entry;
        assert!(cost < 330, "{cost}");
    }
}
