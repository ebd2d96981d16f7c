//! One of the servers, with the least of a shell, and its members.

use std::collections::BTreeMap;
use std::convert::Infallible;

use chat_core::{
    Committed, Delivered, Event, Instant, Limits, MemberId, NodeId, ReaderId, Server, Stamped,
    Start, Wire,
};

use super::order::Order;
use super::room::{self, Effect, Entry, What};

/// No time passes: nothing here ends by a silence.
const NOW: Instant = Instant::from_micros(1);

pub(super) struct Node {
    pub(super) number: u64,
    server: Server,
    limits: Limits,
    console: Seen,
    pub(super) members: BTreeMap<String, Member>,
    /// How many entries of the order it was given.
    given: usize,
    /// The number of the last entry that it sent to the order.
    sent: u64,
    /// Joins that are proposed and not committed.
    joining: usize,
    /// Whether a newcomer was left waiting, and nobody has told since that it is welcome.
    are_newcomers_refused: bool,
    /// Whether it is held up, or gone.
    pub(super) is_stopped: bool,
    /// Whether it was not given all that was said.
    has_skipped: bool,
    /// Whether it cannot reach the order, as its members were told.
    is_away: bool,
}

/// What a reader has got, beside what it should have.
struct Seen {
    reader: ReaderId,
    got: Vec<u8>,
    expected: Vec<u8>,
    is_awake: bool,
}

pub(super) struct Member {
    id: MemberId,
    number: u64,
    seen: Seen,
    /// What it has written and was not read.
    unread: Vec<u8>,
    /// What was read of that.
    pub(super) said: Vec<u8>,
    is_admitted: bool,
    was_refused: bool,
    /// Whether nothing more is read from it.
    is_closed: bool,
    /// Whether it has left, in the order.
    has_left: bool,
}

impl Seen {
    fn new(reader: ReaderId) -> Self {
        Self { reader, got: Vec::new(), expected: Vec::new(), is_awake: false }
    }

    /// Reads up to `most` bytes, if anybody has told that there are some.
    fn read(&mut self, server: &mut Server, most: usize) -> Delivered {
        if !self.is_awake {
            return Delivered::Nothing;
        }
        let got = &mut self.got;
        let Ok(delivered) = server.deliver(self.reader, |slices| {
            let lent = slices.concat();
            got.extend_from_slice(&lent[..lent.len().min(most)]);
            Ok::<_, Infallible>(lent.len().min(most))
        });
        self.is_awake = delivered == Delivered::Partial;
        assert!(
            self.expected.starts_with(&self.got)
                && (self.is_awake || self.got.len() == self.expected.len()),
            "{:?}\nof {:?}",
            String::from_utf8_lossy(&self.got),
            String::from_utf8_lossy(&self.expected)
        );
        delivered
    }
}

impl Node {
    pub(super) fn new(number: u64, limits: &Limits) -> Self {
        Self::with(number, Server::shared(limits.clone(), NodeId(number)))
    }

    /// One that begins where another is.
    pub(super) fn from_snapshot(number: u64, limits: &Limits, other: &Self) -> Self {
        let snapshot = other.server.snapshot();
        let server = Server::from_snapshot(limits.clone(), NodeId(number), &snapshot).unwrap();
        assert_eq!(server.snapshot(), snapshot);
        assert_eq!(server.users(), other.server.users());
        let has_skipped = other.given > 0;
        Self { given: other.given, has_skipped, ..Self::with(number, server) }
    }

    fn with(number: u64, mut server: Server) -> Self {
        let console = Seen::new(server.observe(Start::Now));
        Self {
            number,
            limits: server.limits().clone(),
            server,
            console,
            members: BTreeMap::new(),
            given: 0,
            sent: 0,
            joining: 0,
            are_newcomers_refused: false,
            is_stopped: false,
            has_skipped: false,
            is_away: false,
        }
    }

