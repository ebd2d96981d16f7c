//! What an engine has lost, and is told again.

use super::*;

#[test]
fn a_log_opens_once_all_are_ready() {
    let Some(mut room) = room() else { return };
    let nodes = [room.node(), room.node()].map(Some);
    let kept = room.append(nodes[1].unwrap(), 1, 1).position();
    (room.run, room.is_young) = ("run-2", true);
    for node in nodes {
        assert!(room.attach(node, kept).is_healing);
    }
    let append = Request::Append { first: 1, last: 1, payload: entries(nodes[0].unwrap(), 1, 1) };
    assert_eq!(room.ask(nodes[0], &append), Answer::Healing);
    assert_eq!(room.expired(nodes[0].unwrap()), []);
    assert_eq!(room.ask(nodes[0], &Request::Ready), Answer::Healing);
    assert!(matches!(room.ask(nodes[1], &Request::Ready), Answer::Done { .. }));
    assert!(matches!(room.ask(nodes[0], &append), Answer::Done { .. }));
    // And if one does not come, in time.
    room.run = "run-3";
    let now = room.now();
    assert!(room.attach(nodes[0], kept).is_healing);
    let heal: u64 = room.state("heal").unwrap().parse().unwrap();
    assert!((now + 5_000..now + 10_000).contains(&heal), "{heal} at {now}");
    assert_eq!(room.ask(nodes[0], &Request::Ready), Answer::Healing);
    room.set_state("heal", "1");
    assert!(matches!(room.ask(nodes[0], &Request::Ready), Answer::Done { .. }));
    // So it is if the clock was set back.
    room.run = "run-4";
    assert!(room.attach(nodes[0], kept).is_healing);
    let later = room.now() + 60_000;
    room.set_state("heal", &later.to_string());
    assert!(matches!(room.ask(nodes[0], &Request::Ready), Answer::Done { .. }));
}

/// A full engine takes nothing back. Whoever lives then is waited for, and the others say nothing.
#[test]
fn a_log_waits_for_those_that_cannot_say_again_what_they_know() {
    let Some(mut room) = room() else { return };
    let nodes = [room.node(), room.node()].map(Some);
    let kept = room.append(nodes[1].unwrap(), 1, 1).position();
    room.run = "run-2";
    for node in nodes {
        assert!(room.attach(node, kept).is_healing);
    }
    assert_eq!(room.ask(nodes[0], &Request::Ready), Answer::Healing);
    for (node, waits) in [(nodes[1], true), (nodes[0], false)] {
        let now = room.now();
        room.set_state("heal", &(now + 4_000).to_string());
        assert_eq!(room.expired(node.unwrap()), []);
        let heal: u64 = room.state("heal").unwrap().parse().unwrap();
        assert_eq!((now + 5_000..now + 10_000).contains(&heal), waits, "{heal} at {now}");
    }
    assert!(matches!(room.ask(nodes[1], &Request::Ready), Answer::Done { .. }));
}

/// A former master does not know that it was replaced. Whoever does is told, and nothing is done.
#[test]
fn who_has_been_where_another_one_took_over_is_not_taken_back() {
    let Some(mut room) = room() else { return };
    let (node, lost) = (room.node(), room.node());
    let at = room.append(node, 1, 1).position();
    let payload = entry(lost, 1, lost);
    room.set_lease(lost, 1);
    let declare = Request::Declare { lost, last: 0, lease: Some(1), payload };
    assert!(matches!(room.ask(Some(node), &declare), Answer::Done { .. }));
    let first = room.attach(Some(node), at).era;
    let now = room.now();
    assert!((now - 60_000..=now).contains(&first), "{first} at {now}");

    room.set_lease(node, 1);
    let before = room.command(&["HGETALL", "chat:{test}:state"]);
    let attach = |era| Request::Attach { at, era };
    for node in [Some(node), Some(lost), Some(NodeId(5)), None] {
        assert_eq!(room.ask(node, &attach(first + 1)), Answer::Stale);
    }
    assert_eq!(room.command(&["HGETALL", "chat:{test}:state"]), before);
    assert_eq!(room.ask(Some(lost), &attach(first)), Answer::Fenced);

    // One that takes over is of a later time, and may hear of an even later one after that.
    room.run = "run-2";
    for (seen, era) in [(0, first + 1), (first, first + 1), (first + 3, first + 3)] {
        let answer = room.ask(Some(node), &attach(seen));
        let Answer::Attached(attached) = answer else { panic!("{answer:?}") };
        assert_eq!((attached.era, attached.is_healing), (era, true));
    }
    room.opens(node);
    assert_eq!(room.ask(Some(node), &attach(first + 4)), Answer::Stale);
    assert_eq!(room.attach(None, at).era, first + 3);
    // It may have lost all, and the time too.
    room.command(&["FLUSHALL"]);
    let answer = room.ask(Some(node), &attach(now + 999_999));
    assert!(matches!(answer, Answer::Attached(Attached { era, .. }) if era == now + 999_999));
}

