//! A server whose room's log is in an engine, step by step.

mod apart;
mod gone;

use std::time::Duration;

use chat_core::{
    Answer, Apart, Attached, Batch, Delivered, Event, Expired, Instant, Limits, Link, MemberId,
    NodeId, Position, ReaderId, Relation, Replica, Request, Server, Start, State, Wall, Wire,
};

use crate::world::{ANN, BEN};

const OWN: NodeId = NodeId(7);
const ERA: u64 = 5;

/// A server, its replica, and the time.
struct Node {
    replica: Replica,
    server: Server,
    console: ReaderId,
    now: Instant,
    tail: Position,
}

fn attached(last: u64, tail: Position, at: Relation) -> Answer {
    Answer::Attached(attached_with(last, tail, at))
}

fn attached_with(last: u64, tail: Position, at: Relation) -> Attached {
    let (is_healing, snapshot) = (false, None);
    Attached { node: OWN, last, era: ERA, tail, at, is_healing, snapshot }
}

impl Node {
    /// One whose log is open.
    fn new() -> Self {
        let Answer::Attached(attached) = attached(0, Position::GENESIS, Relation::Same) else {
            unreachable!("it is");
        };
        let (replica, mut server) = Replica::begin(Limits::default(), attached).unwrap();
        let console = server.observe(Start::Now);
        let (now, tail) = (Instant::from_micros(1_000_000), Position::GENESIS);
        let mut node = Self { replica, server, console, now, tail };
        node.open();
        node
    }

    /// The log is opened, and the first lease renewed.
    fn open(&mut self) {
        assert_eq!(self.ask(), Some(Request::Ready));
        self.done();
        assert_eq!(self.ask(), Some(Request::Renew));
        self.answer(Answer::Nodes { expired: Vec::new(), snap: 0 });
    }

    fn ask(&mut self) -> Option<Request> {
        self.replica.request(self.now, &self.server)
    }

    fn answer(&mut self, answer: Answer) {
        self.replica.answered(self.now, &mut self.server, answer);
    }

    fn done(&mut self) {
        self.answer(Answer::Done { tail: self.tail, snap: 0 });
    }

    /// Asks for what is to be appended, with its first and last number.
    fn append(&mut self) -> (u64, u64, Vec<u8>) {
        match self.ask() {
            Some(Request::Append { first, last, payload }) => (first, last, payload),
            other => panic!("{other:?}"),
        }
    }

    /// The next batch of the log.
    fn read(&mut self, payload: &[u8]) -> Result<(), Apart> {
        let index = self.tail.index + 1;
        let (before, link) = (self.tail.link, Link(1_000 + index));
        self.tail = Position { index, link };
        self.read_batch(Batch {
            index,
            before,
            link,
            wall: Wall::default(),
            payload: payload.into(),
        })
    }

    fn read_batch(&mut self, batch: Batch) -> Result<(), Apart> {
        self.replica.read(self.now, &mut self.server, batch)
    }

    /// The lease is renewed.
    fn renew(&mut self, answer: Answer) {
        assert_eq!(self.ask(), Some(Request::Renew));
        self.answer(answer);
    }

    /// How long until something is due.
    fn next(&self) -> Duration {
        let due = self.replica.next_tick().unwrap();
        Duration::from_micros(due.as_micros() - self.now.as_micros())
    }

    /// What is proposed is appended, and read.
    fn say_all(&mut self) {
        let (_, _, payload) = self.append();
        self.done();
        assert_eq!(self.read(&payload), Ok(()));
    }

    fn connect(&mut self, addr: &str) -> MemberId {
        self.server.connect(self.now, addr.parse().unwrap(), Wire::Lines).unwrap()
    }

    fn say(&mut self, id: MemberId, text: &str) {
        self.server.receive(self.now, id, format!("{text}\n").as_bytes());
    }

    fn lose_connection(&mut self) {
        self.replica.disconnected(self.now, &mut self.server, "Connection refused");
    }

    fn attach(&mut self, answer: Answer) {
        self.replica.connected(self.now, &mut self.server);
        let at = self.replica.position();
        assert_eq!(self.ask(), Some(Request::Attach { at, era: ERA }));
        self.answer(answer);
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.replica.tick(self.now, &mut self.server);
    }

    /// What the console got since this was asked last.
    fn console(&mut self) -> String {
        let mut heard = Vec::new();
        while self.server.deliver(self.console, |slices| {
            heard.extend(slices.concat());
            Ok::<_, ()>(slices.concat().len())
        }) == Ok(Delivered::Partial)
        {}
        String::from_utf8(heard).unwrap()
    }
}

