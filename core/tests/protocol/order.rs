//! An order elsewhere: what is proposed, and what becomes of it when it is committed.

use std::time::Duration;

use chat_core::{
    Committed, DecodeError, Delivered, Event, Instant, Limits, MemberId, NodeId, ReaderId, Server,
    Stamp, Stamped, Start, Wire,
};

use crate::world::{ANN, BEN};

/// One of the servers of a room.
struct Node {
    server: Server,
    console: ReaderId,
}

impl Node {
    fn new(number: u64) -> Self {
        let mut server = Server::shared(Limits::default(), NodeId(number));
        let console = server.observe(Start::Now);
        Self { server, console }
    }

    fn connect(&mut self, addr: &str) -> MemberId {
        self.server.connect(now(), addr.parse().unwrap(), Wire::Lines).unwrap()
    }

    fn say(&mut self, id: MemberId, text: &str) {
        self.server.receive(now(), id, format!("{text}\n").as_bytes());
    }

    fn proposals(&self) -> Vec<Vec<u8>> {
        self.server.proposals().map(<[u8]>::to_vec).collect()
    }

    fn commit(&mut self, entries: &[Vec<u8>]) -> Vec<Committed> {
        let commit = |bytes: &Vec<u8>| self.server.commit(now(), &Stamped::decode(bytes).unwrap());
        entries.iter().map(commit).collect()
    }

    fn hear(&mut self, reader: impl Into<ReaderId>) -> String {
        let (reader, mut heard) = (reader.into(), Vec::new());
        while self.server.deliver(reader, |slices| {
            heard.extend(slices.concat());
            Ok::<_, ()>(slices.concat().len())
        }) == Ok(Delivered::Partial)
        {}
        String::from_utf8(heard).unwrap()
    }

    fn console(&mut self) -> String {
        self.hear(self.console)
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.server.poll()).collect()
    }
}

fn now() -> Instant {
    Instant::from_micros(1_000_000)
}

#[test]
fn nothing_changes_before_it_is_committed() {
    let mut node = Node::new(1);
    let ann = node.connect(ANN);
    assert_eq!(node.server.users(), 0);
    assert_eq!(node.console(), "");
    assert_eq!(node.server.deliver(ann, |_| Err(())), Ok(Delivered::Nothing));
    assert_eq!(node.server.budget(now(), ann), 0, "it is not admitted yet");
    assert_eq!(node.events(), []);

    let join = node.proposals();
    assert_eq!(node.commit(&join), [Committed::New]);
    assert_eq!(node.proposals(), [[0; 0]; 0]);
    assert_eq!(node.events(), [Event::Admitted(ann), Event::Grown]);
    assert_eq!(node.hear(ann), "> Connected to the chat server (1 user online)\n");
    assert!(node.server.budget(now(), ann) > 0);

    node.say(ann, "안녕");
    assert_eq!(node.proposals(), node.proposals(), "they can be asked for again");
    assert_eq!(node.console(), format!("> New user {ANN} entered (1 user online)\n"));
    let said = node.proposals();
    node.commit(&said);
    assert_eq!(node.console(), format!("[{ANN}] 안녕\n"));
    assert_eq!(node.hear(ann), "");
}

#[test]
fn two_servers_are_one_room() {
    let (mut first, mut second) = (Node::new(1), Node::new(2));
    let (ann, ben) = (first.connect(ANN), second.connect(BEN));
    let mut order = [first.proposals(), second.proposals()].concat();
    first.commit(&order);
    second.commit(&order);
    first.say(ann, "하나");
    second.say(ben, "둘");
    // The second one's comes first.
    let said = [second.proposals(), first.proposals()].concat();
    first.commit(&said);
    second.commit(&said);
    order.extend(said);
    let console = first.console();
    assert_eq!(
        console,
        format!(
            "> New user {ANN} entered (1 user online)\n\
             > New user {BEN} entered (2 users online)\n\
             [{BEN}] 둘\n\
             [{ANN}] 하나\n"
        )
    );
    assert_eq!(second.console(), console);
    assert_eq!(
        first.hear(ann),
        format!(
            "> Connected to the chat server (1 user online)\n\
             > New user {BEN} entered (2 users online)\n\
             [{BEN}] 둘\n"
        )
    );
    assert_eq!(
        second.hear(ben),
        format!("> Connected to the chat server (2 users online)\n[{ANN}] 하나\n")
    );

    // One that comes late is given all of it.
    let mut third = Node::new(3);
    third.commit(&order);
    assert_eq!(third.console(), console);
    assert_eq!(third.server.users(), 2);
}

#[test]
fn what_is_committed_again_changes_nothing() {
    let mut node = Node::new(1);
    let ann = node.connect(ANN);
    let join = node.proposals();
    node.commit(&join);
    node.say(ann, "한 번");
    let said = node.proposals();
    assert_eq!(
        node.commit(&[said.clone(), join, said].concat()),
        [Committed::New, Committed::Again, Committed::Again]
    );
    let console = node.console();
    assert_eq!(console.matches("한 번").count(), 1);
    assert_eq!(node.server.users(), 1);
}

