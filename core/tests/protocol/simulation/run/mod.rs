//! A run: a room, its naive model, peers of all kinds, and a clock that nobody waits for. After each
//! thing that happens, all that is promised is looked at (`promises`).

mod promises;
mod reading;
mod record;
mod shell;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use allocation_counter::measure;
use chat_core::{Instant, Limits, MemberId, Server, Start, Wire};

use super::choices::Choices;
use super::model::{CONSOLE, Model, is_observer};
use super::peer::Peer;
use record::Record;

/// Members at once, at the most.
const CROWD: usize = 12;

/// Members that come at once, at the most: what is said of them is more than a small backlog holds.
const STORM: usize = 40;

/// How long the server is stopped: all silences and times of grace are over then.
const HELD_UP: Duration = Duration::from_secs(2);

pub(crate) struct Run<C> {
    choices: C,
    limits: Limits,
    server: Server,
    model: Model,
    now: Instant,
    peers: BTreeMap<usize, Peer>,
    joined: usize,
    observers: usize,
    record: Record,
    /// When the server wants to be ticked.
    tick_at: Option<Instant>,
    /// Members that it wants to be listened to, in that order.
    asked: VecDeque<usize>,
    /// Bytes that the room holds.
    memory: i64,
    /// Since when the room has waited, and what had been said before.
    waiting_since: Option<(Instant, u64)>,
    /// What had been said before the room began to wait, the last time that it did.
    waited_at: Option<u64>,
    /// What had been said before the log grew last.
    said_before: u64,
    /// Whether members are given no more than is wanted.
    heeds_budgets: bool,
}

impl<C: Choices> Run<C> {
    pub(crate) fn new(mut choices: C) -> Self {
        let max_line = choices.one(&[16, 17, 40, 64, 300]);
        let limits = Limits {
            max_users: choices.one(&[usize::MAX, usize::MAX, 3, 8]),
            max_line,
            silence: Duration::from_millis(choices.one(&[10, 100, 100, 700, 1_300])),
            grace: Duration::from_millis(choices.one(&[0, 55, 1_005])),
            ..Limits::default()
        };
        let least = limits.least_backlog();
        let limits = Limits { backlog: least * choices.one(&[1, 1, 2, 8, 64]), ..limits };
        let mut new = None;
        let memory = measure(|| {
            let mut server = Server::new(limits.clone());
            let console = server.observe(Start::Now);
            new = Some((server, console));
        });
        let (server, console) = new.unwrap();
        let heeds_budgets = !choices.once_in(4);
        let console = Peer::observer(console, &mut choices);
        let mut run = Self {
            heeds_budgets,
            choices,
            server,
            model: Model::new(limits.clone()),
            limits,
            now: Instant::default(),
            peers: BTreeMap::from([(CONSOLE, console)]),
            joined: 0,
            observers: 1,
            record: Record::default(),
            tick_at: None,
            asked: VecDeque::new(),
            memory: memory.bytes_current,
            waiting_since: None,
            waited_at: None,
            said_before: 0,
        };
        run.set_clock();
        let [has_record, confirms] =
            run.choices.one(&[[false, false], [true, false], [true, true]]);
        if has_record {
            run.begin_record(confirms);
        }
        run
    }

    /// So many things happen; then everybody gets the rest.
    pub(crate) fn run(mut self, steps: usize) {
        for _ in 0..steps {
            if self.choices.is_exhausted() {
                break;
            }
            self.step();
        }
        // The record is the first: what it confirms is for all others.
        let places = self.record.place.into_iter().chain(self.peers.keys().copied());
        for place in places.collect::<Vec<_>>() {
            while self.peers.contains_key(&place) && self.read(place, usize::MAX) {}
            self.confirm();
        }
        let nothing = |place: &usize| !self.server.has_pending(self.peers[place].reader);
        assert!(!self.server.holds_back() && self.peers.keys().all(nothing));
    }

