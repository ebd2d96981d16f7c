//! Rooms whose log is in an engine: servers with all that can happen to them, to the engine, and
//! between the two, against a naive engine.

mod cluster;
mod driver;
mod engine;
mod faults;
mod node;
mod people;
mod time;
mod truth;

use std::collections::BTreeMap;
use std::rc::Rc;

use chat_core::{Answer, Limits};

use super::choices::Choices;
use cluster::Cluster;
use driver::{Around, Orphan};
pub(crate) use engine::Broken;
use node::Node;
use time::{MILLI, SECOND};

/// Servers that live, at the most, and all that there ever are.
const NODES: usize = 4;
const MOST_NODES: usize = 9;

/// Members of one of them, at the most.
const MEMBERS: usize = 4;

/// What may be said in a run, in bytes.
const MOST: usize = 50_000;

/// More than is ever said: a server that keeps all batches can say all of them again.
const NEVER: u64 = u64::MAX;

/// The longest time that a run waits for all to be well: a dead server is found after its lease, by
/// one that has been well for two, and there are some of them.
const PATIENCE: u64 = 60 * SECOND;

pub(crate) struct Replicas<C> {
    choices: C,
    limits: Limits,
    /// Bytes of payload from one snapshot to the next.
    interval: u64,
    now: u64,
    cluster: Cluster,
    nodes: Vec<Node>,
    orphans: Vec<Orphan>,
    /// Each snapshot by the link of where it was taken.
    snapshots: BTreeMap<u64, Rc<[u8]>>,
    /// What the engine does next, and when: it comes back, it fails over.
    plan: Option<(u64, faults::Plan)>,
    trouble: usize,
    connected: usize,
    written: usize,
    messages: usize,
}

impl<C: Choices> Replicas<C> {
    pub(crate) fn new(mut choices: C, broken: Option<Broken>) -> Self {
        let limits =
            Limits { max_line: choices.one(&[40, 4_096, 65_536]), backlog: 0, ..Limits::default() };
        let now = SECOND;
        let mut run = Self {
            interval: choices.one(&[500, 5_000, NEVER]),
            trouble: choices.one(&[0, 10, 50]),
            choices,
            limits,
            now,
            cluster: Cluster::new(now, broken),
            nodes: Vec::new(),
            orphans: Vec::new(),
            snapshots: BTreeMap::new(),
            plan: None,
            connected: 0,
            written: 0,
            messages: 0,
        };
        for _ in 0..run.choices.one(&[2, 2, 3]) {
            run.begin_node();
        }
        run
    }

    /// So many things happen; then all is well again, and everything is where it should be.
    pub(crate) fn run(mut self, steps: usize) {
        for _ in 0..steps {
            if self.choices.is_exhausted() {
                break;
            }
            self.step();
        }
        self.heal();
        truth::check(&self);
    }

    fn step(&mut self) {
        match self.choices.below(64) {
            0..24 => self.talk(),
            24..30 => self.connect(),
            30 => self.flood(),
            31..33 => self.leave(),
            33..35 => self.name(),
            35 => self.whisper(),
            36..44 => self.trouble(),
            44..46 if self.nodes.len() < MOST_NODES && self.living() < NODES => self.begin_node(),
            46..48 => {
                let time = self.choices.one(&[SECOND, 3 * SECOND, 12 * SECOND]);
                self.wait(time);
            }
            _ => {
                let time = self.choices.one(&[0, MILLI, 10 * MILLI, 100 * MILLI]);
                self.wait(time);
            }
        }
    }

    fn living(&self) -> usize {
        self.nodes.iter().filter(|node| node.runs()).count()
    }

    /// Time passes, and what is due comes.
    fn wait(&mut self, time: u64) {
        let end = self.now + time;
        self.pump();
        loop {
            let next = self.next_due().map_or(end, |due| due.max(self.now + 1));
            if next > end {
                break;
            }
            self.now = next;
            self.pump();
            if self.now == end {
                return;
            }
        }
        self.now = end;
        self.pump();
    }

    fn next_due(&self) -> Option<u64> {
        let nodes = self.nodes.iter().filter_map(|node| {
            let reads_on = node.is_running(self.now) && node.has_unread(&self.cluster);
            let due = node.next_due(self.now, &self.cluster)?;
            Some(if reads_on { due.min(self.now + 5 * MILLI) } else { due })
        });
        let orphans = self.orphans.iter().map(|orphan| self.due_of(orphan));
        let plan = self.plan.as_ref().map(|(due, _)| *due);
        nodes.chain(orphans).chain(plan).min()
    }

