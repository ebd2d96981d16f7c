//! The connections of a load: members that listen, and who talks.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::frames::Unframer;
use super::wire::Kind;
use crate::shell::Outcome;

/// A connection that listens.
pub(super) struct Member {
    pub(super) stream: TcpStream,
    /// Messages received.
    pub(super) received: u64,
    /// For each talker, the number of the last message of it that was parsed.
    pub(super) last: Vec<u64>,
    /// Whether it does not read.
    pub(super) is_deaf: bool,
    pub(super) is_welcome: bool,
    /// Takes frames away from what it reads.
    unframer: Option<Unframer>,
}

/// A member that talks, or a connection that only talks.
pub(super) struct Talker {
    /// Its number among those of the whole load.
    pub(super) number: usize,
    pub(super) member: Option<usize>,
    /// Its connection, if it is not a member.
    pub(super) stream: Option<TcpStream>,
    pub(super) said: u64,
    pub(super) unsent: Vec<u8>,
}

impl Member {
    /// A member of a room in which so many talk.
    pub(super) fn new(kind: Kind, stream: TcpStream, talkers: usize) -> Self {
        let last = vec![0; talkers];
        let unframer = (kind == Kind::Web).then(Unframer::default);
        Self { stream, received: 0, last, is_deaf: false, is_welcome: false, unframer }
    }

    /// Reads what has arrived; returns `None` if nothing has.
    pub(super) fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Outcome<Option<&'a [u8]>> {
        match self.stream.read(buffer) {
            Ok(0) => Err("the server closed a connection".into()),
            Ok(count) => {
                let said = match &mut self.unframer {
                    Some(unframer) => unframer.strip(&mut buffer[..count]),
                    None => count,
                };
                Ok(Some(&buffer[..said]))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Talker {
    /// Sends as much as the socket accepts.
    pub(super) fn send(&mut self, members: &mut [Member]) -> Outcome<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let stream = match self.member {
            Some(member) => &mut members[member].stream,
            None => self.stream.as_mut().ok_or("a talker without a connection")?,
        };
        match stream.write(&self.unsent) {
            Ok(count) => drop(self.unsent.drain(..count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(stream) = &mut self.stream {
            // Discard the server's replies to publishing.
            let mut answer = [0; 4096];
            while matches!(stream.read(&mut answer), Ok(1..)) {}
        }
        Ok(())
    }
}