    fn step(&mut self) {
        match self.choices.below(40) {
            0 if self.choices.once_in(8) => self.storm(),
            0 => self.join(),
            1..13 => self.talk(),
            13 => self.flood(),
            14..24 => self.some_read(),
            24 => self.change_pace(),
            25..30 => {
                let millis = self.choices.one(&[0, 1, 3, 20, 110, 300, 1_500]);
                self.pass(Duration::from_millis(millis));
                if !self.choices.once_in(3) {
                    self.set_clock();
                }
            }
            30 => self.end_of_input(),
            31..34 => self.listen(),
            34 if self.choices.once_in(3) => self.observe(),
            34 if self.choices.once_in(3) => self.hold_up(),
            36.. => self.keep(),
            _ if self.choices.once_in(2) => self.leave(),
            _ => self.ask(),
        }
    }

    /// Tells the server something, and counts the memory that it takes for that.
    fn tell<R>(&mut self, what: impl FnOnce(&mut Server, Instant) -> R) -> R {
        let mut told = None;
        let now = self.now;
        let server = &mut self.server;
        self.memory += measure(|| told = Some(what(server, now))).bytes_current;
        told.unwrap()
    }

    /// A member that has not left.
    fn member(&mut self) -> Option<(usize, MemberId)> {
        let present: Vec<_> =
            self.peers.iter().filter_map(|(place, peer)| Some((*place, peer.id?))).collect();
        let has_left = |place| self.model.reader(place).has_left;
        let present: Vec<_> = present.into_iter().filter(|(place, _)| !has_left(*place)).collect();
        (!present.is_empty()).then(|| self.choices.one(&present))
    }

    fn join(&mut self) {
        if self.peers.len() <= CROWD {
            self.let_in();
        }
    }

    /// Many come, and most of them go again.
    fn storm(&mut self) {
        let first = self.joined;
        for _ in 0..self.choices.below(STORM) {
            self.let_in();
        }
        for place in first..self.joined {
            if !self.choices.once_in(8) {
                self.lose(place);
            }
        }
    }

    fn let_in(&mut self) {
        let is_welcome = self.server.takes_newcomers();
        if self.heeds_budgets && !is_welcome {
            return;
        }
        let addr = self.choices.one(&["127.0.0.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"]);
        let shown = addr.replace("[::ffff:192.0.2.1]", "192.0.2.1");
        let port = 10_000 + self.joined;
        let said = self.model.end();
        let origin = format!("{addr}:{port}").parse().unwrap();
        let wire = self.choices.one(&[Wire::Lines, Wire::Lines, Wire::Lines, Wire::Messages]);
        let joined = self.tell(|server, now| server.connect(now, origin, wire));
        let addr = format!("{shown}:{port}");
        let expected = self.model.join(self.now, self.joined, &addr, wire);
        match joined {
            Ok(id) => {
                assert_eq!(expected, Ok(()));
                let peer = Peer::member(id, &mut self.choices);
                self.grew(said, !is_welcome);
                self.peers.insert(self.joined, peer);
                self.joined += 1;
            }
            Err(full) => assert_eq!(Err(full.to_string()), expected),
        }
        self.look();
    }

    /// Somebody else looks on, who wants to know what was said before.
    fn observe(&mut self) {
        let lines = self.choices.one(&[0, 1, 2, 5, 20, usize::MAX]);
        let reader = self.tell(|server, _| server.observe(Start::Last(lines)));
        let mut peer = Peer::observer(reader, &mut self.choices);
        // Nobody needs to tell whoever has just come to look.
        peer.is_awake = true;
        let place = CONSOLE - self.observers;
        let behind = self.model.observe(place, lines);
        peer.begins_behind(behind as u64, self.now, &self.limits);
        if peer.has_missed {
            // The room may wait for it, although it did so just now.
            self.waited_at = None;
        }
        self.observers += 1;
        self.peers.insert(place, peer);
        self.look();
    }

    /// Somebody keeps what is said, and may have to confirm it before others get it.
    fn begin_record(&mut self, confirms: bool) {
        let place = CONSOLE - self.observers;
        let reader = self.tell(|server, _| server.record());
        let peer = Peer::observer(reader, &mut self.choices);
        self.model.record(place);
        self.peers.insert(place, peer);
        self.observers += 1;
        self.record = Record { place: Some(place), confirms, ..Record::default() };
        if confirms {
            self.set_gate(Some(place));
        }
    }