    /// Entries of the order that it was not given yet.
    pub(super) fn is_behind(&self, order: &Order) -> bool {
        self.given < order.entries.len()
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.server.is_fenced()
    }

    /// What it has proposed and was not given back.
    pub(super) fn proposals(&self) -> Vec<Vec<u8>> {
        self.server.proposals().map(<[u8]>::to_vec).collect()
    }

    /// Sends what it has not sent, or all of it if it knows of no answer.
    pub(super) fn send(&mut self, order: &mut Order, is_again: bool) {
        if is_again {
            self.sent = 0;
        }
        let mut batch = self.proposals();
        batch.retain(|entry| Entry::number_of(entry) > self.sent);
        if let Some(last) = batch.last() {
            self.sent = Entry::number_of(last);
        }
        order.send(self.number, batch);
    }

    pub(super) fn connect(&mut self, addr: &str, order: &Order) {
        self.are_newcomers_refused |= !self.server.takes_newcomers();
        if self.are_newcomers_refused {
            return;
        }
        let users = self.users(order);
        let is_full = users + self.joining >= self.limits.max_users;
        match self.server.connect(NOW, addr.parse().unwrap(), Wire::Lines) {
            Err(full) => {
                assert!(is_full);
                let text = format!("> The chat server is full {}\n", room::online(users));
                assert_eq!(full.to_string(), text);
            }
            Ok(id) => {
                assert!(!is_full);
                self.joining += 1;
                let last = self.server.proposals().last().map(|bytes| Entry::of(bytes).what);
                let Some(What::Joined(number, _)) = last else { unreachable!("a join") };
                assert_eq!(self.server.budget(NOW, id), 0, "it is not admitted");
                let member = Member {
                    id,
                    number,
                    seen: Seen::new(id.into()),
                    unread: Vec::new(),
                    said: Vec::new(),
                    is_admitted: false,
                    was_refused: false,
                    is_closed: false,
                    has_left: false,
                };
                self.members.insert(addr.to_owned(), member);
            }
        }
        self.settle();
    }

    /// Users online, as far as it knows.
    fn users(&self, order: &Order) -> usize {
        self.given.checked_sub(1).map_or(0, |last| order.effects[last].users)
    }

    /// A member writes to its socket.
    pub(super) fn write(&mut self, addr: &str, text: &str) {
        let member = self.members.get_mut(addr).unwrap();
        member.unread.extend_from_slice(format!("{text}\n").as_bytes());
    }

    /// Reads from a member as much as is wanted, and no more than `most`.
    pub(super) fn receive(&mut self, addr: &str, most: usize) {
        let member = self.members.get_mut(addr).unwrap();
        if !member.is_admitted || member.was_refused || member.is_closed {
            return;
        }
        let budget = self.server.budget(NOW, member.id);
        member.was_refused = budget == 0;
        let count = member.unread.len().min(budget).min(most);
        if count > 0 {
            let bytes: Vec<u8> = member.unread.drain(..count).collect();
            self.server.receive(NOW, member.id, &bytes);
            member.said.extend(bytes);
            self.settle();
        }
    }

    pub(super) fn end_of_input(&mut self, addr: &str) {
        let member = self.members.get_mut(addr).unwrap();
        if member.is_admitted && self.server.budget(NOW, member.id) > 0 {
            self.server.end_of_input(NOW, member.id);
            member.is_closed = true;
            self.settle();
        }
    }

    pub(super) fn disconnect(&mut self, addr: &str) -> Member {
        let member = self.members.remove(addr).unwrap();
        self.server.disconnect(NOW, member.id);
        self.settle();
        member
    }

    pub(super) fn declare_lost(&mut self, node: u64) {
        self.server.declare_lost(NOW, NodeId(node));
        self.settle();
    }

    /// It is given the next entries of the order.
    pub(super) fn commit(&mut self, order: &Order, count: usize) {
        let end = (self.given + count).min(order.entries.len());
        for index in self.given..end {
            let effect = &order.effects[index];
            let stamped = Stamped::decode(&order.entries[index]).unwrap();
            assert_eq!(self.server.commit(NOW, &stamped), effect.committed);
            self.expect(effect);
            self.given += 1;
            self.settle();
            assert_eq!(self.server.users(), effect.users);
        }
    }

