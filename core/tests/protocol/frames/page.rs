//! The other end of a WebSocket: frames as a client makes them, and what a server's say.

use chat_core::{Frame, FrameReader};

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// The mask of the RFC's examples.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame, as section 5.2 draws it: `first` is all of its first byte.
pub(crate) fn raw(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame that is the last of its message.
pub(crate) fn last(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    raw(0x80 | opcode, payload.as_ref(), MASK)
}

/// A frame that others follow.
pub(crate) fn more(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    raw(opcode, payload.as_ref(), MASK)
}

/// A close frame.
pub(crate) fn closing(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    last(CLOSE, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// What a reader has said, without where it was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text { bytes: Vec<u8>, lacks_newline: bool },
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(u16),
    Failed(u16),
}

impl Said {
    pub(crate) fn text(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        Self::Text { lacks_newline: bytes.last() != Some(&b'\n'), bytes }
    }

    pub(crate) fn ping(payload: impl AsRef<[u8]>) -> Self {
        Self::Ping(payload.as_ref().to_vec())
    }
}

/// A server's reader, and what it has said.
#[derive(Default)]
pub(crate) struct Ear {
    reader: FrameReader,
    pub(crate) said: Vec<Said>,
    /// Of a message that has not ended.
    begun: Vec<u8>,
}

impl Ear {
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        let mut at = 0;
        loop {
            let (count, frame) = match self.reader.read(&mut bytes[at..]) {
                Ok(Some(read)) => read,
                Ok(None) => return,
                Err(code) => {
                    self.said.push(Said::Failed(code.number()));
                    continue;
                }
            };
            let said = match frame {
                Frame::Text { bytes, is_end, lacks_newline } => {
                    assert!(is_end || !bytes.is_empty(), "it says nothing");
                    assert!(std::str::from_utf8(bytes).is_ok(), "whole characters");
                    self.begun.extend(bytes);
                    is_end.then(|| Said::Text { bytes: self.begun.split_off(0), lacks_newline })
                }
                Frame::Binary { bytes, is_end } => {
                    assert!(is_end || !bytes.is_empty(), "it says nothing");
                    self.begun.extend(bytes);
                    is_end.then(|| Said::Binary(self.begun.split_off(0)))
                }
                Frame::Ping(payload) => Some(Said::Ping(payload.to_vec())),
                Frame::Pong => Some(Said::Pong),
                Frame::Close(code) => Some(Said::Close(code.number())),
            };
            at += count;
            self.said.extend(said);
        }
    }

    /// What has come of a message that has not ended, or has failed.
    pub(crate) fn unended(&self) -> &[u8] {
        &self.begun
    }
}

/// What is said if `bytes` come in chunks of so many.
pub(crate) fn heard_in_chunks(bytes: &[u8], size: usize) -> Vec<Said> {
    let mut ear = Ear::default();
    bytes.chunks(size).for_each(|chunk| ear.hear(chunk));
    ear.said
}

/// A server's frames, as a client reads them: messages, pongs, and the code it closes with.
#[derive(Default)]
pub(crate) struct Page {
    bytes: Vec<u8>,
    /// Whole messages. All of them are text.
    pub(crate) messages: Vec<String>,
    pub(crate) pongs: Vec<Vec<u8>>,
    pub(crate) closed: Option<u16>,
    /// Of a message of several frames.
    begun: Option<Vec<u8>>,
}

impl Page {
    /// Takes bytes as they came.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        while let Some((head, length)) = self.head() {
            if self.bytes.len() < head + length {
                return;
            }
            let frame: Vec<u8> = self.bytes.drain(..head + length).collect();
            self.take_frame(frame[0], &frame[head..]);
        }
    }

    /// Whether it has got nothing but whole frames.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of the next frame's head, and of its payload; `None` if they are not known.
    fn head(&self) -> Option<(usize, usize)> {
        let (&second, rest) = self.bytes.get(1..)?.split_first()?;
        assert_eq!(second & 0x80, 0, "a server masks nothing");
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        match second {
            126 => {
                let length = number(rest.get(..2)?);
                assert!(length > 125, "the shortest form");
                Some((4, length))
            }
            127 => {
                let length = number(rest.get(..8)?);
                assert!(length > 0xffff, "the shortest form");
                Some((10, length))
            }
            length => Some((2, length.into())),
        }
    }

    fn take_frame(&mut self, first: u8, payload: &[u8]) {
        assert_eq!(self.closed, None, "nothing comes behind a close frame");
        assert_eq!(first & 0x70, 0, "reserved bits");
        let is_final = first & 0x80 != 0;
        match first & 0x0f {
            opcode @ (CONTINUATION | TEXT) => {
                assert_eq!(opcode == CONTINUATION, self.begun.is_some(), "what goes on, or not");
                assert!(payload.len() <= 16 * 1024, "{} bytes", payload.len());
                self.begun.get_or_insert_default().extend(payload);
                if is_final {
                    let message = self.begun.take().unwrap();
                    self.messages.push(String::from_utf8(message).unwrap());
                }
            }
            PONG => {
                assert!(is_final && payload.len() <= 125);
                self.pongs.push(payload.to_vec());
            }
            CLOSE => {
                assert!(is_final && payload.len() == 2);
                self.closed = Some(u16::from_be_bytes([payload[0], payload[1]]));
            }
            opcode => panic!("opcode {opcode}"),
        }
    }
}
