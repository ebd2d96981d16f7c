//! The server: every transition of its side stands in this file.

use alloc::collections::VecDeque;
use core::fmt;
use core::net::SocketAddr;

use crate::entry::{Entry, Stamped};
use crate::front::{Front, Newlines, Outcome, Wire};
use crate::id::{MemberId, NodeId, ReaderId};
use crate::limits::{Limits, MAX_LABEL, MAX_NOTICE};
use crate::log::{Delivered, Kind, MAX_INSERTS, Start};
use crate::notice;
use crate::order::Ordered;
use crate::room::{Committed, Label, Room};
use crate::time::Instant;

/// One server of a room as a state machine: what its peers send goes in, slices to send to them come
/// out.
///
/// Its methods come in families:
///
/// - **In**: [`connect`](Server::connect), [`receive`](Server::receive), [`quiet`](Server::quiet),
///   [`end_of_input`](Server::end_of_input), [`disconnect`](Server::disconnect) tell what peers did,
///   and [`tick`](Server::tick) that time has passed. None of them fails over what a peer sends.
/// - **Order**: [`proposals`](Server::proposals), [`commit`](Server::commit) and
///   [`declare_lost`](Server::declare_lost), where several servers share a room. One that is alone
///   commits what it proposes in the same call.
/// - **Out**: [`deliver`](Server::deliver) lends what a reader has pending: a member, or an observer
///   that [`observe`](Server::observe) has added, until [`dismiss`](Server::dismiss).
/// - **When**: [`poll`](Server::poll) says what the shell has to do next, and
///   [`budget`](Server::budget) how much it may read from whom.
///
/// Call `poll` until it has nothing more after any call of the families In, Order and Out. Any order
/// of calls is safe. The same calls give the same bytes.
pub struct Server {
    limits: Limits,
    front: Front,
    ordered: Ordered,
    /// The latest moment seen.
    now: Instant,
    /// Members whose joins are proposed and not committed.
    joining: usize,
    events: Events,
}

/// What the shell has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The log has grown: readers that had caught up have something pending.
    Grown,
    /// Whoever was told a budget of 0, and listeners, may be tried again.
    Resumed,
    /// [`Server::tick`] is wanted at this time. This replaces what was wanted before.
    TickAt(Instant),
    /// This reader alone has something pending, although the log has not grown.
    Addressed(ReaderId),
    /// A silence may end something that this member has begun. Try to read from it, once its budget is
    /// not 0, and give [`Server::receive`] what there is, or tell [`Server::quiet`] that there is
    /// nothing.
    Listen(MemberId),
    /// This member's join is committed, by an order elsewhere: from now on it is read from and has
    /// something pending.
    Admitted(MemberId),
    /// Read nothing more of this member: it has left, though its connection is open. Deliver what is
    /// pending until that is [`Delivered::Finished`], and close.
    Closed(MemberId),
}

/// What [`Server::poll`] has not told yet.
#[derive(Default)]
struct Events {
    /// The length of the log that was told of.
    told: u64,
    has_resumed: bool,
    /// What was told of the next tick.
    armed: Option<Instant>,
    queue: VecDeque<Event>,
}

/// A newcomer was turned away because [`Limits::max_users`] are online.
///
/// Its text is what the newcomer is to be sent, newline included, before it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    users: usize,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&notice::full(self.users))
    }
}

impl core::error::Error for Full {}