    fn due_of(&self, orphan: &Orphan) -> u64 {
        orphan.arrives_at.max(self.cluster.frozen_until(orphan.instance))
    }

    fn pump(&mut self) {
        if let Some((_, plan)) = self.plan.take_if(|(due, _)| *due <= self.now) {
            self.carry_out(plan);
        }
        let now = self.now;
        for at in (0..self.orphans.len()).rev() {
            if self.due_of(&self.orphans[at]) <= now {
                let Orphan { instance, node, request, .. } = self.orphans.remove(at);
                if self.cluster.instances[instance].is_up {
                    let _ = self.cluster.run(now, instance, node, &request);
                }
            }
        }
        for node in &mut self.nodes {
            node.pump(&mut Around {
                now,
                cluster: &mut self.cluster,
                choices: &mut self.choices,
                orphans: &mut self.orphans,
                snapshots: &mut self.snapshots,
                trouble: self.trouble,
            });
        }
    }

    /// A server comes, if the engine can be reached.
    fn begin_node(&mut self) {
        let (now, master) = (self.now, self.cluster.master);
        if self.cluster.is_down() || self.cluster.is_frozen(now, master) {
            return;
        }
        let Some(Answer::Attached(attached)) = self.cluster.attach(now, master) else { return };
        if self.trouble > 0 && self.choices.once_in(8) {
            // It does not hear of that, and gives up.
            return;
        }
        self.nodes.push(Node::begin(&self.limits, self.interval, attached, master));
    }

    /// A server that does something by itself now, if there is one.
    fn some_node(&mut self) -> Option<usize> {
        let (now, nodes) = (self.now, self.nodes.iter().enumerate());
        let running = nodes.filter(|(_, node)| node.is_running(now) && !node.ends);
        let running: Vec<usize> = running.map(|(index, _)| index).collect();
        (!running.is_empty()).then(|| running[self.choices.below(running.len())])
    }

    /// A member of such a one.
    fn some_member(&mut self) -> Option<(usize, usize)> {
        let node = self.some_node()?;
        let members = self.nodes[node].members.iter().enumerate();
        let open = members.filter(|(_, member)| !member.is_closed);
        let open: Vec<usize> = open.map(|(index, _)| index).collect();
        (!open.is_empty()).then(|| (node, open[self.choices.below(open.len())]))
    }

    fn connect(&mut self) {
        let Some(index) = self.some_node() else { return };
        let node = &mut self.nodes[index];
        if node.members.iter().filter(|member| !member.is_gone).count() < MEMBERS {
            self.connected += 1;
            let addr = format!("192.0.2.{}:{}", index + 1, self.connected);
            node.connect(self.now, addr);
        }
    }

    fn talk(&mut self) {
        let Some((node, member)) = self.some_member() else { return };
        let text = self.choices.one(&["네", "안녕하세요", "hello", "ㅋㅋㅋ"]);
        self.write(node, member, text);
    }

    fn write(&mut self, node: usize, member: usize, text: &str) {
        self.messages += 1;
        self.written += text.len();
        let text = format!("<{}> {text}", self.messages);
        self.nodes[node].members[member].write(&text);
    }

    /// A member says much.
    fn flood(&mut self) {
        let Some((node, member)) = self.some_member() else { return };
        let length = self.choices.one(&[15, 15, 1_000, 30_000]).min(self.limits.max_line - 20);
        let text = "x".repeat(length);
        for _ in 0..self.choices.below(100) {
            if self.written < MOST {
                self.write(node, member, &text);
            }
        }
    }

    fn name(&mut self) {
        let Some((node, member)) = self.some_member() else { return };
        let name = self.choices.one(&["민수", "지민", "ann", "ben"]);
        self.nodes[node].members[member].write(&format!("/name {name}"));
    }

    fn whisper(&mut self) {
        let Some((node, member)) = self.some_member() else { return };
        let name = self.choices.one(&["민수", "지민", "ann", "ben"]);
        self.messages += 1;
        let text = format!("/msg {name} <{}> psst", self.messages);
        self.nodes[node].members[member].write(&text);
    }

    fn leave(&mut self) {
        let Some((node, member)) = self.some_member() else { return };
        if self.choices.once_in(2) {
            self.nodes[node].end_of_input(self.now, member);
        } else {
            self.nodes[node].disconnect(self.now, member);
        }
    }
}
