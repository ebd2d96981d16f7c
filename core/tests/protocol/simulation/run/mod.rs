//! A run: a room, its naive model, peers of all kinds, and a clock that nobody waits for. After each
//! thing that happens, all that is promised is looked at (`promises`).

mod promises;

use std::collections::BTreeMap;
use std::time::Duration;

use allocation_counter::measure;
use chat_core::{Instant, Limits, MemberId, Room, Transmit};

use super::choices::Choices;
use super::model::{CONSOLE, Model};
use super::peer::Peer;

/// Members at once, at the most.
const CROWD: usize = 12;

/// Members that come at once, at the most: what is said of them is more than a small backlog holds.
const STORM: usize = 40;

/// All silences are multiples of this, and all times of grace are half of it off.
const PERIOD: Duration = Duration::from_millis(10);

/// How long the server is stopped: all silences and times of grace are over then.
const HELD_UP: Duration = Duration::from_secs(2);

pub(crate) struct Run<C> {
    choices: C,
    limits: Limits,
    room: Room,
    model: Model,
    now: Instant,
    peers: BTreeMap<usize, Peer>,
    joined: usize,
    /// Times that anything was heard.
    heard: u64,
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
            silence: PERIOD * choices.one(&[1, 10, 10, 70]),
            grace: choices.one(&[
                Duration::ZERO,
                PERIOD / 2 + PERIOD * 5,
                PERIOD / 2 + PERIOD * 100,
            ]),
            ..Limits::default()
        };
        let least = limits.least_backlog();
        let limits = Limits { backlog: least * choices.one(&[1, 1, 2, 8, 64]), ..limits };
        let mut room = None;
        let memory = measure(|| room = Some(Room::new(limits.clone()))).bytes_current;
        let mut run = Self {
            heeds_budgets: !choices.once_in(4),
            choices,
            room: room.unwrap(),
            model: Model::new(limits.clone()),
            limits,
            now: Instant::default(),
            peers: BTreeMap::new(),
            joined: 0,
            heard: 0,
            memory,
            waiting_since: None,
            waited_at: None,
            said_before: 0,
        };
        let console = Peer::new(None, &mut run.choices);
        run.peers.insert(CONSOLE, console);
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
        for place in self.peers.keys().copied().collect::<Vec<_>>() {
            while self.read(place, usize::MAX) {}
        }
    }

    fn step(&mut self) {
        match self.choices.below(32) {
            0 if self.choices.once_in(8) => self.storm(),
            0 => self.join(),
            1..13 => self.talk(),
            13 => self.flood(),
            14..24 => self.some_read(),
            24 => self.change_pace(),
            25..30 => {
                let millis = self.choices.one(&[0, 1, 3, 20, 110, 300, 1_500]);
                self.pass(Duration::from_millis(millis));
            }
            30 => self.end_of_input(),
            _ if self.choices.once_in(3) => self.hold_up(),
            _ => self.leave(),
        }
    }

    /// Tells the room something, and counts the memory that it takes for that.
    fn tell<R>(&mut self, what: impl FnOnce(&mut Room, Instant) -> R) -> R {
        let mut told = None;
        let now = self.now;
        let room = &mut self.room;
        self.memory += measure(|| told = Some(what(room, now))).bytes_current;
        told.unwrap()
    }

    /// A member that has not left.
    fn member(&mut self) -> Option<(usize, MemberId)> {
        let present: Vec<_> =
            self.peers.iter().filter_map(|(place, peer)| Some((*place, peer.id?))).collect();
        let present: Vec<_> =
            present.into_iter().filter(|(place, _)| !self.model.readers[place].has_left).collect();
        (!present.is_empty()).then(|| self.choices.one(&present))
    }

    /// Anybody who reads.
    fn reader(&mut self) -> Option<usize> {
        let places: Vec<usize> = self.peers.keys().copied().collect();
        (!places.is_empty()).then(|| self.choices.one(&places))
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
        let is_welcome = self.room.takes_newcomers();
        if self.heeds_budgets && !is_welcome {
            return;
        }
        let addr = self.choices.one(&["127.0.0.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"]);
        let shown = addr.replace("[::ffff:192.0.2.1]", "192.0.2.1");
        let port = 10_000 + self.joined;
        let said = self.room.said();
        let joined =
            self.tell(|room, now| room.join(now, format!("{addr}:{port}").parse().unwrap()));
        let expected = self.model.join(self.now, self.joined, &format!("{shown}:{port}"));
        match joined {
            Ok(id) => {
                assert_eq!(expected, Ok(()));
                let peer = Peer::new(Some(id), &mut self.choices);
                self.grew(said, !is_welcome);
                self.peers.insert(self.joined, peer);
                self.joined += 1;
            }
            Err(full) => assert_eq!(Err(full.to_string()), expected),
        }
        self.look();
    }

    fn talk(&mut self) {
        let Some((place, _)) = self.member() else { return };
        let bytes = self.peers[&place].talk.bytes(&mut self.choices);
        self.receive(place, &bytes);
    }

    /// A member says all that is taken from it, a few times over.
    fn flood(&mut self) {
        let Some((place, _)) = self.member() else { return };
        for _ in 0..self.choices.below(40) {
            let bytes = self.peers[&place].talk.bytes(&mut self.choices).repeat(8);
            self.receive(place, &bytes);
        }
    }

    fn receive(&mut self, place: usize, bytes: &[u8]) {
        let Some(id) = self.peers[&place].id else { return };
        self.pass_to_own_moment();
        let budget = self.room.input_budget(self.now, id);
        let bytes = &bytes[..bytes.len().min(if self.heeds_budgets { budget } else { usize::MAX })];
        if bytes.is_empty() {
            return;
        }
        let said = self.room.said();
        self.tell(|room, now| room.receive(now, id, bytes));
        self.model.receive(self.now, place, bytes);
        let grown = self.room.said() - said;
        assert!(
            !self.heeds_budgets || grown <= self.turn(),
            "{grown} bytes, within budget, are too many"
        );
        self.grew(said, !self.heeds_budgets);
        self.look();
    }

    fn some_read(&mut self) {
        let Some(place) = self.reader() else { return };
        let peer = &self.peers[&place];
        if !peer.is_stalled {
            let (buffer, share) = (peer.buffer, self.choices.one(&[1, 1, 1, 2, 10]));
            while self.read(place, (buffer / share).max(1)) && self.choices.once_in(2) {}
        }
    }

    fn change_pace(&mut self) {
        let Some(place) = self.reader() else { return };
        let peer = self.peers.get_mut(&place).unwrap();
        peer.is_stalled = !peer.is_stalled;
        if place == CONSOLE && self.choices.once_in(8) {
            self.tell(|room, _| room.close_console());
            self.model.leave(CONSOLE);
            self.peers.remove(&CONSOLE);
            self.look();
        }
    }

    /// Time passes, and the room is ticked whenever it wants that.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.room.next_tick().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.tick();
        }
        self.now = end;
    }

    /// The server is stopped, and goes on: all that is due is late. What nobody could be sent or say
    /// meanwhile does not count.
    fn hold_up(&mut self) {
        if self.model.awaited() > 1 {
            // Their silences would begin anew at the same moment, and so end at the same one.
            return;
        }
        let before = self.now;
        self.now = before + HELD_UP;
        self.waiting_since = self.waiting_since.map(|(_, said)| (self.now, said));
        for peer in self.peers.values_mut() {
            peer.was_held_up(before, self.now, self.limits.grace);
        }
        if self.room.next_tick().is_some_and(|at| at <= self.now) {
            self.tick();
        }
    }

    fn tick(&mut self) {
        let held_back: Vec<usize> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.id.is_some_and(|id| self.room.input_budget(self.now, id) == 0))
            .map(|(place, _)| *place)
            .collect();
        let said = self.room.said();
        self.tell(Room::tick);
        self.model.tick(self.now, |place| held_back.contains(&place));
        self.grew(said, !self.heeds_budgets);
        self.look();
    }

    /// No two things are heard at the same moment of a period, so that their silences never end at
    /// once; and what is heard in its first half never ends with a time of grace.
    fn pass_to_own_moment(&mut self) {
        self.heard += 1;
        let period = PERIOD.as_micros() as u64;
        let own = self.heard % (period / 2);
        let time = (own + period - self.now.as_micros() % period) % period;
        self.pass(Duration::from_micros(time));
    }

    fn end_of_input(&mut self) {
        let Some((place, id)) = self.member() else { return };
        if self.heeds_budgets && self.room.input_budget(self.now, id) == 0 {
            return;
        }
        let said = self.room.said();
        self.tell(|room, now| room.end_of_input(now, id));
        self.model.end_of_input(place);
        // No budget bounds this.
        self.grew(said, true);
        self.look();
    }

    fn leave(&mut self) {
        let places: Vec<usize> =
            self.peers.keys().copied().filter(|place| *place != CONSOLE).collect();
        if places.is_empty() {
            return;
        }
        let place = self.choices.one(&places);
        self.lose(place);
    }

    fn lose(&mut self, place: usize) {
        let id = self.peers[&place].id.unwrap();
        let said = self.room.said();
        self.tell(|room, now| room.leave(now, id));
        self.model.leave(place);
        self.peers.remove(&place);
        // No budget bounds this.
        self.grew(said, true);
        self.look();
    }

    /// Lends a reader what it has pending, of which it takes `most` bytes; gives whether there was any.
    fn read(&mut self, place: usize, most: usize) -> bool {
        let mut expected = self.model.pending(place);
        let is_unframed = self.model.readers[&place].is_unframed;
        if is_unframed && expected == b"\n" && !self.model.is_greeting_only(place, 1) {
            // It would be a write of its own: such a newline is never sent.
            let peer = self.peers.get_mut(&place).unwrap();
            peer.got(self.model.sent(place, 1), false);
            peer.screen.show(b"\n");
            expected = self.model.pending(place);
        }
        let id = self.peers[&place].id;
        let mut lent = Vec::new();
        self.tell(|room, _| match id {
            Some(id) => copy(&room.transmit(id), &mut lent),
            None => copy(&room.console(), &mut lent),
        });
        self.memory -= lent.capacity() as i64;
        let is_withheld = is_unframed
            && expected.get(lent.len()) == Some(&b'\n')
            && !self.model.is_greeting_only(place, lent.len() + 1);
        assert!(
            expected.starts_with(&lent),
            "lent {:?}\nof {:?}",
            String::from_utf8_lossy(&lent),
            String::from_utf8_lossy(&expected)
        );
        assert_eq!(lent.is_empty(), expected.len() == usize::from(is_withheld), "{expected:?}");
        let takes = lent.len().min(most);
        if takes > 0 {
            self.tell(|room, _| match id {
                Some(id) => room.sent(id, takes),
                None => room.console_sent(takes),
            });
        }
        let withheld = usize::from(is_withheld && takes == lent.len());
        let of_log = self.model.sent(place, takes + withheld);
        let has_caught_up = self.model.pending(place).is_empty();
        let peer = self.peers.get_mut(&place).unwrap();
        peer.screen.show(&lent[..takes]);
        if withheld > 0 {
            peer.screen.show(b"\n");
        }
        peer.got(of_log, has_caught_up);
        if let Some(id) = id {
            assert_eq!(self.room.is_finished(id), self.model.is_finished(place));
            assert_eq!(self.room.has_caught_up(id), has_caught_up);
        }
        self.look();
        takes > 0
    }
}

fn copy(transmit: &Transmit<'_>, into: &mut Vec<u8>) {
    transmit.iter().for_each(|slice| into.extend_from_slice(slice));
}
