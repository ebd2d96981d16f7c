//! What goes wrong, and how all is well again.

use chat_core::Position;

use super::super::choices::Choices;
use super::time::{MILLI, SECOND};
use super::{NODES, PATIENCE, Replicas};

/// What the engine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// It ends, without what was not saved, and comes back after a while, maybe with nothing.
    Crash { down: u64, has_lost_all: bool },
    /// It comes back.
    Revive { has_lost_all: bool },
    /// Another one takes over.
    FailOver,
}

/// Times for which something is away: some that nobody notices, some that last longer than a lease.
const TIMES: [u64; 6] =
    [10 * MILLI, 300 * MILLI, 1_500 * MILLI, 5 * SECOND, 8 * SECOND, 14 * SECOND];

impl<C: Choices> Replicas<C> {
    pub(super) fn trouble(&mut self) {
        let time = self.choices.one(&TIMES);
        match self.choices.below(15) {
            0..3 if self.plan.is_none() => self.plan_crash(),
            3..5 if self.plan.is_none() => {
                self.cluster.stop_saving();
                let soon = self.choices.one(&TIMES[..3]);
                self.plan = Some((self.now + soon, Plan::FailOver));
            }
            5 => self.cluster.freeze(self.now, time),
            6 if self.choices.once_in(2) => self.cluster.fill(self.now, time),
            6 => self.cluster.refuse(self.now, time),
            7 => self.with_node(|node, now| node.cut_off_until = now + time),
            8 => self.with_node(|node, now| node.frozen_until = now + time),
            9 if self.choices.once_in(2) => self.with_node(|node, _| node.is_dead = true),
            10 if self.choices.once_in(2) => self.end_node(),
            11 => self.mislead(time),
            12 if self.choices.once_in(2) => {
                let skew = self.choices.one(&[2_900, 2_995, 3_006, 3_100]);
                self.cluster.set_clock(self.now, skew * SECOND);
            }
            _ => {}
        }
    }

    fn with_node(&mut self, change: impl FnOnce(&mut super::Node, u64)) {
        if let Some(index) = self.some_node() {
            change(&mut self.nodes[index], self.now);
        }
    }

    fn end_node(&mut self) {
        let now = self.now;
        self.with_node(|node, _| node.end(now));
    }

    /// The engine is going to end, without what it does from now on, or with all of it.
    fn plan_crash(&mut self) {
        if self.choices.once_in(2) {
            self.cluster.stop_saving();
        }
        let soon = self.choices.one(&TIMES[..3]);
        let down = self.choices.one(&TIMES);
        let has_lost_all = self.choices.once_in(4);
        self.plan = Some((self.now + soon, Plan::Crash { down, has_lost_all }));
    }

    pub(super) fn carry_out(&mut self, plan: Plan) {
        match plan {
            Plan::Crash { down, has_lost_all } => {
                self.cluster.kill();
                self.kill_some_with_it();
                self.plan = Some((self.now + down, Plan::Revive { has_lost_all }));
            }
            Plan::Revive { has_lost_all } => {
                let before = self.cluster.tail();
                self.cluster.revive(self.now, has_lost_all);
                self.note_branches(before);
                self.search();
                if self.choices.once_in(2) {
                    self.begin_first();
                }
            }
            // Of two that nobody has used, nobody can say which came first.
            Plan::FailOver if !self.cluster.is_used(self.cluster.master) => {}
            Plan::FailOver => self.fail_over(),
        }
    }

    /// What went up to `tail` may be lost. If a server knows another log, one that was lost before,
    /// that may be the one that is said again first.
    fn note_branches(&mut self, tail: Position) {
        if self.cluster.lost_at != self.now {
            return;
        }
        let holds = |one: Position, other: Position| {
            other == Position::GENESIS
                || self.cluster.chain(one).iter().any(|batch| batch.link == other.link)
        };
        let mut positions = self.nodes.iter().filter(|node| node.runs());
        let knows_another = positions.any(|node| {
            let at = node.replica.position();
            !holds(tail, at) && !holds(at, tail)
        });
        if knows_another {
            self.cluster.strain(self.now);
        }
    }

    /// Some servers find the one that serves later than others: a name has to be looked up, a sentinel is
    /// gone.
    fn search(&mut self) {
        for index in 0..self.nodes.len() {
            let time = self.choices.one(&[0, 0, 1_500 * MILLI, 3_500 * MILLI]);
            self.nodes[index].searches_until = self.now + time;
        }
    }

