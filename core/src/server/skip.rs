//! A server that fell behind the log of its room goes on from a snapshot of it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Event, Server};
use crate::entry::{DecodeError, Entry};
use crate::front::Person;
use crate::id::MemberId;
use crate::notice;
use crate::room::Name;
use crate::time::Instant;

/// Those of whom something is proposed that is not in the snapshot, by their numbers, in order.
#[derive(Default)]
pub(super) struct OnTheirWay {
    joins: Vec<u64>,
    names: Vec<u64>,
    pub(super) returns: Vec<u64>,
    pub(super) answers: Vec<u64>,
}

impl Server {
    /// The room goes on from a snapshot that was taken later on another server: [`Server::commit`] wants
    /// what comes behind it. What was said between is not known. Whoever reads here is told how many
    /// messages it does not get, and members are where the snapshot has them.
    ///
    /// Without effect on a server that is alone.
    ///
    /// # Errors
    ///
    /// The bytes are no snapshot, or none that this release knows, or one that was taken earlier. Nothing
    /// has changed then.
    pub fn skip_to(&mut self, now: Instant, snapshot: &[u8]) -> Result<(), DecodeError> {
        self.pass_time(now);
        if !self.ordered.is_shared() {
            return Ok(());
        }
        let was_tight = self.is_tight();
        let members: Vec<(MemberId, bool)> =
            self.front.all().map(|id| (id, self.is_in_room(id))).collect();
        self.ordered.skip_to(snapshot)?;
        // Some may have missed what is no line of the log.
        self.events.notices += 1;
        self.note_all_anew();
        self.heed_effects();
        let on_their_way = self.on_their_way();
        self.end_waits(&on_their_way);
        self.joining = on_their_way.joins.len();
        for (id, was_in) in members {
            if self.is_in_room(id) {
                if !was_in {
                    self.greet(id);
                }
                self.take_over_profile(id, &on_their_way);
            } else if !self.front.is_new(id) && !contains(&on_their_way.joins, id) {
                self.take_out(id);
            }
        }
        self.note_space(was_tight);
        Ok(())
    }

    /// Whether a member of this server is known to all.
    fn is_in_room(&self, id: MemberId) -> bool {
        self.ordered.room.profile(id).is_some()
    }

    fn on_their_way(&self) -> OnTheirWay {
        let mut all = OnTheirWay::default();
        for stamped in self.ordered.proposed() {
            match *stamped.entry() {
                Entry::Joined { member, .. } => all.joins.push(member),
                Entry::Named { member, .. } => all.names.push(member),
                Entry::Moved { member, .. } => all.returns.push(member),
                Entry::Told { member, .. } | Entry::Recalled { member, .. } => {
                    all.answers.push(member);
                }
                _ => {}
            }
        }
        all.joins.sort_unstable();
        all.names.sort_unstable();
        all
    }

    /// A member's join is in what was skipped.
    fn greet(&mut self, id: MemberId) {
        let room = &mut self.ordered.room;
        let greeting = room.greeting(room.users());
        room.log.start(id.into(), greeting.into_bytes().into());
        self.note_entrance(id);
        self.events.queue.push_back(Event::Admitted(id));
    }

    /// What a member is called, and whether it is heard, may have changed in what was skipped.
    fn take_over_profile(&mut self, id: MemberId, on_their_way: &OnTheirWay) {
        let Some(profile) = self.ordered.room.profile(id) else { return };
        let (is_muted, is_named) = (profile.is_muted(), profile.is_named());
        let name = Name::new(profile.name()).ok().filter(|_| is_named);
        let label = self.front.label(id);
        let is_new = label.zip(name.as_ref()).is_some_and(|(l, name)| l.name() != name.as_str());
        if let Some(name) = name.as_ref().filter(|_| is_new) {
            self.front.set_name(id, name);
        }
        if self.front.person(id).is_some_and(|person| person.is_muted) != is_muted
            && let Some(person) = self.front.person_mut(id)
        {
            person.is_muted = is_muted;
            person.knows_that_it_is_muted = false;
        }
        if contains(&on_their_way.names, id) {
            return;
        }
        let wanted = |person: &Person| person.wanted_name.clone();
        if let Some(wanted) = self.front.person(id).and_then(wanted) {
            if name.is_none_or(|name| name.as_str() != wanted.as_str()) {
                self.refuse_name(id, &wanted);
            }
            self.end_wait_for_name(id);
        }
    }

    /// A member has left in what was skipped, or goes on elsewhere. Of whom nobody knows anything the host
    /// has removed.
    fn take_out(&mut self, id: MemberId) {
        let who = (self.ordered.node(), id.number());
        let people = self.ordered.room.people();
        let has_moved = people.is_some_and(|people| people.now(who) != who);
        let is_removed = self.front.is_here(id) && !has_moved;
        let log = &mut self.ordered.room.log;
        if has_moved {
            // What comes next it gets there.
            let rest = log.make_ghost(id.into());
            log.remove_ghost(rest);
        }
        log.start(id.into(), Box::default());
        log.count_no_lines(id.into());
        log.end_here(id.into());
        if is_removed {
            self.ordered.room.tell(id.into(), notice::removed_you(""));
        }
        if self.front.is_here(id) {
            self.remove(id);
        }
    }
}

fn contains(numbers: &[u64], id: MemberId) -> bool {
    numbers.binary_search(&id.number()).is_ok()
}
