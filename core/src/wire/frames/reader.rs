//! What a client sends: its frames become pieces of messages, unmasked where they lie.

use alloc::boxed::Box;
use core::ops::Range;

use super::MAX_CONTROL;
use super::close::CloseCode;
use super::head::{BegunHead, Head, Opcode};
use super::utf8::{Character, NotUtf8};

/// What a client's frames say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A piece of a text message.
    Text {
        /// What is new of it: whole characters.
        bytes: &'a [u8],
        /// Whether the message ends here.
        is_end: bool,
        /// Whether it ends here without a newline at its end. That ends a line all the same: a
        /// newline is to be added.
        lacks_newline: bool,
    },
    /// A piece of a binary message.
    Binary {
        /// What is new of it.
        bytes: &'a [u8],
        /// Whether the message ends here.
        is_end: bool,
    },
    /// The client wants these bytes back in a pong.
    Ping(&'a [u8]),
    /// An answer, perhaps to nothing.
    Pong,
    /// The client closes. It wants this code back; nothing of what comes behind it counts.
    Close(CloseCode),
}

/// Reads the frames of a client.
///
/// Any chunking of the same bytes gives the same, but for where messages are cut into pieces. No
/// payload is kept but that of a control frame that comes in several reads, and a character's
/// beginning.
///
/// ```
/// use chat_core::{CloseCode, Frame, FrameReader, FrameWriter};
///
/// /// Takes what was read of a member's socket. Returns whether it may send more.
/// fn take(
///     reader: &mut FrameReader,
///     writer: &mut FrameWriter,
///     bytes: &mut [u8],
///     mut say: impl FnMut(&[u8]),
/// ) -> bool {
///     let mut at = 0;
///     let code = loop {
///         match reader.read(&mut bytes[at..]) {
///             Ok(Some((count, frame))) => {
///                 match frame {
///                     Frame::Text { bytes, lacks_newline, .. } => {
///                         say(bytes);
///                         if lacks_newline {
///                             say(b"\n");
///                         }
///                     }
///                     Frame::Binary { .. } => break CloseCode::UNSUPPORTED,
///                     Frame::Ping(payload) => writer.pong(payload),
///                     Frame::Pong => {}
///                     Frame::Close(code) => break code,
///                 }
///                 at += count;
///             }
///             Ok(None) => return true,
///             Err(code) => break code,
///         }
///     };
///     writer.close(code);
///     false
/// }
///
/// let (mut reader, mut writer) = (FrameReader::default(), FrameWriter::default());
/// let mut bytes = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
/// let mut said = Vec::new();
/// assert!(take(&mut reader, &mut writer, &mut bytes, |text| said.extend_from_slice(text)));
/// assert_eq!(said, b"Hello\n");
/// ```
#[derive(Debug, Default)]
pub struct FrameReader {
    state: State,
    /// The message that has begun and not ended.
    message: Option<Message>,
    /// Of a text message: the character of which not all came at once.
    character: Character,
    /// The payload of a control frame of which not all came at once.
    control: Option<Box<Control>>,
}

#[derive(Debug)]
enum State {
    Head(BegunHead),
    /// So much of the payload is to come; its mask begins with what is for the next byte.
    Payload(Head),
    /// The next thing to say is that the connection fails.
    Failing(CloseCode),
    Over,
}

impl Default for State {
    fn default() -> Self {
        Self::Head(BegunHead::default())
    }
}

#[derive(Debug)]
struct Message {
    is_text: bool,
    /// Whether its last byte so far is a newline.
    ends_with_newline: bool,
}

#[derive(Debug)]
struct Control {
    bytes: [u8; MAX_CONTROL],
    len: usize,
}

/// A frame, or a piece of one.
struct Found {
    /// Where it lies, if it lies in what was read.
    place: Range<usize>,
    what: What,
}

enum What {
    Text {
        is_end: bool,
        lacks_newline: bool,
    },
    /// The same, where the text is the character that came in pieces.
    Character {
        is_end: bool,
        lacks_newline: bool,
    },
    Binary {
        is_end: bool,
    },
    Ping,
    Pong,
    Close(CloseCode),
}