/// One with a member, whose join was read.
fn with_member() -> (Node, MemberId) {
    let mut node = Node::new();
    let ann = node.connect(ANN);
    node.say_all();
    (node, ann)
}

/// A node that has not renewed its lease.
fn expired(node: NodeId, lease: u64, is_absent: bool) -> Answer {
    let of = |node| Expired { node, last: 12, lease, is_absent };
    Answer::Nodes { expired: vec![of(node), of(OWN)], snap: 0 }
}

#[test]
fn what_is_said_is_appended_once_and_shown_when_it_is_read() {
    let (mut node, ann) = with_member();
    node.say(ann, "하나");
    node.say(ann, "둘");
    let (first, last, payload) = node.append();
    assert_eq!((first, last), (2, 3));
    node.say(ann, "셋");
    assert_eq!(node.ask(), None, "one at a time");
    node.console();
    node.done();
    assert_eq!(node.console(), "");
    let (first, last, _) = node.append();
    assert_eq!((first, last), (4, 4), "what is appended is not said again before it is read");
    assert_eq!(node.read(&payload), Ok(()));
    assert_eq!(node.console(), format!("[{ANN}] 하나\n[{ANN}] 둘\n"));
    assert_eq!(node.server.proposals().count(), 1);
}

/// It may have been done, or not. Only the engine knows.
#[test]
fn a_lost_answer_is_no_reason_to_say_it_again() {
    for was_done in [true, false] {
        let (mut node, ann) = with_member();
        node.say(ann, "한 번");
        let (first, last, _) = node.append();
        assert_eq!((first, last), (2, 2));
        node.lose_connection();
        assert_eq!(node.ask(), None);
        node.attach(attached(if was_done { 2 } else { 1 }, node.tail, Relation::Same));
        node.open();
        if was_done {
            assert_eq!(node.ask(), None);
        } else {
            assert_eq!(node.append().0, 2);
        }
    }
}

/// Somebody else has said it again for it.
#[test]
fn what_is_there_already_is_not_appended() {
    let (mut node, ann) = with_member();
    node.say(ann, "하나");
    node.say(ann, "둘");
    assert_eq!(node.append().0, 2);
    node.answer(Answer::Gap { last: 2 });
    let (first, last, _) = node.append();
    assert_eq!((first, last), (3, 3));
}

#[test]
fn a_log_that_was_cut_off_is_healed_before_anything_is_appended() {
    let (mut node, ann) = with_member();
    node.say(ann, "하나");
    let before = node.tail;
    node.say_all();
    node.say(ann, "둘");
    node.lose_connection();
    node.attach(attached(1, before, Relation::Cut));
    let Some(Request::Restore { batches }) = node.ask() else { panic!("nothing is restored") };
    assert_eq!(batches.iter().map(|batch| batch.index).collect::<Vec<_>>(), [2]);
    node.done();
    node.open();
    assert_eq!(node.append().0, 3);
}

/// It may be full, and hold that back for long; nobody is to take the server for gone by that.
#[test]
fn who_cannot_say_again_what_was_cut_off_says_that_it_is_there() {
    let (mut node, ann) = with_member();
    node.say(ann, "하나");
    let before = node.tail;
    node.say_all();
    node.lose_connection();
    node.attach(attached(1, before, Relation::Cut));
    for _ in 0..3 {
        for _ in 0..4 {
            assert!(matches!(node.ask(), Some(Request::Restore { .. })));
            node.answer(Answer::Busy { why: "out of memory".to_owned() });
            node.pass(Duration::from_millis(250));
        }
        node.renew(Answer::Nodes { expired: Vec::new(), snap: 0 });
    }
    assert!(matches!(node.ask(), Some(Request::Restore { .. })));
    node.done();
    node.open();
}

/// Another server was promoted that had not got all, and went on without it.
#[test]
fn who_has_read_what_is_not_there_says_its_own_again_and_ends() {
    let (mut node, ann) = with_member();
    node.say(ann, "하나");
    let (_, _, payload) = node.append();
    node.done();
    assert_eq!(node.read(&payload), Ok(()));
    node.say(ann, "둘");
    node.lose_connection();
    let elsewhere = Position { index: 2, link: Link(5) };
    node.attach(attached(1, elsewhere, Relation::Apart));
    assert_eq!(node.ask(), Some(Request::Ready));
    node.done();
    assert_eq!(node.append(), (2, 2, payload), "as it was");
    node.done();
    assert_eq!(node.append().0, 3);
    node.done();
    let Some(Request::Declare { lost, last, .. }) = node.ask() else { panic!("it goes on") };
    assert_eq!((lost, last), (OWN, 3));
    assert_eq!(node.replica.state(), State::Running);
    node.done();
    assert_eq!(node.replica.state(), State::Apart(Apart::Diverged));
    assert_eq!(node.ask(), None);
}

