//! One of the servers: the least of a shell, and of a driver of its replica.

use std::collections::VecDeque;

use chat_core::{Attached, Event, Instant, Limits, Replica, Server, Start, State, Wire};

use super::super::choices::Choices;
use super::cluster::Cluster;
use super::driver::{Around, Fate, Flight, Link};
use super::people::{Member, Reader};
use super::time::{MILLI, SECOND};

/// How long after a trouble it is no wonder that a server ends: all may be away meanwhile.
const LONG: u64 = 30 * SECOND;

pub(super) struct Node {
    pub(super) number: u64,
    pub(super) server: Server,
    pub(super) replica: Replica,
    pub(super) console: Reader,
    pub(super) members: Vec<Member>,
    /// Where its console begins.
    pub(super) begins_at: u64,
    pub(super) link: Option<Link>,
    /// When it connects next, and how long it waits after that.
    pub(super) connect_at: u64,
    pub(super) backoff: u64,
    /// When it goes on that is stopped.
    pub(super) frozen_until: u64,
    /// When its network is back.
    pub(super) cut_off_until: u64,
    /// An instance that it takes for the one that serves, and until when.
    pub(super) stuck: Option<(usize, u64)>,
    /// The last instance that it has taken part in.
    pub(super) has_been_at: usize,
    pub(super) is_dead: bool,
    /// Whether it was one that does not serve which it told that it is gone.
    pub(super) tells_in_vain: bool,
    /// Whether something has happened that only somebody else knows of: a leave, a death.
    pub(super) ends: bool,
    /// Whether it went on from a snapshot.
    pub(super) has_skipped: bool,
    /// When its replica has come to its end.
    pub(super) ended_at: u64,
    /// Until when it could do nothing for itself, and until when its engine could not.
    pub(super) troubled_until: u64,
    /// How long it takes to find the instance that serves now.
    pub(super) searches_until: u64,
    tick_at: Option<Instant>,
}

impl Node {
    pub(super) fn begin(
        limits: &Limits,
        interval: u64,
        attached: Attached,
        instance: usize,
    ) -> Self {
        let number = attached.node.0;
        let (mut replica, mut server) = Replica::begin(limits.clone(), attached).unwrap();
        replica.set_interval(interval);
        let console = Reader::new(server.observe(Start::Now));
        let begins_at = replica.position().index;
        let link = Link { instance, flight: None, cursor: Some(begins_at), inbox: VecDeque::new() };
        Self {
            number,
            server,
            replica,
            console,
            members: Vec::new(),
            begins_at,
            link: Some(link),
            connect_at: 0,
            backoff: 50 * MILLI,
            frozen_until: 0,
            cut_off_until: 0,
            stuck: None,
            has_been_at: instance,
            is_dead: false,
            tells_in_vain: false,
            ends: false,
            has_skipped: false,
            ended_at: 0,
            troubled_until: 0,
            searches_until: 0,
            tick_at: None,
        }
    }

    pub(super) fn runs(&self) -> bool {
        !self.is_dead && self.replica.state() == State::Running
    }

    pub(super) fn is_running(&self, now: u64) -> bool {
        self.runs() && self.frozen_until <= now
    }

    /// Whether newcomers may connect.
    pub(super) fn is_open(&self) -> bool {
        self.replica.has_begun() && !self.ends
    }

    pub(super) fn connect(&mut self, now: u64, addr: String) {
        if self.is_open()
            && self.server.takes_newcomers()
            && let Ok(id) = self.server.connect(at(now), addr.parse().unwrap(), Wire::Lines)
        {
            self.members.push(Member::new(id, addr));
        }
        self.settle(now);
    }

    /// The server ends: nobody is read from any more.
    pub(super) fn end(&mut self, now: u64) {
        self.ends = true;
        self.replica.end(at(now), &mut self.server);
        self.settle(now);
    }

    /// Its members are read from.
    fn listen(&mut self, now: u64, index: usize, most: usize) {
        let member = &mut self.members[index];
        if member.is_closed || member.unread.is_empty() {
            return;
        }
        let budget = self.server.budget(at(now), member.id);
        let count = member.unread.len().min(budget).min(most);
        if count > 0 {
            let bytes: Vec<u8> = member.unread.drain(..count).collect();
            self.server.receive(at(now), member.id, &bytes);
            member.said.extend(bytes);
        }
        self.settle(now);
    }

    pub(super) fn end_of_input(&mut self, now: u64, index: usize) {
        let member = &mut self.members[index];
        if !member.is_closed && self.server.budget(at(now), member.id) > 0 {
            member.is_closed = true;
            self.server.end_of_input(at(now), member.id);
            self.settle(now);
        }
    }

