//! What a client is sent: text frames of whole lines, whose payload stays where it lies.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::MAX_CONTROL;
use super::close::CloseCode;
use super::cut::{Frames, Parts, slices};
use super::head::{Opcode, OwnHead};

/// Bytes of pongs that wait, at the most; beyond them a pong replaces the last one (5.5.3 allows to
/// answer the latest ping alone). Ten whole ones fit.
const MAX_PONGS: usize = 10 * (2 + MAX_CONTROL);

/// Writes the frames of a server. A client that takes all that it is sent costs a pointer.
///
/// ```
/// use chat_core::FrameWriter;
///
/// let mut writer = FrameWriter::default();
/// let mut socket: Vec<u8> = Vec::new();
/// // What [`Server::deliver`](crate::Server::deliver) lends; the socket takes three bytes at once.
/// let lines: [&[u8]; 2] = [b"[ann] hello\n", b"[ben] hi\n"];
/// let mut take = |parts: &[&[u8]]| {
///     socket.extend(parts.concat().iter().take(3));
///     Ok::<usize, ()>(parts.concat().len().min(3))
/// };
/// assert_eq!(writer.write(&lines, &mut take), Ok(21), "the frame was begun");
/// while !writer.is_clean() {
///     assert_eq!(writer.write(&[], &mut take), Ok(0));
/// }
/// assert_eq!(socket, b"\x81\x15[ann] hello\n[ben] hi\n");
/// ```
#[derive(Debug, Default)]
pub struct FrameWriter(Option<Box<Pending>>);

#[derive(Debug, Default)]
struct Pending {
    /// What is left of what was begun.
    begun: Vec<u8>,
    /// Whole frames that go behind it.
    replies: Vec<u8>,
    /// Where the last of those begins, if it is a pong.
    last_pong: Option<usize>,
    /// Whether the last line that went out goes on: what is sent next is more of it.
    is_inside_line: bool,
    /// Whether the last frame is the close frame.
    is_closing: bool,
}

impl FrameWriter {
    /// Writes what waits, and what is lent, in text frames: each of whole lines, and of at most 16
    /// KiB; a line that is longer is a message of several frames. Calls `write` once, with at most
    /// [`crate::MAX_PARTS`] slices, if there is anything to write; it returns how many bytes went
    /// their way.
    ///
    /// Returns how many bytes of what was lent count as taken: all of each frame that was begun, as
    /// what is left of the last one is kept here. Behind a close frame nothing is taken.
    ///
    /// # Errors
    ///
    /// That of `write`; then nothing counts as taken.
    pub fn write<E>(
        &mut self,
        lent: &[&[u8]],
        write: impl FnOnce(&[&[u8]]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let pending = self.0.as_deref();
        let is_closing = pending.is_some_and(|pending| pending.is_closing);
        let is_inside = pending.is_some_and(|pending| pending.is_inside_line);
        let frames = Frames::cut(if is_closing { &[] } else { lent }, is_inside);
        let mut parts = Parts::default();
        if let Some(pending) = pending {
            parts.push(&pending.begun);
            parts.push(&pending.replies);
        }
        frames.push_to(&mut parts);
        if parts.as_slice().is_empty() {
            return Ok(0);
        }
        let count = write(parts.as_slice())?;
        Ok(self.settle(&frames, count))
    }

    /// Answers a ping.
    pub fn pong(&mut self, payload: &[u8]) {
        let payload = &payload[..payload.len().min(MAX_CONTROL)];
        let Some(pending) = self.open() else { return };
        if let Some(last) = pending.last_pong
            && pending.replies.len() + 2 + payload.len() > MAX_PONGS
        {
            pending.replies.truncate(last);
        }
        pending.last_pong = Some(pending.replies.len());
        pending.push(Opcode::Pong, payload);
    }

    /// Sends an empty message, which is no line: so that whoever cannot see pings, as a page
    /// cannot, hears that the connection lives. Nothing is sent if anything waits, which says the
    /// same.
    pub fn heartbeat(&mut self) {
        if self.0.is_none()
            && let Some(pending) = self.open()
        {
            pending.push(Opcode::Text, &[]);
        }
    }

    /// Ends the connection: nothing goes out behind the close frame. Only the first call counts. A
    /// line of which a part went out ends there, so that what has come of it is shown.
    pub fn close(&mut self, code: CloseCode) {
        let Some(pending) = self.open() else { return };
        if pending.is_inside_line {
            pending.push(Opcode::Continuation, &[]);
        }
        pending.push(Opcode::Close, &code.number().to_be_bytes());
        pending.is_closing = true;
    }

    /// Whether nothing waits to be written: what was taken went out.
    pub fn is_clean(&self) -> bool {
        self.0.as_ref().is_none_or(|p| p.begun.is_empty() && p.replies.is_empty())
    }

    /// Where frames wait, unless no more may go out.
    fn open(&mut self) -> Option<&mut Pending> {
        let pending = self.0.get_or_insert_default();
        (!pending.is_closing).then_some(pending)
    }

    /// So many bytes went out.
    fn settle(&mut self, frames: &Frames<'_>, count: usize) -> usize {
        let mut left = count;
        if let Some(pending) = &mut self.0 {
            left = pending.sent(left);
        }
        let mut taken = 0;
        let (mut last, mut rest) = (None, Vec::new());
        for frame in frames.as_slice() {
            if left == 0 {
                break;
            }
            let (head, payload) = (frame.head.as_bytes(), frame.length);
            if left < head.len() + payload {
                rest.reserve_exact(head.len() + payload - left);
                rest.extend_from_slice(head.get(left..).unwrap_or_default());
                let sent = left.saturating_sub(head.len());
                for slice in slices(frames.lent(), taken + sent..taken + payload) {
                    rest.extend_from_slice(slice);
                }
            }
            left = left.saturating_sub(head.len() + payload);
            taken += payload;
            last = Some(frame.is_final);
        }
        let is_inside_line = last.map(|is_final| !is_final);
        if !rest.is_empty() || is_inside_line == Some(true) {
            self.0.get_or_insert_default().begun = rest;
        }
        if let Some(pending) = &mut self.0 {
            pending.is_inside_line = is_inside_line.unwrap_or(pending.is_inside_line);
            if pending.is_nothing() {
                self.0 = None;
            }
        }
        taken
    }
}

impl Pending {
    fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        let head = OwnHead::new(opcode, true, payload.len());
        self.replies.extend_from_slice(head.as_bytes());
        self.replies.extend_from_slice(payload);
        if opcode != Opcode::Pong {
            self.last_pong = None;
        }
    }

    /// So many bytes went out. Returns how many of them were none of these.
    fn sent(&mut self, count: usize) -> usize {
        if count == 0 {
            return 0;
        }
        let begun = count.min(self.begun.len());
        self.begun.drain(..begun);
        let replies = (count - begun).min(self.replies.len());
        if self.begun.is_empty() && replies > 0 {
            // What is left of them is begun as well, for all that matters.
            self.begun = self.replies.split_off(replies);
            self.replies = Vec::new();
            self.last_pong = None;
        }
        count - begun - replies
    }

    fn is_nothing(&self) -> bool {
        let is_clean = self.begun.is_empty() && self.replies.is_empty();
        is_clean && !self.is_inside_line && !self.is_closing
    }
}
