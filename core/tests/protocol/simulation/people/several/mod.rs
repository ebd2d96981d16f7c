//! People in a room that several servers share: they take their keys from one to another, and servers
//! end.
//!
//! The order is the model's: what each entry does to who is here is found out by hand, and what everybody
//! gets is what a server is told that has no members and is never late.

mod entries;
mod node;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use chat_core::{Instant, Limits, MemberId, NodeId, Server, Stamped, Wire};

use super::super::choices::Choices;
use super::caller::{Begun, Caller, Stage};
use super::public::Public;
use entries::Model;
use node::{Conn, Node};

/// Members at once, and servers in all.
const CROWD: usize = 5;
const SERVERS: usize = 6;

pub(crate) struct Several<C> {
    choices: C,
    limits: Limits,
    now: Instant,
    nodes: Vec<Node>,
    /// All that was decided.
    order: Vec<Vec<u8>>,
    model: Model,
    /// The server that is never late.
    reference: Node,
    public: Public,
    callers: Vec<Caller>,
    conns: Vec<Conn>,
    keys: u128,
    begun: BTreeMap<String, Begun>,
    addresses: BTreeMap<(usize, MemberId), String>,
    /// Messages that are longer than a line.
    long: BTreeMap<(usize, usize), String>,
    /// At which server somebody got a line in part that was ended there.
    half_at: BTreeMap<usize, usize>,
    is_busy: bool,
}

impl<C: Choices> Several<C> {
    pub(crate) fn new(mut choices: C) -> Self {
        let max_line = choices.one(&[64, 100, 4_096]);
        let limits = Limits { max_line, backlog: 0, ..Limits::default() };
        let count = choices.one(&[2, 2, 3]);
        let node = |number| Node::new(number, Server::shared(limits.clone(), number));
        let nodes = (1..=count).map(|number| node(NodeId(number)));
        Self {
            nodes: nodes.collect(),
            is_busy: choices.once_in(2),
            reference: node(NodeId(1_000)),
            choices,
            limits,
            now: Instant::from_micros(1),
            order: Vec::new(),
            model: Model::default(),
            public: Public::default(),
            callers: Vec::new(),
            conns: Vec::new(),
            keys: 0,
            begun: BTreeMap::new(),
            addresses: BTreeMap::new(),
            long: BTreeMap::new(),
            half_at: BTreeMap::new(),
        }
    }

    /// So many things happen; then everybody comes back, and gets the rest.
    pub(crate) fn run(mut self, steps: usize) {
        for _ in 0..steps {
            if self.choices.is_exhausted() {
                break;
            }
            self.step();
        }
        self.heal();
        self.finish();
    }

    fn step(&mut self) {
        let at = self.choices.below(self.nodes.len());
        match self.choices.below(80) {
            0..2 => self.come(at),
            2..14 => self.enter(),
            14..26 => self.some_send(),
            26..38 => self.some_get(),
            38..50 => self.some_take(),
            50 => self.acknowledge(),
            51 => self.cut(),
            52 => self.notice(),
            53..55 => {
                let caller = self.choices.below(self.callers.len().max(1));
                self.bring_back(caller, at);
            }
            55..58 => {
                let millis = self.choices.one(&[0, 1, 1, 3, 20, 60, 300, 1_500]);
                self.pass(Duration::from_millis(millis));
            }
            58 if self.choices.once_in(20) => self.pass(Duration::from_secs(601)),
            58 => self.act_as_host(at),
            59 => self.give_keys(at),
            60..67 => {
                let most = self.choices.one(&[1, 1, 3, 100]);
                self.propose(at, most);
            }
            67..77 => {
                let most = self.choices.one(&[1, 1, 3, 100]);
                self.commit(at, most);
            }
            77 if self.choices.once_in(12) => self.lose(at),
            77 if self.choices.once_in(8) => self.begin(),
            77 if self.choices.once_in(8) => self.skip(at),
            77 if self.choices.once_in(8) => self.part(at),
            77 if self.choices.once_in(2) => self.set_away(at),
            78 if self.choices.once_in(3) => self.rejoin(at),
            78 if self.choices.once_in(6) => self.leave(),
            _ => self.acknowledge(),
        }
    }

    /// A server is gone, or taken for gone; another one has noticed.
    fn lose(&mut self, at: usize) {
        let left = self.nodes.iter().filter(|node| node.is_well()).count();
        if left < 2 || !self.nodes[at].is_well() {
            return;
        }
        self.nodes[at].is_lost = true;
        if self.choices.once_in(2) {
            self.end_server(at);
        }
        let number = self.nodes[at].number;
        let other = self.nodes.iter_mut().find(|node| node.is_well());
        let other = other.unwrap_or_else(|| unreachable!("there are two"));
        other.server.declare_lost(self.now, number);
        self.look();
    }