#[test]
fn a_batch_that_does_not_follow_is_not_read() {
    let (mut node, _) = with_member();
    let (users, tail) = (node.server.users(), node.tail);
    let batch = Batch {
        index: 3,
        before: Link(9),
        link: Link(10),
        wall: Wall::default(),
        payload: b"\x04\x03\x08\x04\x03".as_slice().into(),
    };
    assert_eq!(node.read_batch(batch.clone()), Ok(()), "what is between is trimmed, maybe");
    assert_eq!(node.replica.position(), tail);
    node.now = node.now + Duration::from_millis(100);
    assert_eq!(node.ask(), Some(Request::Attach { at: tail, era: ERA }));
    node.answer(attached(1, Position { index: 3, link: Link(10) }, Relation::Same));
    let again = Batch { index: 1, ..batch.clone() };
    assert_eq!(node.read_batch(again), Ok(()), "it was read");
    let other = Batch { index: 2, ..batch };
    assert_eq!(node.read_batch(other), Err(Apart::Diverged));
    assert_eq!((node.server.users(), node.replica.position()), (users, tail));
}

#[test]
fn members_are_told_that_the_log_is_away_and_that_it_is_back() {
    let (mut node, ann) = with_member();
    node.console();
    node.lose_connection();
    node.pass(Duration::from_millis(900));
    node.attach(attached(1, node.tail, Relation::Same));
    node.open();
    node.pass(Duration::from_secs(2));
    assert_eq!(node.console(), "", "nobody noticed");

    node.lose_connection();
    assert_eq!(node.replica.next_tick(), Some(node.now + Duration::from_secs(1)));
    node.pass(Duration::from_secs(1));
    let away = "> The room's log cannot be reached (Connection refused): what is said waits\n";
    assert_eq!(node.console(), away);
    node.say(ann, "기다려요");
    node.attach(attached(1, node.tail, Relation::Same));
    node.open();
    assert_eq!(node.console(), "", "it may be full, and refuse what is said");
    node.say_all();
    assert_eq!(node.console(), format!("> The room goes on\n[{ANN}] 기다려요\n"));
}

/// It was replaced, and does not know.
#[test]
fn an_engine_of_an_earlier_time_is_left() {
    let (mut node, ann) = with_member();
    node.console();
    node.lose_connection();
    let later = Attached { era: 9, ..attached_with(1, node.tail, Relation::Same) };
    node.attach(Answer::Attached(later));
    node.open();
    node.say(ann, "여기예요");
    let (at, was_said) = (node.replica.position(), node.append());
    node.lose_connection();
    for _ in 0..3 {
        node.replica.connected(node.now, &mut node.server);
        assert_eq!(node.ask(), Some(Request::Attach { at, era: 9 }));
        node.answer(Answer::Stale);
        // Nothing is asked there any more, and nothing read.
        assert_eq!(node.ask(), None);
        assert_eq!(node.read(&was_said.2), Ok(()));
        assert_eq!((node.replica.position(), node.replica.state()), (at, State::Running));
        node.tail = at;
        node.pass(Duration::from_millis(500));
    }
    let away =
        format!("> The room's log cannot be reached ({}): what is said waits\n", Answer::STALE);
    assert_eq!(node.console(), away);
    // An earlier answer is no reason to forget what was seen.
    node.replica.connected(node.now, &mut node.server);
    assert_eq!(node.ask(), Some(Request::Attach { at, era: 9 }));
    node.answer(attached(1, at, Relation::Same));
    assert_eq!(node.replica.era(), 9);
    node.open();
    assert_eq!(node.append(), was_said);
}

