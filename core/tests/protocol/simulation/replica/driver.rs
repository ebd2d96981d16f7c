//! How a node asks its engine, and reads it: the way there and back, with all that goes wrong on
//! it.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use chat_core::{Answer, Batch, Position, Request};

use super::super::choices::Choices;
use super::cluster::Cluster;
use super::node::{Node, at};
use super::time::{MILLI, SECOND};

/// A connection.
pub(super) struct Link {
    pub(super) instance: usize,
    pub(super) flight: Option<Flight>,
    /// Behind which index it reads.
    pub(super) cursor: Option<u64>,
    pub(super) inbox: VecDeque<Batch>,
}

/// A request on its way there and back.
pub(super) struct Flight {
    request: Request,
    pub(super) fate: Fate,
    pub(super) arrives_at: u64,
    pub(super) answer: Option<(u64, Answer)>,
    pub(super) deadline: u64,
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Well,
    /// Nobody hears of it before it is too late.
    Unheard,
    /// Neither does the engine.
    Lost,
    /// The connection ends.
    Ends,
}

/// A request of a connection that its node has given up.
pub(super) struct Orphan {
    pub(super) instance: usize,
    pub(super) node: u64,
    pub(super) request: Request,
    pub(super) arrives_at: u64,
}

/// What a node needs of the world.
pub(super) struct Around<'a, C> {
    pub(super) now: u64,
    pub(super) cluster: &'a mut Cluster,
    pub(super) choices: &'a mut C,
    pub(super) orphans: &'a mut Vec<Orphan>,
    /// Each snapshot by the link of where it was taken.
    pub(super) snapshots: &'a mut BTreeMap<u64, Rc<[u8]>>,
    /// One request in so many goes wrong; 0: none.
    pub(super) trouble: usize,
}

impl Node {
    /// Whether an instance is the one that serves, as this node knows.
    fn reaches<C>(&self, around: &Around<'_, C>, instance: usize) -> bool {
        let is_known = match self.stuck {
            Some((stuck, until)) if until > around.now => stuck == instance,
            _ => instance == around.cluster.master,
        };
        is_known && around.cluster.instances[instance].is_up
    }

    pub(super) fn connect_engine<C: Choices>(&mut self, around: &mut Around<'_, C>) {
        let connect_at = self.connect_at.max(self.searches_until);
        if self.link.is_some() || connect_at > around.now {
            return;
        }
        let instance = match self.stuck {
            Some((stuck, until)) if until > around.now => stuck,
            _ => around.cluster.master,
        };
        let is_silent =
            self.cut_off_until > around.now || around.cluster.is_frozen(around.now, instance);
        if is_silent || !self.reaches(around, instance) {
            // What does not answer takes a second to be found.
            let time = if is_silent { SECOND } else { 0 };
            self.connect_at = around.now + time + self.backoff;
            self.backoff = (self.backoff * 2).min(250 * MILLI);
            self.replica.disconnected(at(around.now), &mut self.server, "Connection refused");
            return;
        }
        self.link = Some(Link { instance, flight: None, cursor: None, inbox: VecDeque::new() });
        self.replica.connected(at(around.now), &mut self.server);
        self.settle(around.now);
    }

    /// The connection is given up. What is on its way may come there all the same.
    fn give_up<C: Choices>(&mut self, around: &mut Around<'_, C>, why: &str) {
        let Some(link) = self.link.take() else { return };
        if let Some(flight) = link.flight
            && flight.answer.is_none()
            && flight.fate == Fate::Well
        {
            let late = around.choices.one(&[0, 10 * MILLI, 400 * MILLI]);
            around.orphans.push(Orphan {
                instance: link.instance,
                node: self.number,
                request: flight.request,
                arrives_at: flight.arrives_at.max(around.now) + late,
            });
        }
        self.connect_at = around.now + self.backoff;
        self.backoff = (self.backoff * 2).min(250 * MILLI);
        self.replica.disconnected(at(around.now), &mut self.server, why);
        self.settle(around.now);
    }

    /// What is asked, and what is answered, gets on.
    pub(super) fn fly<C: Choices>(&mut self, around: &mut Around<'_, C>) {
        let Some(instance) = self.link.as_ref().map(|link| link.instance) else { return };
        if !self.reaches(around, instance) && self.cut_off_until <= around.now {
            return self.give_up(around, "Connection reset by peer");
        }
        let Some(flight) = self.link.as_mut().and_then(|link| link.flight.as_mut()) else { return };
        if let Some((due, answer)) = flight.answer.take_if(|(due, _)| *due <= around.now) {
            // Whether it comes too late is a matter of what is looked at first.
            if around.now > flight.deadline && due > flight.deadline {
                return self.give_up(around, "Connection timed out");
            }
            return self.take_answer(around, answer);
        }
        let is_cut_off = self.cut_off_until > around.now;
        let arrives = flight.answer.is_none()
            && flight.arrives_at <= around.now
            && !is_cut_off
            && !around.cluster.is_frozen(around.now, instance);
        match flight.fate {
            Fate::Ends if arrives => {
                if around.choices.once_in(2) {
                    let _ = around.cluster.run(around.now, instance, self.number, &flight.request);
                }
                return self.give_up(around, "Connection reset by peer");
            }
            Fate::Well | Fate::Unheard if arrives => {
                let answer = around.cluster.run(around.now, instance, self.number, &flight.request);
                let time = around.choices.one(&[0, 100, MILLI, 20 * MILLI, 300 * MILLI]);
                let is_heard = flight.fate == Fate::Well;
                let due = if is_heard { around.now + time } else { u64::MAX };
                flight.answer = Some((due, answer));
                if due == around.now {
                    return self.fly(around);
                }
            }
            _ => {}
        }
        if around.now >= flight.deadline {
            self.give_up(around, "Connection timed out");
        }
    }

