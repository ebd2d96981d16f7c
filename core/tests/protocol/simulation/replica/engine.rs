//! A naive engine: the rules of `chat_core::replica`, one function a script.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chat_core::{
    Answer, Attached, Batch, Expired, Link, NodeId, Numbers, Position, Relation, Request, Wall,
};
use sha1_smol::Sha1;

const LEASE: u64 = 5_000;
const HEAL: u64 = 5_000;
const MORE: u64 = 1_000;

/// Rules that may be broken, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// An append is taken whatever its first number is.
    Numbers,
    /// Those who were declared lost are not told, and go on.
    Fencing,
    /// Whoever is said to be lost is, whatever its lease says.
    Leases,
    /// What is restored is taken whatever comes before it, and nobody sees that it is something
    /// else.
    Links,
    /// What is restored is not.
    Healing,
    /// Whoever has been where another one took over is not told.
    Stale,
}

impl Broken {
    pub(crate) const ALL: [Self; 6] =
        [Self::Numbers, Self::Fencing, Self::Leases, Self::Links, Self::Healing, Self::Stale];
}

/// What an engine holds of a room.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) tail: Position,
    pub(super) run: u64,
    pub(super) era: u64,
    heal: u64,
    is_blank: bool,
    next: u64,
    nodes: BTreeMap<u64, Node>,
    lost: BTreeSet<u64>,
    snapshot: Option<(Position, Rc<[u8]>)>,
    stream: BTreeMap<u64, Rc<Batch>>,
}

#[derive(Clone, Copy)]
struct Node {
    last: u64,
    lease: u64,
    is_ready: bool,
}

impl Node {
    fn new(last: u64, lease: u64) -> Self {
        Self { last, lease, is_ready: false }
    }

    fn has_run_out(&self, now: u64) -> bool {
        self.lease <= now || self.lease > now + LEASE
    }
}

/// Who asks, of which instance, and when.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// Milliseconds of the engine's clock.
    pub(super) now: u64,
    /// The same in microseconds.
    pub(super) micros: u64,
    pub(super) run: u64,
    pub(super) node: u64,
    /// Whether the instance began lately, or was promoted.
    pub(super) is_young: bool,
    pub(super) broken: Option<Broken>,
}

impl State {
    /// The batch behind an index.
    pub(super) fn batch_behind(&self, index: u64) -> Option<&Rc<Batch>> {
        self.stream.range(index + 1..).next().map(|(_, batch)| batch)
    }

    /// A script.
    pub(super) fn run(&mut self, call: Call, request: &Request) -> Answer {
        if let Request::Attach { at, era } = request {
            return self.attach(call, Some((call.node, *at)), *era);
        }
        if self.lost.contains(&call.node) && call.broken != Some(Broken::Fencing) {
            return Answer::Fenced;
        }
        if self.run != call.run || !self.nodes.contains_key(&call.node) {
            return Answer::Detached;
        }
        self.renew_lease(call);
        match request {
            Request::Attach { .. } => unreachable!("see above"),
            Request::Seed { over, at, nodes, snapshot } => {
                self.seed(call, *over, *at, nodes, snapshot)
            }
            Request::Restore { batches } => self.restore(call, batches),
            Request::Ready => self.ready(call),
            Request::Append { first, last, payload } => self.append(call, *first, *last, payload),
            Request::Renew => self.renew(call),
            Request::Declare { lost, last, lease, payload } => {
                self.declare(call, (lost.0, *last), *lease, payload)
            }
            Request::Keep { at, snapshot } => self.keep(*at, snapshot),
        }
    }

