//! A server that cannot reach the log of its room: what those get who are here, and who come.

use std::convert::Infallible;

use chat_core::{
    Event, Instant, Limits, MemberId, NodeId, ReaderId, Refused, Server, Stamped, Start, Wall, Wire,
};

use crate::world::{ANN, BEN};

const WHY: &str = "redis.example:6379: timed out";
const WAITS: &str =
    "> The room's log cannot be reached (redis.example:6379: timed out): what is said waits\n";
const GOES_ON: &str = "> The room goes on\n";
const LATER: &str = "> The room's log cannot be reached: try again later\n";

fn at(seconds: u64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

struct Node {
    server: Server,
    console: ReaderId,
}

impl Node {
    fn new() -> Self {
        let mut server = Server::shared(Limits::default(), NodeId(1));
        let console = server.observe(Start::Now);
        Self { server, console }
    }

    fn connect(&mut self, now: Instant, addr: &str) -> Result<MemberId, Refused> {
        self.server.connect(now, addr.parse().unwrap(), Wire::Lines)
    }

    fn commit(&mut self, now: Instant) {
        let order: Vec<Vec<u8>> = self.server.proposals().map(<[u8]>::to_vec).collect();
        for entry in &order {
            self.server.commit(now, &Stamped::decode(entry).unwrap());
        }
    }

    /// A member whose join is committed, and who has read all.
    fn member(&mut self, addr: &str) -> MemberId {
        let id = self.connect(at(0), addr).unwrap();
        self.commit(at(0));
        self.hear(id);
        self.hear(self.console);
        self.events();
        id
    }

    fn hear(&mut self, reader: impl Into<ReaderId>) -> String {
        let (reader, mut heard) = (reader.into(), Vec::new());
        while self.server.has_pending(reader) {
            let _ = self.server.deliver(reader, |slices| {
                heard.extend(slices.concat());
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            });
        }
        String::from_utf8(heard).unwrap()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.server.poll()).collect()
    }
}

#[test]
fn everybody_is_told_that_what_is_said_waits() {
    let mut node = Node::new();
    let ann = node.member(ANN);
    let before = node.server.snapshot();
    node.server.set_away(at(1), Some(WHY));
    node.server.set_away(at(2), Some("another reason"));
    assert!(node.events().contains(&Event::Grown));
    assert_eq!(node.hear(ann), WAITS);
    assert_eq!(node.hear(node.console), WAITS);
    node.server.receive(at(2), ann, b"hello\n");
    assert_eq!(node.hear(node.console), "");

    node.server.set_away(at(3), None);
    node.server.set_away(at(3), None);
    assert!(node.events().contains(&Event::Grown));
    assert_eq!(node.server.snapshot(), before, "it is nothing that other servers know of");
    node.commit(at(3));
    assert_eq!(node.hear(ann), GOES_ON);
    assert_eq!(node.hear(node.console), format!("{GOES_ON}[{ANN}] hello\n"));
}

/// As what is said, it is something that readers have pending.
#[test]
fn each_notice_is_news() {
    let mut node = Node::new();
    let before = node.server.notices();
    node.server.set_away(at(1), Some(WHY));
    assert_eq!((node.server.notices(), node.server.said()), (before + 1, 0));
    node.server.set_away(at(1), Some(WHY));
    node.server.set_away(at(2), None);
    assert_eq!((node.server.notices(), node.server.said()), (before + 2, 0));
}

#[test]
fn a_reason_is_a_part_of_one_line() {
    let mut node = Node::new();
    node.server.set_away(at(1), Some(&format!("\x1b[2J\n{}", "더".repeat(100))));
    let told = node.hear(node.console);
    assert!(told.starts_with("> The room's log cannot be reached (␛[2J␊더"), "{told:?}");
    assert!(told.ends_with("더): what is said waits\n") && told.len() < 384, "{told:?}");
    assert_eq!(told.matches('\n').count(), 1);
}

