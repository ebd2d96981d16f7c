//! `chat join`: what is typed goes to the room, what the room says is shown.
//!
//! | module | noun |
//! |---|---|
//! | `plain` | the plain client: a filter between two pipes |
//! | `interactive` | the client on a terminal |
//! | `link`, `backoff` | the way to a room, which is made again, and how long to wait before that |
//! | `connection` | one connection: a socket and the core's client |
//!
//! Both clients are one loop in one task. It polls each of its parts, again and again while any of
//! them makes progress; a part that cannot has registered the task with whatever it waits for. No
//! future that holds bytes is ever dropped.

mod backoff;
mod connection;
mod interactive;
mod link;
mod plain;

use crate::failure::{Failure, complain, settle};
use crate::settings::{Join, Manner};
use crate::style::Style;
use crate::system;

/// Joins a room until the user, the input, the server or a signal ends it.
pub(crate) fn run(settings: Join) -> Result<(), Failure> {
    system::raise_descriptor_limit().map_err(Failure::descriptors)?;
    let Join { place, look, manner, complaint } = settings;
    // Before a terminal is painted on.
    complain(complaint);
    settle();
    let style = Style::new(look);
    match manner {
        Manner::Plain { stays, waits } => smol::block_on(plain::join(&place, style, stays, waits)),
        Manner::Interactive { patience, reflows } => {
            smol::block_on(interactive::join(&place, style, patience, reflows))
        }
    }
}