impl Server {
    /// The server of an empty room, which it alone decides of. A limit outside its range is taken as
    /// the nearest one inside.
    ///
    /// All memory of the backlog is allocated here.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let (limits, node) = (limits.clamped(), NodeId::default());
        let ordered = Ordered::alone(Room::new(node, &limits), node);
        Self::with(limits, ordered)
    }

    /// One of several servers of an empty room, which has an order elsewhere. It has been given no
    /// entry yet: [`Server::commit`] wants all, from the room's first one on.
    ///
    /// The backlog holds at least what it takes for lines of any server.
    #[must_use]
    pub fn shared(limits: Limits, node: NodeId) -> Self {
        let limits = limits.shared().clamped();
        let ordered = Ordered::shared(Room::new(node, &limits), node);
        Self::with(limits, ordered)
    }

    fn with(limits: Limits, ordered: Ordered) -> Self {
        Self {
            limits,
            front: Front::default(),
            ordered,
            now: Instant::default(),
            joining: 0,
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
    /// # Errors
    ///
    /// [`Full`], and nothing has changed, if [`Limits::max_users`] are online.
    pub fn connect(
        &mut self,
        now: Instant,
        origin: SocketAddr,
        wire: Wire,
    ) -> Result<MemberId, Full> {
        self.pass_time(now);
        let users = self.users();
        if users.saturating_add(self.joining) >= self.limits.max_users {
            return Err(Full { users });
        }
        let id = MemberId::of(self.ordered.room.log.prepare());
        let label = Label::of_address(origin);
        let entry = Entry::Joined { member: id.number(), name: label.name() };
        self.joining += usize::from(self.ordered.is_shared());
        self.ordered.propose(self.now, &entry, MAX_NOTICE);
        self.front.add(self.now, id, label, wire);
        Ok(id)
    }

    /// A member has sent `bytes`, in any chunks. See [`Server::budget`] for how many to give at once;
    /// more are taken too, but may cost readers their place in the backlog.
    pub fn receive(&mut self, now: Instant, id: MemberId, bytes: &[u8]) {
        self.pass_time(now);
        let (now, Self { front, ordered, limits, .. }) = (self.now, &mut *self);
        let outcome = front.receive(now, id, bytes, limits, &mut sayer(ordered, now, id));
        self.follow(id, outcome);
    }

    /// A member that [`Event::Listen`] asked to be read from has nothing to read.
    pub fn quiet(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        let (now, Self { front, ordered, limits, .. }) = (self.now, &mut *self);
        let outcome = front.quiet(now, id, limits, &mut sayer(ordered, now, id));
        self.follow(id, outcome);
    }

    /// A member's sending side has closed: it has left, and what it said last is a message even
    /// without an end. Call only while its [`Server::budget`] is not 0, as that may be said now.
    ///
    /// It still gets what was pending, until [`Delivered::Finished`]; then close its connection and
    /// call [`Server::disconnect`].
    pub fn end_of_input(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        let (now, Self { front, ordered, limits, .. }) = (self.now, &mut *self);
        front.end_of_input(now, id, limits, &mut sayer(ordered, now, id));
        self.depart(id);
    }

    /// A member's connection is gone: it has left, if it had not before, and gets nothing more. A
    /// message that it has not ended is not said.
    pub fn disconnect(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        self.depart(id);
        self.front.remove(id);
        self.ordered.room.log.remove(id.into());
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
        if outcome.departs {
            self.depart(id);
            self.events.queue.push_back(Event::Closed(id));
        }
    }

    /// A member leaves, if it is there.
    fn depart(&mut self, id: MemberId) {
        let Some(label) = self.front.depart(id) else { return };
        let entry = Entry::Left { member: id.number(), name: label.name() };
        self.ordered.propose(self.now, &entry, MAX_NOTICE);
    }
}

/// Says what a member says: proposes it.
fn sayer(ordered: &mut Ordered, now: Instant, id: MemberId) -> impl FnMut(&str, &str) {
    move |label, text| {
        let growth = label.len() + text.len() + 1;
        ordered.propose(now, &Entry::Said { member: id.number(), label, text }, growth);
    }
}

/// Order.
impl Server {
    /// What this server has proposed and the order has not given back, oldest first: each is an
    /// encoded [`Stamped`]. To propose it again is safe.
    pub fn proposals(&self) -> impl Iterator<Item = &[u8]> {
        self.ordered.proposals()
    }

    /// Commits the next entry of the room's order. Each server is given the same ones in the same
    /// sequence, from the first on. It may be given one again that it was given before, unless that
    /// was [`Committed::TooSoon`]: such an entry is void for ever, although another one that is the
    /// same may come later in the order.
    pub fn commit(&mut self, now: Instant, entry: &Stamped<'_>) -> Committed {
        self.pass_time(now);
        let was_tight = self.is_tight();
        let committed = self.ordered.commit(self.now, entry);
        self.events.has_resumed |= was_tight && !self.is_tight();
        if committed == Committed::New
            && self.ordered.is_own(entry.stamp().node)
            && let &Entry::Joined { member, .. } = entry.entry()
        {
            // It was counted when it was proposed. Saturating: what an order gives is not ours.
            self.joining = self.joining.saturating_sub(1);
            let id = MemberId::from_number(member);
            if self.ordered.room.log.has_started(id.into()) {
                self.events.queue.push_back(Event::Admitted(id));
            }
        }
        committed
    }

    /// Has the room told that another server is gone, and all its members with it: for whoever has
    /// found that out. Once it is committed, nothing more that `node` proposes counts, should it be
    /// there after all. Without effect if that is known, or proposed already.
    pub fn declare_lost(&mut self, now: Instant, node: NodeId) {
        self.pass_time(now);
        self.ordered.declare_lost(self.now, node);
    }

    /// Whether the room has been told that this server is gone: nothing that it says counts any
    /// more, so that it reads from nobody. Close what is connected, and begin anew with another
    /// [`NodeId`].
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.ordered.is_fenced()
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
        self.ordered.room.log.remove(observer);
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
        self.events.has_resumed |= was_refused && log.inserts_pending(id) <= ANSWERED;
        Ok(delivered)
    }

    /// Whether a reader has anything pending.
    #[must_use]
    pub fn has_pending(&self, reader: impl Into<ReaderId>) -> bool {
        self.ordered.room.log.has_pending(reader.into())
    }
}

