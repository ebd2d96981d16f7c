//! Whatever a log holds as a batch: it is read, or it is none, and nothing of it is committed.

#![no_main]

use chat_core::{
    Attached, Batch, Instant, Limits, Link, NodeId, Position, Relation, Replica, Wall,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let attached = Attached {
        node: NodeId(7),
        last: 0,
        era: 1,
        tail: Position::GENESIS,
        at: Relation::Same,
        is_healing: false,
        snapshot: None,
    };
    let (mut replica, mut server) = Replica::begin(Limits::default(), attached).unwrap();
    let before = server.snapshot();
    let batch = Batch {
        index: 1,
        before: Link(0),
        link: Link(1),
        wall: Wall::default(),
        payload: bytes.into(),
    };
    let (numbers, loss) = (batch.numbers(), batch.loss());
    assert!(loss.is_none_or(|lost| numbers.is_ok_and(|of| of.node == lost)));
    let read = replica.read(Instant::default(), &mut server, batch);
    assert_eq!(read.is_ok(), numbers.is_ok());
    assert!(read.is_ok() || server.snapshot() == before);
});
