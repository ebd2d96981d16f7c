//! Settings: arguments, environment and terminal, resolved once, at the top, into one value for
//! each command. Nothing below reads any of the three.
//!
//! | module | noun |
//! |---|---|
//! | `serve`, `join` | what each command is to do |
//! | `shared` | where the log of a room is that several servers share |
//! | `surroundings` | environment and terminal |

mod join;
mod serve;
#[cfg(feature = "shared")]
mod shared;
mod surroundings;
#[cfg(test)]
mod tests;

use std::env;
use std::io::{self, IsTerminal};

use tz::TimeZone;

use crate::args::Command;
use crate::failure::Failure;
use surroundings::Surroundings;

pub(crate) use crate::args::{BellFor, LogSync};
pub(crate) use join::{Join, Manner, Patience};
pub(crate) use serve::{Seat, Serve, Web};
#[cfg(all(test, feature = "tls"))]
pub(crate) use shared::Encryption;
#[cfg(feature = "shared")]
pub(crate) use shared::{Engine, Shared};

/// What the program is to do.
pub(crate) enum Settings {
    Serve(Serve),
    Join(Join),
}

/// How lines are shown.
#[derive(Default)]
pub(crate) struct Look {
    pub(crate) in_colour: bool,
    /// The zone of the time before each line; `None` for no time.
    pub(crate) zone: Option<TimeZone>,
    pub(crate) bell: BellFor,
    /// Whether somebody is looking: then the greeting says what the user is called.
    pub(crate) is_personal: bool,
}

impl Settings {
    /// What `command` means here and now.
    ///
    /// # Errors
    ///
    /// A value is outside of its range.
    pub(crate) fn resolve(command: Command) -> Result<Self, Failure> {
        let surroundings = Surroundings {
            variable: &|name| env::var_os(name),
            is_terminal: io::stdin().is_terminal() && io::stdout().is_terminal(),
            shows_output: io::stdout().is_terminal(),
            shows_failures: io::stderr().is_terminal(),
        };
        match command {
            Command::Serve(args) => Ok(Self::Serve(Serve::resolve(args, &surroundings)?)),
            Command::Join(args) => Ok(Self::Join(Join::resolve(args, &surroundings)?)),
        }
    }
}