/// Whoever knows what it has lost has yet to come: the first one may be new.
#[test]
fn an_engine_that_began_lately_without_anything_is_not_opened_at_once() {
    let Some(mut room) = room() else { return };
    room.is_young = true;
    let node = Some(room.attach(None, Position::GENESIS).node);
    assert_eq!(room.ask(node, &Request::Ready), Answer::Healing);
    // Whoever comes later finds the time that is left, and what is said again gives more.
    let soon = room.now() + 500;
    room.set_state("heal", &soon.to_string());
    let (at, nodes) = (Position { index: 4, link: Mark(4) }, vec![]);
    let seed = Request::Seed { over: Position::GENESIS, at, nodes, snapshot: b"s"[..].into() };
    assert!(matches!(room.ask(node, &seed), Answer::Done { .. }));
    let heal: u64 = room.state("heal").unwrap().parse().unwrap();
    assert!((soon + 500..soon + 5_000).contains(&heal), "{heal}, not {soon}");
    assert_eq!(room.ask(node, &Request::Ready), Answer::Healing);
    room.set_state("heal", "1");
    assert!(matches!(room.ask(node, &Request::Ready), Answer::Done { .. }));
    // Then it has something.
    room.run = "run-2";
    assert!(room.attach(node, at).is_healing);
    assert!(matches!(room.ask(node, &Request::Ready), Answer::Done { .. }));
}

/// As one may whose memory is bounded, if it is allowed to.
#[test]
fn an_engine_that_has_thrown_something_away_has_lost_all() {
    for lost in ["snapshot", "log"] {
        let Some(mut room) = room() else { return };
        let (node, other) = (room.node(), room.node());
        let batches: Vec<_> = (1..=3).map(|number| room.append(node, number, number)).collect();
        let (at, last) = (batches[1].position(), batches[2].position());
        let keep = Request::Keep { at, snapshot: b"snapshot".as_slice().into() };
        assert_eq!(room.ask(Some(node), &keep), Answer::Done { tail: last, snap: 2 });
        assert_eq!(room.attach(Some(node), last).at, Relation::Same);
        room.command(&["DEL", &format!("chat:{{test}}:{lost}")]);
        let attached = room.attach(Some(node), last);
        assert_eq!((attached.at, attached.tail), (Relation::Cut, Position::GENESIS), "{lost}");
        assert!(attached.is_healing);
        assert_eq!(room.ask(Some(other), &Request::Renew), Answer::Detached);
        assert_eq!(room.ask(Some(node), &Request::Ready), Answer::Healing);
        let (over, nodes) = (Position::GENESIS, vec![(node, Some(2)), (other, Some(0))]);
        let seed = Request::Seed { over, at, nodes, snapshot: b"snapshot".as_slice().into() };
        assert_eq!(room.ask(Some(node), &seed), Answer::Done { tail: at, snap: 2 });
    }
}

