//! The client beside `nc`: sending a file, and printing a flood.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use fs_err::File;

use super::server::{OTHER, Server};
use super::table::{Figure, Measured};
use super::wire::{self, Kind, Message};
use crate::build::chat;
use crate::program::{LIMIT, Running, connect};
use crate::shell::{Outcome, finished, spawn};

/// Lines that a client sends or prints.
const LINES: u64 = 1_000_000;

/// A program that joins a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Chat,
    /// That of another build.
    Other,
    Nc,
}

impl Client {
    /// Returns those that are there.
    pub(crate) fn all() -> Vec<Self> {
        let other = OTHER.get().map(|_| Self::Other);
        [Self::Chat].into_iter().chain(other).chain([Self::Nc]).collect()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat join",
            Self::Other => "other chat join",
            Self::Nc => "nc",
        }
    }

    fn command(self, port: u16) -> Outcome<Command> {
        let mut command = match self {
            Self::Chat => Command::new(chat()?),
            Self::Other => Command::new(OTHER.get().ok_or("no other build")?),
            Self::Nc => Command::new("nc"),
        };
        match self {
            Self::Chat | Self::Other => command.args(["join", "127.0.0.1"]),
            // -N closes the sending side at the end of input, as `chat join` does.
            Self::Nc => command.args(["-N", "127.0.0.1"]),
        };
        command.arg(port.to_string());
        Ok(command)
    }

    /// Measures both directions, each until the last line has arrived. The file holds [`lines`].
    pub(crate) fn measure(self, file: &Path) -> Outcome<Measured> {
        let figures = vec![
            Figure::more("a file that it sends", "M lines/s", self.send(file)?),
            Figure::more("a flood that it prints", "M lines/s", self.print()?),
        ];
        Ok(Measured { figures, ..Measured::default() })
    }

    fn send(self, file: &Path) -> Outcome<f64> {
        let server = Server::start(Kind::Chat)?.ok_or("no server")?;
        let mut listener = join(server.port)?;
        let began = Instant::now();
        let mut sender = self.command(server.port)?;
        sender.stdin(File::open(file)?.into_parts().0).stdout(Stdio::null()).stderr(Stdio::null());
        let _sender = Running(spawn(&mut sender)?);
        until_all(&mut listener)?;
        Ok(LINES as f64 / began.elapsed().as_secs_f64() / 1e6)
    }

    fn print(self) -> Outcome<f64> {
        let server = Server::start(Kind::Chat)?.ok_or("no server")?;
        let mut reader = self.command(server.port)?;
        reader.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut reader = Running(spawn(&mut reader)?);
        let mut printed = BufReader::new(reader.0.stdout.take().ok_or("no output")?);
        printed.read_line(&mut String::new())?;
        let sender = join(server.port)?;
        printed.read_line(&mut String::new())?;
        let (mut to_room, lines) = (sender.try_clone()?, lines());
        let began = Instant::now();
        let sending = thread::spawn(move || to_room.write_all(&lines));
        until_all(&mut printed)?;
        let elapsed = began.elapsed();
        sending.join().map_err(|_| "the sender is gone")??;
        sender.shutdown(Shutdown::Both)?;
        Ok(LINES as f64 / elapsed.as_secs_f64() / 1e6)
    }
}

/// Returns whether `nc` is OpenBSD's: other programs of that name have other options.
pub(crate) fn nc_is_there() -> bool {
    let help = finished(Command::new("nc").arg("-h").stdin(Stdio::null()));
    help.is_ok_and(|help| [help.stdout, help.stderr].concat().starts_with(b"OpenBSD"))
}

/// Returns the lines that a client sends or prints.
pub(crate) fn lines() -> Vec<u8> {
    let mut lines = Vec::new();
    for number in 1..=LINES {
        Kind::Chat.push(&Message { talker: 0, number, micros: 0 }.text(), &mut lines);
    }
    lines
}

/// Joins as a member and reads the greeting.
fn join(port: u16) -> Outcome<TcpStream> {
    let mut stream = connect(port)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut byte = [0];
    while byte != *b"\n" {
        stream.read_exact(&mut byte)?;
    }
    Ok(stream)
}

/// Reads until all messages have arrived.
fn until_all(from: &mut impl Read) -> Outcome<()> {
    let mut buffer = vec![0; 256 * 1024];
    let mut count = 0;
    while count < LINES {
        match from.read(&mut buffer)? {
            0 => return Err(format!("only {count} of {LINES} lines have come").into()),
            length => count += wire::count(&buffer[..length]),
        }
    }
    Ok(())
}
