//! What is promised, and holds at any time.

use std::time::Duration;

use super::super::choices::Choices;
use super::super::model::is_observer;
use super::Run;

/// What a member may cost beside what it has not ended: its place, label, timers, watch, and
/// telnet's options.
const MEMBER: usize = 2048;

/// What the room's own parts may cost beside the backlog, at the most.
const BASE: usize = 8 * 1024;

impl<C: Choices> Run<C> {
    /// The log has grown since it had `said` bytes. Whoever was in time has missed nothing by that,
    /// unless it was said without regard for budgets.
    pub(super) fn grew(&mut self, said: u64, is_heedless: bool) {
        let grown = self.model.end() - said;
        self.said_before = said;
        if is_heedless && grown > 0 {
            self.waits_anew();
        }
        let grace = self.limits.grace;
        let waited = self.waiting_since.filter(|_| !self.server.is_waiting());
        let gives_up = waited.is_some_and(|(since, _)| since + grace <= self.now);
        for peer in self.peers.values_mut() {
            if gives_up {
                peer.give_up();
            }
        }
        self.fall_behind(grown, is_heedless);
        for place in self.model.overrun().collect::<Vec<_>>() {
            let is_in_vain = self.is_gate_in_vain(place);
            let Some(peer) = self.peers.get_mut(&place) else { continue };
            let may_miss =
                is_in_vain || peer.had_its_time(self.now, grace) || peer.has_missed || is_heedless;
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
        self.settle();
        assert_eq!(self.server.users(), self.model.users);
        assert_eq!(self.server.said(), self.model.readable());
        assert_eq!(self.server.holds_back(), self.model.held_back() > 0);
        self.look_at_waiting();
        self.look_at_budgets();
        self.look_at_events();
        self.look_at_memory();
    }

    /// The room waits for the gate again, although it waits already: for that more must have been said
    /// than budgets allow meanwhile, or another gate was set.
    pub(super) fn waits_anew(&mut self) {
        if self.record.confirms {
            self.waiting_since = self.waiting_since.map(|(_, said)| (self.now, said));
        }
    }

    /// How long the room may wait: for readers, for the gate, and for readers that get only then what they
    /// are late with.
    fn longest_wait(&self) -> Duration {
        if self.record.confirms { 3 * self.limits.grace } else { self.limits.grace }
    }

    /// The room waits no longer than it may, and for all at once.
    fn look_at_waiting(&mut self) {
        if !self.server.is_waiting() {
            self.waiting_since = None;
            assert!(self.server.takes_newcomers());
            return;
        }
        let begins = self.waiting_since.is_none();
        let (since, said) = *self.waiting_since.get_or_insert((self.now, self.said_before));
        let ends = since + self.longest_wait();
        assert!(self.now <= ends, "the room waits too long");
        assert!(self.tick_at.is_some_and(|at| at <= ends), "nothing will end that");
        if begins
            && let Some(before) = self.waited_at.replace(said)
            && !self.record.confirms
        {
            // Whoever lacked less than a turn of being far behind then was waited for with the first.
            let grown = self.model.end() - before;
            assert!(grown > self.turn(), "the room waits for one after the other");
        }
    }

    /// While the room waits a member may say a little, and no more; and everybody is listened to
    /// soon, but for whoever does not take its answers.
    fn look_at_budgets(&mut self) {
        let (turn, longest) = (self.turn(), self.longest_wait());
        for place in
            self.peers.keys().copied().filter(|place| !is_observer(*place)).collect::<Vec<_>>()
        {
            if self.model.reader(place).has_left {
                continue;
            }
            let budget = self.budget(place);
            let is_silenced = self.model.reader(place).is_silenced();
            assert!(!is_silenced || budget == 0, "one that does not take its answers is heard");
            if let Some((_, said)) = self.waiting_since {
                let little = self.model.little(place, self.now);
                let growth = self.model.growth(place);
                assert!(budget * growth <= little, "{budget} bytes are not a little");
                let spare = turn.saturating_sub(self.model.end() - said) as usize;
                let is_spare = spare >= self.limits.least_backlog() / 12 + growth;
                let may_say = is_spare && little > growth && !is_silenced;
                assert!(
                    budget > 0 || !may_say,
                    "one who says little is refused, of {little} bytes"
                );
            }
            let peer = self.peers.get_mut(&place).unwrap();
            if budget > 0 || is_silenced {
                peer.refused_since = None;
            } else {
                let since = *peer.refused_since.get_or_insert(self.now);
                assert!(self.now <= since + longest, "a member is not listened to for too long");
            }
            // While the room waits time alone gives something back.
            let is_told = !peer.was_refused || self.server.is_waiting();
            assert!(budget == 0 || is_told, "nobody was told that {place} is wanted again");
        }
    }

    /// A shell that does what it is told, and nothing else, misses nothing.
    fn look_at_events(&self) {
        for (place, peer) in &self.peers {
            let is_known = peer.is_awake || !self.server.has_pending(peer.reader);
            assert!(is_known, "nobody was told that {place} has something pending");
        }
        if let Some(due) = self.model.next_due() {
            let is_known = self.tick_at.is_some_and(|at| at <= due);
            assert!(is_known, "nobody will notice that a silence is over");
        }
    }

    /// The room holds no more than its limits allow.
    fn look_at_memory(&self) {
        let unended = 4 * (self.limits.max_line + 1024);
        let members = (self.joined + 1) * MEMBER + self.peers.len() * unended;
        let answers: usize =
            self.peers.keys().map(|place| self.model.reader(*place).unanswered()).sum();
        let most = BASE + self.limits.backlog * 7 + members + 2 * answers;
        assert!(self.memory <= most as i64, "{} bytes of memory, at most {most}", self.memory);
    }
}
