mod healing;
mod leases;

use chat_core::{Attached, Expired, Relation, Stamp, Stamped, Wall};

use super::*;
use crate::serve::order::shared::log;
use crate::serve::order::shared::testing::TestEngine;

const GENESIS: &str = "0000000000000000";

/// A room in an engine of its own, seen through one run of it.
struct Room {
    engine: TestEngine,
    link: Link,
    scripts: Scripts,
    run: &'static str,
    is_young: bool,
}

/// `None` where there is no engine to test with.
fn room() -> Option<Room> {
    let engine = TestEngine::start(&[])?;
    let link = engine.link();
    Some(Room { engine, link, scripts: Scripts::of("test"), run: "run-1", is_young: false })
}

impl Room {
    fn ask(&mut self, node: Option<NodeId>, request: &Request) -> Answer {
        self.call(node, request).put_to(&mut self.link).unwrap()
    }

    fn call(&self, node: Option<NodeId>, request: &Request) -> Call {
        let asker = Asker { run: self.run, is_young: self.is_young, node };
        self.scripts.call(asker, request)
    }

    /// Nodes whose lease has run out, as one is told.
    fn expired(&mut self, node: NodeId) -> Vec<Expired> {
        match self.ask(Some(node), &Request::Renew) {
            Answer::Nodes { expired, .. } => expired,
            answer => panic!("{answer:?}"),
        }
    }

    /// A node's lease ends at that time.
    fn set_lease(&mut self, node: NodeId, ends: u64) {
        self.set_state(&format!("l:{}", node.0), &ends.to_string());
    }

    /// Milliseconds of the engine's clock.
    fn now(&mut self) -> u64 {
        let time = self.command(&["TIME"]).list().unwrap();
        let [seconds, micros] = [&time[0], &time[1]].map(|part| part.number().unwrap());
        seconds * 1_000 + micros / 1_000
    }

    fn command(&mut self, parts: &[&str]) -> Reply {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        self.link.ask(&parts).unwrap()
    }

    fn text(&mut self, parts: &[&str]) -> Option<String> {
        self.command(parts).bytes().map(|bytes| String::from_utf8(bytes.into()).unwrap())
    }

    fn state(&mut self, field: &str) -> Option<String> {
        self.text(&["HGET", "chat:{test}:state", field])
    }

    fn set_state(&mut self, field: &str, value: &str) {
        self.command(&["HSET", "chat:{test}:state", field, value]);
    }

    fn attach(&mut self, node: Option<NodeId>, at: Position) -> Attached {
        match self.ask(node, &Request::Attach { at, era: 0 }) {
            Answer::Attached(attached) => attached,
            answer => panic!("{answer:?}"),
        }
    }

    /// A new node of a log that is open.
    fn node(&mut self) -> NodeId {
        let node = self.attach(None, Position::GENESIS).node;
        self.opens(node);
        node
    }

    fn opens(&mut self, node: NodeId) {
        let answer = self.ask(Some(node), &Request::Ready);
        assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    }

    /// Appends entries that count up to `last`, and returns the batch.
    fn append(&mut self, node: NodeId, first: u64, last: u64) -> Rc<Batch> {
        let before = self.tail(node);
        let payload = entries(node, first, last);
        let append = Request::Append { first, last, payload: payload.clone() };
        let Answer::Done { tail, .. } = self.ask(Some(node), &append) else {
            panic!("not appended")
        };
        let wall = Wall { unix_seconds: 1_795_582_927, offset_seconds: 0 };
        let (index, link, before) = (tail.index, tail.link, before.link);
        Rc::new(Batch { index, before, link, wall, payload: payload.into() })
    }

    fn tail(&mut self, node: NodeId) -> Position {
        match self.ask(Some(node), &Request::Ready) {
            Answer::Done { tail, .. } => tail,
            answer => panic!("{answer:?}"),
        }
    }

    /// All that the engine has of the room, to be taken back later.
    fn copy(&mut self) {
        for kind in ["state", "lost", "log"] {
            let (key, copy) = (format!("chat:{{test}}:{kind}"), format!("copy:{kind}"));
            self.command(&["COPY", &key, &copy, "REPLACE"]);
        }
    }

    /// The engine loses what has come since the copy, and is another run.
    fn cut_back(&mut self) {
        for kind in ["state", "lost", "log"] {
            let (key, copy) = (format!("chat:{{test}}:{kind}"), format!("copy:{kind}"));
            self.command(&["DEL", &key]);
            self.command(&["COPY", &copy, &key]);
        }
        self.run = "run-2";
    }
}

/// Entries of a node, as a payload: that a node which nobody knows is lost.
fn entries(node: NodeId, first: u64, last: u64) -> Vec<u8> {
    (first..=last).flat_map(|number| entry(node, number, NodeId(7))).collect()
}

fn entry(node: NodeId, number: u64, lost: NodeId) -> Vec<u8> {
    let mut bytes = vec![0];
    Stamped::lost(Stamp { node, number }, lost).encode(&mut bytes);
    // All of them are short.
    bytes[0] = u8::try_from(bytes.len() - 1).unwrap();
    bytes
}

