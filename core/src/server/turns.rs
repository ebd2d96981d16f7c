//! Turns: a member's messages that are deferred are dealt with a few at a time.

use alloc::collections::VecDeque;
use core::mem;

use super::Server;
use crate::command::{Command, Meaning};
use crate::front::{Leaves, Next, Person as Peer};
use crate::id::MemberId;
use crate::limits::{BREATH, COMMANDS, CROWD_BREATH, LATE};
use crate::log::ANSWERED;
use crate::time::Instant;

/// Members of which messages are deferred.
#[derive(Default)]
pub(super) struct Waiting {
    members: VecDeque<MemberId>,
    /// How many of them are to be looked at, as they may go on now.
    due: usize,
    /// When that goes on.
    at: Option<Instant>,
    /// When the next command may be dealt with that looks at all members.
    crowd_at: Instant,
}

impl Waiting {
    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.at
    }

    /// All of them may go on at `at`.
    pub(super) fn resume(&mut self, at: Instant) {
        self.due = self.members.len();
        if self.due > 0 {
            self.at = Some(self.at.map_or(at, |before| before.min(at)));
        }
    }
}

/// Members of whom all may be looked at as if that were nothing.
const FEW: usize = 64;

/// Members that one call looks at that may go on, and those of them that do: the others wait for
/// [`BREATH`], as the room does for these.
const LOOKS: usize = 512;
const TURNS: usize = 8;

impl Server {
    /// Deals with the messages of a member that are deferred: with a few of them, as long as there is
    /// space for what that leads to.
    pub(super) fn go_on(&mut self, id: MemberId) {
        if self.front.person(id).is_none() {
            return;
        }
        for _ in 0..COMMANDS {
            if !self.may_go_on(id) || !self.may_take_long(id) {
                break;
            }
            self.do_next(id);
        }
        self.report_heard(id);
        if !self.front.has_deferred(id) {
            return self.has_gone_on(id);
        }
        let is_gone = |person: &Peer| person.leaves == Some(Leaves::Connection);
        if !self.has_read(id) && self.front.person(id).is_some_and(is_gone) {
            // It reads nothing before it comes back, if it does.
            if !self.front.says_bye(id) {
                return self.go_away(id);
            }
            self.end_session(id);
        }
        let (may_go_on, takes_long) = (self.may_go_on(id), self.takes_long(id));
        let Some(person) = self.front.person_mut(id) else { return };
        if !mem::replace(&mut person.is_waiting, true) {
            self.waiting.members.push_back(id);
        }
        if may_go_on {
            let at = self.now + BREATH;
            self.waiting.resume(if takes_long { at.max(self.waiting.crowd_at) } else { at });
        } else if self.is_waiting() {
            // Time alone may give something back.
            self.waiting.resume(self.now + LATE);
        }
    }

    /// Nothing of a member is deferred any more.
    fn has_gone_on(&mut self, id: MemberId) {
        let Some(person) = self.front.person_mut(id) else { return };
        let leaves = person.leaves.take();
        // Before, its budget was 0.
        self.events.has_resumed |= person.is_waiting;
        if let Some(leaves) = leaves {
            self.take_leave(id, leaves);
        }
    }

    /// Says what one has said that is forgotten. Nobody is there to be answered.
    pub(super) fn say_rest(&mut self, id: MemberId) {
        while let Some(next) = self.front.next_deferred(id) {
            if let Next::Message(text) = next
                && let Meaning::Said(text) = Command::meaning(&text)
            {
                self.say(id, text);
            }
        }
    }

    /// Goes on with those that wait.
    pub(super) fn go_on_waiting(&mut self) {
        if self.waiting.at.is_none_or(|at| at > self.now) {
            return;
        }
        self.waiting.at = None;
        let (looks, mut turns) = (self.waiting.due.min(LOOKS), 0);
        for _ in 0..looks {
            self.waiting.due -= 1;
            let Some(id) = self.waiting.members.pop_front() else { break };
            if self.may_go_on(id) {
                turns += 1;
            }
            self.go_on_in_turn(id);
            if turns == TURNS {
                break;
            }
        }
        if self.waiting.due > 0 {
            self.waiting.at.get_or_insert(self.now + BREATH);
        }
    }

    fn go_on_in_turn(&mut self, id: MemberId) {
        if !self.front.has_deferred(id) {
            if self.front.person(id).is_some()
                && let Some(person) = self.front.person_mut(id)
            {
                person.is_waiting = false;
            }
            return;
        }
        // Behind all others; should nothing be left, that is found then.
        self.waiting.members.push_back(id);
        self.go_on(id);
    }

    /// Whether there is space for what the next message of a member leads to.
    fn may_go_on(&self, id: MemberId) -> bool {
        let awaits = self.front.person(id).is_some_and(Peer::awaits);
        let Some((_, allowance)) = self.front.growth_and_allowance(self.now, id) else {
            return false;
        };
        self.front.has_deferred(id)
            && !awaits
            && self.has_read(id)
            && self.space() >= self.limits.longest_line()
            && (!self.is_waiting() || allowance > 0)
    }

    /// Whether a member has not left too many answers unread; one that does not read any more has not.
    fn has_read(&self, id: MemberId) -> bool {
        let is_gone =
            |person: &Peer| person.leaves == Some(Leaves::Connection) && person.session.is_none();
        self.ordered.room.log.inserts_pending(id.into()) <= ANSWERED
            || self.front.person(id).is_some_and(is_gone)
    }

    /// Whether the next message of a member may be dealt with already, if that takes long.
    fn may_take_long(&mut self, id: MemberId) -> bool {
        if !self.takes_long(id) {
            return true;
        }
        let may = self.waiting.crowd_at <= self.now;
        if may {
            self.waiting.crowd_at = self.now + CROWD_BREATH;
        }
        may
    }

    fn takes_long(&self, id: MemberId) -> bool {
        self.users() > FEW && self.front.next_takes_long(id)
    }
}
