//! The network: from a host and a port to sockets that are ready.
//!
//! | module | noun |
//! |---|---|
//! | `place` | a host and a port as the user named them, and the addresses they mean |
//! | `listen`, `connect` | the two ways to a socket |
//! | `reach` | the address under which others reach a listener |
//! | `socket` | the options of every socket |
//! | `reactor` | what the server waits with, and the sockets it waits for |

mod connect;
mod listen;
mod place;
mod reach;
mod reactor;
mod socket;

pub(crate) use connect::{Reached, connect};
pub(crate) use listen::{Listening, listen};
pub(crate) use place::Place;
pub(crate) use reach::{all_reachable, reachable};
pub(crate) use reactor::{Reactor, Socket};
pub(crate) use socket::configure;
