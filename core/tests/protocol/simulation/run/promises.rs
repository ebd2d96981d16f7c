//! What is promised, and holds at any time.

use super::super::choices::Choices;
use super::Run;

/// What a member may cost beside what it has not ended: its place, label, timers, watch.
const MEMBER: usize = 2048;

/// What the room's own parts may cost beside the backlog, at the most.
const BASE: usize = 8 * 1024;

impl<C: Choices> Run<C> {
    /// The log has grown since it had `said` bytes. Whoever was in time has missed nothing by that,
    /// unless it was said without regard for budgets.
    pub(super) fn grew(&mut self, said: u64, is_heedless: bool) {
        let grown = self.room.said() - said;
        self.said_before = said;
        let grace = self.limits.grace;
        let waited = self.waiting_since.filter(|_| !self.room.is_waiting());
        let gives_up = waited.is_some_and(|(since, _)| since + grace <= self.now);
        for peer in self.peers.values_mut() {
            if gives_up {
                peer.give_up();
            }
            peer.falls_behind(grown, is_heedless, self.now, &self.limits);
        }
        for place in self.model.overrun() {
            let Some(peer) = self.peers.get_mut(&place) else { continue };
            let may_miss = peer.had_its_time(self.now, grace) || peer.has_missed || is_heedless;
            assert!(may_miss, "a reader in time has missed something");
            peer.has_missed = true;
        }
    }

    /// What may be said between two looks at readers, and again while the room waits: an eighth of the
    /// backlog.
    pub(super) fn turn(&self) -> u64 {
        self.limits.backlog as u64 / 8
    }

    /// Looks at all that holds at any time.
    pub(super) fn look(&mut self) {
        assert_eq!(self.room.users(), self.model.users);
        self.look_at_waiting();
        self.look_at_budgets();
        self.look_at_memory();
    }

    /// The room waits no longer than it may, and for all at once.
    fn look_at_waiting(&mut self) {
        if !self.room.is_waiting() {
            self.waiting_since = None;
            assert!(self.room.takes_newcomers());
            return;
        }
        let begins = self.waiting_since.is_none();
        let (since, said) = *self.waiting_since.get_or_insert((self.now, self.said_before));
        assert!(self.now <= since + self.limits.grace, "the room waits too long");
        if begins && let Some(before) = self.waited_at.replace(said) {
            // Whoever lacked less than a turn of being far behind then was waited for with the first.
            let grown = self.room.said() - before;
            assert!(grown > self.turn(), "the room waits for one after the other");
        }
    }

    /// While the room waits a member may say a little, and no more; and everybody is listened to soon.
    fn look_at_budgets(&mut self) {
        let turn = self.turn();
        for (place, peer) in &mut self.peers {
            let Some(id) = peer.id.filter(|_| !self.model.readers[place].has_left) else {
                continue;
            };
            let budget = self.room.input_budget(self.now, id);
            if let Some((_, said)) = self.waiting_since {
                let little = self.model.little(*place, self.now);
                let growth = self.model.growth(*place);
                assert!(budget * growth <= little, "{budget} bytes are not a little");
                let spare = turn.saturating_sub(self.room.said() - said) as usize;
                let is_spare = spare >= self.limits.least_backlog() / 12 + growth;
                let may_say = is_spare && little > growth;
                assert!(
                    budget > 0 || !may_say,
                    "one who says little is refused, of {little} bytes"
                );
            }
            if budget > 0 {
                peer.refused_since = None;
            } else {
                let since = *peer.refused_since.get_or_insert(self.now);
                let grace = self.limits.grace;
                assert!(self.now <= since + grace, "a member is not listened to for too long");
            }
        }
    }

    /// The room holds no more than its limits allow.
    fn look_at_memory(&self) {
        let unended = 4 * (self.limits.max_line + 1024);
        let members = (self.joined + 1) * MEMBER + self.peers.len() * unended;
        let most = BASE + self.limits.backlog * 7 + members;
        assert!(self.memory <= most as i64, "{} bytes of memory, at most {most}", self.memory);
    }
}
