//! `chat`: a group chat for the terminal in one executable.
//!
//! This crate moves bytes between sockets, terminal and signals on one side and `chat-core` on the
//! other. What is said, and to whom, is decided there.
//!
//! | module | noun |
//! |---|---|
//! | `serve`, `join` | the two commands |
//! | `editor` | the line editor on a terminal, below lines that come in |
//! | `style` | how lines are shown |
//! | `settings` | what the arguments mean, with this environment and this terminal |
//! | `args` | what was asked for |
//! | `net` | sockets |
//! | `terminal` | a line editor: from keys to what is written, without I/O |
//! | `failure` | what is said of an error |
//! | `system` | what differs between systems, or blocks |
//! | `clock` | the time |
//! | `progress` | whether a step of a loop got anywhere |
//!
//! Each uses only modules below it.

mod args;
mod clock;
mod editor;
mod failure;
mod join;
mod net;
mod progress;
mod serve;
mod settings;
mod style;
mod system;
mod terminal;

use std::env;
use std::process::ExitCode;

use args::Parsed;
use failure::Failure;
use settings::Settings;
use system::{Outlook, outlook};

fn main() -> ExitCode {
    match run() {
        Ok(()) => {
            failure::settle();
            ExitCode::SUCCESS
        }
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    let command = match args::parse(env::args_os())? {
        Parsed::Text(text) => return print(&text),
        Parsed::Command(command) => command,
    };
    match Settings::resolve(command)? {
        Settings::Serve(settings) => serve::run(settings),
        Settings::Join(settings) => join::run(settings),
    }
}

/// Prints a text that was asked for. It is no failure if nobody reads it.
fn print(text: &str) -> Result<(), Failure> {
    match system::write(text.as_bytes()) {
        Err(error) if outlook(&error) != Outlook::Unread => Err(Failure::output(&error)),
        _ => Ok(()),
    }
}
