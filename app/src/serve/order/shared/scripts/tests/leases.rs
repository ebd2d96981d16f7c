//! Who lives, and who does not.

use super::*;

#[test]
fn a_lost_node_is_fenced() {
    let Some(mut room) = room() else { return };
    let (node, lost) = (room.node(), room.node());
    let batch = room.append(lost, 1, 3);
    let declare = |last, lease| {
        let payload = entry(lost, last + 1, lost);
        Request::Declare { lost, last, lease: Some(lease), payload }
    };
    let good: u64 = room.state(&format!("l:{}", lost.0)).unwrap().parse().unwrap();
    assert_eq!(room.ask(Some(node), &declare(3, good)), Answer::Refused, "its lease is good");
    assert_eq!(room.expired(node), []);

    // It is over, or further away than any is: then the clock was set back.
    let later = room.now() + 3_600_000;
    for lease in [later, 7] {
        room.set_lease(lost, lease);
        assert_eq!(room.expired(node), [Expired { node: lost, last: 3, lease, is_absent: false }]);
    }
    assert_eq!(room.ask(Some(node), &declare(2, 7)), Answer::Refused, "it has said more");
    assert_eq!(room.ask(Some(node), &declare(3, 6)), Answer::Refused, "it was renewed since then");
    let Answer::Done { tail, .. } = room.ask(Some(node), &declare(3, 7)) else {
        panic!("not declared");
    };
    let text = format!("{:016x}:{}:4:lost", batch.link.0, lost.0);
    assert_eq!(tail, Position { index: 2, link: expected_link(&text) });
    assert_eq!(room.ask(Some(node), &declare(3, 7)), Answer::Refused, "it is known");
    assert_eq!(room.expired(node), []);

    let append = Request::Append { first: 4, last: 4, payload: entries(lost, 4, 4) };
    for request in [append, Request::Renew, Request::Attach { at: tail, era: 0 }] {
        assert_eq!(room.ask(Some(lost), &request), Answer::Fenced);
    }
    // One that ends needs no lease to run out.
    let payload = entry(node, 1, node);
    let last = Request::Declare { lost: node, last: 0, lease: None, payload };
    assert!(matches!(room.ask(Some(node), &last), Answer::Done { .. }));
    assert_eq!(room.ask(Some(node), &Request::Renew), Answer::Fenced);
}

#[test]
fn a_lease_is_renewed_by_whatever_is_asked() {
    let Some(mut room) = room() else { return };
    let (node, other) = (room.node(), room.node());
    for request in [
        Request::Renew,
        Request::Ready,
        Request::Append { first: 1, last: 1, payload: entries(other, 1, 1) },
        Request::Restore { batches: vec![] },
        Request::Keep { at: Position::GENESIS, snapshot: Rc::new([]) },
        Request::Attach { at: Position::GENESIS, era: 0 },
    ] {
        room.set_lease(other, 1);
        room.ask(Some(other), &request);
        assert_eq!(room.expired(node), [], "{request:?}");
    }
}

/// As when a server had declared it in a log that was replaced by one that does not say so.
#[test]
fn a_node_that_is_lost_may_be_declared_again() {
    let Some(mut room) = room() else { return };
    let (node, lost) = (room.node(), room.node());
    room.command(&["HSET", "chat:{test}:lost", &lost.0.to_string(), "1"]);
    room.set_lease(lost, 1);
    let payload = entry(lost, 1, lost);
    let declare = Request::Declare { lost, last: 0, lease: Some(1), payload };
    assert!(matches!(room.ask(Some(node), &declare), Answer::Done { .. }));
    assert_eq!(room.ask(Some(node), &declare), Answer::Refused);
}