#[test]
fn what_was_cut_off_is_said_again() {
    let Some(mut room) = room() else { return };
    let (node, other, lost) = (room.node(), room.node(), room.node());
    let kept = room.append(node, 1, 1);
    room.copy();
    let mut batches = vec![room.append(node, 2, 4), room.append(other, 1, 1)];
    room.set_lease(lost, 1);
    let payload = entry(lost, 1, lost);
    let declare = Request::Declare { lost, last: 0, lease: Some(1), payload: payload.clone() };
    let Answer::Done { tail, .. } = room.ask(Some(node), &declare) else { panic!("not declared") };
    batches.push(Rc::new(Batch {
        index: tail.index,
        before: batches[1].link,
        link: tail.link,
        wall: batches[0].wall,
        payload: payload.into(),
    }));
    let last = room.append(node, 5, 5);

    room.cut_back();
    let attached = room.attach(Some(node), last.position());
    assert_eq!((attached.at, attached.last), (Relation::Cut, 1));
    assert_eq!((attached.tail, attached.is_healing), (kept.position(), true));
    // Not without what comes before it.
    let too_soon = Request::Restore { batches: vec![batches[1].clone()] };
    assert_eq!(room.ask(Some(node), &too_soon), Answer::Tail { tail: kept.position() });
    let restore = Request::Restore { batches: batches.clone() };
    let some = Request::Restore { batches: batches[..2].to_vec() };
    let so_far = batches[1].position();
    assert_eq!(room.ask(Some(node), &some), Answer::Done { tail: so_far, snap: 0 });
    // Another one does so at the same time: what is there already is passed over.
    assert_eq!(room.attach(Some(other), tail).at, Relation::Cut);
    assert_eq!(room.ask(Some(other), &restore), Answer::Done { tail, snap: 0 });
    assert_eq!(room.ask(Some(node), &restore), Answer::Done { tail, snap: 0 });
    let elsewhere = Batch { link: Mark(1), ..(*batches[2]).clone() };
    let elsewhere = Request::Restore { batches: vec![Rc::new(elsewhere)] };
    assert_eq!(room.ask(Some(node), &elsewhere), Answer::Tail { tail });
    assert_eq!(room.attach(Some(node), last.position()).last, 4);
    assert_eq!(room.ask(Some(lost), &Request::Renew), Answer::Fenced);

    let log = log::read(&mut room.link, "chat:{test}:log", 1).unwrap();
    for (written, batch) in log.iter().zip(&batches) {
        assert_eq!((written.link, &written.payload), (batch.link, &batch.payload));
        assert_eq!(written.unix_seconds, batch.wall.unix_seconds, "it was said then");
    }
    assert_eq!(log.len(), 3);
}

#[test]
fn an_engine_that_has_lost_all_is_told() {
    let Some(mut room) = room() else { return };
    let (node, other) = (room.node(), room.node());
    let batches: Vec<_> = (1..=3).map(|number| room.append(node, number, number)).collect();
    let (at, gone) = (batches[1].position(), NodeId(3));
    let nodes = vec![(node, Some(2)), (other, Some(0)), (gone, None)];
    let over = Position::GENESIS;
    let seed = Request::Seed { over, at, nodes, snapshot: b"snapshot".as_slice().into() };
    let answer = room.ask(Some(node), &seed);
    assert_eq!(answer, Answer::Tail { tail: batches[2].position() }, "it has lost nothing");

    room.command(&["FLUSHALL"]);
    room.run = "run-2";
    let attached = room.attach(Some(node), batches[2].position());
    assert_eq!((attached.at, attached.tail), (Relation::Cut, Position::GENESIS));
    assert_eq!(room.ask(Some(node), &seed), Answer::Done { tail: at, snap: 2 });
    assert_eq!(room.ask(Some(node), &seed), Answer::Tail { tail: at }, "once");
    let restore = Request::Restore { batches: vec![batches[2].clone()] };
    let tail = batches[2].position();
    assert_eq!(room.ask(Some(node), &restore), Answer::Done { tail, snap: 2 });
    assert_eq!(room.ask(Some(gone), &Request::Renew), Answer::Fenced);
    assert_eq!(room.attach(Some(other), batches[0].position()).at, Relation::Behind);
    assert_eq!(room.attach(Some(node), tail).last, 3);
}

/// Whoever knows what an engine has, and what came behind that.
#[test]
fn a_snapshot_replaces_an_older_log() {
    let Some(mut room) = room() else { return };
    let (node, other) = (room.node(), room.node());
    let over = room.append(other, 1, 1).position();
    let seed = |over: Position, index: u64| {
        let (at, nodes) = (Position { index, link: Mark(40) }, vec![(node, Some(9))]);
        Request::Seed { over, at, nodes, snapshot: b"snapshot".as_slice().into() }
    };
    let elsewhere = Position { link: Mark(1), ..over };
    for refused in [seed(Position::GENESIS, 40), seed(elsewhere, 40), seed(over, 1)] {
        assert_eq!(room.ask(Some(node), &refused), Answer::Tail { tail: over }, "{refused:?}");
    }
    let at = Position { index: 40, link: Mark(40) };
    assert_eq!(room.ask(Some(node), &seed(over, 40)), Answer::Done { tail: at, snap: 40 });
    assert_eq!(room.attach(Some(node), at).last, 9);
    let new = room.attach(None, Position::GENESIS);
    assert_eq!((new.tail, new.snapshot.map(|(at, _)| at)), (at, Some(at)));
    assert_eq!(room.command(&["XLEN", "chat:{test}:log"]).number(), Some(0));
}
