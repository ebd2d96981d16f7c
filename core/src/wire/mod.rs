//! The wire: from a peer's bytes to clean messages. Both ends use it.
//!
//! | module | noun |
//! |---|---|
//! | `framing` | where a peer's messages end |
//! | `partial` | a message whose end has not come yet |
//! | `cleaning` | text that commands no terminal |
//! | `visible` | whether a text has anything to see |
//! | `telnet` | the commands of telnet clients |
//! | `foreign` | peers that do not chat at all |
//! | `frames` | the frames of a WebSocket |

mod cleaning;
mod foreign;
mod frames;
mod framing;
mod partial;
mod telnet;
mod visible;

pub(crate) use cleaning::is_clean;
pub use cleaning::shown;
pub(crate) use foreign::{Opening, begins_request, is_request};
pub use frames::{CloseCode, Frame, FrameReader, FrameWriter, MAX_PARTS};
pub(crate) use framing::Framer;
pub(crate) use partial::Piece;
pub(crate) use telnet::{Heard, Key, Telnet};
pub use visible::is_visible;
