//! The frames of a WebSocket, seen from a server (RFC 6455, sections 5, 7 and 8).
//!
//! | module | noun |
//! |---|---|
//! | `reader` | what a client sends: unmasked where it lies |
//! | `writer` | what a client is sent: heads between slices that stay where they lie |
//! | `cut` | which of the lines that are lent go into which frame |
//! | `head` | what stands before a payload |
//! | `close` | why a connection ends |
//! | `utf8` | a character that comes in pieces |
//!
//! The handshake before the first frame is the shell's, and so is the socket. Extensions are not
//! offered: each frame is what the RFC itself says.

mod close;
mod cut;
mod head;
mod reader;
mod utf8;
mod writer;

pub use close::CloseCode;
pub use cut::MAX_PARTS;
pub use reader::{Frame, FrameReader};
pub use writer::FrameWriter;

/// Bytes of a control frame's payload, at the most (5.5).
const MAX_CONTROL: usize = 125;
