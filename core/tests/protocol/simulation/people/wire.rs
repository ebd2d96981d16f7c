//! Connections, and what is on its way on them.

use std::collections::VecDeque;
use std::convert::Infallible;

use chat_core::{Delivered, Frame, FrameReader, FrameWriter, MAX_SLICES, MemberId};

use super::super::choices::Choices;
use super::super::page::{CONTINUATION, Page, TEXT, more};
use super::People;
use super::caller::Stage;

/// The two ends of a WebSocket: the door's, and that of a page, which says all in one message that
/// never ends.
#[derive(Default)]
pub(super) struct Web {
    reader: FrameReader,
    writer: FrameWriter,
    page: Page,
    has_begun: bool,
}

/// A connection: what is on its way on it, both ways.
pub(super) struct Conn {
    /// `None` if lines go over it as they are.
    pub(super) web: Option<Web>,
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

impl Conn {
    /// Its caller says something.
    pub(super) fn say(&mut self, text: &[u8]) {
        match &mut self.web {
            Some(web) => {
                let opcode =
                    if std::mem::replace(&mut web.has_begun, true) { CONTINUATION } else { TEXT };
                self.up.extend(more(opcode, text));
            }
            None => self.up.extend(text),
        }
    }

    /// What its caller hears of bytes that it takes.
    fn hear(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        match &mut self.web {
            Some(web) => {
                web.page.take(&bytes);
                std::mem::take(&mut web.page.messages).concat().into_bytes()
            }
            None => bytes,
        }
    }

    fn is_clean(&self) -> bool {
        self.web.as_ref().is_none_or(|web| web.writer.is_clean())
    }
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
        let mut bytes: Vec<u8> = conn.up.drain(..count).collect();
        if !bytes.is_empty() {
            match &mut conn.web {
                None => self.server.receive(self.now, conn.id, &bytes),
                Some(web) => {
                    let mut at = 0;
                    while let Some((count, frame)) = web.reader.read(&mut bytes[at..]).unwrap() {
                        at += count;
                        let Frame::Text { bytes, .. } = frame else { panic!("{frame:?}") };
                        self.server.receive(self.now, conn.id, bytes);
                    }
                }
            }
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
        let (mut lent, mut sent) = (0, 0);
        let Conn { down, web, .. } = conn;
        let mut socket = |parts: &[&[u8]]| {
            let count = parts.iter().map(|part| part.len()).sum::<usize>().min(most - sent);
            down.extend(parts.iter().copied().flatten().take(count));
            sent += count;
            Ok::<_, Infallible>(count)
        };
        if let Some(web) = web {
            let Ok(_) = web.writer.write(&[], &mut socket);
        }
        let Ok(delivered) = self.server.deliver(conn.id, |slices| {
            assert!(slices.len() <= MAX_SLICES);
            lent = slices.iter().map(|slice| slice.len()).sum();
            match web {
                Some(web) => web.writer.write(slices, socket),
                None => socket(slices),
            }
        });
        assert!(delivered != Delivered::Partial || lent > 0, "nothing of what there is");
        conn.is_awake = delivered == Delivered::Partial || !conn.is_clean();
        if !conn.is_held {
            conn.down.clear();
        }
        if delivered == Delivered::Finished && conn.is_clean() {
            conn.is_open = false;
            self.server.disconnect(self.now, conn.id);
        }
        self.look();
        sent > 0
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
        let bytes = conn.hear(bytes);
        let caller = &mut self.callers[conn.caller];
        if let Some(from) = caller.take(&bytes, &self.begun, &self.public) {
            conn.say(&caller.input[from..]);
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
