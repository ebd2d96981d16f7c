//! Servers that share a room, and what each of them does about the others.

use chat_core::{
    Committed, Event, Instant, Limits, MAX_LINE, MemberId, NodeId, Server, Stamped, Wire,
};

use crate::world::{ANN, BEN};

const NOW: Instant = Instant::from_micros(1);

fn server(number: u64, max_line: usize) -> Server {
    Server::shared(Limits { max_line, backlog: 0, ..Limits::default() }, NodeId(number))
}

fn connect(server: &mut Server, addr: &str) -> MemberId {
    server.connect(NOW, addr.parse().unwrap(), Wire::Lines).unwrap()
}

/// What a server has proposed.
fn proposals(server: &Server) -> Vec<Vec<u8>> {
    server.proposals().map(<[u8]>::to_vec).collect()
}

fn commit(server: &mut Server, entries: &[Vec<u8>]) -> Vec<Committed> {
    let commit = |bytes: &Vec<u8>| server.commit(NOW, &Stamped::decode(bytes).unwrap());
    entries.iter().map(commit).collect()
}

fn events(server: &mut Server) -> Vec<Event> {
    std::iter::from_fn(|| server.poll()).collect()
}

/// A single line may be all that there is space for.
#[test]
fn whoever_was_refused_is_told_however_long_lines_may_be() {
    let mut server = server(1, MAX_LINE);
    let ann = connect(&mut server, ANN);
    let join = proposals(&server);
    commit(&mut server, &join);
    events(&mut server);
    while server.budget(NOW, ann) > 0 {
        server.receive(NOW, ann, &[[b'x'; 999].as_slice(), b"\n"].concat());
        assert!(server.proposals().count() < 1_000, "it is read from without an end");
    }
    let said = proposals(&server);
    commit(&mut server, &said);
    assert!(server.budget(NOW, ann) > 0);
    assert_eq!(events(&mut server), [Event::Grown, Event::Resumed]);
}

#[test]
fn a_server_tells_that_another_is_gone() {
    let [mut first, mut second] = [1, 2].map(|number| server(number, 100));
    connect(&mut second, ANN);
    let ben = connect(&mut second, BEN);
    let mut order = proposals(&second);
    commit(&mut first, &order);
    commit(&mut second, &order);

    first.declare_lost(NOW, NodeId(2));
    first.declare_lost(NOW, NodeId(2));
    first.declare_lost(NOW, NodeId(1));
    let lost = proposals(&first);
    assert_eq!(lost.len(), 1, "once, and never of itself");
    assert_eq!(first.users(), 2, "it is proposed like anything else");

    second.receive(NOW, ben, b"I am here\n");
    order = [lost, proposals(&second)].concat();
    assert_eq!(commit(&mut first, &order), [Committed::New, Committed::Fenced]);
    assert_eq!(commit(&mut second, &order), [Committed::New, Committed::Fenced]);
    assert_eq!((first.users(), second.users()), (0, 0));
    first.declare_lost(NOW, NodeId(2));
    assert_eq!(first.proposals().count(), 0, "that is known");

    // It is that server itself which has to begin anew.
    assert!(second.is_fenced() && !first.is_fenced());
    assert_eq!(second.budget(NOW, ben), 0);
    assert!(!second.takes_newcomers());
}

/// What came too soon is void. Given again, it could count at a place where it does not elsewhere.
#[test]
fn all_but_what_came_too_soon_may_be_given_again() {
    let [mut first, mut second] = [1, 2].map(|number| server(number, 100));
    let ann = connect(&mut first, ANN);
    first.receive(NOW, ann, b"one\n");
    let said = proposals(&first);
    let order = [&said[1..], &said[..1], &said[..]].concat();
    let expected = [Committed::TooSoon, Committed::New, Committed::Again, Committed::New];
    assert_eq!(commit(&mut second, &order), expected);
    for (entry, committed) in order.iter().zip(expected) {
        if committed != Committed::TooSoon {
            assert_eq!(commit(&mut second, std::slice::from_ref(entry)), [Committed::Again]);
        }
    }
}

/// A server with a member, whose join is committed.
fn with_member(number: u64, addr: &str) -> (Server, MemberId) {
    let mut server = server(number, 100);
    let id = connect(&mut server, addr);
    let join = proposals(&server);
    commit(&mut server, &join);
    (server, id)
}

/// What is said after it is said so.
#[test]
fn who_wants_a_name_is_not_heard_before_that_is_decided() {
    let (mut server, ann) = with_member(1, ANN);
    server.receive(NOW, ann, b"/name ann\n");
    assert_eq!(server.budget(NOW, ann), 0);
    events(&mut server);
    let named = proposals(&server);
    commit(&mut server, &named);
    assert!(server.budget(NOW, ann) > 0);
    assert!(events(&mut server).contains(&Event::Resumed));
}

/// A name that is committed when its member has left is nobody's.
#[test]
fn a_name_ends_with_its_member_whenever_it_is_given() {
    for is_kicked in [false, true] {
        let (mut server, ann) = with_member(1, ANN);
        server.receive(NOW, ann, b"/name ann\n");
        if is_kicked {
            server.host_line(NOW, &format!("/kick {ANN}"));
        }
        server.disconnect(NOW, ann);
        let ben = connect(&mut server, BEN);
        let order = proposals(&server);
        commit(&mut server, &order);
        server.receive(NOW, ben, b"/name ann\n");
        let named = proposals(&server);
        commit(&mut server, &named[named.len() - 1..]);
        let mut told = String::new();
        while server.has_pending(ben) {
            let _ = server.deliver(ben, |slices| {
                told += str::from_utf8(&slices.concat()).unwrap();
                Ok::<_, ()>(slices.iter().map(|slice| slice.len()).sum())
            });
        }
        assert!(told.ends_with(&format!("> The user {BEN} is now ann\n")), "{told}");
    }
}

/// It leaves once, whoever sees to that.
#[test]
fn who_is_removed_and_leaves_is_counted_once() {
    let (mut server, ann) = with_member(1, ANN);
    let _ben = connect(&mut server, BEN);
    server.host_line(NOW, &format!("/kick {ANN}"));
    server.host_line(NOW, &format!("/kick {ANN}"));
    server.disconnect(NOW, ann);
    let order = proposals(&server);
    commit(&mut server, &order);
    assert_eq!(server.users(), 1);
}
