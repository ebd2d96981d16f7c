//! A snapshot of a room: all servers have the same one, and go on from it alike.

use chat_core::{
    Committed, DecodeError, Instant, Limits, MemberId, NodeId, Server, Stamp, Stamped, Start, Wire,
};

use crate::world::{ANN, BEN};

const NOW: Instant = Instant::from_micros(1_000_000);

fn commit(server: &mut Server, entries: &[Vec<u8>]) {
    for entry in entries {
        let committed = server.commit(NOW, &Stamped::decode(entry).unwrap());
        assert_eq!(committed, Committed::New);
    }
}

/// Has a server that is the only one commit what it has proposed. Returns that.
fn settle(server: &mut Server) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for _ in 0..100 {
        let order: Vec<Vec<u8>> = server.proposals().map(<[u8]>::to_vec).collect();
        if order.is_empty() {
            return all;
        }
        commit(server, &order);
        all.extend(order);
    }
    panic!("there is no end to what it proposes");
}

/// A member, and how its server calls it in entries.
fn connect(server: &mut Server, addr: &str) -> (MemberId, Vec<u8>) {
    let id = server.connect(NOW, addr.parse().unwrap(), Wire::Lines).unwrap();
    let join = settle(server).remove(0);
    // Behind the node, the number and the kind, of one byte each.
    let member = &join[3..];
    let end = member.iter().position(|byte| *byte < 0x80).unwrap();
    (id, member[..=end].to_vec())
}

fn say(server: &mut Server, id: MemberId, line: &str) {
    server.receive(NOW, id, format!("{line}\n").as_bytes());
    settle(server);
}

/// A room with something of all that there may be.
fn room() -> Server {
    let mut server = Server::shared(Limits::default(), NodeId(3));
    let console = server.observe(Start::Now);
    server.seat_host(console);
    let (ann, _) = connect(&mut server, ANN);
    let (ben, _) = connect(&mut server, BEN);
    say(&mut server, ann, "/name 민수");
    say(&mut server, ben, "/msg 민수 안녕");
    say(&mut server, ben, "/session");
    server.give_key(NOW, ben, 7 << 64 | 300);
    settle(&mut server);
    for line in ["/mute 민수", "/hush", "/lock", "/private off", "/topic 3과"] {
        server.host_line(NOW, line);
    }
    settle(&mut server);
    // It goes on at another server, and that is gone, as it has read another log.
    let moved = b"\x05\x01\x0f\x09\x07\xac\x02\x00".to_vec();
    let apart = b"\x05\x02\x16".to_vec();
    let mut lost = Vec::new();
    Stamped::lost(Stamp { node: NodeId(9), number: 1 }, NodeId(5)).encode(&mut lost);
    commit(&mut server, &[moved, apart, lost]);
    server
}

fn again(snapshot: &[u8]) -> Result<Server, DecodeError> {
    Server::from_snapshot(Limits::default(), NodeId(4), snapshot)
}

#[test]
fn a_snapshot_is_all_that_entries_have_made() {
    let server = room();
    let snapshot = server.snapshot();
    let other = again(&snapshot).unwrap();
    assert_eq!(other.snapshot(), snapshot);
    assert_eq!(other.users(), 1);
    let nodes = [(NodeId(3), Some(11)), (NodeId(5), None), (NodeId(9), Some(1))];
    assert_eq!(other.nodes().collect::<Vec<_>>(), nodes);
    assert_eq!(server.nodes().collect::<Vec<_>>(), nodes);

    // Another one of the same room, as it stands in the documentation of the encoding.
    let number = |text: &str| u8::try_from(text.len()).unwrap();
    let mut expected = b"\x01".to_vec();
    // Two came, one was named, one muted, four rules, and its server left with one of them.
    expected.extend(b"\x09");
    expected.push(7);
    expected.extend([number("3과")].iter().chain("3과".as_bytes()));
    expected.extend(b"\x03\x03\x02\x0b\x05\x01\x09\x00\x01\x02");
    assert!(snapshot.starts_with(&expected), "{snapshot:x?}\n{expected:x?}");
    // And that one: away, with a session; it was somebody else.
    // Nothing of its input is heard, nothing was written to it, it has got nothing for sure, and it counts
    // six lines: what the host has done, and that its server is gone.
    let key_and_heard = b"\x07\xac\x02\x00\x00\x00\x00\x06";
    let mut ben = vec![5, 9, 2 | 16 | 32, number(BEN)];
    ben.extend(BEN.as_bytes());
    ben.push(1);
    assert!(snapshot.windows(ben.len()).any(|window| window == ben), "{snapshot:x?}");
    assert!(snapshot.ends_with(key_and_heard));
}