/// They are left where they are, as long as that may be short.
#[test]
fn newcomers_wait_for_a_while() {
    let mut node = Node::new();
    node.server.set_away(at(1), Some(WHY));
    assert!(!node.server.takes_newcomers());
    assert!(node.events().contains(&Event::TickAt(at(11))));
    node.server.tick(at(5));
    assert!(!node.server.takes_newcomers());
    node.server.set_away(at(6), None);
    assert!(node.server.takes_newcomers());
    assert!(node.events().contains(&Event::Resumed));
    assert!(node.connect(at(6), ANN).is_ok());

    node.server.set_away(at(7), Some(WHY));
    node.events();
    node.server.tick(at(17));
    assert!(node.events().contains(&Event::Resumed), "whoever waits is turned away now");
    assert!(node.server.takes_newcomers());
    let refused = node.connect(at(17), BEN).unwrap_err();
    assert_eq!((refused, refused.to_string()), (Refused::Unreachable, LATER.into()));
    node.server.set_away(at(18), None);
    assert!(node.connect(at(18), BEN).is_ok());
}

/// Its join may have been appended, though nobody knows.
#[test]
fn one_whose_join_waits_is_turned_away_too() {
    let mut node = Node::new();
    let ann = node.member(ANN);
    let ben = node.connect(at(1), BEN).unwrap();
    node.server.set_away(at(2), Some(WHY));
    node.hear(ann);
    assert_eq!(node.hear(ben), "", "it has not been greeted");
    node.server.tick(at(12));
    assert!(node.events().contains(&Event::Closed(ben)));
    assert_eq!(node.hear(ben), LATER);
    assert_eq!(node.server.budget(at(12), ben), 0);

    node.server.set_away(at(13), None);
    node.events();
    node.commit(at(13));
    let came_and_went = format!(
        "> New user {BEN} entered (2 users online)\n< The user {BEN} left (1 user online)\n"
    );
    assert_eq!(node.hear(ann), format!("{GOES_ON}{came_and_went}"));
    assert_eq!(node.hear(ben), "");
    assert_eq!(node.events(), [Event::Grown], "it is not admitted");
    node.server.disconnect(at(13), ben);
    assert_eq!((node.server.users(), node.server.proposals().count()), (1, 0));
}

/// One that could be somebody who comes back is not greeted at once.
#[test]
fn one_that_is_about_to_be_greeted_is_turned_away() {
    let mut node = Node::new();
    let ann = node.member(ANN);
    node.server.receive(at(0), ann, b"/session\n");
    node.server.give_key(at(0), ann, 1 << 64 | 1);
    node.commit(at(0));
    let ben = node.connect(at(1), BEN).unwrap();
    node.server.set_away(at(1), Some(WHY));
    assert_eq!(node.server.budget(at(1), ben), 0, "it waits where it is");
    node.server.tick(at(11));
    assert!(node.events().contains(&Event::Listen(ben)));
    assert!(node.server.budget(at(11), ben) > 0);
    node.server.quiet(at(11), ben);
    assert_eq!(node.hear(ben), LATER);
    assert!(node.events().contains(&Event::Closed(ben)));
    assert_eq!(node.server.proposals().count(), 0);
}

/// A record keeps what its server's members were told, and where. Nobody gets it before what was said
/// before.
#[test]
fn a_record_holds_what_everybody_was_told() {
    let mut node = Node::new();
    let record = node.server.record();
    node.server.set_gate(Some(record));
    let ann = node.connect(at(0), ANN).unwrap();
    node.commit(at(0));
    node.server.set_wall(at(1), Wall { unix_seconds: 1_700_000_000, offset_seconds: 0 });
    node.server.set_away(at(1), Some(WHY));
    assert_eq!(node.hear(node.console), "", "the record has not confirmed the line before it");

    let mut recorded = String::new();
    while node.server.has_pending(record) {
        node.server
            .deliver_timed(record, |_, slices| {
                recorded += str::from_utf8(&slices.concat()).unwrap();
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            })
            .unwrap();
    }
    let all = format!("> New user {ANN} entered (1 user online)\n{WAITS}");
    assert_eq!(recorded, all);
    node.server.confirm(at(1), record);
    assert_eq!(node.hear(node.console), all);
    assert_eq!(node.hear(ann), format!("> Connected to the chat server (1 user online)\n{WAITS}"));
}

#[test]
fn a_server_that_is_alone_reaches_all_that_it_needs() {
    let mut server = Server::new(Limits::default());
    let console = server.observe(Start::Now);
    server.set_away(at(1), Some(WHY));
    assert!(server.takes_newcomers() && !server.has_pending(console));
    assert_eq!(server.poll(), None);
}
