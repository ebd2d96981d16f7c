//! Rooms that several servers share: an order with a bad way to it, servers that stop, and come
//! late, and are taken for gone.

mod node;
mod order;
mod room;

use std::collections::BTreeMap;

use chat_core::Limits;

use super::choices::Choices;
use node::Node;
use order::Order;

/// Servers, at the most.
const NODES: usize = 5;

/// Members of one of them, at the most.
const MEMBERS: usize = 4;

/// What may be said in a run, in bytes: so little that nobody falls behind.
const MOST: usize = 400_000;

pub(crate) struct Shared<C> {
    choices: C,
    limits: Limits,
    order: Order,
    nodes: Vec<Node>,
    /// What was read from members, and the servers that these were of.
    said: Vec<(u64, Vec<u8>)>,
    connected: usize,
    written: usize,
    messages: usize,
}

impl<C: Choices> Shared<C> {
    pub(crate) fn new(mut choices: C) -> Self {
        let limits = Limits {
            max_users: choices.one(&[usize::MAX, usize::MAX, 5]),
            max_line: choices.one(&[40, 4_096, 65_536]),
            backlog: 0,
            ..Limits::default()
        };
        let nodes = (1..=choices.one(&[2, 2, 3])).map(|number| Node::new(number, &limits));
        Self {
            nodes: nodes.collect(),
            choices,
            limits,
            order: Order::default(),
            said: Vec::new(),
            connected: 0,
            written: 0,
            messages: 0,
        }
    }