/// A batch was lost on its way, and the one after it was not.
#[test]
fn what_comes_too_soon_is_void() {
    let mut node = Node::new(1);
    let ann = node.connect(ANN);
    let join = node.proposals();
    node.commit(&join);
    node.say(ann, "하나");
    node.say(ann, "둘");
    let said = node.proposals();
    assert_eq!(node.commit(&said[1..]), [Committed::TooSoon]);
    assert_eq!(node.proposals(), said, "both are proposed again");
    node.commit(&said);
    assert!(node.console().ends_with(&format!("[{ANN}] 하나\n[{ANN}] 둘\n")));
}

#[test]
fn a_server_that_is_gone_takes_its_members_along() {
    let (mut first, mut second) = (Node::new(1), Node::new(2));
    let gone = [ANN, BEN].map(|addr| second.connect(addr));
    let ann = first.connect("192.0.2.1:1");
    let order = [second.proposals(), first.proposals()].concat();
    first.commit(&order);
    second.commit(&order);
    second.say(gone[0], "아직 있어요");
    let late = second.proposals();

    let mut lost = Vec::new();
    Stamped::lost(Stamp { node: NodeId(7), number: 1 }, NodeId(2)).encode(&mut lost);
    let end = [vec![lost.clone()], late, vec![lost]].concat();
    for node in [&mut first, &mut second] {
        assert_eq!(node.commit(&end), [Committed::New, Committed::Fenced, Committed::Again]);
        assert_eq!(node.server.users(), 1);
        let line = "< 2 users left: their server is gone (1 user online)\n";
        assert!(node.console().ends_with(line));
    }
    assert!(first.hear(ann).ends_with("< 2 users left: their server is gone (1 user online)\n"));
    assert!(second.server.is_fenced() && !first.server.is_fenced());
    second.say(gone[1], "저도요");
    assert_eq!(second.proposals(), [[0; 0]; 0], "nobody would count it");
}

/// A room that takes in more than its order gives back waits for the order.
#[test]
fn what_is_in_flight_is_no_budget() {
    let mut node = Node::new(1);
    let ann = node.connect(ANN);
    let join = node.proposals();
    node.commit(&join);
    node.hear(ann);
    node.console();
    node.events();
    let (mut said, text) = (0, "x".repeat(1_000));
    while node.server.budget(now(), ann) > text.len() {
        node.say(ann, &text);
        said += ANN.len() + 3 + text.len() + 1;
        assert!(said < node.server.limits().backlog, "there is no end to it");
    }
    assert!(said <= node.server.limits().backlog / 8, "{said}");
    assert_eq!(node.events(), []);
    assert!(!node.server.is_waiting());
    let in_flight = node.proposals();
    node.commit(&in_flight);
    assert_eq!(node.events(), [Event::Grown, Event::Resumed]);
    assert!(node.server.budget(now(), ann) > text.len());
}

#[test]
fn a_full_room_counts_those_who_are_joining() {
    let limits = Limits { max_users: 2, ..Limits::default() };
    let mut server = Server::shared(limits, NodeId(1));
    let mut connect = |addr: &str| server.connect(now(), addr.parse().unwrap(), Wire::Lines);
    connect(ANN).unwrap();
    connect(BEN).unwrap();
    assert!(connect("192.0.2.1:1").is_err());
}

/// Its join is on its way when it goes.
#[test]
fn one_that_is_gone_before_it_is_admitted() {
    let mut node = Node::new(1);
    let ann = node.connect(ANN);
    node.server.disconnect(now(), ann);
    let order = node.proposals();
    assert_eq!(order.len(), 2);
    node.commit(&order);
    assert_eq!(node.events(), [Event::Grown], "nobody is admitted");
    assert_eq!(
        node.console(),
        format!(
            "> New user {ANN} entered (1 user online)\n< The user {ANN} left (0 user online)\n"
        )
    );
}

/// A silence ends nothing of one that is held back by the order.
#[test]
fn waiting_for_the_order_is_no_silence() {
    let mut node = Node::new(1);
    let ann = node.connect(ANN);
    let join = node.proposals();
    node.commit(&join);
    node.server.receive(now(), ann, b"half");
    let at = now() + Duration::from_millis(100);
    node.server.tick(at);
    assert!(node.events().contains(&Event::Listen(ann)));
    node.server.quiet(at, ann);
    assert_eq!(node.proposals().len(), 1, "it is a message");
}

#[test]
fn what_no_server_proposed_is_an_error() {
    assert_eq!(Stamped::decode(b""), Err(DecodeError::Malformed));
    assert_eq!(Stamped::decode(b"\x01\x01\x7f"), Err(DecodeError::UnknownKind(0x7f)));
    assert_eq!(DecodeError::UnknownKind(9).to_string(), "an entry of the unknown kind 9");
}