/// The link that the rules have.
fn expected_link(text: &str) -> Mark {
    let mut digest = Sha1::new();
    digest.update(text.as_bytes());
    Mark(u64::from_str_radix(&digest.digest().to_string()[..16], 16).unwrap())
}

#[test]
fn a_node_gets_a_number_of_its_own() {
    let Some(mut room) = room() else { return };
    let first = room.attach(None, Position::GENESIS);
    assert_eq!((first.last, first.tail, first.at), (0, Position::GENESIS, Relation::Same));
    assert!(first.is_healing && first.snapshot.is_none());
    assert!(first.node.0 > 1_700_000_000_000_000, "microseconds: {:?}", first.node);
    let second = room.attach(None, Position::GENESIS).node;
    assert!(second > first.node);
    // Not even by an engine whose clock is slow.
    room.set_state("next", "9000000000000001");
    let third = room.attach(None, Position::GENESIS).node;
    assert_eq!(third, NodeId(9_000_000_000_000_002));
    assert_eq!(room.state("n:9000000000000002").as_deref(), Some("0"));
    // And by one that has lost all it is known again.
    room.command(&["FLUSHALL"]);
    assert_eq!(room.attach(Some(third), Position::GENESIS).node, third);
    assert!(room.attach(None, Position::GENESIS).node > third);
}

/// A server of a later release may have said what this one cannot read.
#[test]
fn who_does_not_know_the_format_takes_no_part() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    assert_eq!(room.state("format").as_deref(), Some("1"));
    room.set_state("format", "2");
    let attach = Request::Attach { at: Position::GENESIS, era: 0 };
    let nodes = room.text(&["HGET", "chat:{test}:state", "next"]);
    for node in [None, Some(node)] {
        assert_eq!(room.ask(node, &attach), Answer::Foreign { format: 2 });
    }
    assert_eq!(room.state("next"), nodes);
}

#[test]
fn what_is_appended_stands_in_the_log() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    let first = room.append(node, 1, 2);
    assert_eq!((first.index, first.link), (1, expected_link(&format!("{GENESIS}:{}:1:2", node.0))));
    let second = room.append(node, 3, 3);
    let text = format!("{:016x}:{}:3:3", first.link.0, node.0);
    assert_eq!((second.index, second.link), (2, expected_link(&text)));

    let log = log::read(&mut room.link, "chat:{test}:log", 0).unwrap();
    let batches = [&first, &second];
    assert_eq!(log.len(), 2);
    for (written, batch) in log.iter().zip(batches) {
        assert_eq!((written.index, written.before), (batch.index, batch.before));
        assert_eq!((written.link, &written.payload), (batch.link, &batch.payload));
        assert!(written.unix_seconds > 1_700_000_000, "{}", written.unix_seconds);
    }
    let rest = log::read(&mut room.link, "chat:{test}:log", 1).unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].index, 2);
}

/// An answer that was lost is no reason to say anything twice.
#[test]
fn nothing_is_appended_twice_nor_left_out() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    room.append(node, 1, 2);
    for (first, last) in [(1, 2), (2, 3), (4, 4)] {
        let payload = entries(node, first, last);
        let answer = room.ask(Some(node), &Request::Append { first, last, payload });
        assert_eq!(answer, Answer::Gap { last: 2 });
    }
    assert_eq!(room.tail(node).index, 1);
    assert_eq!(room.attach(Some(node), Position::GENESIS).last, 2);
}

#[test]
fn who_may_not_ask() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    room.append(node, 1, 1);
    assert_eq!(room.ask(Some(NodeId(5)), &Request::Renew), Answer::Detached);
    room.run = "run-2";
    for request in [
        Request::Renew,
        Request::Ready,
        Request::Append { first: 2, last: 2, payload: entries(node, 2, 2) },
        Request::Declare { lost: node, last: 1, lease: None, payload: entry(node, 2, node) },
        Request::Restore { batches: vec![] },
        Request::Seed {
            over: Position::GENESIS,
            at: Position::GENESIS,
            nodes: vec![],
            snapshot: Rc::new([]),
        },
        Request::Keep { at: Position::GENESIS, snapshot: Rc::new([]) },
    ] {
        assert_eq!(room.ask(Some(node), &request), Answer::Detached, "{request:?}");
    }
}

#[test]
fn what_became_of_a_place() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    let batches: Vec<_> = (1..=3).map(|number| room.append(node, number, number)).collect();
    for batch in &batches {
        let attached = room.attach(Some(node), batch.position());
        assert_eq!((attached.at, attached.tail.index), (Relation::Same, 3));
        let other = Position { link: Mark(1), ..batch.position() };
        assert_eq!(room.attach(Some(node), other).at, Relation::Apart);
    }
    let beyond = Position { index: 4, link: Mark(1) };
    assert_eq!(room.attach(Some(node), beyond).at, Relation::Cut);
    assert_eq!(room.attach(Some(node), Position::GENESIS).at, Relation::Same);
    // Of what is trimmed only the last link is known.
    room.command(&["XTRIM", "chat:{test}:log", "MINID", "3-0"]);
    for (at, relation) in [
        (Position::GENESIS, Relation::Behind),
        (batches[0].position(), Relation::Behind),
        (batches[1].position(), Relation::Same),
    ] {
        assert_eq!(room.attach(Some(node), at).at, relation, "{at:?}");
    }
}

