//! A group chat as two pure state machines: the [`Server`] and the [`Client`].
//!
//! Nothing here knows a socket, a clock or a thread. Bytes and the ends of peers go in, slices to
//! send come out, and time comes in as a value, so the whole protocol is tested without waiting
//! for anything. What goes over the wire is in [`protocol`].
//!
//! # Two ideas
//!
//! **A room is one log, and everybody who sees the room is a cursor on it.** A join, a message, a leave
//! is rendered once, as the line that others see, and appended to a ring of bytes. What a reader has
//! pending is what lies between its cursor and the end: a few slices of the ring, handed to its socket
//! as they stand. Nothing is copied or allocated for a delivery; a reader that falls behind has longer
//! slices, and the memory does not grow with members times messages. A reader's exceptions to
//! "everybody sees the same" are *cuts*, lines that are not for it (its own), and *inserts*, lines only
//! for it (its greeting, what it missed). Both cost the others nothing. An observer, such as the
//! server's console, is a reader without exceptions. So is a *record*, which is delivered lines to keep
//! together with the second in which they were said: [`Server::record`], [`Server::deliver_timed`]. It may
//! be the log's *gate*: then nobody else gets a line before it has confirmed that it is safe
//! ([`Server::set_gate`], [`Server::confirm`]). What was kept is the history of the next run:
//! [`Server::restore`].
//!
//! **Propose, then commit.** What happens in a room is a value, an entry. The front of a server turns
//! what its peers send into proposed entries, an order decides their sequence, and committing them in
//! that sequence is the only thing that changes the room and its log. A server that is alone commits
//! what it proposes in the same call. Several servers that share a room have an order elsewhere, which
//! gives all of them the same entries: [`Server::proposals`], [`Server::commit`]. Such a server knows the
//! people of all the others. What the entries have made can be taken from one server and given to another,
//! which goes on from there: [`Server::snapshot`], [`Server::from_snapshot`], [`Server::skip_to`]. While
//! the order cannot be reached it keeps everybody waiting: [`Server::set_away`]. Where the order is the
//! log of an engine (Redis or Valkey), a [`Replica`] drives the server: what the engine holds, and by
//! which rules, stands in [`replica`].
//!
//! ```text
//!   bytes of a peer                                              slices for its socket
//!        │ Server::receive                                             ▲ Server::deliver
//!        ▼                                                             │
//!  wire: telnet ─ framing ─ cleaning       room: roster, notices ─▶ log: ring, readers
//!        │ text                                 ▲ lines               cuts, inserts, pressure
//!        ▼                                      │
//!  front: who may say it, as whom ─▶ entry ─▶ order ─▶ Room::commit
//! ```
//!
//! # A server
//!
//! This is the whole of `examples/server.rs`, event loop and all:
//!
//! ```no_run
#![doc = include_str!("../examples/server.rs")]
//! ```
//!
//! # A client
//!
//! The same shape, smaller: [`Client::receive`] and [`Client::type_in`] in, [`Client::transmit`] and
//! [`Client::take_lines`] out, [`Client::next_tick`] when. Here the two talk without a network:
//!
//! ```
//! use chat_core::{Client, Delivered, Instant, Limits, Line, Lines, Server, Wire};
//!
//! let now = Instant::default();
//! let mut server = Server::new(Limits::default());
//! let ann = server.connect(now, "192.0.2.1:45390".parse()?, Wire::Lines)?;
//! let ben = server.connect(now, "192.0.2.2:45392".parse()?, Wire::Lines)?;
//! let mut client = Client::new(now);
//! server.receive(now, ann, "안녕하세요?\n".as_bytes());
//!
//! // What Ben's socket would carry, both ways.
//! let delivered = server.deliver(ben, |slices| {
//!     client.receive(now, &slices.concat(), false);
//!     Ok::<usize, ()>(slices.concat().len())
//! });
//! assert_eq!(delivered, Ok(Delivered::CaughtUp));
//! client.type_in("네 안녕하세요ㅋㅋ\n".as_bytes());
//! loop {
//!     let bytes = client.transmit(now).to_vec();
//!     if bytes.is_empty() {
//!         break;
//!     }
//!     server.receive(now, ben, &bytes);
//!     client.sent(now, bytes.len());
//! }
//!
//! let lines = client.take_lines(Lines::default());
//! let values: Vec<Line> = lines.iter().map(|shown| shown.line).collect();
//! assert_eq!(
//!     values,
//!     [
//!         Line::Greeting { text: "> Connected to the chat server (2 users online)", count: 2 },
//!         Line::Message { from: "192.0.2.1:45390", text: "안녕하세요?" },
//!         Line::Own("네 안녕하세요ㅋㅋ"),
//!     ]
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - Whatever a peer sends is data: no call fails or panics over it, and what comes out are whole
//!   lines of clean text, however the bytes were cut on their way in.
//! - There is one order for all: any two readers see the lines that they both see in that order. The
//!   same entries give the same log, on every machine, and each counts once.
//! - A reader gets every line, or is told exactly how many it did not get.
//! - While the gate is closed nobody gets a line that its reader has not confirmed. It opens by itself only
//!   if what it holds back has been most of the backlog for a second; nobody loses anything by that.
//! - The work of a call is proportional to the bytes that it is given, not to the number of
//!   members. (Readers that might be far behind are looked at; that is amortized over delivered bytes.)
//! - The memory is that of the backlog, of the cuts in it (at most a few times the backlog if all lines
//!   are of one letter), and for each member a few hundred bytes, its inserts (32 KiB at the most) and
//!   the message that it has not ended.
//!
//! # Where things stand
//!
//! An arrow goes from the left to the right only, and the gate checks that it does
//! (`ci/core-layers.txt`): `replica` → `server` → `order`, `front` → `room` → `entry`, `log`; `front`, `entry`,
//! `client` → `wire`; and everybody → `notice`, `id`, `limits`, `time`.
//!
//! | module | noun |
//! |---|---|
//! | `server` | every transition of the server's side: `events`, `commands`, `turns`, `lists`, `host`, `record`, `sessions`; `returns`, `sharing`, `skip`, `away` |
//! | `front` | a peer's bytes become proposals: `peer`, `person`, `count`, `allowance`, `timers` |
//! | `order` | what is proposed, on its way into the room |
//! | `entry` | what happens in a room, as values: `codec`, `bytes` |
//! | `room` | entries become lines: `roster`, `people`, `label`, `name`, `rules`; `snapshot`, `sessions`, `sharing` |
//! | `log` | lines become slices: `ring`, `reader`, `cuts`, `inserts`, `stream`, `shared`, `times`, `gate`, `pressure`, `waiting` |
//! | `wire` | bytes become clean messages: `telnet`, `framing`, `partial`, `cleaning`, `visible`, `foreign`; the `frames` of a WebSocket |
//! | `client` | the other end: `input`, `outbox`, `display`, `lines`; with a session `exchange`, `unheard`, `asides`, `notes` |
//! | `command` | the words that make one of a message |
//! | `notice` | every line that the program says of its own accord |
//! | `id`, `limits`, `time` | handles, numbers that bound something, moments |
//!
//! A command is found by the front, in `peer`, which defers it and what comes after it; `server::commands`
//! does what it asks, as an entry that is proposed or as an insert for the asker.

#![no_std]

extern crate alloc;

mod client;
mod command;
mod entry;
mod front;
mod id;
mod limits;
mod log;
mod notice;
mod order;
pub mod replica;
mod room;
mod server;
mod time;
mod wire;

pub use client::{Client, Line, Lines, Session, Shown, Wishes};
pub use command::{Audience, Command, Meaning};
pub use entry::{DecodeError, Stamp, Stamped};
pub use front::Wire;
pub use id::{MemberId, NodeId, ReaderId};
pub use limits::{Limits, MAX_BACKLOG, MAX_LINE, MIN_LINE};
pub use log::{Delivered, MAX_SLICES, Start};
pub use notice::{FAREWELL, MAY_BE_MISSING, YOU, is_of_log, read_missing};
pub use replica::{
    Answer, Apart, Attached, Batch, Expired, Link, Numbers, Position, Relation, Replica, Request,
    State, Unusable,
};
pub use room::Committed;
pub use server::{Event, Refused, Server};
pub use time::{Instant, Wall};
pub use wire::{CloseCode, Frame, FrameReader, FrameWriter, MAX_PARTS, is_visible, shown};

#[doc = include_str!("../protocol.md")]
pub mod protocol {}
