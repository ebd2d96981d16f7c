//! A room of which the test itself says every line.

use std::net::TcpListener;

use crate::harness::{Peer, wait_until};

pub(crate) const CONNECTED: &str = "> Connected to the chat server (2 users online)";
pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff";

/// Where members connect to.
pub(crate) struct Room {
    listener: TcpListener,
    pub(crate) port: u16,
}

/// A connection to a member.
pub(crate) struct Member {
    peer: Peer,
    pub(crate) address: String,
    /// How many bytes have come since it was told its key.
    heard: usize,
}

impl Room {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// Accepts a connection, and says nothing.
    pub(crate) fn accept(&self) -> Member {
        self.listener.set_nonblocking(true).unwrap();
        let (stream, addr) = wait_until("somebody connects", || self.listener.accept().ok());
        stream.set_nonblocking(false).unwrap();
        Member { peer: Peer::new(stream), address: addr.to_string(), heard: 0 }
    }

    /// Greets the next one as a server that knows no commands.
    pub(crate) fn greet_as_ever(&self) -> Member {
        let mut member = self.accept();
        member.says(CONNECTED);
        member.is_asked();
        member
    }

    /// Greets the next one, and gives it a key.
    pub(crate) fn greet(&self) -> Member {
        let mut member = self.greet_as_ever();
        let address = member.address.clone();
        member.says(&format!("> /session {KEY} {address}"));
        member
    }

    /// Accepts one that comes back, of which the room has heard so much, and returns how many lines
    /// it says that it has got.
    pub(crate) fn take_back(&self, heard: usize) -> (Member, u64) {
        let mut member = self.accept();
        let line = member.peer.line();
        let lines =
            line.strip_prefix(&format!("/resume {KEY} ")).unwrap_or_else(|| panic!("{line:?}"));
        let lines = lines.parse().unwrap();
        member.says(&format!("> /resumed {heard}"));
        member.heard = heard;
        (member, lines)
    }
}

impl Member {
    pub(crate) fn says(&mut self, line: &str) {
        self.peer.send(format!("{line}\n"));
    }

    /// The client shows that it sends lines, and that it would like a session.
    fn is_asked(&mut self) {
        assert_eq!(self.peer.line(), "", "the client shows that it sends lines");
        assert_eq!(self.peer.line(), "\r", "and asks for a session");
    }

    /// Returns the next line that is no acknowledgement.
    pub(crate) fn line(&mut self) -> String {
        loop {
            let line = self.peer.line();
            self.heard += line.len() + 1;
            if !line.starts_with("/got ") {
                return line;
            }
        }
    }

    /// Confirms what has been read. Returns how much that is.
    pub(crate) fn confirm(&mut self) -> usize {
        let heard = self.heard;
        self.says(&format!("> /heard {heard}"));
        heard
    }

    /// Reads until the client closes, and returns the lines that are no acknowledgements.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let rest = self.peer.rest();
        rest.lines().filter(|line| !line.starts_with("/got ")).map(str::to_owned).collect()
    }
}