    /// Its connections end.
    fn end_server(&mut self, at: usize) {
        self.nodes[at].is_ended = true;
        for index in 0..self.conns.len() {
            if self.conns[index].node == at {
                self.let_go(index);
                self.conns[index].is_open = false;
            }
        }
    }

    /// A server more, which goes on from a snapshot of the room.
    fn begin(&mut self) {
        if self.nodes.len() == SERVERS {
            return;
        }
        let number = NodeId(self.nodes.len() as u64 + 1);
        let snapshot = self.reference.server.snapshot();
        let server = Server::from_snapshot(self.limits.clone(), number, &snapshot).unwrap();
        assert_eq!(server.snapshot(), snapshot);
        let mut node = Node::new(number, server);
        node.given = self.order.len();
        node.begins = self.public.lines.len();
        self.nodes.push(node);
        self.look();
    }

    /// A server's oldest proposals are decided.
    fn propose(&mut self, at: usize, most: usize) {
        if self.nodes[at].is_ended {
            return;
        }
        for entry in self.nodes[at].unsent(most) {
            match &mut self.nodes[at].apart {
                Some((_, entries)) => entries.push(entry),
                None => self.decide(entry),
            }
        }
    }

    /// A server goes on with another log than all others, as two engines take what is said.
    fn part(&mut self, at: usize) {
        let others =
            self.nodes.iter().enumerate().filter(|(other, node)| *other != at && node.is_well());
        if others.count() == 0 || !self.nodes[at].is_well() {
            return;
        }
        let number = self.nodes[at].number;
        let nodes: Vec<(NodeId, Option<u64>)> = self.nodes[at].server.nodes().collect();
        let own = nodes.iter().find(|(node, _)| *node == number).and_then(|(_, last)| *last);
        self.nodes[at].part(own.unwrap_or(0));
    }

    /// It finds that out: it says its own again in the log of the others, and ends.
    pub(super) fn rejoin(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.is_ended || node.apart.is_none() {
            return;
        }
        let unsent = node.unsent(usize::MAX);
        let Some((_, entries)) = &mut node.apart else { return };
        let own = std::mem::take(entries).into_iter().chain(unsent);
        let (number, last) = (node.number.0, self.model.last(node.number.0));
        let is_new = |entry: &Vec<u8>| Stamped::decode(entry).unwrap().stamp().number > last;
        let own: Vec<Vec<u8>> = own.filter(is_new).collect();
        for entry in own {
            self.decide(entries::in_another_log(&entry));
        }
        for entry in entries::farewells(number, self.model.last(number)) {
            self.decide(entry);
        }
        self.nodes[at].is_lost = true;
        self.end_server(at);
    }

    /// An entry has its place.
    fn decide(&mut self, entry: Vec<u8>) {
        self.public.leaving = self.model.apply(&entry);
        self.reference.server.commit(self.now, &Stamped::decode(&entry).unwrap());
        for line in self.reference.read() {
            self.public.add(&line, self.now);
        }
        if let Some((key, address)) = self.model.begun.take() {
            self.public.sessions.insert(address.clone());
            let begun = Begun { lines: self.public.lines.len(), address };
            self.begun.insert(format!("{key:032x}"), begun);
        }
        for address in std::mem::take(&mut self.model.ended) {
            self.public.free.insert(address);
        }
        self.order.push(entry);
    }

    /// A server is given what was decided.
    fn commit(&mut self, at: usize, most: usize) {
        for _ in 0..most.min(self.order.len()) {
            let node = &mut self.nodes[at];
            let next = match &node.apart {
                Some((common, entries)) => entries.get(node.given - common),
                None => self.order.get(node.given),
            };
            let Some(entry) = next.filter(|_| !node.is_ended) else { return };
            node.server.commit(self.now, &Stamped::decode(entry).unwrap());
            node.given += 1;
            self.look();
            if self.nodes[at].server.is_fenced() {
                return self.end_server(at);
            }
            self.assert_agreement(at);
        }
    }

    /// A server that was given all knows what all know.
    fn assert_agreement(&self, at: usize) {
        if self.nodes[at].apart.is_none() && self.nodes[at].given == self.order.len() {
            let reference = self.reference.server.snapshot();
            assert_eq!(self.nodes[at].server.snapshot(), reference, "servers agree");
        }
    }

    /// A server is so late that what it lacks is not kept: it goes on from a snapshot.
    fn skip(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.is_ended || node.apart.is_some() || node.given == self.order.len() {
            return;
        }
        let snapshot = self.reference.server.snapshot();
        node.server.skip_to(self.now, &snapshot).unwrap();
        node.given = self.order.len();
        node.has_skipped = true;
        self.look();
        if self.nodes[at].server.is_fenced() {
            return self.end_server(at);
        }
        self.assert_agreement(at);
    }

    /// A server cannot reach the order, or can again.
    pub(super) fn set_away(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if !node.is_ended {
            node.is_away = !node.is_away;
            node.server.set_away(self.now, node.is_away.then_some("timed out"));
            self.look();
        }
    }

