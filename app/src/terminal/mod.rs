//! A line editor below a stream of lines.
//!
//! The text of the draft and its history are rustyline's ([`rustyline::line_buffer`],
//! [`rustyline::history`]). Reading keys and painting are not: rustyline's own loop gives up the
//! terminal between two lines, holds other output back during a history search, paints a draft that
//! is taller than the screen into the scrollback again and again, and does not know what a terminal
//! does to a wrapped draft when it becomes narrower.
//!
//! All of this is pure: bytes and sizes go in, bytes come out.
//!
//! | module | noun |
//! |---|---|
//! | `keys` | from bytes to keys |
//! | `text` | a text and a cursor in it |
//! | `draft` | what is being written, the history, and the search in it |
//! | `completion` | what the word before the cursor may become |
//! | `hangul` | syllables as the keys that type them |
//! | `width` | how many columns a character takes up, at most and at least |
//! | `layout` | from text to rows |
//! | `height` | how many rows a line takes up where the terminal wraps it |
//! | `painter` | from rows to what is written to the terminal |
//! | `block` | lines that are written above the draft together |
//! | `gone` | what has left a screen that became lower |
//! | `size` | its columns and rows |
//! | `reflow` | which terminals rewrap rows that have become too wide |
//! | `answers` | what a terminal says of itself when it is asked |

mod answers;
mod block;
mod completion;
mod draft;
mod gone;
mod hangul;
mod height;
mod keys;
mod layout;
mod painter;
mod reflow;
mod size;
#[cfg(test)]
mod tests;
mod text;
mod width;

pub(crate) use completion::{CommandWord, Takes, Vocabulary};
pub(crate) use draft::{Draft, Effect};
pub(crate) use keys::{Key, Keys};
pub(crate) use layout::lay_out;
pub(crate) use painter::{Painter, RELEASE};
pub(crate) use reflow::reflows;
pub(crate) use size::Size;
