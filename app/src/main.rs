//! `chat`: a group chat for the terminal in one executable.
//!
//! This crate moves bytes between sockets, terminal and signals on one side and `chat-core` on the
//! other. What is said, and to whom, is decided there.

mod args;
mod clock;
mod failure;
mod join;
mod net;
mod serve;
mod system;
mod terminal;

use std::env;
use std::io;
use std::process::ExitCode;

use args::{Command, Parsed};
use failure::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    match args::parse(env::args_os())? {
        Parsed::Text(text) => print(&text),
        Parsed::Command(Command::Serve(serve)) => serve::run(&serve),
        Parsed::Command(Command::Join(join)) => join::run(&join),
    }
}

/// Prints a text that was asked for. That nobody reads it is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match system::write(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::output(&error)),
        _ => Ok(()),
    }
}