    /// So many things happen; then everything comes that is on its way.
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
        let index = self.choices.below(self.nodes.len());
        match self.choices.below(48) {
            0..20 => self.order.step(&mut self.choices),
            20 if self.choices.once_in(8) => self.come_late(),
            21 if self.choices.once_in(8) => {
                let other = self.nodes[self.choices.below(self.nodes.len())].number;
                self.running(index).declare_lost(other);
            }
            22 if self.choices.once_in(2) => {
                let node = &mut self.nodes[index];
                node.is_stopped = !node.is_stopped;
            }
            _ if self.nodes[index].is_stopped => {}
            23 => self.connect(index),
            24 if self.choices.once_in(8) => self.skip(index),
            25 if self.choices.once_in(8) => {
                let is_away = self.choices.once_in(2);
                self.nodes[index].set_away(is_away);
            }
            24..30 => self.talk(index),
            30 if self.choices.once_in(16) => self.flood(index),
            31..38 => self.commit(index),
            38 => {
                let entry = self.choices.below(self.order.entries.len().clamp(1, 65_536));
                self.nodes[index].commit_again(&self.order, entry);
            }
            39..44 => {
                let is_again = self.choices.once_in(8);
                self.nodes[index].send(&mut self.order, is_again);
            }
            44..47 => self.read(index),
            _ => self.leave(index),
        }
    }

    /// This one, or the next that is not stopped.
    fn running(&mut self, index: usize) -> &mut Node {
        let nodes = &self.nodes;
        let indexes = (index..nodes.len()).chain(0..index);
        let running = indexes.into_iter().find(|index| !nodes[*index].is_stopped);
        &mut self.nodes[running.unwrap_or(index)]
    }

    /// A server more, which is given the whole order, or what another one has not been given.
    fn come_late(&mut self) {
        if self.nodes.len() < NODES {
            let number = self.nodes.len() as u64 + 1;
            let node = if self.choices.once_in(2) {
                Node::new(number, &self.limits)
            } else {
                let other = self.choices.below(self.nodes.len());
                Node::from_snapshot(number, &self.limits, &self.nodes[other])
            };
            self.nodes.push(node);
        }
    }

    /// A server that is behind another goes on where that is.
    fn skip(&mut self, index: usize) {
        let other = self.choices.below(self.nodes.len());
        let (snapshot, given) = self.nodes[other].snapshot();
        self.nodes[index].skip_to(&self.order, &snapshot, given);
    }

    fn connect(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        if node.members.len() < MEMBERS && !node.is_fenced() {
            self.connected += 1;
            node.connect(&format!("192.0.2.{}:{}", node.number, self.connected), &self.order);
        }
    }

    fn member(&mut self, index: usize) -> Option<String> {
        let addrs: Vec<&String> = self.nodes[index].members.keys().collect();
        (!addrs.is_empty()).then(|| addrs[self.choices.below(addrs.len())].clone())
    }

    fn talk(&mut self, index: usize) {
        let Some(addr) = self.member(index) else { return };
        let text = self.choices.one(&["네", "안녕하세요", "hello", "ㅋㅋㅋ"]);
        self.write(index, &addr, text);
        let most = self.choices.one(&[1, 10, 100, 1_000]);
        self.nodes[index].receive(&addr, most);
    }

    fn write(&mut self, index: usize, addr: &str, text: &str) {
        self.messages += 1;
        self.written += text.len();
        self.nodes[index].write(addr, &format!("<{}> {text}", self.messages));
    }

    /// A member says all that is taken from it.
    fn flood(&mut self, index: usize) {
        let Some(addr) = self.member(index) else { return };
        let length = self.choices.one(&[30, 4_000, 60_000]).min(self.limits.max_line - 20);
        let text = "x".repeat(length);
        let count = self.choices.below(240_000 / (length + 100));
        for _ in 0..count {
            if self.written < MOST {
                self.write(index, &addr, &text);
            }
            self.nodes[index].receive(&addr, usize::MAX);
        }
    }

    fn commit(&mut self, index: usize) {
        let count = self.choices.one(&[1, 1, 3, 10, 100]);
        self.nodes[index].commit(&self.order, count);
    }

    fn read(&mut self, index: usize) {
        let addr = self.member(index);
        let most = self.choices.one(&[1, 50, 1_000, usize::MAX]);
        self.nodes[index].read(addr.as_deref(), most);
    }

    fn leave(&mut self, index: usize) {
        let Some(addr) = self.member(index) else { return };
        let node = &mut self.nodes[index];
        if self.choices.once_in(2) {
            node.end_of_input(&addr);
        } else if self.choices.once_in(2) {
            let member = node.disconnect(&addr);
            self.said.push((node.number, member.said));
        }
    }

    /// Whoever is not gone comes back, and all that was proposed comes.
    fn heal(&mut self) {
        for node in &mut self.nodes {
            node.is_stopped &= self.choices.once_in(2);
            node.set_away(false);
        }
        loop {
            self.order.heal();
            let mut is_quiet = true;
            for node in self.nodes.iter_mut().filter(|node| !node.is_stopped) {
                node.commit(&self.order, usize::MAX / 2);
                for addr in node.members.keys().cloned().collect::<Vec<_>>() {
                    node.receive(&addr, usize::MAX);
                }
                node.send(&mut self.order, true);
                is_quiet &= node.proposals().is_empty();
            }
            let is_behind = |node: &Node| !node.is_stopped && node.is_behind(&self.order);
            if is_quiet && !self.nodes.iter().any(is_behind) {
                return;
            }
        }
    }

    fn finish(&mut self) {
        let everything: String = self.order.effects.iter().map(|effect| &*effect.line).collect();
        let mut snapshots = Vec::new();
        for node in self.nodes.iter_mut().filter(|node| !node.is_stopped) {
            if let Some(said) = node.finish() {
                assert_eq!(said, everything);
            }
            snapshots.push(node.snapshot());
        }
        snapshots.dedup();
        assert!(snapshots.len() <= 1, "servers that were given the same have not the same room");
        for node in &self.nodes {
            let said = node.members.values().map(|member| (node.number, member.said.clone()));
            self.said.extend(said);
        }
        let mut counts = BTreeMap::new();
        for begin in everything.lines().filter_map(first_word) {
            *counts.entry(begin).or_insert(0) += 1;
        }
        for (node, said) in &self.said {
            let is_gone = self.order.room.has_lost(*node)
                || self.nodes.iter().any(|of| of.number == *node && of.is_stopped);
            // What is behind the last newline was never ended.
            let end = said.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
            for message in str::from_utf8(&said[..end]).unwrap().lines() {
                let begin = message.split(' ').next().unwrap();
                let count = counts.get(begin).copied().unwrap_or(0);
                assert!(count == 1 || (count == 0 && is_gone), "{begin:?} is said {count} times");
            }
        }
    }
}

/// The first word of a message, by which it is known.
fn first_word(line: &str) -> Option<&str> {
    line.split("] ").nth(1).and_then(|text| text.split(' ').next())
}
