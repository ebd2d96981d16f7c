//! What the shell has to do next, and how much it may read.

use alloc::collections::VecDeque;
use core::mem;

use super::Server;
use crate::id::{MemberId, ReaderId};
use crate::limits::{MAX_LABEL, MAX_NOTICE};
use crate::log::ANSWERED;
use crate::time::Instant;

/// What the shell has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The log has grown, or more of it is let through, or everybody is told something: readers that had
    /// caught up have something pending.
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
    /// This member is to have a key by which it is known when it comes back: draw one, and
    /// [`Server::give_key`].
    KeyWanted(MemberId),
    /// The connection of `connection` is one of `member` that has come back: it goes on as that, and
    /// `connection` names nobody any more. If there still is another connection of `member` it is
    /// dead: close it, and say nothing more of it.
    Replaced {
        /// What [`Server::connect`] called it.
        connection: MemberId,
        /// Who it is.
        member: MemberId,
    },
    /// Read nothing more of this member: it has left, though its connection is open. Deliver what is
    /// pending until that is [`Finished`](crate::Delivered::Finished), and close.
    Closed(MemberId),
}

/// What [`Server::poll`] has not told yet.
#[derive(Default)]
pub(super) struct Events {
    /// The length that was told of what readers may have of the log.
    pub(super) told: u64,
    /// The length of the log that the gate's reader was told of, as nobody else may have that.
    told_to_gate: u64,
    pub(super) has_resumed: bool,
    /// How often everybody was told something that is no line of the log, and how often that was told.
    pub(super) notices: u64,
    told_notices: u64,
    /// What was told of the next tick.
    pub(super) armed: Option<Instant>,
    pub(super) queue: VecDeque<Event>,
}

/// When.
impl Server {
    /// What the shell has to do next; `None` if nothing before the next call of another method.
    pub fn poll(&mut self) -> Option<Event> {
        if let Some(event) = self.events.queue.pop_front() {
            return Some(event);
        }
        let log = &mut self.ordered.room.log;
        let grown = (log.readable(), self.events.notices);
        if (self.events.told, self.events.told_notices) != grown {
            (self.events.told, self.events.told_notices) = grown;
            return Some(Event::Grown);
        }
        if let Some(reader) = log.holds_back()
            && self.events.told_to_gate != log.end()
        {
            self.events.told_to_gate = log.end();
            return Some(Event::Addressed(reader));
        }
        let has_room_resumed = log.take_resumed();
        if has_room_resumed {
            self.waiting.resume(self.now);
        }
        if has_room_resumed | mem::take(&mut self.events.has_resumed) {
            return Some(Event::Resumed);
        }
        let next = [
            log.next_tick(),
            self.front.next_tick(),
            self.sessions.next_tick(),
            self.waiting.next_tick(),
            self.returning.next_tick(),
            self.next_refusal(),
        ];
        let next = next.into_iter().flatten().min()?;
        if self.events.armed.is_none_or(|armed| next < armed) {
            self.events.armed = Some(next);
            return Some(Event::TickAt(next));
        }
        None
    }

    /// The bytes that have been said since the room began, and that readers may have.
    #[must_use]
    pub fn said(&self) -> u64 {
        self.ordered.room.log.readable()
    }

    /// How often everybody here was told something that is no line of the log: as when it grows, all have
    /// something pending then.
    #[must_use]
    pub fn notices(&self) -> u64 {
        self.events.notices
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
        let is_new = self.front.is_new(id);
        let is_admitted = !self.ordered.is_shared() || log.has_started(id.into()) || is_new;
        let awaits = self
            .front
            .person(id)
            .is_some_and(|person| person.wanted_name.is_some() || person.returns.is_some());
        if !is_admitted
            || awaits
            || (is_new && !self.takes_newcomers())
            || self.front.has_deferred(id)
            || self.is_fenced()
            || log.inserts_pending(id.into()) > ANSWERED
        {
            return 0;
        }
        if is_new && self.is_unreachable() {
            // It is turned away, whatever it says.
            return self.limits.longest_line();
        }
        let space = self.space().saturating_sub(self.limits.longest_line());
        let most = if self.is_waiting() { space.min(allowance) } else { space };
        most / growth
    }

    /// Whether newcomers are welcome just now. If not, leave them where they are until
    /// [`Event::Resumed`]: what is said of many joins would cost readers their place in the backlog
    /// too. Nor are they while the log of the room cannot be reached, for a while: then they are turned
    /// away.
    #[must_use]
    pub fn takes_newcomers(&self) -> bool {
        // The other half is for members that say a little.
        let has_space = self.space() >= (self.limits.share() / 2).max(MAX_NOTICE);
        let is_welcome = has_space && !self.has_newcomers_wait();
        // Those who are turned away are told so.
        (is_welcome || self.is_unreachable()) && !self.is_fenced()
    }

    /// Whether the room waits for a reader, so that some members' [`Server::budget`] may be 0.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.ordered.room.log.is_waiting()
    }

    /// Whether there is so little space that somebody may have been refused for it.
    pub(super) fn is_tight(&self) -> bool {
        // A label is longer than what the log grows by for a byte of anybody's.
        let for_a_line = self.limits.longest_line() + MAX_LABEL;
        let ample = for_a_line.max(self.limits.share() / 2);
        debug_assert!(ample <= self.limits.share(), "there would never be so much");
        self.space() < ample
    }

    /// Bytes by which the log may grow now through what is received.
    pub(super) fn space(&self) -> usize {
        // Saturating: what no budget bounds, such as leaves, may be in flight too.
        self.ordered.room.log.space().saturating_sub(self.ordered.in_flight())
    }
}