    /// It goes on where another is that was given more, if anything. Everybody has read what it has.
    pub(super) fn skip_to(&mut self, order: &Order, snapshot: &[u8], given: usize) {
        if given <= self.given || order.room.has_lost(self.number) {
            return;
        }
        self.read_all();
        self.has_skipped = true;
        let skipped = &order.effects[self.given..given];
        let users = skipped.last().map_or(0, |effect| effect.users);
        self.server.skip_to(NOW, snapshot).unwrap();
        self.given = given;
        assert_eq!(self.server.snapshot(), snapshot);
        assert_eq!(self.server.users(), users);
        let lines = skipped.iter().filter(|effect| !effect.line.is_empty()).count();
        let notice = match lines {
            0 => String::new(),
            1 => "> 1 message skipped: this connection reads too slowly\n".into(),
            _ => format!("> {lines} messages skipped: this connection reads too slowly\n"),
        };
        self.console.expected.extend_from_slice(notice.as_bytes());
        let is_in = |of: &dyn Fn(&Effect) -> Option<room::Member>, who| {
            skipped.iter().any(|effect| of(effect) == Some(who))
        };
        let joined = skipped.iter().filter_map(|effect| effect.joined);
        self.joining -= joined.filter(|(node, _)| *node == self.number).count();
        for member in self.members.values_mut() {
            let who = (self.number, member.number);
            if member.is_admitted && !member.has_left {
                member.seen.expected.extend_from_slice(notice.as_bytes());
            } else if is_in(&|effect| effect.joined, who) {
                let online = room::online(users);
                let greeting = format!("> Connected to the chat server {online}\n");
                member.seen.expected.extend_from_slice(greeting.as_bytes());
                member.is_admitted = true;
            }
            member.has_left |= is_in(&|effect| effect.left, who);
        }
        self.settle();
    }

    /// A snapshot, and where that is in the order.
    pub(super) fn snapshot(&self) -> (Vec<u8>, usize) {
        (self.server.snapshot(), self.given)
    }

    /// It cannot reach the order, or can again.
    pub(super) fn set_away(&mut self, is_away: bool) {
        if self.is_away != is_away {
            let notice = if is_away {
                "> The room's log cannot be reached (why): what is said waits\n"
            } else {
                "> The room goes on\n"
            };
            let members = self.members.values_mut();
            let here = members.filter(|member| member.is_admitted && !member.has_left);
            for seen in here.map(|member| &mut member.seen).chain([&mut self.console]) {
                seen.expected.extend_from_slice(notice.as_bytes());
            }
        }
        self.is_away = is_away;
        self.server.set_away(NOW, is_away.then_some("why"));
        self.settle();
    }

    /// It is given one again.
    pub(super) fn commit_again(&mut self, order: &Order, index: usize) {
        if index >= self.given || order.effects[index].committed == Committed::TooSoon {
            return;
        }
        let users = self.server.users();
        let stamped = Stamped::decode(&order.entries[index]).unwrap();
        assert_ne!(self.server.commit(NOW, &stamped), Committed::New);
        assert_eq!(self.server.poll(), None);
        assert_eq!(self.server.users(), users);
    }

    /// What its readers should get by that.
    fn expect(&mut self, effect: &Effect) {
        let line = effect.line.as_bytes();
        self.console.expected.extend_from_slice(line);
        self.joining -= usize::from(effect.joined.is_some_and(|(node, _)| node == self.number));
        for member in self.members.values_mut() {
            let is = |of: Option<(u64, u64)>| of == Some((self.number, member.number));
            member.has_left |= is(effect.left);
            if is(effect.joined) {
                let online = room::online(effect.users);
                let greeting = format!("> Connected to the chat server {online}\n");
                member.seen.expected.extend_from_slice(greeting.as_bytes());
                member.is_admitted = true;
            } else if member.is_admitted && !member.has_left && !is(effect.author) {
                member.seen.expected.extend_from_slice(line);
            }
        }
    }

