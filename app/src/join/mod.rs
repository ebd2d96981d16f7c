//! `chat join`: what is typed goes to the room, what the room says is shown.

mod backoff;
mod connection;
mod interactive;
mod keyboard;
mod link;
mod plain;
mod screen;
mod style;
mod typing;

use crate::args::Join;
use crate::failure::Failure;
use crate::net::Place;
use crate::system;
use style::Style;

/// Whether a step got anywhere, so that others may get further too.
type Moved = bool;

/// Joins a room until the user, the input, the server or a signal ends it.
pub(crate) fn run(args: &Join) -> Result<(), Failure> {
    system::raise_descriptor_limit().map_err(Failure::descriptors)?;
    let place = Place { host: args.host.clone(), port: args.port };
    if args.plain || !style::is_interactive() {
        smol::block_on(plain::join(args, &place, Style::plain(args)))
    } else {
        smol::block_on(interactive::join(args, &place, Style::of_terminal(args)))
    }
}
