//! Frames of a WebSocket: a wire of text messages (RFC 6455).

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io;

use chat_core::{CloseCode, Frame, FrameReader, FrameWriter, MAX_PARTS};
use mio::net::TcpStream;

use crate::serve::door::wire::{End, Sent, Taken, Wire, send};

/// The wire of a page.
#[derive(Default)]
pub(super) struct Frames {
    reader: RefCell<FrameReader>,
    writer: RefCell<FrameWriter>,
    /// How often it was looked at since anything was sent.
    looks: Cell<u8>,
}

impl Frames {
    /// Looks whether anything was sent since the last so many looks. If not, it has something to
    /// send now; returns whether it has.
    pub(super) fn look(&self, most: u8) -> bool {
        let looks = self.looks.get().saturating_add(1);
        self.looks.set(looks);
        if looks < most {
            return false;
        }
        self.writer.borrow_mut().heartbeat();
        true
    }

    fn write(&self, stream: &TcpStream, lines: &[&[u8]]) -> io::Result<Sent> {
        let mut is_full = false;
        let count = self.writer.borrow_mut().write(lines, |parts| {
            let sent = send::<MAX_PARTS>(stream, parts)?;
            is_full = sent.is_full;
            if sent.count > 0 {
                self.looks.set(0);
            }
            Ok::<_, io::Error>(sent.count)
        })?;
        Ok(Sent { count, is_full })
    }
}

impl Wire for Frames {
    const CARRIES: chat_core::Wire = chat_core::Wire::Messages;
    /// A connection that was not closed by a frame has failed (7.1.5).
    const ENDS_ABRUPTLY: bool = true;

    fn take(&self, bytes: &mut [u8], hear: &mut dyn FnMut(&[u8])) -> Taken {
        let mut reader = self.reader.borrow_mut();
        let mut writer = self.writer.borrow_mut();
        let mut taken = Taken::Everything;
        let mut at = 0;
        let closing = loop {
            match reader.read(&mut bytes[at..]) {
                Ok(None) => return taken,
                Ok(Some((count, frame))) => {
                    match frame {
                        Frame::Text { bytes, lacks_newline, .. } => {
                            if !bytes.is_empty() {
                                hear(bytes);
                            }
                            if lacks_newline {
                                hear(b"\n");
                            }
                        }
                        Frame::Ping(payload) => {
                            writer.pong(payload);
                            taken = Taken::AndAnswers;
                        }
                        Frame::Pong => {}
                        Frame::Binary { .. } => break CloseCode::UNSUPPORTED,
                        Frame::Close(code) => break code,
                    }
                    at += count;
                }
                Err(code) => break code,
            }
        };
        writer.close(closing);
        Taken::TheLast
    }

    fn send(&self, stream: &TcpStream, lines: &[&[u8]]) -> io::Result<Sent> {
        self.write(stream, lines)
    }

    fn flush(&self, stream: &TcpStream) -> io::Result<bool> {
        while !self.is_flushed() {
            if self.write(stream, &[])?.is_full {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_flushed(&self) -> bool {
        self.writer.borrow().is_clean()
    }

    fn close(&self, end: End) {
        self.writer.borrow_mut().close(match end {
            End::OfServer => CloseCode::GOING_AWAY,
            End::OfMember => CloseCode::POLICY,
            End::Replaced => CloseCode::NORMAL,
        });
    }

    fn refusal(&self, notice: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = self.writer.borrow_mut();
        for lines in [&[notice.as_bytes()][..], &[]] {
            let written = writer.write(lines, |parts| {
                bytes.extend(parts.concat());
                Ok::<_, Infallible>(parts.iter().map(|part| part.len()).sum())
            });
            let Ok(_) = written;
            writer.close(CloseCode::POLICY);
        }
        bytes
    }
}