    /// The node and where it is, unless it begins; and the greatest era that it has seen.
    pub(super) fn attach(&mut self, call: Call, node: Option<(u64, Position)>, era: u64) -> Answer {
        let (node, at) = node.unzip();
        let is_stale = self.run == call.run && !self.heals(call) && self.era < era;
        if is_stale && call.broken != Some(Broken::Stale) {
            return Answer::Stale;
        }
        if node.is_some_and(|node| self.lost.contains(&node))
            && call.broken != Some(Broken::Fencing)
        {
            return Answer::Fenced;
        }
        if self.run != call.run {
            self.run = call.run;
            self.era = if self.era == 0 { call.now } else { self.era + 1 };
            self.heal = call.now + HEAL;
            self.is_blank = self.tail.index == 0 && call.is_young;
            for node in self.nodes.values_mut() {
                (node.is_ready, node.lease) = (false, call.now + LEASE);
            }
        }
        self.era = self.era.max(era);
        let node = node.unwrap_or(self.next.max(call.micros) + 1 + call.run * 16);
        self.next = self.next.max(node);
        let lease = call.now + LEASE;
        let entry = self.nodes.entry(node).or_insert(Node::new(0, lease));
        entry.lease = lease;
        let last = entry.last;
        let at = self.relation(at);
        let is_behind = at == Relation::Behind;
        let snapshot = self.snapshot.as_ref().filter(|_| is_behind);
        Answer::Attached(Attached {
            node: NodeId(node),
            last,
            era: self.era,
            tail: self.tail,
            at,
            is_healing: self.heals(call),
            snapshot: snapshot.map(|(at, bytes)| (*at, (**bytes).into())),
        })
    }

    fn relation(&self, at: Option<Position>) -> Relation {
        let Some(at) = at else {
            let has_one = self.snapshot.is_some();
            return if has_one { Relation::Behind } else { Relation::Same };
        };
        if at.index > self.tail.index {
            return Relation::Cut;
        }
        let snapshot = self.snapshot.as_ref().map(|(at, _)| *at);
        let link = [Some(self.tail), snapshot]
            .into_iter()
            .flatten()
            .find(|known| known.index == at.index)
            .map(|known| known.link)
            .or_else(|| self.stream.get(&at.index).map(|batch| batch.link))
            .or_else(|| self.stream.get(&(at.index + 1)).map(|batch| batch.before));
        match link {
            None => Relation::Behind,
            Some(link) if link == at.link => Relation::Same,
            Some(_) => Relation::Apart,
        }
    }

    fn renew_lease(&mut self, call: Call) {
        if let Some(node) = self.nodes.get_mut(&call.node) {
            node.lease = call.now + LEASE;
        }
    }

    /// Whether the time of healing is over, and does not come back with a clock that is set.
    pub(super) fn is_healed(&self, call: Call) -> bool {
        self.heal <= call.now
    }

    fn heals(&self, call: Call) -> bool {
        self.heal > call.now && self.heal <= call.now + HEAL
    }

    /// Something was said again: there may be more.
    fn heal_on(&mut self, call: Call) {
        if self.heals(call) {
            self.heal = self.heal.max(call.now + MORE);
        }
    }

    /// Whether what is said may be appended.
    fn is_open(&mut self, call: Call) -> bool {
        let is_open = !self.heals(call);
        if is_open {
            self.heal = 0;
        }
        is_open
    }

    fn done(&self) -> Answer {
        Answer::Done { tail: self.tail, snap: self.snap() }
    }

