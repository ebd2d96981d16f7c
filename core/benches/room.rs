//! What the core takes for its work: `cargo bench --package chat-core`.

use std::convert::Infallible;
use std::net::SocketAddr;

use chat_core::{
    Answer, Attached, Batch, Delivered, FrameReader, FrameWriter, Instant, Limits, Link, MemberId,
    NodeId, Position, Relation, Replica, Request, Server, Wall, Wire,
};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Bytes that a member has said, as one read gives them.
const READ: usize = 16 * 1024;

/// A room of so many members, who have got all that there is.
fn room(members: u16) -> (Server, Vec<MemberId>) {
    let mut room = Server::new(Limits::default());
    // There is no limit to them.
    let ids: Vec<MemberId> = (0..members)
        .filter_map(|port| {
            let addr = SocketAddr::from(([127, 0, 0, 1], 1024 + port));
            room.connect(Instant::from_micros(0), addr, Wire::Lines).ok()
        })
        .collect();
    ids.iter().for_each(|id| take(&mut room, *id));
    (room, ids)
}

/// Takes all that a member has pending.
fn take(room: &mut Server, id: MemberId) {
    loop {
        let Ok(delivered) = room.deliver(id, |slices| {
            Ok::<_, Infallible>(black_box(slices).iter().map(|slice| slice.len()).sum())
        });
        if delivered != Delivered::Partial {
            break;
        }
    }
}

/// One line again and again, up to a read.
fn read_of(line: &[u8]) -> Vec<u8> {
    line.repeat(READ / line.len())
}

/// Lines of a member: framing, cleaning, and into the log.
#[divan::bench(args = ["ascii", "hangul", "hostile"])]
fn receiving(bencher: Bencher<'_, '_>, what: &str) {
    let line: &[u8] = match what {
        "ascii" => b"the quick brown fox jumps over the lazy dog, again and again.\n",
        "hangul" => "다람쥐 헌 쳇바퀴에 타고파, 오늘도 또 내일도 그렇게.\n".as_bytes(),
        _ => b"\x1b[2J\x1b]0;title\x07 \xff\xfe \xe2\x80\xae bidi \xc2\x9b31m \r\x00 \xe2\x80\xa8 end\n",
    };
    let read = read_of(line);
    let (mut room, ids) = room(2);
    let now = Instant::from_micros(0);
    bencher.counter(BytesCount::of_slice(&read)).bench_local(|| {
        room.receive(now, ids[0], black_box(&read));
        take(&mut room, ids[1]);
    });
}

/// A room that servers share, with an engine that says yes to everything.
struct Shared {
    nodes: Vec<(Replica, Server)>,
    tail: Position,
}

impl Shared {
    fn of(nodes: u64) -> Self {
        let tail = Position::GENESIS;
        let attached = |node| {
            let (node, at) = (NodeId(node), Relation::Same);
            Attached { node, last: 0, era: 1, tail, at, is_healing: false, snapshot: None }
        };
        let begun = (1..=nodes)
            .filter_map(|node| Replica::begin(Limits::default(), attached(node)).ok())
            .collect();
        let mut room = Self { nodes: begun, tail };
        room.settle();
        room
    }

    /// Does all that any node asks for.
    fn settle(&mut self) {
        while (0..self.nodes.len()).any(|node| self.answer(node)) {}
    }

    /// Does what a node asks for; returns whether it asks for anything.
    fn answer(&mut self, node: usize) -> bool {
        let now = Instant::from_micros(0);
        let (replica, server) = &mut self.nodes[node];
        let Some(request) = replica.request(now, server) else { return false };
        let answer = match request {
            Request::Append { payload, .. } => {
                self.append(&payload);
                Answer::Done { tail: self.tail, snap: 0 }
            }
            Request::Renew => Answer::Nodes { expired: Vec::new(), snap: 0 },
            _ => Answer::Done { tail: self.tail, snap: 0 },
        };
        let (replica, server) = &mut self.nodes[node];
        replica.answered(now, server, answer);
        true
    }

