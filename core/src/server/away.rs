//! A server that cannot reach the log of its room: who is here waits, and who comes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Event, Refused, Server};
use crate::id::MemberId;
use crate::limits::{MAX_REMARK, WELCOME_LATER};
use crate::notice;
use crate::time::Instant;
use crate::wire::shown;

/// Since when it cannot.
pub(super) struct Away {
    since: Instant,
    /// Whether newcomers are told so, and wait no more.
    is_refusing: bool,
}

impl Server {
    /// The log of the room cannot be reached, as `why` says, so that what is said waits; or, with `None`,
    /// it goes on. Everybody who reads here is told; it is no line of the log. Newcomers wait for a
    /// while, and are then turned away.
    ///
    /// Without effect if that is known, or on a server that is alone.
    pub fn set_away(&mut self, now: Instant, why: Option<&str>) {
        self.pass_time(now);
        if why.is_some() == self.away.is_some() || !self.ordered.is_shared() {
            return;
        }
        let text = match why {
            Some(why) => notice::waits(&clean(why)),
            None => notice::GOES_ON.into(),
        };
        self.ordered.room.log.tell_all(&text);
        self.events.notices += 1;
        // Newcomers were not taken, or were turned away.
        self.events.has_resumed |= why.is_none();
        self.away = why.map(|_| Away { since: self.now, is_refusing: false });
    }

    /// Whether newcomers are to wait, wherever they are.
    pub(super) fn has_newcomers_wait(&self) -> bool {
        self.away.as_ref().is_some_and(|away| !away.is_refusing)
    }

    /// Whether newcomers are turned away, as they have waited for too long.
    pub(super) fn is_unreachable(&self) -> bool {
        self.away.as_ref().is_some_and(|away| away.is_refusing)
    }

    /// When those who wait to be let in have waited for long enough.
    pub(super) fn next_refusal(&self) -> Option<Instant> {
        let away = self.away.as_ref().filter(|away| !away.is_refusing);
        away.map(|away| away.since + WELCOME_LATER)
    }

    /// Turns away those who have waited for too long.
    pub(super) fn refuse_in_time(&mut self) {
        if self.next_refusal().is_none_or(|at| at > self.now) {
            return;
        }
        if let Some(away) = &mut self.away {
            away.is_refusing = true;
        }
        self.events.has_resumed = true;
        let log = &self.ordered.room.log;
        let is_waiting = |id: &MemberId| {
            let is_back = self.front.is_new(*id) && self.front.returns(*id).is_some();
            is_back || (self.front.is_here(*id) && !log.has_started((*id).into()))
        };
        let waiting: Vec<_> = self.front.all().filter(is_waiting).collect();
        for id in waiting {
            let log = &mut self.ordered.room.log;
            log.start(id.into(), format!("{}", Refused::Unreachable).into_bytes().into());
            log.end_here(id.into());
            // Its join is on its way, and may come.
            self.depart(id);
            self.events.queue.push_back(Event::Closed(id));
        }
    }
}

/// What may stand in a line, and no more than a remark.
fn clean(why: &str) -> String {
    let why: String = why.chars().map(shown).collect();
    why[..why.floor_char_boundary(MAX_REMARK)].into()
}