    fn take_answer<C: Choices>(&mut self, around: &mut Around<'_, C>, answer: Answer) {
        let is_attached = matches!(answer, Answer::Attached(_));
        if is_attached && let Some(link) = &self.link {
            assert!(link.instance >= self.has_been_at, "it takes part in what was replaced");
            self.has_been_at = link.instance;
        }
        let is_stale = answer == Answer::Stale;
        let before = self.replica.position();
        self.replica.answered(at(around.now), &mut self.server, answer);
        if is_stale {
            return self.give_up(around, Answer::STALE);
        }
        self.backoff = 50 * MILLI;
        self.settle(around.now);
        self.note_skip(around.cluster, before);
        let Some(link) = &mut self.link else { return };
        link.flight = None;
        if is_attached {
            link.inbox.clear();
            // What it reads again is ignored.
            let again = around.choices.one(&[0, 0, 0, 3]);
            link.cursor = Some(self.replica.position().index.saturating_sub(again));
        }
    }

    /// It may have gone on from a snapshot. Where it was before may be a place in a log that went
    /// on without that: what it has shown up to then is nobody else's.
    fn note_skip(&mut self, cluster: &Cluster, before: Position) {
        let position = self.replica.position();
        self.has_skipped |= position != before;
        let is_elsewhere =
            || !cluster.chain(position).iter().any(|batch| batch.link == before.link);
        if position != before && before != Position::GENESIS && is_elsewhere() {
            self.begins_at = position.index;
            let notices = self.console.lines().filter(|line| line.starts_with("> The room"));
            let notices: String = notices.map(|line| format!("{line}\n")).collect();
            self.console.got = notices.into_bytes();
        }
    }

    /// The reader gets some of what is there, and some of that is read.
    pub(super) fn read<C: Choices>(&mut self, around: &mut Around<'_, C>) {
        let Some(link) = &mut self.link else { return };
        let is_silent = self.cut_off_until > around.now
            || around.cluster.is_frozen(around.now, link.instance)
            || !around.cluster.instances[link.instance].is_up;
        let most = around.choices.one(&[8, 8, 1, 0]);
        for _ in 0..if is_silent { 0 } else { most } {
            let Some(cursor) = link.cursor else { break };
            let Some(batch) = around.cluster.batch_behind(link.instance, cursor) else { break };
            link.cursor = Some(batch.index);
            link.inbox.push_back(batch);
        }
        for _ in 0..around.choices.one(&[8, 8, 1, 0]) {
            let Some(link) = &mut self.link else { return };
            let Some(batch) = link.inbox.pop_front() else { return };
            if !self.replica.takes(&self.server, &batch) {
                link.inbox.push_front(batch);
                return;
            }
            let is_new = batch.index > self.replica.position().index;
            let read = self.replica.read(at(around.now), &mut self.server, batch);
            assert!(is_new || read.is_ok(), "what was read already is no other log");
            self.settle(around.now);
        }
    }

    /// Whether there is something to read.
    pub(super) fn has_unread(&self, cluster: &Cluster) -> bool {
        self.link.as_ref().is_some_and(|link| {
            let next = link.cursor.and_then(|cursor| cluster.batch_behind(link.instance, cursor));
            next.is_some() || !link.inbox.is_empty()
        })
    }

    /// Asks the engine what the replica wants to know.
    pub(super) fn ask<C: Choices>(&mut self, around: &mut Around<'_, C>) {
        let Some(link) = &mut self.link else { return };
        if link.flight.is_some() {
            return;
        }
        let Some(request) = self.replica.request(at(around.now), &self.server) else { return };
        if let Request::Seed { at, snapshot, .. } | Request::Keep { at, snapshot } = &request {
            let same = around.snapshots.entry(at.link.0).or_insert_with(|| Rc::clone(snapshot));
            assert_eq!(same, snapshot, "two snapshots of one place");
        }
        if matches!(request, Request::Declare { lost, .. } if lost.0 == self.number) {
            self.members.iter_mut().for_each(|member| member.said_in_time = member.said.len());
            self.tells_in_vain = link.instance != around.cluster.master;
        }
        let is_troubled = around.trouble > 0 && around.choices.once_in(around.trouble);
        let fate = if is_troubled {
            around.choices.one(&[Fate::Unheard, Fate::Lost, Fate::Ends])
        } else {
            Fate::Well
        };
        let time = around.choices.one(&[0, 100, MILLI, 20 * MILLI, 300 * MILLI]);
        link.flight = Some(Flight {
            request,
            fate,
            arrives_at: around.now + time,
            answer: None,
            deadline: around.now + SECOND,
        });
    }
}
