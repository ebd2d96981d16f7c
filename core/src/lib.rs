//! A group chat as two pure state machines: the [`Room`] of the server and the [`Client`].
//!
//! Nothing here knows a socket, a clock or a thread. Bytes and the ends of peers go in, slices to
//! send come out, and time comes in as a value, so the whole protocol is tested without waiting
//! for anything.
//!
//! # The idea
//!
//! A room is one log of bytes, and everybody who sees the room is a cursor on it. A join, a
//! message, a leave is rendered once, as the line that others see, and appended to a ring of bytes.
//! What a member has pending is what lies between its cursor and the end, less what it said itself:
//! a few slices of the ring, handed to its socket as they stand. Nothing is copied or allocated for
//! a delivery; a member that falls behind has longer slices, and the memory does not grow with
//! members times messages. The server's own terminal is one more cursor.
//!
//! # A room
//!
//! ```
//! use chat_core::{Instant, Limits, Room};
//!
//! let mut room = Room::new(Limits::default());
//! let mut now = Instant::default();
//! let ann = room.join(now, "192.0.2.1:45390".parse()?)?;
//! let ben = room.join(now, "192.0.2.2:45392".parse()?)?;
//! room.receive(now, ann, "안녕하세요?\n".as_bytes());
//!
//! let pending = room.transmit(ben);
//! let sent = pending.total(); // as many bytes as the socket took
//! assert_eq!(
//!     pending.concat(),
//!     "> Connected to the chat server (2 users online)\n\
//!      [192.0.2.1:45390] 안녕하세요?\n"
//!         .as_bytes()
//! );
//! room.sent(ben, sent);
//! assert!(room.transmit(ben).is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - Whatever a peer sends is data: no call fails or panics over it, and what comes out are whole
//!   lines of clean text, however the bytes were cut on their way in.
//! - There is one order for all: any two readers see the lines that they both see in that order.
//! - A reader gets every line, or is told exactly how many it did not get.
//! - The work of a call is proportional to the bytes that it is given, not to the number of
//!   members. (A reader that might be far behind is looked at; what it was sent pays for that.)
//! - The memory is that of the backlog, of the notes about members' own lines in it (at most a
//!   few times the backlog if all lines are of one letter), and for each member a few hundred
//!   bytes and the message that it has not ended.
//!
//! # Where things stand
//!
//! | module | noun |
//! |---|---|
//! | `room` | every transition of the server's side |
//! | `log` | the ring of bytes |
//! | `reader`, `cuts` | a cursor on it, and the lines that a member does not get back |
//! | `pressure`, `timers` | whom the room waits for, and until when |
//! | `allowance` | what a member may say meanwhile |
//! | `member`, `id` | a peer, the roster of all readers, and their names |
//! | `framing`, `partial`, `cleaning` | from bytes to messages, to text, to text that commands nothing |
//! | `notice` | every line that the program says of its own accord |
//! | `client` | the other end |
//! | `line` | a line taken apart, for those who show it |

#![no_std]

extern crate alloc;

mod allowance;
mod cleaning;
mod client;
mod cuts;
mod framing;
mod id;
mod limits;
mod line;
mod log;
mod member;
mod notice;
mod partial;
mod pressure;
mod reader;
mod room;
mod time;
mod timers;
mod transmit;

pub use cleaning::shown;
pub use client::Client;
pub use id::MemberId;
pub use limits::{Limits, MAX_BACKLOG, MAX_LINE, MIN_LINE};
pub use line::Line;
pub use notice::{FAREWELL, YOU};
pub use room::{Full, Room};
pub use time::Instant;
pub use transmit::Transmit;