/// What the answers may cost that a member has left unread and is still read from.
const ANSWERED: usize = MAX_INSERTS / 4;

/// When.
impl Server {
    /// What the shell has to do next; `None` if nothing before the next call of another method.
    pub fn poll(&mut self) -> Option<Event> {
        if let Some(event) = self.events.queue.pop_front() {
            return Some(event);
        }
        let log = &mut self.ordered.room.log;
        if self.events.told != log.end() {
            self.events.told = log.end();
            return Some(Event::Grown);
        }
        if log.take_resumed() | core::mem::take(&mut self.events.has_resumed) {
            return Some(Event::Resumed);
        }
        let next = [log.next_tick(), self.front.next_tick()].into_iter().flatten().min()?;
        if self.events.armed.is_none_or(|armed| next < armed) {
            self.events.armed = Some(next);
            return Some(Event::TickAt(next));
        }
        None
    }

    /// The bytes that have been said since the room began.
    #[must_use]
    pub fn said(&self) -> u64 {
        self.ordered.room.log.end()
    }

    /// Users online, on all servers.
    #[must_use]
    pub fn users(&self) -> usize {
        self.ordered.room.users()
    }

    /// How many bytes of a member [`Server::receive`] is to be given at once, at the most. 0: leave
    /// them in the socket, so that TCP slows the member down, until [`Event::Resumed`].
    ///
    /// What is proposed and not committed counts as said. While the room waits for a reader it is what
    /// is left of the member's allowance: 4 KiB of the log, used up by whatever it says and refilled by
    /// time, 500 bytes a second.
    ///
    /// While it is heeded, nothing that members say can cost a reader its place in the backlog
    /// unless the room has given that reader up; nor can joins, with [`Server::takes_newcomers`].
    /// Notices of leaves are said whatever it is. 0 for one that has left, or is not admitted yet.
    /// Time in which a member was refused counts as none of its silence.
    #[must_use]
    pub fn budget(&self, now: Instant, id: MemberId) -> usize {
        let budget = self.bytes_wanted(self.now.max(now), id);
        if budget == 0 {
            self.front.refuse(id);
        }
        budget
    }

    fn bytes_wanted(&self, now: Instant, id: MemberId) -> usize {
        let log = &self.ordered.room.log;
        let Some((growth, allowance)) = self.front.growth_and_allowance(now, id) else { return 0 };
        let is_admitted = !self.ordered.is_shared() || log.has_started(id.into());
        if !is_admitted || self.is_fenced() || log.inserts_pending(id.into()) > ANSWERED {
            return 0;
        }
        let space = self.space().saturating_sub(self.limits.longest_line());
        let most = if self.is_waiting() { space.min(allowance) } else { space };
        most / growth
    }

    /// Whether newcomers are welcome just now. If not, leave them where they are until
    /// [`Event::Resumed`]: what is said of many joins would cost readers their place in the backlog
    /// too.
    #[must_use]
    pub fn takes_newcomers(&self) -> bool {
        // The other half is for members that say a little.
        self.space() >= (self.limits.share() / 2).max(MAX_NOTICE) && !self.is_fenced()
    }

    /// Whether the room waits for a reader, so that some members' [`Server::budget`] may be 0.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.ordered.room.log.is_waiting()
    }

    /// Whether there is so little space that somebody may have been refused for it.
    fn is_tight(&self) -> bool {
        // A label is longer than what the log grows by for a byte of anybody's.
        let for_a_line = self.limits.longest_line() + MAX_LABEL;
        let ample = for_a_line.max(self.limits.share() / 2);
        debug_assert!(ample <= self.limits.share(), "there would never be so much");
        self.space() < ample
    }

    /// Bytes by which the log may grow now through what is received.
    fn space(&self) -> usize {
        // Saturating: what no budget bounds, such as leaves, may be in flight too.
        self.ordered.room.log.space().saturating_sub(self.ordered.in_flight())
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
        assert!(cost < 310, "{cost}");
    }
}
