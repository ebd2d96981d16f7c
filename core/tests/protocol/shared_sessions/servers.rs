//! Servers of a room, an order that is as fast as a test wants, and the least of a shell.

use std::convert::Infallible;
use std::time::Duration;

use chat_core::{
    Delivered, Event, Instant, Limits, MemberId, NodeId, ReaderId, Server, Stamp, Stamped, Start,
    Wire,
};

pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const C: usize = 2;

/// The key that the `number`th member is given.
pub(crate) fn key(number: u128) -> String {
    format!("{:032x}", number << 64 | 0x1234_5678_9abc_def0)
}

pub(crate) struct Servers {
    pub(crate) servers: Vec<Server>,
    pub(crate) consoles: Vec<ReaderId>,
    nodes: Vec<NodeId>,
    /// All that was decided, and how much of it each server was given.
    order: Vec<Vec<u8>>,
    given: Vec<usize>,
    /// The number of the last entry that each has said to the order.
    sent: Vec<u64>,
    is_gone: Vec<bool>,
    /// Whether what is proposed is decided and given to all at once.
    pub(crate) is_fast: bool,
    now: Instant,
    ticks: Vec<Option<Instant>>,
    keys: u128,
    /// What the shell has nothing to do about.
    pub(crate) events: Vec<(usize, Event)>,
}

impl Servers {
    pub(crate) fn new(count: u64) -> Self {
        let nodes: Vec<NodeId> = (1..=count).map(NodeId).collect();
        let mut servers: Vec<Server> =
            nodes.iter().map(|&node| Server::shared(Limits::default(), node)).collect();
        let consoles = servers.iter_mut().map(|server| server.observe(Start::Now)).collect();
        let none = |_: &NodeId| 0;
        Self {
            given: nodes.iter().map(none).collect(),
            sent: vec![0; nodes.len()],
            is_gone: vec![false; nodes.len()],
            ticks: vec![None; nodes.len()],
            servers,
            consoles,
            nodes,
            order: Vec::new(),
            is_fast: true,
            now: Instant::from_micros(1),
            keys: 0,
            events: Vec::new(),
        }
    }

    /// What a server has proposed is decided.
    pub(crate) fn send(&mut self, at: usize) {
        for entry in self.servers[at].proposals() {
            let number = Stamped::decode(entry).unwrap().stamp().number;
            if number > self.sent[at] && !self.is_gone[at] {
                self.sent[at] = number;
                self.order.push(entry.to_vec());
            }
        }
    }

    /// A server is given so many entries more.
    pub(crate) fn give(&mut self, at: usize, count: usize) {
        let end = self.order.len().min(self.given[at].saturating_add(count));
        for index in self.given[at]..end {
            self.servers[at].commit(self.now, &Stamped::decode(&self.order[index]).unwrap());
        }
        self.given[at] = end;
        self.poll(at);
    }

    /// Until nothing more is proposed, and all know all.
    pub(crate) fn settle(&mut self) {
        loop {
            (0..self.servers.len()).for_each(|at| self.send(at));
            let is_behind = |at: usize| !self.is_gone[at] && self.given[at] < self.order.len();
            if !(0..self.servers.len()).any(is_behind) {
                break;
            }
            for at in 0..self.servers.len() {
                if !self.is_gone[at] {
                    self.give(at, usize::MAX);
                }
            }
        }
        let mut here = (0..self.servers.len()).filter(|&at| !self.is_gone[at]);
        let first = self.servers[here.next().unwrap()].snapshot();
        for at in here {
            assert_eq!(self.servers[at].snapshot(), first, "servers agree");
        }
    }

    fn go_on(&mut self, at: usize) {
        self.poll(at);
        if self.is_fast {
            self.settle();
        }
    }

    fn poll(&mut self, at: usize) {
        while let Some(event) = self.servers[at].poll() {
            match event {
                Event::TickAt(tick) => self.ticks[at] = Some(tick),
                Event::Listen(id) => self.servers[at].quiet(self.now, id),
                Event::KeyWanted(id) => {
                    self.keys += 1;
                    let key = self.keys << 64 | 0x1234_5678_9abc_def0;
                    self.servers[at].give_key(self.now, id, key);
                }
                event => self.events.push((at, event)),
            }
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.ticks.iter().copied().enumerate();
            let next = next.filter_map(|(at, tick)| Some((tick.filter(|&tick| tick <= end)?, at)));
            let Some((tick, at)) = next.min() else { break };
            self.now = self.now.max(tick);
            self.ticks[at] = None;
            self.servers[at].tick(self.now);
            self.go_on(at);
        }
        self.now = end;
    }