    /// Has all nodes read one more batch.
    fn append(&mut self, payload: &[u8]) {
        let Position { index, link: before } = self.tail;
        self.tail = Position { index: index + 1, link: Link(before.0 + 1) };
        for (replica, server) in &mut self.nodes {
            let Position { index, link } = self.tail;
            let batch =
                Batch { index, before, link, wall: Wall::default(), payload: payload.into() };
            replica.read(Instant::from_micros(0), server, batch).unwrap_or_default();
        }
    }
}

/// As `receiving`, in a room that so many servers share: what they all take for lines that a member
/// of one of them has said.
#[divan::bench(args = [1, 2, 4])]
fn sharing(bencher: Bencher<'_, '_>, nodes: u64) {
    let read = read_of(b"the quick brown fox jumps over the lazy dog, again and again.\n");
    let mut room = Shared::of(nodes);
    let addr = SocketAddr::from(([127, 0, 0, 1], 1024));
    let now = Instant::from_micros(0);
    let ids: Vec<_> = room
        .nodes
        .iter_mut()
        .filter_map(|(_, server)| server.connect(now, addr, Wire::Lines).ok())
        .collect();
    room.settle();
    bencher.counter(BytesCount::of_slice(&read)).bench_local(|| {
        room.nodes[0].1.receive(now, ids[0], black_box(&read));
        room.settle();
        for ((_, server), id) in room.nodes.iter_mut().zip(&ids) {
            take(server, *id);
        }
    });
    assert!(room.tail.index > 1, "nothing was said");
}

/// Asking for what is pending, of members who have something.
#[divan::bench(args = [10, 1_000, 10_000])]
fn lending(bencher: Bencher<'_, '_>, members: u16) {
    let (mut room, ids) = room(members);
    room.receive(Instant::from_micros(0), ids[0], b"hello\n");
    bencher.counter(ItemsCount::new(members)).bench_local(|| {
        for id in &ids[1..] {
            let Ok(_) = room.deliver(*id, |slices| {
                black_box(slices);
                Ok::<_, Infallible>(0)
            });
        }
    });
}

/// A message to everybody: said, asked for, and sent.
#[divan::bench(args = [10, 1_000, 10_000])]
fn handing_out(bencher: Bencher<'_, '_>, members: u16) {
    let (mut room, ids) = room(members);
    bencher.counter(ItemsCount::new(members)).bench_local(|| {
        room.receive(Instant::from_micros(0), ids[0], b"hello\n");
        ids[1..].iter().for_each(|id| take(&mut room, *id));
    });
}

/// The same, of members whose connections are WebSockets: what frames cost beside a system call.
#[divan::bench(args = [10, 1_000, 10_000])]
fn handing_out_in_frames(bencher: Bencher<'_, '_>, members: u16) {
    let (mut room, ids) = room(members);
    let mut writers: Vec<FrameWriter> = ids.iter().map(|_| FrameWriter::default()).collect();
    bencher.counter(ItemsCount::new(members)).bench_local(|| {
        room.receive(Instant::from_micros(0), ids[0], b"hello\n");
        for (id, writer) in ids.iter().zip(&mut writers).skip(1) {
            let Ok(_) = room.deliver(*id, |slices| {
                writer.write(slices, |parts| {
                    Ok::<_, Infallible>(black_box(parts).iter().map(|part| part.len()).sum())
                })
            });
        }
    });
}

/// What a page sends: one read of small messages, and of a large one.
#[divan::bench(args = [64, 16_000])]
fn reading_frames(bencher: Bencher<'_, '_>, length: u16) {
    let head = [&[0x81, 0x80 | 126][..], &length.to_be_bytes(), &[1, 2, 3, 4]].concat();
    let head = if length < 126 { [0x81, 0x80 | length as u8, 1, 2, 3, 4].to_vec() } else { head };
    let payload: Vec<u8> = (0..usize::from(length))
        .map(|at| b"hello wo"[at % 8] ^ head[head.len() - 4 + at % 4])
        .collect();
    let frame = [head, payload].concat();
    let read = frame.repeat(16_384 / frame.len());
    let mut reader = FrameReader::default();
    bencher.counter(BytesCount::of_slice(&read)).with_inputs(|| read.clone()).bench_local_refs(
        |read| {
            let mut at = 0;
            while let Ok(Some((count, frame))) = reader.read(&mut read[at..]) {
                at += count;
                black_box(frame);
            }
        },
    );
}
