//! Servers that share a room: what the tests of those are written in.

use std::convert::Infallible;

use chat_core::{Instant, Limits, MemberId, NodeId, ReaderId, Server, Stamped, Start, Wire};

use crate::world::{ANN, BEN};

pub(crate) const NOW: Instant = Instant::from_micros(1_000_000);

/// Servers of a room, and an order that gives them all that they propose.
pub(crate) struct Servers {
    pub(crate) servers: Vec<Server>,
    nodes: Vec<NodeId>,
    /// Of each of them.
    pub(crate) consoles: Vec<ReaderId>,
}

/// The first servers of a room, by their place.
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;

impl Servers {
    pub(crate) fn new(count: u64) -> Self {
        Self::with(count, &Limits::default())
    }

    pub(crate) fn with(count: u64, limits: &Limits) -> Self {
        let nodes: Vec<NodeId> = (1..=count).map(NodeId).collect();
        let server = |&node: &NodeId| Server::shared(limits.clone(), node);
        let mut servers: Vec<Server> = nodes.iter().map(server).collect();
        let consoles = servers.iter_mut().map(|server| server.observe(Start::Now)).collect();
        Self { servers, nodes, consoles }
    }

    /// Until nothing more is proposed.
    pub(crate) fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 100, "there is no end to what they propose");
            let proposals = self.servers.iter().flat_map(Server::proposals);
            let order: Vec<Vec<u8>> = proposals.map(<[u8]>::to_vec).collect();
            if order.is_empty() {
                break;
            }
            for server in &mut self.servers {
                for entry in &order {
                    server.commit(NOW, &Stamped::decode(entry).unwrap());
                }
            }
        }
        let snapshot = self.servers[0].snapshot();
        for server in &self.servers {
            assert_eq!(server.snapshot(), snapshot);
        }
    }

    pub(crate) fn connect(&mut self, server: usize, addr: &str) -> MemberId {
        let id = self.servers[server].connect(NOW, addr.parse().unwrap(), Wire::Lines).unwrap();
        self.settle();
        id
    }

    /// A member sends a line.
    pub(crate) fn say(&mut self, server: usize, id: MemberId, line: &str) {
        self.servers[server].receive(NOW, id, format!("{line}\n").as_bytes());
        self.settle();
    }

    /// A host does.
    pub(crate) fn host(&mut self, server: usize, line: &str) {
        self.servers[server].host_line(NOW, line);
        self.settle();
    }

    pub(crate) fn hear(&mut self, server: usize, reader: impl Into<ReaderId>) -> String {
        let (reader, mut heard) = (reader.into(), Vec::new());
        while self.servers[server].has_pending(reader) {
            let _ = self.servers[server].deliver(reader, |slices| {
                heard.extend(slices.concat());
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            });
        }
        String::from_utf8(heard).unwrap()
    }

    pub(crate) fn console(&mut self, server: usize) -> String {
        self.hear(server, self.consoles[server])
    }

    /// Its console is what its host looks at.
    pub(crate) fn seat_host(&mut self, server: usize) {
        let console = self.consoles[server];
        self.servers[server].seat_host(console);
        self.settle();
    }

    /// A server is gone, and the first one tells.
    pub(crate) fn lose(&mut self, server: usize) {
        self.servers.remove(server);
        self.consoles.remove(server);
        let node = self.nodes.remove(server);
        self.servers[0].declare_lost(NOW, node);
        self.settle();
    }

    /// A member gets a key, by which it may come back.
    pub(crate) fn begin_session(&mut self, server: usize, id: MemberId) {
        self.say(server, id, "/session");
        self.servers[server].give_key(NOW, id, 1 << 64 | 1);
        self.settle();
        self.hear(server, id);
    }

    /// Whether a member of the first server cannot be called so.
    pub(crate) fn is_taken(&mut self, id: MemberId, name: &str) -> bool {
        self.hear(A, id);
        self.say(A, id, &format!("/name {name}"));
        self.hear(A, id).contains(" is taken; ")
    }

    /// Nobody has anything unread.
    pub(crate) fn read_all(&mut self, members: &[(usize, MemberId)]) {
        for server in 0..self.servers.len() {
            self.console(server);
        }
        for &(server, id) in members {
            self.hear(server, id);
        }
    }
}

/// Two servers with a member each, who have read all.
pub(crate) fn two() -> (Servers, MemberId, MemberId) {
    let mut servers = Servers::new(2);
    let ann = servers.connect(A, ANN);
    let ben = servers.connect(B, BEN);
    servers.read_all(&[(A, ann), (B, ben)]);
    (servers, ann, ben)
}
