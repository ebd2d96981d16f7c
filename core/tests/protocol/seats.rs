//! Where a member is: what is on its way of one that is not there any more is void, on every server.

use chat_core::{Committed, Limits, MemberId, NodeId, Server, Stamped, Wire};

use crate::servers::{A, B, NOW, Servers, two};
use crate::world::{ANN, BEN};

/// Gives all servers an entry.
fn commit(servers: &mut Servers, entry: &[u8]) {
    for server in &mut servers.servers {
        let committed = server.commit(NOW, &Stamped::decode(entry).unwrap());
        assert_eq!(committed, Committed::New, "its number counts");
    }
}

/// What a server has proposed.
fn proposals(servers: &Servers, server: usize) -> Vec<Vec<u8>> {
    servers.servers[server].proposals().map(<[u8]>::to_vec).collect()
}

/// The host of another server removes a member that is about to say something.
#[test]
fn what_somebody_says_who_is_removed_is_void() {
    let (mut servers, ann, ben) = two();
    servers.servers[A].host_line(NOW, &format!("/kick {BEN}"));
    servers.servers[B].receive(NOW, ben, "아직 있어요\n/name 민수\n".as_bytes());
    servers.servers[B].disconnect(NOW, ben);
    // In the order it is removed first, as what the first server proposes comes first.
    servers.settle();
    let removed = format!("> Host removed {BEN}\n< The user {BEN} left (1 user online)\n");
    assert_eq!(servers.hear(A, ann), removed);
    assert_eq!(servers.console(B), removed);
    servers.say(A, ann, "/name 민수");
    assert_eq!(servers.hear(A, ann), format!("> The user {ANN} is now 민수\n"));
}

/// Whoever leaves first has left, and is not removed.
#[test]
fn who_has_left_is_not_removed() {
    let (mut servers, ann, ben) = two();
    servers.servers[A].host_line(NOW, &format!("/kick {BEN}"));
    servers.servers[A].host_line(NOW, &format!("/mute {BEN}"));
    servers.servers[B].disconnect(NOW, ben);
    let order = [proposals(&servers, B), proposals(&servers, A)].concat();
    order.iter().for_each(|entry| commit(&mut servers, entry));
    assert_eq!(servers.hear(A, ann), format!("< The user {BEN} left (1 user online)\n"));
}

/// A member with a session, and how its server calls it in entries. It is called 민수.
fn two_with_a_session() -> (Servers, MemberId, Vec<u8>) {
    let mut servers = Servers::new(2);
    let ann = servers.connect(A, ANN);
    let ben = servers.servers[B].connect(NOW, BEN.parse().unwrap(), Wire::Lines).unwrap();
    // Behind the node, the number and the kind, of one byte each.
    let join = proposals(&servers, B).remove(0);
    let end = join[3..].iter().position(|byte| *byte < 0x80).unwrap();
    servers.settle();
    servers.say(B, ben, "/name 민수");
    servers.begin_session(B, ben);
    servers.read_all(&[(A, ann), (B, ben)]);
    (servers, ann, join[3..=3 + end].to_vec())
}

const MINSU: &[u8] = "\x06민수".as_bytes();

/// Its key, as two numbers, and that it has got no line.
const KEY: &[u8] = b"\x01\x01\x00";

/// The entry that it goes on at the server 7, which calls it 9.
fn moved() -> Vec<u8> {
    [b"\x07\x01\x0f\x09", KEY].concat()
}

#[test]
fn who_goes_on_elsewhere_speaks_only_there() {
    let (mut servers, _, ben) = two_with_a_session();
    commit(&mut servers, &moved());
    let number = u8::try_from(servers.servers[B].nodes().nth(1).unwrap().1.unwrap()).unwrap();
    commit(&mut servers, &[&[2, number + 1, 2], &ben[..], b"\x04[x] \x03old"].concat());
    commit(&mut servers, b"\x07\x02\x02\x09\x04[x] \x03new");
    assert_eq!(servers.console(A), "[민수] new\n", "as all know it");
    assert_eq!(servers.servers[A].users(), 2);
    // It counts at the one that it is at.
    let gone = "< 1 user left: their server is gone (1 user online)\n";
    commit(&mut servers, b"\x03\x01\x04\x07");
    assert_eq!(servers.console(A), gone);
    assert_eq!(servers.console(B), format!("[민수] new\n{gone}"));
    // And comes back to where it was.
    commit(&mut servers, &[&[2, number + 2, 15][..], &ben, KEY].concat());
    assert_eq!(servers.console(A), "> New user 민수 entered (2 users online)\n");
}