    fn talk(&mut self) {
        let Some((place, _)) = self.member() else { return };
        let bytes = self.peers[&place].talk.bytes(&mut self.choices);
        self.receive(place, &bytes);
    }

    /// A member says all that is taken from it, a few times over.
    fn flood(&mut self) {
        let Some((place, _)) = self.member() else { return };
        for _ in 0..self.choices.below(12) {
            let bytes = self.peers[&place].talk.bytes(&mut self.choices).repeat(8);
            self.receive(place, &bytes);
        }
    }

    /// A telnet client asks again and again whether the server has come so far.
    fn ask(&mut self) {
        let Some((place, _)) = self.member() else { return };
        if self.choices.once_in(8) {
            for _ in 0..200 {
                self.receive(place, b"\xff\xfd\x06");
                if self.heeds_budgets && self.budget(place) == 0 {
                    break;
                }
            }
        }
    }

    /// Bytes of a member, or as many of them as are wanted.
    fn receive(&mut self, place: usize, bytes: &[u8]) {
        let Some(id) = self.peers[&place].id else { return };
        let budget = self.budget(place);
        let bytes = &bytes[..bytes.len().min(if self.heeds_budgets { budget } else { usize::MAX })];
        if bytes.is_empty() {
            return;
        }
        let said = self.model.end();
        self.tell(|server, now| server.receive(now, id, bytes));
        let departs = self.model.receive(self.now, place, bytes);
        let grown = self.model.end() - said;
        // What is said of one that leaves is not within a budget.
        assert!(
            !self.heeds_budgets || departs || grown <= self.turn(),
            "{grown} bytes, within budget, are too many"
        );
        self.grew(said, !self.heeds_budgets || departs);
        self.look();
    }

    fn change_pace(&mut self) {
        let places: Vec<usize> = self.peers.keys().copied().collect();
        if places.is_empty() {
            return;
        }
        let place = self.choices.one(&places);
        let peer = self.peers.get_mut(&place).unwrap();
        peer.is_stalled = !peer.is_stalled;
        if is_observer(place) && self.choices.once_in(8) {
            let reader = peer.reader;
            self.tell(|server, _| server.dismiss(reader));
            self.model.leave(place);
            self.peers.remove(&place);
            self.more_is_let_through();
            self.look();
        }
    }

    /// The server is stopped, and goes on: all that is due is late. What nobody could be sent or say
    /// meanwhile does not count.
    fn hold_up(&mut self) {
        let before = self.now;
        self.now = before + HELD_UP;
        self.waiting_since = self.waiting_since.map(|(_, said)| (self.now, said));
        let since = &mut self.record.far_behind_since;
        *since =
            since.map(|since| if since + self.limits.grace <= before { since } else { self.now });
        for peer in self.peers.values_mut() {
            peer.was_held_up(before, self.now, self.limits.grace);
        }
        if self.tick_at.is_some_and(|at| at <= self.now) {
            self.tick();
        }
    }

    fn end_of_input(&mut self) {
        let Some((place, id)) = self.member() else { return };
        if self.heeds_budgets && self.budget(place) == 0 {
            return;
        }
        let said = self.model.end();
        self.tell(|server, now| server.end_of_input(now, id));
        self.model.end_of_input(self.now, place);
        // No budget bounds this.
        self.grew(said, true);
        self.look();
    }

    fn leave(&mut self) {
        let places: Vec<usize> =
            self.peers.keys().copied().filter(|place| !is_observer(*place)).collect();
        if !places.is_empty() {
            let place = self.choices.one(&places);
            self.lose(place);
        }
    }

    fn lose(&mut self, place: usize) {
        let id = self.peers[&place].id.unwrap();
        let said = self.model.end();
        self.tell(|server, now| server.disconnect(now, id));
        self.model.leave(place);
        self.peers.remove(&place);
        // No budget bounds this.
        self.grew(said, true);
        self.look();
    }
}