/// What comes behind it is the same for who was there before it and for who was not.
#[test]
fn a_server_goes_on_from_a_snapshot() {
    let mut server = room();
    let mut other = again(&server.snapshot()).unwrap();
    let consoles = [server.observe(Start::Now), other.observe(Start::Now)];
    server.host_line(NOW, "/unmute 민수");
    server.host_line(NOW, "/unlock");
    let mut order = settle(&mut server);
    let id = server.connect(NOW, "192.0.2.9:1".parse().unwrap(), Wire::Lines).unwrap();
    order.extend(settle(&mut server));
    server.receive(NOW, id, "/name 민수\n/name 지민\n".as_bytes());
    order.extend(settle(&mut server));
    commit(&mut other, &order);
    assert_eq!(other.snapshot(), server.snapshot());
    let [here, there] =
        [(&mut server, consoles[0]), (&mut other, consoles[1])].map(|(server, console)| {
            let mut heard = Vec::new();
            server
                .deliver(console, |slices| {
                    heard.extend(slices.concat());
                    Ok::<_, ()>(slices.concat().len())
                })
                .unwrap();
            String::from_utf8(heard).unwrap()
        });
    // The host's answers are its own.
    let said = "> Host unmuted 민수\n\
                > Host unlocked the room\n\
                > New user 192.0.2.9:1 entered (2 users online)\n\
                > The user 192.0.2.9:1 is now 지민\n";
    assert_eq!(there, said);
    assert_eq!(here, said);
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let snapshot = room().snapshot();
    for end in 0..snapshot.len() {
        assert_eq!(again(&snapshot[..end]).err(), Some(DecodeError::Malformed));
    }
    assert_eq!(again(&[&snapshot[..], b"\0"].concat()).err(), Some(DecodeError::Malformed));
    assert_eq!(again(b"\x02").err(), Some(DecodeError::UnknownVersion(2)));
    for bytes in [
        // Flags that nobody sets; a count of lines that is none.
        &b"\x01\x00\x08\x00\x00\x00"[..],
        b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00\x00\x00",
        // A server that has said nothing; one that is gone and has a host; two that are the same.
        b"\x01\x00\x00\x00\x01\x01\x00\x00\x00",
        b"\x01\x00\x00\x00\x01\x01\x03\x00",
        b"\x01\x00\x00\x00\x02\x01\x01\x01\x01\x00",
        // Somebody at no server, at one that is gone; a host that is a member.
        b"\x01\x00\x00\x00\x00\x01\x01\x05\x00\x01a\x00",
        b"\x01\x00\x00\x00\x01\x01\x01\x01\x01\x05\x00\x01a\x00",
        b"\x01\x00\x00\x00\x01\x01\x00\x01\x01\x01\x00\x00\x01a\x00",
        // Two who were the same one, and one who was itself.
        b"\x01\x00\x00\x00\x00\x02\x01\x05\x02\x01a\x01\x02\x01\x01\x06\x02\x01b\x01\x02\x01",
        b"\x01\x00\x00\x00\x00\x01\x01\x05\x02\x01a\x01\x01\x05",
        // One that has strayed, and has no session; one that has got more than there was.
        b"\x01\x00\x00\x00\x01\x01\x00\x01\x01\x01\x05\x20\x01a\x00",
        b"\x01\x00\x00\x00\x01\x01\x00\x01\x01\x01\x05\x10\x01a\x00\x01\x01\x00\x00\x00\x01\x00",
    ] {
        assert_eq!(again(bytes).err(), Some(DecodeError::Malformed), "{bytes:x?}");
    }
    // As a measure of those: these are good.
    for bytes in [
        &b"\x01\x00\x00\x00\x01\x01\x00\x01\x01\x01\x05\x00\x01a\x00"[..],
        b"\x01\x00\x00\x00\x01\x01\x00\x01\x01\x01\x05\x30\x01a\x00\x01\x01\x00\x00\x00\x01\x01",
    ] {
        assert!(again(bytes).is_ok(), "{bytes:x?}");
    }
}

/// Whatever it is taken for, it has one encoding, and what comes behind it breaks nothing.
#[test]
fn a_snapshot_with_any_byte_changed_is_another_or_none() {
    let snapshot = room().snapshot();
    let mut taken = 0;
    for at in 0..snapshot.len() {
        for byte in 0..=u8::MAX {
            let mut bytes = snapshot.clone();
            bytes[at] = byte;
            let Ok(mut server) = again(&bytes) else { continue };
            taken += 1;
            assert_eq!(server.snapshot(), bytes);
            let console = server.observe(Start::Now);
            server.seat_host(console);
            settle(&mut server);
            server.host_line(NOW, "/who");
            server.declare_lost(NOW, NodeId(3));
            settle(&mut server);
            assert!(server.users() == 0 || !server.nodes().any(|node| node == (NodeId(3), None)));
        }
    }
    assert!(taken > 1_000, "{taken}");
}