/// A server that had read another log may have been told what others had been told before.
#[test]
fn what_is_dealt_with_is_not_said_again() {
    let (mut servers, _, _) = two_with_a_session();
    commit(&mut servers, &moved());
    // Twice the bytes of its input that are dealt with, and 1 if a piece was said of what comes next.
    let all = [(14, "one"), (14, "one"), (10, "old"), (15, "two"), (15, "…"), (22, "2"), (15, "…")];
    for (number, (heard, text)) in (2..).zip(all) {
        let length = u8::try_from(text.len()).unwrap();
        let said = [&[7, number, 0x82, heard, 9][..], b"\x04[x] ", &[length], text.as_bytes()];
        commit(&mut servers, &said.concat());
    }
    assert_eq!(servers.console(A), "[민수] one\n[민수] two\n[민수] …\n[민수] 2\n");
}

/// What is on its way to somebody finds it where it is then.
#[test]
fn who_goes_on_elsewhere_is_removed_there() {
    let (mut servers, _, _) = two_with_a_session();
    servers.seat_host(A);
    servers.servers[A].host_line(NOW, "/mute 민수");
    servers.servers[A].host_line(NOW, "/kick 민수");
    let order = proposals(&servers, A);
    commit(&mut servers, &moved());
    order.iter().for_each(|entry| commit(&mut servers, entry));
    let lines = "> Host muted 민수\n> Host removed 민수\n< The user 민수 left (1 user online)\n";
    assert_eq!(servers.console(B), lines);
    servers.host(A, "/kick 민수");
    assert_eq!(servers.console(A), format!("{lines}> There is no 민수 here\n"));
    // It cannot go on as somebody that is gone.
    let users = servers.servers[A].users();
    commit(&mut servers, &[b"\x07\x02\x0f\x0a", KEY].concat());
    assert_eq!((servers.servers[A].users(), users), (1, 1));
}

/// Nobody takes the place of somebody else, nor one that was somebody's.
#[test]
fn a_place_is_one_members() {
    let (mut servers, _, ben) = two_with_a_session();
    commit(&mut servers, b"\x07\x01\x01\x09\x01z");
    servers.read_all(&[]);
    commit(&mut servers, b"\x07\x02\x01\x09\x01y");
    commit(&mut servers, b"\x07\x03\x01\x00\x01x");
    assert_eq!((servers.console(A), servers.servers[A].users()), (String::new(), 3));
    commit(&mut servers, &[b"\x07\x04\x0f\x0a", KEY].concat());
    let number = u8::try_from(servers.servers[B].nodes().nth(1).unwrap().1.unwrap()).unwrap();
    commit(&mut servers, &[&[2, number + 1, 1], &ben[..], b"\x01w"].concat());
    assert_eq!((servers.console(A), servers.servers[A].users()), (String::new(), 3));
    let snapshot = servers.servers[A].snapshot();
    let late = Server::from_snapshot(Limits::default(), NodeId(8), &snapshot).unwrap();
    assert_eq!(late.snapshot(), snapshot);
    assert_eq!(servers.servers[B].snapshot(), snapshot);
}

/// Only its own server forgets who may come back, as long as that is there.
#[test]
fn a_member_is_forgotten_by_its_server() {
    let (mut servers, ann, ben) = two_with_a_session();
    let number = u8::try_from(servers.servers[B].nodes().nth(1).unwrap().1.unwrap()).unwrap();
    commit(&mut servers, &[&[2, number + 1, 7], &ben[..], MINSU].concat());
    let forgotten = |number: u8| [&[7, number, 8, 2][..], &ben, MINSU].concat();
    let before = servers.servers[A].snapshot();
    commit(&mut servers, &forgotten(1));
    assert_eq!(servers.servers[A].snapshot().len(), before.len() + 3, "another server is known");
    assert!(servers.is_taken(ann, "민수"));
    commit(&mut servers, b"\x07\x02\x04\x02");
    commit(&mut servers, &forgotten(3));
    // Not by settling: one of the two is fenced.
    servers.servers.truncate(1);
    assert!(!servers.is_taken(ann, "민수"));
}
