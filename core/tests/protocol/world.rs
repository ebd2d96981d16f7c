//! A room with a clock of its own and peers that say and hear text: what the tests are written in.

use std::time::Duration;

use chat_core::{Instant, Limits, MemberId, Room, Transmit};

/// Three peers' addresses.
pub(crate) const ANN: &str = "127.0.0.1:45390";
pub(crate) const BEN: &str = "127.0.0.1:45392";
pub(crate) const CAT: &str = "127.0.0.1:45394";

pub(crate) struct World {
    pub(crate) room: Room,
    pub(crate) now: Instant,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self { room: Room::new(limits), now: Instant::default() }
    }

    /// Time passes, and the room is ticked whenever it wants that.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.room.next_tick().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.room.tick(self.now);
        }
        self.now = end;
    }

    pub(crate) fn pass_millis(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    pub(crate) fn join(&mut self, addr: &str) -> MemberId {
        self.room.join(self.now, addr.parse().unwrap()).unwrap()
    }

    /// A newcomer that has read its greeting.
    pub(crate) fn join_quietly(&mut self, addr: &str) -> MemberId {
        let id = self.join(addr);
        self.hear(id);
        id
    }

    /// How much of a member is wanted now.
    pub(crate) fn budget(&self, id: MemberId) -> usize {
        self.room.input_budget(self.now, id)
    }

    pub(crate) fn receive(&mut self, id: MemberId, bytes: impl AsRef<[u8]>) {
        self.room.receive(self.now, id, bytes.as_ref());
    }

    pub(crate) fn end_of_input(&mut self, id: MemberId) {
        self.room.end_of_input(self.now, id);
    }

    pub(crate) fn leave(&mut self, id: MemberId) {
        self.room.leave(self.now, id);
    }

    /// All that a member has pending, taken as by a socket with room for everything.
    pub(crate) fn hear(&mut self, id: MemberId) -> String {
        self.writes(id).concat()
    }

    /// A member takes all that it has pending, whatever that is.
    pub(crate) fn catch_up(&mut self, id: MemberId) {
        while !self.room.has_caught_up(id) {
            let total = self.room.transmit(id).total();
            self.room.sent(id, total);
        }
    }

    /// All that a member has pending, each write by itself.
    pub(crate) fn writes(&mut self, id: MemberId) -> Vec<String> {
        let mut writes = Vec::new();
        loop {
            let write = bytes(&self.room.transmit(id));
            if write.is_empty() {
                return writes;
            }
            self.room.sent(id, write.len());
            writes.push(String::from_utf8(write).unwrap());
        }
    }

    /// The first `count` bytes that a member has pending.
    pub(crate) fn hear_bytes(&mut self, id: MemberId, count: usize) -> Vec<u8> {
        let mut heard = bytes(&self.room.transmit(id));
        heard.truncate(count);
        self.room.sent(id, heard.len());
        heard
    }

    /// All that the console has pending.
    pub(crate) fn console(&mut self) -> String {
        let mut text = Vec::new();
        loop {
            let write = bytes(&self.room.console());
            if write.is_empty() {
                return String::from_utf8(text).unwrap();
            }
            self.room.console_sent(write.len());
            text.extend(write);
        }
    }
}

pub(crate) fn bytes(transmit: &Transmit<'_>) -> Vec<u8> {
    transmit.concat()
}
