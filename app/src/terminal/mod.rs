//! A line editor below a stream of lines.
//!
//! The text of the draft and its history are rustyline's ([`rustyline::line_buffer`],
//! [`rustyline::history`]). Reading keys and painting are not: its own loop leaves the terminal
//! between two lines, holds other output back during a history search, paints a draft that is
//! higher than the screen again and again into the scrollback, and does not know what a terminal
//! does to a wrapped draft when it becomes narrower.
//!
//! All of this but [`mode`] is pure: bytes and sizes go in, bytes come out.
//!
//! | module | noun |
//! |---|---|
//! | `mode` | the terminal itself: its raw mode and its size |
//! | `keys` | from bytes to what was pressed |
//! | `text` | a text and a cursor in it |
//! | `draft` | what is being written, what was, and the search for it |
//! | `layout` | from text to rows |
//! | `painter` | from rows to what is written to the terminal |

mod draft;
mod keys;
mod layout;
mod mode;
mod painter;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use draft::{Draft, Effect};
pub(crate) use keys::{Key, Keys};
pub(crate) use layout::lay_out;
pub(crate) use mode::{RawMode, Size, reflows};
pub(crate) use painter::Painter;

/// Bytes of a draft, at the most: more than a person writes, and little enough that laying it out
/// for every key is not felt.
pub(crate) const MAX_DRAFT: usize = 256 * 1024;
