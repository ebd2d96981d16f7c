//! A room with a clock of its own and peers that say and hear text: what the tests are written in.

use std::convert::Infallible;
use std::time::Duration;

use chat_core::{Delivered, Event, Instant, Limits, MemberId, ReaderId, Server, Start, Wire};

/// Three peers' addresses.
pub(crate) const ANN: &str = "127.0.0.1:45390";
pub(crate) const BEN: &str = "127.0.0.1:45392";
pub(crate) const CAT: &str = "127.0.0.1:45394";

/// A server, and the least of a shell for it.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    pub(crate) console: ReaderId,
    /// When the server wants to be ticked.
    pub(crate) tick_at: Option<Instant>,
    /// Members that are to be listened to as soon as there is a budget for them.
    asked: Vec<MemberId>,
    /// The keys that were given.
    keys: u128,
    /// Events that this shell does nothing about.
    pub(crate) events: Vec<Event>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let mut server = Server::new(limits);
        let console = server.observe(Start::Now);
        Self {
            server,
            now: Instant::default(),
            console,
            tick_at: None,
            asked: Vec::new(),
            keys: 0,
            events: Vec::new(),
        }
    }

    /// A room that waits for a reader, and a member that has said so much that it is not read from. Its
    /// last message has only begun.
    pub(crate) fn held_back() -> (Self, MemberId, MemberId) {
        let mut world = Self::new();
        world.close_console();
        let [reader, talker] = [BEN, ANN].map(|addr| world.join_quietly(addr));
        while world.budget(talker) > 0 {
            world.receive(talker, [b'x'; 4_000]);
        }
        world.receive(talker, "half of a line");
        assert_eq!(world.budget(talker), 0);
        (world, reader, talker)
    }

    /// Does what the server wants done. Whoever is to be listened to has sent nothing.
    pub(crate) fn settle(&mut self) {
        loop {
            while let Some(event) = self.server.poll() {
                match event {
                    Event::TickAt(at) => self.tick_at = Some(at),
                    Event::Listen(id) => self.asked.push(id),
                    Event::KeyWanted(id) => {
                        // Like no other, and nobody has to guess it.
                        self.keys += 1;
                        let key = self.keys << 64 | 0x1234_5678_9abc_def0;
                        self.server.give_key(self.now, id, key);
                    }
                    event => self.events.push(event),
                }
            }
            let ready = self.asked.iter().position(|&id| self.budget(id) > 0);
            let Some(id) = ready.map(|at| self.asked.remove(at)) else { return };
            self.server.quiet(self.now, id);
        }
    }

    /// Time passes, and the server is ticked whenever it wants that.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.tick_at.filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.tick();
        }
        self.now = end;
    }

    pub(crate) fn tick(&mut self) {
        self.tick_at = None;
        self.server.tick(self.now);
        self.settle();
    }

    pub(crate) fn pass_millis(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    pub(crate) fn join(&mut self, addr: &str) -> MemberId {
        self.join_by(Wire::Lines, addr)
    }

    pub(crate) fn join_by(&mut self, wire: Wire, addr: &str) -> MemberId {
        let id = self.server.connect(self.now, addr.parse().unwrap(), wire).unwrap();
        self.settle();
        id
    }

    /// A newcomer that has read its greeting.
    pub(crate) fn join_quietly(&mut self, addr: &str) -> MemberId {
        let id = self.join(addr);
        self.hear(id);
        id
    }

    /// How much of a member is wanted now.
    pub(crate) fn budget(&self, id: MemberId) -> usize {
        self.server.budget(self.now, id)
    }

    pub(crate) fn receive(&mut self, id: MemberId, bytes: impl AsRef<[u8]>) {
        self.server.receive(self.now, id, bytes.as_ref());
        self.settle();
    }

    /// The host enters a line.
    pub(crate) fn host(&mut self, line: &str) {
        self.server.host_line(self.now, line);
        self.settle();
    }

    pub(crate) fn end_of_input(&mut self, id: MemberId) {
        self.server.end_of_input(self.now, id);
        self.settle();
    }

    pub(crate) fn leave(&mut self, id: MemberId) {
        self.server.disconnect(self.now, id);
        self.settle();
    }

    pub(crate) fn close_console(&mut self) {
        self.server.dismiss(self.console);
        self.settle();
    }

    /// The first `most` bytes that a reader has pending, and what became of that.
    pub(crate) fn take(
        &mut self,
        reader: impl Into<ReaderId>,
        most: usize,
    ) -> (Vec<u8>, Delivered) {
        let mut taken = Vec::new();
        let delivered = self.server.deliver(reader, |slices| {
            taken = slices.concat();
            taken.truncate(most);
            Ok::<_, Infallible>(taken.len())
        });
        self.settle();
        let Ok(delivered) = delivered;
        (taken, delivered)
    }

    /// All that a member has pending, taken as by a socket with space for everything.
    pub(crate) fn hear(&mut self, id: MemberId) -> String {
        self.writes(id).concat()
    }

    /// A member takes all that it has pending, whatever that is.
    pub(crate) fn catch_up(&mut self, id: MemberId) {
        loop {
            let Ok(delivered) = self.server.deliver(id, |slices| {
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            });
            if delivered != Delivered::Partial {
                break;
            }
        }
        self.settle();
    }

    /// All that a reader has pending, each write by itself.
    pub(crate) fn writes(&mut self, reader: impl Into<ReaderId>) -> Vec<String> {
        self.raw_writes(reader).into_iter().map(|write| String::from_utf8(write).unwrap()).collect()
    }

    /// The same, where it may be no text.
    pub(crate) fn raw_writes(&mut self, reader: impl Into<ReaderId>) -> Vec<Vec<u8>> {
        let (reader, mut writes) = (reader.into(), Vec::new());
        loop {
            let (write, delivered) = self.take(reader, usize::MAX);
            if !write.is_empty() {
                writes.push(write);
            }
            if delivered != Delivered::Partial {
                return writes;
            }
        }
    }

    /// The first `count` bytes that a member has pending.
    pub(crate) fn hear_bytes(&mut self, id: MemberId, count: usize) -> Vec<u8> {
        self.take(id, count).0
    }

    /// Whether a member has left and has got all that was pending then.
    pub(crate) fn is_finished(&mut self, id: MemberId) -> bool {
        self.take(id, 0).1 == Delivered::Finished
    }

    /// All that the console has pending.
    pub(crate) fn console(&mut self) -> String {
        self.writes(self.console).concat()
    }
}
