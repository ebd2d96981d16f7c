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
