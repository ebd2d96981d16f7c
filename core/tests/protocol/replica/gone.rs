//! Servers that are gone, or are taken for gone.

use super::*;

/// A server says of another that it is gone only if all was well for two leases.
#[test]
fn a_server_is_taken_for_gone_in_time() {
    let gone = NodeId(3);
    let (mut node, _) = with_member();
    for _ in 0..9 {
        node.pass(Duration::from_secs(1));
        node.renew(expired(gone, 7_000, false));
        assert_eq!(node.ask(), None);
    }
    node.pass(Duration::from_secs(1));
    node.renew(expired(gone, 7_000, false));
    let Some(Request::Declare { lost, last, lease, payload }) = node.ask() else {
        panic!("none is");
    };
    assert_eq!((lost, last, lease), (gone, 12, Some(7_000)));
    assert_eq!(payload, b"\x04\x03\x0d\x04\x03", "stamped with the lost node's next number");
    node.answer(Answer::Refused);
    assert_eq!(node.ask(), None, "not of itself");

    // One answer came late: the engine was away, and others may not have reached it.
    node.pass(Duration::from_secs(1));
    assert_eq!(node.ask(), Some(Request::Renew));
    node.pass(Duration::from_secs(3));
    node.answer(expired(gone, 7_000, false));
    node.renew(expired(gone, 7_000, false));
    assert_eq!(node.ask(), None);
}

/// The engine's clock may have jumped: then leases are over, and are renewed in a moment.
#[test]
fn a_server_that_renews_its_lease_is_not_taken_for_gone() {
    let (mut node, _) = with_member();
    for second in 0..30 {
        node.pass(Duration::from_secs(1));
        node.renew(expired(NodeId(3), second / 3, false));
        assert_eq!(node.ask(), None);
    }
    node.lose_connection();
    node.attach(attached(1, node.tail, Relation::Same));
    node.open();
    // Of what was seen before it says nothing.
    node.pass(Duration::from_secs(1));
    node.renew(expired(NodeId(3), 9, true));
    assert_eq!(node.ask(), None);
}

/// It did not come while the log was healed.
#[test]
fn a_server_that_did_not_come_back_is_taken_for_gone_sooner() {
    let (mut node, _) = with_member();
    for _ in 0..3 {
        node.pass(Duration::from_secs(1));
        node.renew(expired(NodeId(3), 7_000, true));
        assert_eq!(node.ask(), None);
    }
    node.pass(Duration::from_secs(1));
    node.renew(expired(NodeId(3), 7_000, true));
    let Some(Request::Declare { lost, .. }) = node.ask() else { panic!("none is") };
    assert_eq!(lost, NodeId(3));
}

/// Otherwise it is taken for gone, and what it had to say is not said.
#[test]
fn who_ends_and_cannot_say_what_it_has_to_keeps_its_lease() {
    let (mut node, ann) = with_member();
    node.say(ann, "안녕히");
    node.replica.end(node.now, &mut node.server);
    let mut renewed = 0;
    for _ in 0..40 {
        match node.ask() {
            Some(Request::Append { .. }) => {
                node.answer(Answer::Busy { why: "out of memory".to_owned() });
                node.pass(Duration::from_millis(250));
            }
            Some(Request::Renew) => {
                renewed += 1;
                node.answer(Answer::Nodes { expired: Vec::new(), snap: 0 });
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(renewed >= 7, "{renewed} times in 8 s");
}

#[test]
fn a_server_of_an_earlier_release_ends() {
    let (mut node, _) = with_member();
    node.lose_connection();
    node.attach(Answer::Foreign { format: 2 });
    let State::Apart(apart) = node.replica.state() else { panic!("it goes on") };
    let why = "the room's log is one of a later release (format 2; this server knows 1)";
    assert_eq!(apart.to_string(), why);
}

/// That it is gone says so of all of its members.
#[test]
fn who_leaves_a_server_that_ends_is_not_told_one_by_one() {
    let (mut node, ann) = with_member();
    node.replica.end(node.now, &mut node.server);
    node.server.end_of_input(node.now, ann);
    node.server.disconnect(node.now, ann);
    let Some(Request::Declare { lost, last, payload, .. }) = node.ask() else {
        panic!("it goes on");
    };
    assert_eq!((lost, last), (OWN, 1));
    node.console();
    assert_eq!(node.read(&payload), Ok(()));
    assert!(node.console().contains(" left"), "once");
}

#[test]
fn a_server_that_ends_says_what_was_said_and_that_it_is_gone() {
    let (mut node, ann) = with_member();
    node.say(ann, "안녕히");
    node.replica.end(node.now, &mut node.server);
    node.say_all();
    let Some(Request::Declare { lost, last, .. }) = node.ask() else { panic!("it goes on") };
    assert_eq!((lost, last), (OWN, 2));
    node.lose_connection();
    node.replica.connected(node.now, &mut node.server);
    assert!(matches!(node.ask(), Some(Request::Attach { .. })));
    node.answer(Answer::Fenced);
    assert_eq!(node.replica.state(), State::Over, "it has said so itself");
}

#[test]
fn a_server_that_was_taken_for_gone_ends() {
    let (mut node, _) = with_member();
    node.pass(Duration::from_secs(1));
    assert_eq!(node.ask(), Some(Request::Renew));
    node.answer(Answer::Fenced);
    assert_eq!(node.replica.state(), State::Fenced);
    assert_eq!(node.ask(), None);
    assert_eq!(node.replica.next_tick(), None);
}