impl FrameReader {
    /// Reads the next frame, or piece of one, of `bytes`, which it unmasks where they lie. Returns
    /// it with how many bytes are read by then: what is behind them is for the next call. `None` if
    /// all are read.
    ///
    /// # Errors
    ///
    /// Fails once, with the code to close the connection with, if a client may not send that. After
    /// that, and after [`Frame::Close`], all that comes is dropped.
    pub fn read<'a>(
        &'a mut self,
        bytes: &'a mut [u8],
    ) -> Result<Option<(usize, Frame<'a>)>, CloseCode> {
        let mut at = 0;
        match self.find(bytes, &mut at) {
            Ok(found) => Ok(found.map(|found| (at, self.frame(found, bytes)))),
            Err(code) => {
                self.state = State::Over;
                Err(code)
            }
        }
    }

    fn frame<'a>(&'a self, found: Found, bytes: &'a [u8]) -> Frame<'a> {
        let bytes = &bytes[found.place];
        match found.what {
            What::Text { is_end, lacks_newline } => Frame::Text { bytes, is_end, lacks_newline },
            What::Character { is_end, lacks_newline } => {
                Frame::Text { bytes: self.character.get(), is_end, lacks_newline }
            }
            What::Binary { is_end } => Frame::Binary { bytes, is_end },
            What::Ping => Frame::Ping(self.control.as_ref().map_or(bytes, |control| control.get())),
            What::Pong => Frame::Pong,
            What::Close(code) => Frame::Close(code),
        }
    }

    /// Reads on from `at`.
    fn find(&mut self, bytes: &mut [u8], at: &mut usize) -> Result<Option<Found>, CloseCode> {
        loop {
            match &mut self.state {
                State::Head(begun) => {
                    self.control = None;
                    let Some(byte) = bytes.get(*at) else { return Ok(None) };
                    *at += 1;
                    if let Some(head) = begun.push(*byte)? {
                        self.begin(head)?;
                    }
                }
                State::Payload(head) => {
                    let mut most = bytes.len() - *at;
                    if !head.opcode.is_control() && self.character.missing() > 0 {
                        most = most.min(self.character.missing());
                    }
                    let count = usize::try_from(head.length).map_or(most, |left| left.min(most));
                    let place = *at..*at + count;
                    *at += count;
                    unmask(&mut bytes[place.clone()], head.mask);
                    head.mask.rotate_left(count % 4);
                    head.length -= count as u64;
                    let head = *head;
                    if head.length == 0 {
                        self.state = State::default();
                    }
                    let found = self.take(head, bytes, place)?;
                    if found.is_some() || head.length > 0 && *at == bytes.len() {
                        return Ok(found);
                    }
                }
                State::Failing(code) => return Err(*code),
                State::Over => return Ok(None),
            }
        }
    }

    /// A head is complete.
    fn begin(&mut self, head: Head) -> Result<(), CloseCode> {
        match (head.opcode, &self.message) {
            (Opcode::Text | Opcode::Binary, None) => {
                let is_text = head.opcode == Opcode::Text;
                self.message = Some(Message { is_text, ends_with_newline: false });
            }
            (Opcode::Text | Opcode::Binary, Some(_)) | (Opcode::Continuation, None) => {
                return Err(CloseCode::PROTOCOL_ERROR);
            }
            (Opcode::Continuation, Some(_)) => {}
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
        }
        self.state = State::Payload(head);
        Ok(())
    }

    /// Takes a piece of a payload, of which so much as the head says is to come. Returns what it
    /// says, if that is anything.
    fn take(
        &mut self,
        head: Head,
        bytes: &[u8],
        place: Range<usize>,
    ) -> Result<Option<Found>, CloseCode> {
        if head.opcode.is_control() {
            return self.take_control(head, bytes, place);
        }
        let is_end = head.is_final && head.length == 0;
        let Some(message) = &mut self.message else { return Ok(None) };
        if message.is_text {
            return self.take_text(is_end, bytes, place);
        }
        if is_end {
            self.message = None;
        }
        let what = What::Binary { is_end };
        Ok((is_end || !place.is_empty()).then_some(Found { place, what }))
    }

    /// Takes a piece of a text message, which may be the end of it.
    fn take_text(
        &mut self,
        is_end: bool,
        bytes: &[u8],
        place: Range<usize>,
    ) -> Result<Option<Found>, CloseCode> {
        let piece = &bytes[place.clone()];
        let is_inside = self.character.missing() > 0;
        let (place, is_valid) = if is_inside {
            match self.character.push(piece) {
                Ok(true) => (place, true),
                Ok(false) if !is_end => return Ok(None),
                Ok(false) | Err(NotUtf8) => return Err(CloseCode::INVALID_TEXT),
            }
        } else {
            let whole = self.character.begin(piece);
            let is_valid = whole.is_ok() && !(is_end && self.character.missing() > 0);
            let (Ok(whole) | Err(whole)) = whole;
            (place.start..place.start + whole, is_valid)
        };
        if !is_valid {
            // What came before that was said, however it was cut.
            if place.is_empty() {
                return Err(CloseCode::INVALID_TEXT);
            }
            self.state = State::Failing(CloseCode::INVALID_TEXT);
        }
        let is_end = is_end && is_valid;
        let Some(message) = &mut self.message else { return Ok(None) };
        if !place.is_empty() {
            message.ends_with_newline = bytes[place.clone()].last() == Some(&b'\n');
        }
        let lacks_newline = is_end && !message.ends_with_newline;
        if is_end {
            self.message = None;
        }
        let what = if is_inside {
            What::Character { is_end, lacks_newline }
        } else {
            What::Text { is_end, lacks_newline }
        };
        Ok((is_end || is_inside || !place.is_empty()).then_some(Found { place, what }))
    }

    /// Takes a piece of a control frame. Returns the frame, if that is its end.
    fn take_control(
        &mut self,
        head: Head,
        bytes: &[u8],
        place: Range<usize>,
    ) -> Result<Option<Found>, CloseCode> {
        let piece = &bytes[place.clone()];
        if head.length > 0 || self.control.is_some() {
            self.control.get_or_insert_default().push(piece);
        }
        if head.length > 0 {
            return Ok(None);
        }
        let payload = self.control.as_ref().map_or(piece, |control| control.get());
        let what = match head.opcode {
            Opcode::Ping => What::Ping,
            Opcode::Close => {
                let code = CloseCode::read(payload)?;
                self.state = State::Over;
                What::Close(code)
            }
            _ => What::Pong,
        };
        Ok(Some(Found { place, what }))
    }
}

impl Control {
    fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// A head that says more than fits is refused.
    fn push(&mut self, piece: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + piece.len()) {
            place.copy_from_slice(piece);
            self.len += piece.len();
        }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self { bytes: [0; MAX_CONTROL], len: 0 }
    }
}

/// XORs the bytes with the mask, again and again (5.3). The compiler makes vectors of the loop.
fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let wide: [u8; 32] = core::array::from_fn(|at| mask[at % 4]);
    for chunk in bytes.chunks_mut(wide.len()) {
        for (byte, key) in chunk.iter_mut().zip(wide) {
            *byte ^= key;
        }
    }
}