    pub(super) fn disconnect(&mut self, now: u64, index: usize) {
        let member = &mut self.members[index];
        if !member.is_gone {
            (member.is_closed, member.is_gone) = (true, true);
            self.server.disconnect(at(now), member.id);
            self.settle(now);
        }
    }

    /// When something is due that time brings.
    pub(super) fn next_due(&self, now: u64, cluster: &Cluster) -> Option<u64> {
        if !self.runs() {
            return None;
        }
        if self.frozen_until > now {
            return Some(self.frozen_until);
        }
        let ticks = [self.tick_at, self.replica.next_tick()];
        let ticks = ticks.into_iter().flatten().map(Instant::as_micros);
        let connection = match &self.link {
            None => self.connect_at.max(self.searches_until),
            Some(link) => match &link.flight {
                None => u64::MAX,
                Some(Flight { answer: Some((due, _)), deadline, .. }) => (*due).min(*deadline),
                Some(flight) => {
                    let arrives_at = flight.arrives_at.max(cluster.frozen_until(link.instance));
                    let is_to_come = flight.fate != Fate::Lost && arrives_at > now;
                    if is_to_come { arrives_at.min(flight.deadline) } else { flight.deadline }
                }
            },
        };
        ticks.chain([connection]).filter(|due| *due != u64::MAX).min()
    }

    /// Does what is due.
    pub(super) fn pump<C: Choices>(&mut self, around: &mut Around<'_, C>) {
        let now = around.now;
        if !self.is_running(now) {
            return;
        }
        if self.tick_at.is_some_and(|due| due <= at(now)) {
            self.tick_at = None;
            self.server.tick(at(now));
        }
        self.connect_engine(around);
        self.fly(around);
        if self.runs() {
            self.read(around);
            if self.replica.next_tick().is_some_and(|due| due <= at(now)) {
                self.replica.tick(at(now), &mut self.server);
            }
        }
        for index in 0..self.members.len() {
            let most = around.choices.one(&[1 << 20, 4_000, 30, 1]);
            if !self.ends {
                self.listen(now, index, most);
            }
        }
        self.settle(now);
        self.look();
        self.ask(around);
        let stuck_until = self.stuck.map_or(0, |(_, until)| until);
        let troubles = [self.cut_off_until, self.frozen_until, stuck_until];
        let troubles = troubles.map(|until| until.min(now));
        let until = troubles.into_iter().fold(around.cluster.strained_until(), u64::max);
        self.troubled_until = self.troubled_until.max(until);
        if self.replica.state() != State::Running {
            let is_well = around.trouble == 0 && self.troubled_until.saturating_add(LONG) < now;
            let is_right = matches!(self.replica.state(), State::Over) || !is_well;
            assert!(is_right, "{:?}, and it was there all the time", self.replica.state());
            // Nobody else may hear of it that an instance was told that does not serve.
            let serves =
                |link: &Link| link.instance == around.cluster.master && !self.tells_in_vain;
            self.ended_at = if self.link.as_ref().is_some_and(serves) { now } else { 0 };
        }
    }

    /// Takes what is to be done, has everybody read, and looks at what must hold.
    pub(super) fn settle(&mut self, now: u64) {
        let mut is_quiet = true;
        while let Some(event) = self.server.poll() {
            is_quiet &= matches!(event, Event::TickAt(_));
            match event {
                Event::TickAt(due) => self.tick_at = Some(due),
                Event::Listen(id) => {
                    let member = self.members.iter().find(|member| member.id == id);
                    if member.is_some_and(|member| member.unread.is_empty()) {
                        self.server.quiet(at(now), id);
                    }
                }
                Event::Closed(id) => {
                    let member = self.members.iter_mut().find(|member| member.id == id);
                    member.unwrap().is_closed = true;
                }
                Event::Grown | Event::Resumed | Event::Addressed(_) | Event::Admitted(_) => {}
                Event::KeyWanted(_) | Event::Replaced { .. } => unreachable!("{event:?}"),
            }
        }
        if !is_quiet {
            self.everybody_reads(now);
        }
    }

    fn everybody_reads(&mut self, now: u64) {
        self.console.read(&mut self.server);
        for member in &mut self.members {
            if !member.is_gone && member.reader.read(&mut self.server) {
                (member.is_closed, member.is_gone) = (true, true);
                self.server.disconnect(at(now), member.id);
            }
        }
    }

    /// What waits is bounded.
    fn look(&self) {
        let waiting: usize = self.server.proposals().map(<[u8]>::len).sum();
        // What members say is bounded by the budget; each leaves once, and joins within it.
        let most = self.server.limits().backlog / 4 + 400 * self.members.len();
        assert!(waiting <= most, "{waiting} bytes wait to be appended");
    }
}

pub(super) fn at(now: u64) -> Instant {
    Instant::from_micros(now)
}