    fn snap(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |(at, _)| at.index)
    }

    fn ready(&mut self, call: Call) -> Answer {
        if let Some(node) = self.nodes.get_mut(&call.node) {
            node.is_ready = true;
        }
        if !self.is_blank && self.nodes.values().all(|node| node.is_ready) {
            self.heal = 0;
        }
        if self.is_open(call) { self.done() } else { Answer::Healing }
    }

    fn append(&mut self, call: Call, first: u64, last: u64, payload: &[u8]) -> Answer {
        if !self.is_open(call) {
            return Answer::Healing;
        }
        let so_far = self.nodes.get(&call.node).map_or(0, |node| node.last);
        if first != so_far + 1 && call.broken != Some(Broken::Numbers) {
            return Answer::Gap { last: so_far };
        }
        let of = format!("{}:{first}:{last}", call.node);
        self.push(call.now, &of, payload);
        if let Some(node) = self.nodes.get_mut(&call.node) {
            node.last = last;
        }
        self.done()
    }

    fn declare(
        &mut self,
        call: Call,
        (lost, last): (u64, u64),
        lease: Option<u64>,
        payload: &[u8],
    ) -> Answer {
        if !self.is_open(call) {
            return Answer::Healing;
        }
        let Some(node) = self.nodes.get(&lost) else { return Answer::Refused };
        let is_over = node.has_run_out(call.now) && Some(node.lease) == lease;
        let lives = lost != call.node && !is_over;
        if node.last != last || (lives && call.broken != Some(Broken::Leases)) {
            return Answer::Refused;
        }
        self.push(call.now, &format!("{lost}:{}:lost", last + 1), payload);
        self.lose(lost);
        self.done()
    }

    fn lose(&mut self, node: u64) {
        self.lost.insert(node);
        self.nodes.remove(&node);
    }

    fn push(&mut self, now: u64, of: &str, payload: &[u8]) {
        let text = format!("{:016x}:{of}", self.tail.link.0);
        let digest = Sha1::from(text).digest().bytes();
        let link = Link(u64::from_be_bytes(digest[..8].try_into().unwrap()));
        let batch = Batch {
            index: self.tail.index + 1,
            before: self.tail.link,
            link,
            wall: Wall { unix_seconds: (now / 1_000) as i64, offset_seconds: 0 },
            payload: payload.into(),
        };
        self.add(Rc::new(batch));
    }

    fn add(&mut self, batch: Rc<Batch>) {
        self.tail = batch.position();
        self.stream.insert(batch.index, batch);
    }

    fn renew(&mut self, call: Call) -> Answer {
        let is_ready = self.nodes.get(&call.node).is_some_and(|node| node.is_ready);
        if self.heals(call) && !is_ready {
            self.heal = call.now + HEAL;
        }
        let others = self.nodes.iter().filter(|(number, node)| {
            **number != call.node && node.has_run_out(call.now) && !self.heals(call)
        });
        let expired = others.map(|(number, node)| Expired {
            node: NodeId(*number),
            last: node.last,
            lease: node.lease,
            is_absent: !node.is_ready,
        });
        Answer::Nodes { expired: expired.collect(), snap: self.snap() }
    }

    fn restore(&mut self, call: Call, batches: &[Rc<Batch>]) -> Answer {
        if call.broken == Some(Broken::Healing) {
            return self.done();
        }
        for batch in batches {
            if self.relation(Some(batch.position())) == Relation::Same {
                continue;
            }
            let follows = batch.before == self.tail.link || call.broken == Some(Broken::Links);
            if batch.index != self.tail.index + 1 || !follows {
                return Answer::Tail { tail: self.tail };
            }
            self.add(Rc::clone(batch));
            self.heal_on(call);
            let Numbers { node, last, .. } = batch.numbers().unwrap();
            self.know(call, node.0, last);
            if let Some(lost) = batch.loss() {
                self.lose(lost.0);
            }
        }
        self.done()
    }

    /// There is such a node, with entries up to a number.
    fn know(&mut self, call: Call, node: u64, last: u64) {
        let lease = call.now + LEASE;
        self.nodes.entry(node).or_insert(Node::new(last, lease)).last = last;
    }

    fn seed(
        &mut self,
        call: Call,
        over: Position,
        at: Position,
        nodes: &[(NodeId, Option<u64>)],
        snapshot: &Rc<[u8]>,
    ) -> Answer {
        let is_known = self.tail == over || call.broken == Some(Broken::Links);
        if !is_known || at.index <= self.tail.index {
            return Answer::Tail { tail: self.tail };
        }
        self.stream.clear();
        self.snapshot = Some((at, Rc::clone(snapshot)));
        self.tail = at;
        self.heal_on(call);
        for &(node, last) in nodes {
            match last {
                Some(last) => self.know(call, node.0, last),
                None => self.lose(node.0),
            }
        }
        self.done()
    }

    fn keep(&mut self, at: Position, snapshot: &Rc<[u8]>) -> Answer {
        let is_newer = self.snapshot.as_ref().is_none_or(|(before, _)| at.index > before.index);
        let is_here = self.stream.get(&at.index).is_some_and(|batch| batch.link == at.link);
        if is_newer && is_here {
            self.snapshot = Some((at, Rc::clone(snapshot)));
            // A stream is trimmed by whole nodes of its tree.
            let first = at.index + 1 - at.index % 3;
            self.stream.retain(|index, _| *index >= first);
        }
        self.done()
    }
}