    fn come(&mut self, at: usize) {
        if self.callers.iter().filter(|caller| caller.conn.is_some()).count() >= CROWD {
            return;
        }
        let stage =
            self.choices.one(&[Stage::Plain, Stage::Asks(0), Stage::Asks(0), Stage::Asks(0)]);
        let mut caller = Caller::new(self.callers.len(), stage);
        caller.lies = self.choices.once_in(10);
        caller.has_private = self.is_busy;
        self.callers.push(caller);
        let number = self.callers.len() - 1;
        if self.connect(number, at) && stage != Stage::Plain {
            let asks = self.choices.one(&["\n\r\n", "\n\r\n", "/session\n"]);
            let conn = self.callers[number].conn.unwrap();
            self.conns[conn].up.extend(asks.bytes());
        }
    }

    fn connect(&mut self, number: usize, at: usize) -> bool {
        let node = &mut self.nodes[at];
        if node.is_ended || node.apart.is_some() || !node.server.takes_newcomers() {
            return false;
        }
        let address = format!("198.51.100.1:{}", 1000 + self.conns.len());
        let Ok(id) = node.server.connect(self.now, address.parse().unwrap(), Wire::Lines) else {
            return false;
        };
        self.addresses.insert((at, id), address.clone());
        if self.callers[number].address.is_empty() {
            self.callers[number].address = address;
        }
        self.callers[number].conn = Some(self.conns.len());
        self.conns.push(Conn::new(at, id, number));
        self.look();
        true
    }

    /// Somebody comes back, at any server.
    fn bring_back(&mut self, number: usize, at: usize) -> bool {
        let Some(caller) = self.callers.get_mut(number) else { return false };
        let is_known = |node: &Node| node.apart.is_none() || node.is_ended;
        let is_held = caller.is_held_apart() && !self.nodes.iter().all(is_known);
        let may_return = matches!(caller.stage, Stage::Has | Stage::Returns) && !is_held;
        if !may_return || self.nodes[at].is_ended {
            return false;
        }
        if let Some(conn) = caller.conn {
            self.let_go(conn);
        }
        if !self.connect(number, at) {
            return false;
        }
        let caller = &mut self.callers[number];
        caller.stage = Stage::Returns;
        let lines = match self.choices.one(&[caller.lines, 0, 99_999, usize::MAX]) {
            lines if caller.lies => lines,
            _ => caller.lines,
        };
        let text = format!("/resume {} {lines}\n", caller.key);
        let conn = caller.conn.unwrap();
        if self.choices.below(3) == 1 {
            // It was slow.
            self.pass(Duration::from_millis(400));
            let most = self.choices.one(&[1, 10, 60, 500]);
            self.get(conn, most);
        }
        self.conns[conn].up.extend(text.bytes());
        true
    }

    /// Somebody leaves for good.
    fn leave(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_held) else { return };
        let number = self.conns[at].caller;
        self.type_in(number, "/bye\n");
        self.callers[number].is_disturbed = true;
        self.callers[number].stage = Stage::Over;
    }

    /// A connection ends: some of what is on its way still arrives.
    fn cut(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_held) else { return };
        let count = self.choices.below(self.conns[at].up.len().clamp(1, 60_000) + 1);
        self.conns[at].up.truncate(count);
        self.let_go(at);
        if self.choices.once_in(4) {
            self.notice_end(at);
        }
    }

    /// Nobody is at the other end any more.
    fn let_go(&mut self, at: usize) {
        let conn = &mut self.conns[at];
        conn.down.clear();
        if std::mem::take(&mut conn.is_held) {
            let caller = &mut self.callers[conn.caller];
            caller.is_disturbed |= !matches!(caller.stage, Stage::Has | Stage::Returns);
            if caller.conn == Some(at) {
                caller.lose();
            }
        }
    }

    fn notice(&mut self) {
        if let Some(at) = self.conn(|conn| conn.is_open && !conn.is_held) {
            self.notice_end(at);
        }
    }

    fn finish(&mut self) {
        let all: Vec<&str> = self.public.lines.iter().map(|said| &*said.line).collect();
        for node in self.nodes.iter().filter(|node| node.is_well() && !node.has_skipped) {
            assert_eq!(node.log, all[node.begins..], "what the console of {:?} got", node.number);
        }
        for caller in &mut self.callers {
            if matches!(caller.stage, Stage::Has) && !caller.lies {
                caller.finish(&self.public);
            }
            let is_silenced = self.public.silenced.contains(&caller.address);
            for number in &caller.public {
                let count = self.public.tags.get(&(caller.number, *number)).copied().unwrap_or(0);
                let may_be_lost = caller.is_disturbed || is_silenced || caller.stage != Stage::Has;
                assert!(
                    count == 1 || (count == 0 && (may_be_lost || caller.lies)),
                    "{:?}: said {count} times",
                    (caller.number, number)
                );
            }
        }
        self.assert_long_are_whole();
    }
}
