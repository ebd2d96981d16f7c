//! `chat`: a group chat for the terminal in one file.
//!
//! This crate moves bytes between sockets, terminal and signals on one side and `chat-core` on the
//! other. What is said, and to whom, is decided there.

mod args;
mod clock;
mod failure;
mod join;
mod listen;
mod output;
mod serve;
mod signals;
mod socket;

use std::env;
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
        Parsed::Text(text) => output::print(text.as_bytes()).map_err(Failure::output),
        Parsed::Command(Command::Serve(serve)) => serve::run(&serve),
        Parsed::Command(Command::Join(join)) => join::run(&join),
    }
}
