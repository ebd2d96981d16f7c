//! A server that has read another log than the one that there is, and where its members go on.

use chat_core::{Committed, Stamped};

use super::*;

/// Another server of the room, on the log that there is.
struct Other {
    server: Server,
    connected: u16,
}

/// What a host of a third server says: its entry, as its documentation says what that is.
fn host_says(number: u8, text: &str) -> Vec<u8> {
    let mut entry = vec![9, number, 2, 0, 7];
    entry.extend(b"[Host] ");
    entry.push(u8::try_from(text.len()).unwrap());
    entry.extend(text.bytes());
    let mut payload = vec![u8::try_from(entry.len()).unwrap()];
    payload.extend(entry);
    payload
}

impl Other {
    fn new() -> Self {
        Self { server: Server::shared(Limits::default(), NodeId(8)), connected: 0 }
    }

    /// The next batch of the log: each entry is shorter than 128 bytes.
    fn commit(&mut self, payload: &[u8]) {
        let mut rest = payload;
        while let Some((&length, behind)) = rest.split_first() {
            let (entry, behind) = behind.split_at(length.into());
            let stamped = Stamped::decode(entry).unwrap();
            let committed = self.server.commit(Instant::default(), &stamped);
            assert_eq!(committed, Committed::New, "{stamped:?}");
            rest = behind;
        }
    }

    /// What it has proposed is in the log.
    fn settle(&mut self) {
        loop {
            let proposed: Vec<Vec<u8>> = self.server.proposals().map(<[u8]>::to_vec).collect();
            if proposed.is_empty() {
                return;
            }
            for entry in proposed {
                self.server.commit(Instant::default(), &Stamped::decode(&entry).unwrap());
            }
        }
    }

    /// Somebody comes back that has got so many lines. Returns what it gets.
    fn resume(&mut self, key: u128, lines: u64) -> (MemberId, String) {
        self.connected += 1;
        let addr = format!("192.0.2.3:{}", self.connected).parse().unwrap();
        let id = self.server.connect(Instant::default(), addr, Wire::Lines).unwrap();
        let heard = self.say(id, &format!("/resume {key:032x} {lines}"));
        (id, heard)
    }

    fn say(&mut self, id: MemberId, text: &str) -> String {
        self.server.receive(Instant::default(), id, format!("{text}\n").as_bytes());
        self.settle();
        let mut heard = Vec::new();
        while self.server.has_pending(id) {
            let Ok(_) = self.server.deliver(id, |slices| {
                heard.extend(slices.concat());
                Ok::<_, std::convert::Infallible>(slices.concat().len())
            });
        }
        String::from_utf8(heard).unwrap()
    }
}

/// It says its own again: of that nothing counts as got, as lines were others there. Its members go on
/// behind what they had said to have got before, and are told.
#[test]
fn its_members_go_on_behind_what_is_sure() {
    const KEY: u128 = 7 << 64 | 300;
    let (mut node, mut other) = (Node::new(), Other::new());
    let read = |node: &mut Node, other: &mut Other, payload: &[u8]| {
        assert_eq!(node.read(payload), Ok(()));
        other.commit(payload);
    };
    let say_all = |node: &mut Node, other: &mut Other| {
        let (_, last, payload) = node.append();
        node.done();
        read(node, other, &payload);
        last
    };
    let ann = node.connect(ANN);
    say_all(&mut node, &mut other);
    node.say(ann, "/session");
    node.server.give_key(node.now, ann, KEY);
    say_all(&mut node, &mut other);
    read(&mut node, &mut other, &host_says(1, "하나"));
    node.say(ann, "/got 1");
    let last = say_all(&mut node, &mut other);

    // Here the two part.
    assert_eq!(node.read(&host_says(2, "둘")), Ok(()));
    node.say(ann, "/got 2\n안녕");
    node.say_all();
    for (number, text) in [(2, "다른 둘"), (3, "셋")] {
        other.commit(&host_says(number, text));
    }
    node.lose_connection();
    let elsewhere = Position { index: 6, link: Link(5) };
    node.attach(attached(last, elsewhere, Relation::Apart));
    assert_eq!(node.ask(), Some(Request::Ready));
    node.done();
    // What is not appended there yet is not heard, and said again all the same.
    node.say(ann, "/got 2\n잘 있어");
    for _ in 0..2 {
        let (_, _, payload) = node.append();
        node.done();
        other.commit(&payload);
    }
    let Some(Request::Declare { payload, .. }) = node.ask() else { panic!("it goes on") };
    other.commit(&payload);
    node.done();
    assert_eq!(node.replica.state(), State::Apart(Apart::Diverged));

    let heard = "/got 1\n/got 2\n안녕\n/got 2\n잘 있어\n".len();
    let rest = "[Host] 다른 둘\n[Host] 셋\n< 1 user left: their server is gone (0 user online)\n";
    let cut_back = |lines: u64, again: &str| {
        let told = format!("> The room's log was cut back: {again} may come again\n");
        format!("> /resumed {heard} {lines}\n> /counts 0\n{told}")
    };
    assert_eq!(other.resume(KEY, 2).1, format!("{}{rest}", cut_back(1, "1 message")));
    // That did not reach it; or it did, and nobody knows.
    assert_eq!(other.resume(KEY, 2).1, format!("{}{rest}", cut_back(1, "1 message")));
    let (id, told) = other.resume(KEY, 4);
    assert_eq!(told, format!("{}{rest}", cut_back(1, "3 messages")));
    // It knows: it says something.
    assert_eq!(other.say(id, "/got 3"), format!("> /heard {}\n", heard + 7));
    let told = other.resume(KEY, 4).1;
    assert_eq!(told, format!("> /resumed {}\n", heard + 7));
}

/// Names may be others' in the log that there is: what it says again is said by whoever said it.
#[test]
fn nobody_speaks_in_the_name_of_another() {
    let (mut node, mut other) = (Node::new(), Other::new());
    let ann = node.connect(ANN);
    let (_, last, joined) = node.append();
    node.done();
    assert_eq!(node.read(&joined), Ok(()));
    other.commit(&joined);
    node.say(ann, "/name 민수");
    node.say_all();
    for text in ["안녕", "/name 지민"] {
        node.say(ann, text);
        node.say_all();
    }
    let ben = other.server.connect(Instant::default(), "192.0.2.3:1".parse().unwrap(), Wire::Lines);
    let ben = ben.unwrap();
    other.say(ben, "/name 민수");

    node.lose_connection();
    let elsewhere = Position { index: 6, link: Link(5) };
    node.attach(attached(last, elsewhere, Relation::Apart));
    assert_eq!(node.ask(), Some(Request::Ready));
    node.done();
    let (_, _, payload) = node.append();
    other.commit(&payload);
    let told = format!("[{ANN}] 안녕\n> The user {ANN} is now 지민\n");
    assert_eq!(other.say(ben, ""), told);
}