    /// Takes what is to be done, and looks at what must hold.
    fn settle(&mut self) {
        while let Some(event) = self.server.poll() {
            let member_of =
                |reader: ReaderId| move |member: &&mut Member| member.seen.reader == reader;
            match event {
                Event::Grown => {
                    self.console.is_awake = true;
                    self.members.values_mut().for_each(|member| member.seen.is_awake = true);
                }
                Event::Resumed => {
                    self.are_newcomers_refused = false;
                    self.members.values_mut().for_each(|member| member.was_refused = false);
                }
                Event::Admitted(id) => {
                    let member = self.members.values_mut().find(member_of(id.into())).unwrap();
                    assert!(member.is_admitted, "too early");
                    member.seen.is_awake = true;
                }
                // No time passes, and nobody asks for anything.
                Event::TickAt(_) | Event::Listen(_) => {}
                Event::Addressed(_)
                | Event::Closed(_)
                | Event::KeyWanted(_)
                | Event::Replaced { .. } => unreachable!("{event:?}"),
            }
        }
        self.look();
    }

    fn look(&mut self) {
        let readers = self.members.values().map(|member| &member.seen).chain([&self.console]);
        for seen in readers {
            assert_eq!(seen.got.len() < seen.expected.len(), self.server.has_pending(seen.reader));
            let is_known = seen.is_awake || !self.server.has_pending(seen.reader);
            assert!(is_known, "nobody was told that something is pending");
        }
        // An entry is as long as what is said by it, or longer, less its newline.
        let in_flight: usize = self.server.proposals().map(|entry| entry.len() + 1).sum();
        if in_flight > self.limits.backlog / 8 {
            let said = |bytes: &[u8]| match Entry::of(bytes).what {
                What::Said(_, text) => text.len() + 1,
                _ => 0,
            };
            let in_flight: usize = self.server.proposals().map(said).sum();
            assert!(in_flight <= self.limits.backlog / 8, "{in_flight} bytes are in flight");
        }
        assert!(!self.is_fenced() || self.server.proposals().count() == 0);
    }

    /// Its console, and some of its members, read.
    pub(super) fn read(&mut self, addr: Option<&str>, most: usize) {
        while self.console.read(&mut self.server, usize::MAX) == Delivered::Partial {}
        let Some(member) = addr.and_then(|addr| self.members.get_mut(addr)) else { return };
        let delivered = member.seen.read(&mut self.server, most);
        let has_all = member.seen.got.len() == member.seen.expected.len();
        let is_finished = delivered == Delivered::Finished;
        assert!(!is_finished || (member.has_left && has_all), "it has not left");
    }

    fn read_all(&mut self) {
        for addr in self.members.keys().cloned().collect::<Vec<_>>() {
            while self.members[&addr].seen.is_awake {
                self.read(Some(&addr), usize::MAX);
            }
        }
        self.read(None, usize::MAX);
    }

    /// Everybody gets the rest, and whatever was said has come. Returns that, unless the server was not
    /// given all of it.
    pub(super) fn finish(&mut self) -> Option<String> {
        self.read_all();
        let is_waiting = |member: &Member| member.was_refused && !member.is_closed;
        if !self.is_fenced() {
            assert!(self.members.values().all(|member| member.is_admitted), "admitted");
            assert!(!self.are_newcomers_refused, "nobody was told that newcomers are welcome");
            assert!(!self.members.values().any(is_waiting), "nobody was told to read again");
        }
        let said = String::from_utf8(self.console.got.clone()).unwrap();
        let is_of_server = |line: &&str| line.starts_with("> The room");
        let said = said.split_inclusive('\n').filter(|line| !is_of_server(line)).collect();
        (!self.has_skipped).then_some(said)
    }
}