    /// A server begins with the engine, as after a power cut: before those that know what there
    /// was.
    fn begin_first(&mut self) {
        let count = self.nodes.len();
        if self.living() < NODES {
            self.begin_node();
        }
        if let Some(node) = self.nodes.get_mut(count) {
            self.connected += 1;
            node.connect(self.now, format!("192.0.2.99:{}", self.connected));
        }
    }

    /// A server may be on the same machine: what only that has read is gone.
    fn kill_some_with_it(&mut self) {
        if self.choices.once_in(3) {
            self.with_node(|node, _| node.is_dead = true);
        }
    }

    /// Some servers go on with the one before for a while.
    fn fail_over(&mut self) {
        let before = self.cluster.master;
        let tail = self.cluster.tail();
        self.cluster.fail_over(self.now);
        self.note_branches(tail);
        self.search();
        self.kill_some_with_it();
        if self.choices.once_in(2) {
            return;
        }
        for index in 0..self.nodes.len() {
            if self.choices.once_in(3) {
                let time = self.choices.one(&TIMES);
                self.nodes[index].stuck = Some((before, self.now + time));
                // There are two masters. What is said to the wrong one may do harm much later.
                self.cluster.strain(u64::MAX);
            }
        }
    }

    /// A server is led to one that served before, and says that it does.
    fn mislead(&mut self, time: u64) {
        let Some((former, era)) = self.cluster.former(self.now) else { return };
        let until = self.now + time;
        self.with_node(|node, _| {
            // It may not have heard of the one that serves now.
            if node.replica.era() > era {
                (node.link, node.connect_at) = (None, 0);
                node.stuck = Some((former, until));
            }
        });
    }

    /// Nothing goes wrong any more, and all that was begun comes to its end.
    pub(super) fn heal(&mut self) {
        if std::mem::take(&mut self.trouble) > 0 {
            self.cluster.strain(self.now);
        }
        while self.plan.is_some() {
            self.wait(SECOND);
        }
        self.cluster.heal(self.now);
        let now = self.now;
        for node in &mut self.nodes {
            (node.cut_off_until, node.stuck) = (0, None);
            node.frozen_until = node.frozen_until.min(now);
        }
        let end = self.now + PATIENCE;
        // What is deferred may be said only now.
        let mut at_rest = None;
        loop {
            let rests = self.is_settled().then(|| self.cluster.tail());
            if rests.is_some() && rests == at_rest {
                break;
            }
            at_rest = rests;
            assert!(self.now < end, "it does not come to rest: {}", self.describe());
            self.wait(SECOND);
        }
    }

    /// How it stands with the servers.
    fn describe(&self) -> String {
        let tail = self.cluster.tail().index;
        let of = |node: &super::Node| {
            let (number, read) = (node.number, node.replica.position().index);
            let (state, is_dead) = (node.replica.state(), node.is_dead);
            let waiting = node.server.proposals().count();
            let unread: Vec<String> = node
                .members
                .iter()
                .filter(|member| !member.is_closed && !member.unread.is_empty())
                .map(|member| format!("{}: {:?}", member.addr, str::from_utf8(&member.unread)))
                .collect();
            format!(
                "{number}: {read} of {tail} read, {waiting} proposed, {state:?}, dead: {is_dead}, \
                 {} users, unread: {unread:?}",
                node.server.users()
            )
        };
        self.nodes.iter().map(of).collect::<Vec<_>>().join("; ")
    }

    /// Whether everything is where it should be.
    fn is_settled(&self) -> bool {
        let mut living = self.nodes.iter().filter(|node| node.runs()).peekable();
        if living.peek().is_none() {
            return true;
        }
        let tail = self.cluster.tail();
        let here =
            |node: &super::Node| node.members.iter().filter(|member| !member.is_closed).count();
        let users: usize = self.nodes.iter().filter(|node| node.runs()).map(here).sum();
        living.all(|node| {
            let mut members = node.members.iter().filter(|member| !member.is_closed);
            let has_said_all = members.all(|member| member.unread.is_empty());
            node.replica.position() == tail
                && node.replica.has_begun()
                && node.replica.is_open()
                && node.server.proposals().next().is_none()
                && node.server.users() == users
                && (has_said_all || node.ends)
        })
    }
}
