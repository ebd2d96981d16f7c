//! Connections, and what is on its way on them.

use std::collections::VecDeque;
use std::convert::Infallible;

use chat_core::{Delivered, MAX_SLICES, MemberId};

use super::super::choices::Choices;
use super::People;
use super::caller::Stage;

/// A connection: what is on its way on it, both ways.
pub(super) struct Conn {
    pub(super) id: MemberId,
    pub(super) caller: usize,
    pub(super) up: VecDeque<u8>,
    pub(super) down: VecDeque<u8>,
    pub(super) socket: usize,
    /// Whether its caller is there.
    pub(super) is_held: bool,
    /// Whether its caller sends nothing more.
    pub(super) ends: bool,
    /// Whether the server has it open, has heard its end, and is to close it.
    pub(super) is_open: bool,
    pub(super) has_ended: bool,
    pub(super) closes: bool,
    pub(super) is_awake: bool,
    pub(super) was_refused: bool,
}

impl<C: Choices> People<C> {
    /// The server reads from somebody.
    pub(super) fn some_send(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_open && !conn.has_ended) else { return };
        let most = self.choices.one(&[1, 3, 20, 500, 65_536]);
        self.send(at, most);
    }

    pub(super) fn send(&mut self, at: usize, most: usize) {
        let budget = self.budget(at);
        let conn = &mut self.conns[at];
        if budget == 0 || conn.closes || conn.has_ended {
            return;
        }
        let count = conn.up.len().min(budget).min(most);
        let bytes: Vec<u8> = conn.up.drain(..count).collect();
        if !bytes.is_empty() {
            self.server.receive(self.now, conn.id, &bytes);
            self.look();
        } else if conn.up.is_empty() && conn.ends {
            conn.has_ended = true;
            conn.is_awake = true;
            self.server.end_of_input(self.now, conn.id);
            self.look();
        }
    }

    pub(super) fn budget(&mut self, at: usize) -> usize {
        let conn = &mut self.conns[at];
        let budget = self.server.budget(self.now, conn.id);
        conn.was_refused |= budget == 0;
        budget
    }

    /// The server writes to somebody.
    pub(super) fn some_get(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_open && conn.is_awake) else { return };
        let most = self.choices.one(&[1, 7, 100, 100_000]);
        self.get(at, most);
    }

    /// Gives whether that was anything.
    pub(super) fn get(&mut self, at: usize, most: usize) -> bool {
        let conn = &mut self.conns[at];
        let most = if conn.is_held {
            most.min(conn.socket - conn.down.len().min(conn.socket))
        } else {
            most
        };
        let (mut lent, mut taken) = (0, 0);
        let down = &mut conn.down;
        let Ok(delivered) = self.server.deliver(conn.id, |slices| {
            assert!(slices.len() <= MAX_SLICES);
            lent = slices.iter().map(|slice| slice.len()).sum();
            taken = lent.min(most);
            down.extend(slices.iter().copied().flatten().take(taken));
            Ok::<_, Infallible>(taken)
        });
        assert!(delivered != Delivered::Partial || lent > 0, "nothing of what there is");
        conn.is_awake = delivered == Delivered::Partial;
        if !conn.is_held {
            conn.down.clear();
        }
        if delivered == Delivered::Finished {
            conn.is_open = false;
            self.server.disconnect(self.now, conn.id);
        }
        self.look();
        taken > 0
    }

    /// Somebody reads.
    pub(super) fn some_take(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_held) else { return };
        let most = self.choices.one(&[1, 5, 60, 100_000]);
        self.take(at, most);
    }

    pub(super) fn take(&mut self, at: usize, most: usize) -> bool {
        let conn = &mut self.conns[at];
        if !conn.is_held {
            return false;
        }
        let count = conn.down.len().min(most);
        let bytes: Vec<u8> = conn.down.drain(..count).collect();
        let caller = &mut self.callers[conn.caller];
        if let Some(from) = caller.take(&bytes, &self.begun, &self.public) {
            conn.up.extend(&caller.input[from..]);
        }
        if !conn.is_open && conn.down.is_empty() {
            conn.is_held = false;
            caller.lose();
        }
        count > 0
    }

    /// A connection ends: some of what is on its way still arrives.
    pub(super) fn cut(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_held) else { return };
        let count = self.choices.below(self.conns[at].up.len().clamp(1, 60_000) + 1);
        let conn = &mut self.conns[at];
        conn.up.truncate(count);
        conn.down.clear();
        conn.is_held = false;
        self.callers[conn.caller].lose();
        if self.choices.once_in(4) {
            self.notice_end(at);
        }
    }

    pub(super) fn notice(&mut self) {
        if let Some(at) = self.conn(|conn| conn.is_open && !conn.is_held) {
            self.notice_end(at);
        }
    }

    pub(super) fn notice_end(&mut self, at: usize) {
        let conn = &mut self.conns[at];
        if !conn.is_open {
            return;
        }
        let caller = &mut self.callers[conn.caller];
        caller.is_disturbed |= !matches!(caller.stage, Stage::Has | Stage::Returns);
        conn.is_open = false;
        self.server.disconnect(self.now, conn.id);
        self.look();
    }

    /// The sending side of somebody closes.
    pub(super) fn half_close(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_held && !conn.ends) else { return };
        if self.choices.once_in(3) {
            self.conns[at].ends = true;
        }
    }

    pub(super) fn conn(&mut self, is: impl Fn(&Conn) -> bool) -> Option<usize> {
        let found: Vec<usize> = (0..self.conns.len()).filter(|at| is(&self.conns[*at])).collect();
        (!found.is_empty()).then(|| self.choices.one(&found))
    }
}
