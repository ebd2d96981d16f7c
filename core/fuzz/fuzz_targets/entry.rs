//! Whatever an order says: what is no entry, and no snapshot, is refused, and entries give the same
//! room on every server.

#![no_main]

use std::convert::Infallible;

use chat_core::{Committed, Delivered, Instant, Limits, NodeId, ReaderId, Server, Stamped, Start};
use libfuzzer_sys::fuzz_target;

/// Servers of which the order says nothing, most likely, and one of which it may.
const NODES: [NodeId; 3] = [NodeId(u64::MAX), NodeId(u64::MAX / 3), NodeId(1)];

/// The first entry of `bytes`, which has its length before it, and what is behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    Some(rest.split_at(usize::from(length).min(rest.len())))
}

/// What becomes of entries, and what a server knows and has said then.
type Room = (Vec<Committed>, Vec<u8>, Vec<u8>);

fn commit_all(entries: &[Stamped<'_>], node: NodeId) -> Room {
    let now = Instant::default();
    let mut server = Server::shared(Limits::default(), node);
    let console = server.observe(Start::Now);
    let mut said = Vec::new();
    let mut commit = |entry| {
        let committed = server.commit(now, entry);
        let users = server.users();
        if committed == Committed::New {
            assert_ne!(server.commit(now, entry), Committed::New);
            assert_eq!(server.users(), users, "nothing changes");
        }
        hear(&mut server, console, &mut said);
        committed
    };
    let committed = entries.iter().map(&mut commit).collect();
    let snapshot = server.snapshot();
    take_over(&snapshot, server.users());
    (committed, snapshot, said)
}

/// A server that begins with a snapshot knows the same.
fn take_over(snapshot: &[u8], users: usize) {
    let server = Server::from_snapshot(Limits::default(), NODES[0], snapshot).unwrap();
    assert_eq!(server.snapshot(), snapshot);
    assert_eq!(server.users(), users);
}

fn hear(server: &mut Server, console: ReaderId, said: &mut Vec<u8>) {
    while server.deliver(console, |slices| {
        said.extend(slices.concat());
        Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
    }) == Ok(Delivered::Partial)
    {}
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(server) = Server::from_snapshot(Limits::default(), NODES[2], bytes) {
        assert_eq!(server.snapshot(), bytes);
    }
    let (mut entries, mut rest) = (Vec::new(), bytes);
    while let Some((entry, after)) = split(rest) {
        rest = after;
        if let Ok(stamped) = Stamped::decode(entry) {
            let mut encoded = Vec::new();
            stamped.encode(&mut encoded);
            assert_eq!(encoded, entry);
            entries.push(stamped);
        }
    }
    let [first, second, third] = NODES.map(|node| commit_all(&entries, node));
    assert!(first.1 == second.1 && second.1 == third.1, "what all know");
    if !entries.iter().any(|entry| NODES[..2].contains(&entry.stamp().node)) {
        assert_eq!(first, second);
    }
});
