//! `chat join`: what is typed goes to the room, what the room says is shown.
//!
//! | module | noun |
//! |---|---|
//! | `plain` | the plain client: a filter between two pipes |
//! | `interactive` | the client on a terminal |
//! | `link` | the way to a room, which is made again |
//! | `route`, `backoff` | which of its places is tried next, and how long to wait before that |
//! | `leftover` | what is left of a connection until there is another one |
//! | `showing` | what stands above the draft |
//! | `connection` | one connection: a socket and the core's client |
//! | `ignoring` | the commands that the client obeys itself |
//! | `person` | what somebody types who has a terminal and no editor |
//! | `form`, `json` | what the plain client prints: lines, or objects for programs |
//!
//! Both clients are one loop in one task. It polls each of its parts, again and again while any of
//! them makes progress; a part that cannot has registered the task with whatever it waits for. No
//! future that holds bytes is ever dropped.

mod backoff;
mod connection;
mod form;
mod ignoring;
mod interactive;
mod json;
mod leftover;
mod link;
mod person;
mod plain;
mod route;
mod showing;

use crate::failure::{Failure, complain, settle};
use crate::settings::{Join, Manner};
use crate::style::Style;
use crate::system;
use form::Form;

/// Joins a room until the user, the input, the server or a signal ends it.
pub(crate) fn run(settings: Join) -> Result<(), Failure> {
    system::raise_descriptor_limit().map_err(Failure::descriptors)?;
    let Join { places, look, manner, wishes, complaint } = settings;
    // Before a terminal is painted on.
    complain(complaint);
    settle();
    match manner {
        Manner::Plain { stays, patience, is_json } => {
            let is_personal = look.is_personal;
            let form = Form::new(look, is_json);
            let manner = plain::Manner { stays, patience, is_personal };
            smol::block_on(plain::join(&places, wishes, form, manner))
        }
        Manner::Interactive { patience, reflows } => {
            let style = Style::new(look);
            smol::block_on(interactive::join(&places, style, patience, wishes, reflows))
        }
    }
}