#[test]
fn what_an_engine_does_not_take_now_is_asked_again() {
    let (mut node, ann) = with_member();
    node.say(ann, "하나");
    node.console();
    let busy = || Answer::Busy { why: "out of memory".to_owned() };
    let pause = Duration::from_millis(250);
    for tries in 0..5 {
        assert_eq!(node.append().0, 2);
        node.answer(busy());
        // Nor is anything else asked meanwhile, though it is due.
        assert_eq!(node.ask(), None);
        let due = if tries == 0 { pause } else { node.next() };
        node.pass(due);
        if tries == 3 {
            node.renew(Answer::Nodes { expired: Vec::new(), snap: 0 });
        }
    }
    let away = "> The room's log cannot be reached (out of memory): what is said waits\n";
    assert_eq!(node.console(), away);
    node.say_all();
    assert_eq!(node.console(), format!("> The room goes on\n[{ANN}] 하나\n"));
    for _ in 0..9 {
        node.pass(Duration::from_secs(1));
        assert_eq!(node.ask(), Some(Request::Renew));
        node.answer(busy());
        assert_eq!(node.next(), pause, "its lease is to be renewed as soon as that can be");
        node.pass(pause);
        node.renew(expired(NodeId(3), 7_000, false));
        assert_eq!(node.ask(), None, "others could not renew theirs");
    }
    assert_eq!(node.console(), "");
    // Members are told though none of them says anything: nobody else is heard either.
    node.pass(Duration::from_secs(1));
    for _ in 0..5 {
        assert_eq!(node.ask(), Some(Request::Renew));
        node.answer(busy());
        node.pass(pause);
    }
    assert_eq!(node.console(), away);
    node.renew(Answer::Nodes { expired: Vec::new(), snap: 0 });
    assert_eq!(node.console(), "> The room goes on\n");
}

/// One snapshot is as good as another: it is enough if one server gives it to the engine.
#[test]
fn a_snapshot_is_kept_by_the_server_whose_batch_it_stands_behind() {
    let (mut node, ann) = with_member();
    // Some small batches from one snapshot to the next.
    node.replica.set_interval(300);
    let mut batches = 0;
    let kept = loop {
        node.say(ann, "네");
        match node.ask() {
            Some(Request::Append { payload, .. }) => {
                node.done();
                assert_eq!(node.read(&payload), Ok(()));
            }
            Some(Request::Keep { at, .. }) => break at,
            other => panic!("{other:?}"),
        }
        batches += 1;
        assert!(batches < 10, "it keeps none");
    };
    node.answer(Answer::Done { tail: node.tail, snap: kept.index });
    node.append();
}

/// If it is not there after a while, all others try.
#[test]
fn a_snapshot_is_kept_by_others_if_its_server_does_not() {
    for is_kept in [true, false] {
        let (mut node, _) = with_member();
        node.replica.set_interval(300);
        for number in 20..28 {
            assert_eq!(node.read(&[4, number, 1, 4, number]), Ok(()));
        }
        assert_eq!(node.ask(), None, "that is for somebody else");
        for snap in [0, if is_kept { 8 } else { 0 }] {
            node.pass(Duration::from_secs(1));
            node.renew(Answer::Nodes { expired: Vec::new(), snap });
        }
        let asked = node.ask();
        let keeps = matches!(asked, Some(Request::Keep { .. }));
        assert_ne!(keeps, is_kept, "{asked:?}");
    }
}

/// Its members say nothing more meanwhile, and what others say waits where it is.
#[test]
fn a_room_that_waits_for_a_reader_does_not_read_on() {
    let (mut node, ann) = with_member();
    let ben = node.connect(BEN);
    node.say_all();
    node.server.dismiss(node.console);
    let text = "x".repeat(4_000);
    while !node.server.is_waiting() {
        node.say(ann, &text);
        node.say_all();
        while node.server.poll().is_some() {}
    }
    let (_, _, payload) = {
        (0..30).for_each(|_| node.say(ann, &text));
        node.append()
    };
    let batch = |payload: &[u8]| Batch {
        index: node.tail.index + 1,
        before: node.tail.link,
        link: Link(1),
        wall: Wall::default(),
        payload: payload.into(),
    };
    let (mut large, small) = (batch(&payload), batch(b"\x04\x03\x0d\x04\x03"));
    assert!(node.replica.takes(&node.server, &small));
    large.payload = vec![0; node.server.limits().backlog / 8 + 1].into();
    assert!(!node.replica.takes(&node.server, &large));
    while node.server.deliver(ben, |slices| Ok::<_, ()>(slices.concat().len()))
        == Ok(Delivered::Partial)
    {}
    while node.server.deliver(ann, |slices| Ok::<_, ()>(slices.concat().len()))
        == Ok(Delivered::Partial)
    {}
    assert!(std::iter::from_fn(|| node.server.poll()).any(|event| event == Event::Resumed));
    assert!(node.replica.takes(&node.server, &large));
}