    pub(crate) fn connect(&mut self, at: usize, number: u16) -> MemberId {
        let addr = format!("192.0.2.{number}:{number}000");
        let id = self.servers[at].connect(self.now, addr.parse().unwrap(), Wire::Lines).unwrap();
        self.go_on(at);
        id
    }

    /// One that says nothing, and is greeted.
    pub(crate) fn join(&mut self, at: usize, number: u16) -> MemberId {
        let id = self.connect(at, number);
        self.pass(Duration::from_millis(300));
        id
    }

    /// One that has a session, and has read that.
    pub(crate) fn with_session(&mut self, at: usize, number: u16) -> MemberId {
        let id = self.connect(at, number);
        self.send_to(at, id, "\n\r\n");
        assert!(self.hear(at, id).contains("> /session "));
        id
    }

    pub(crate) fn send_to(&mut self, at: usize, id: MemberId, text: &str) {
        self.servers[at].receive(self.now, id, text.as_bytes());
        self.go_on(at);
    }

    pub(crate) fn disconnect(&mut self, at: usize, id: MemberId) {
        self.servers[at].disconnect(self.now, id);
        self.go_on(at);
    }

    pub(crate) fn host(&mut self, at: usize, line: &str) {
        let console = self.consoles[at];
        self.servers[at].seat_host(console);
        self.servers[at].host_line(self.now, line);
        self.go_on(at);
    }

    /// A server is gone, and another one has noticed.
    pub(crate) fn lose(&mut self, at: usize) {
        self.is_gone[at] = true;
        let mut lost = Vec::new();
        let number = self.is_gone.iter().filter(|&&is_gone| is_gone).count() as u64;
        let stamp = Stamp { node: NodeId(99), number };
        Stamped::lost(stamp, self.nodes[at]).encode(&mut lost);
        self.order.push(lost);
        if self.is_fast {
            self.settle();
        }
    }

    /// A server more, that goes on from what another one knows.
    pub(crate) fn begin(&mut self) -> usize {
        let at = self.servers.len();
        let node = NodeId(at as u64 + 1);
        let snapshot = self.servers[0].snapshot();
        let mut server = Server::from_snapshot(Limits::default(), node, &snapshot).unwrap();
        self.consoles.push(server.observe(Start::Now));
        self.servers.push(server);
        self.nodes.push(node);
        self.given.push(self.given[0]);
        self.sent.push(0);
        self.is_gone.push(false);
        self.ticks.push(None);
        self.poll(at);
        at
    }

    /// All that a reader has pending, and what comes meanwhile.
    pub(crate) fn hear(&mut self, at: usize, reader: impl Into<ReaderId>) -> String {
        let (reader, mut heard) = (reader.into(), Vec::new());
        while self.servers[at].has_pending(reader) {
            let Ok(_) = self.servers[at].deliver(reader, |slices| {
                heard.extend(slices.concat());
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            });
            self.go_on(at);
        }
        String::from_utf8(heard).unwrap()
    }

    /// The log of the room cannot be reached from a server, or can again.
    pub(crate) fn set_away(&mut self, at: usize, why: Option<&str>) {
        self.servers[at].set_away(self.now, why);
        self.poll(at);
    }

    /// A server is so late that it goes on from a snapshot of another one.
    pub(crate) fn skip(&mut self, at: usize, from: usize) {
        let snapshot = self.servers[from].snapshot();
        self.servers[at].skip_to(self.now, &snapshot).unwrap();
        assert_eq!(self.servers[at].snapshot(), snapshot);
        self.given[at] = self.given[from];
        self.poll(at);
    }

    pub(crate) fn is_finished(&mut self, at: usize, id: MemberId) -> bool {
        let take = |_: &[&[u8]]| Ok::<_, Infallible>(0);
        self.servers[at].deliver(id, take) == Ok(Delivered::Finished)
    }
}