#[test]
fn a_snapshot_replaces_what_stands_before_it() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    let batches: Vec<_> = (1..=300).map(|number| room.append(node, number, number)).collect();
    let keep = |at: Position, text: &str| Request::Keep { at, snapshot: text.as_bytes().into() };
    let wrong = Position { link: Mark(1), ..batches[199].position() };
    let beyond = Position { index: 301, link: Mark(1) };
    for at in [wrong, beyond] {
        assert!(matches!(room.ask(Some(node), &keep(at, "wrong")), Answer::Done { .. }));
        assert_eq!(room.state("snap"), None);
    }
    let at = batches[199].position();
    room.ask(Some(node), &keep(at, "\u{0}한\r\n"));
    room.ask(Some(node), &keep(batches[99].position(), "older"));
    let snapshot = Some((at, Box::from("\u{0}한\r\n".as_bytes())));
    let new = room.attach(None, Position::GENESIS);
    assert_eq!((new.at, new.snapshot), (Relation::Behind, snapshot.clone()));
    let late = room.attach(Some(node), batches[0].position());
    assert_eq!((late.at, late.snapshot), (Relation::Behind, snapshot));
    let log = log::read(&mut room.link, "chat:{test}:log", 200).unwrap();
    assert_eq!(log[0].index, 201);
    // There, nothing is missing.
    let there = room.attach(Some(node), at);
    assert_eq!((there.at, there.snapshot), (Relation::Same, None));
}

/// As after a restart, or a failover.
#[test]
fn an_engine_is_told_the_scripts_that_it_does_not_have() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    room.append(node, 1, 1);
    room.command(&["SCRIPT", "FLUSH"]);
    room.append(node, 2, 2);
}

/// What makes it hold less is done all the same, and the connection is good.
#[test]
fn a_full_engine_lets_go_of_what_it_does_not_need() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    let batches: Vec<_> = (1..=3).map(|number| room.append(node, number, number)).collect();
    let at = batches[1].position();
    room.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let busy = Answer::Busy { why: "out of memory".to_owned() };
    for request in [
        Request::Append { first: 4, last: 4, payload: entries(node, 4, 4) },
        Request::Restore { batches: batches.clone() },
        Request::Seed { over: at, at, nodes: vec![], snapshot: Rc::new([]) },
    ] {
        assert_eq!(room.ask(Some(node), &request), busy, "{request:?}");
    }
    assert_eq!(room.attach(Some(node), at).last, 3);
    for request in [
        Request::Keep { at, snapshot: b"snapshot".as_slice().into() },
        Request::Ready,
        Request::Declare { lost: node, last: 3, lease: None, payload: entry(node, 4, node) },
    ] {
        let answer = room.ask(Some(node), &request);
        assert!(matches!(answer, Answer::Done { snap: 2, .. }), "{request:?}: {answer:?}");
    }
}

/// A stream lets go of some thousands of its entries at a time, if it is not told to go on.
#[test]
fn a_snapshot_replaces_all_that_stands_before_it() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    let add = "for n = 1, 40000 do
            redis.call('XADD', KEYS[1], n .. '-0', 'p', '', 'h', ARGV[1], 't', 1, 'd', '')
        end";
    room.command(&["EVAL", add, "1", "chat:{test}:log", GENESIS]);
    room.set_state("tail", "40000");
    let at = Position { index: 39_999, link: Mark(0) };
    room.ask(Some(node), &Request::Keep { at, snapshot: b"snapshot".as_slice().into() });
    let left = room.command(&["XLEN", "chat:{test}:log"]).number().unwrap();
    assert!((1..1_000).contains(&left), "{left}");
}

/// What people are told.
#[test]
fn an_engine_that_takes_nothing_says_why() {
    let Some(mut room) = room() else { return };
    let node = room.node();
    let renew = room.call(Some(node), &Request::Renew);
    let busy = |why: &str| Ok(Answer::Busy { why: why.to_owned() });
    room.command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert_eq!(renew.put_to(&mut room.link), busy("it has too few replicas"));
    room.command(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    room.command(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(renew.put_to(&mut room.link), Err(Away::replica()));
    room.command(&["REPLICAOF", "NO", "ONE"]);
    assert!(matches!(renew.put_to(&mut room.link), Ok(Answer::Nodes { .. })));
    room.command(&["CONFIG", "SET", "requirepass", "비밀"]);
    let mut stranger = room.engine.link();
    assert_eq!(renew.put_to(&mut stranger), Err(Away::new("it wants a password")));
}
