//! What is left of a connection until there is another one.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use chat_core::{Client, Session, Wishes};
use smol::Async;

use super::connection::{Connection, Opening};

/// What the next connection begins with, and what is entered before that.
#[derive(Default)]
pub(super) struct Leftover {
    session: Option<Session>,
    /// Without a session: lines that are to be sent, each with its newline.
    unsent: Vec<u8>,
}

impl Leftover {
    /// What is left of the connection of `client`, which has ended.
    pub(super) fn of(client: &mut Client) -> Self {
        match client.take_session() {
            Some(session) => Self { session: Some(session), unsent: Vec::new() },
            None => Self { session: None, unsent: client.unsent().to_vec() },
        }
    }

    /// Begins the next connection, in which the room is asked for `wishes` if nothing is left of
    /// another one, and which ends if its greeting takes longer than `greeting`.
    pub(super) fn begin(
        self,
        socket: Arc<Async<TcpStream>>,
        greeting: Option<Duration>,
        wishes: Option<&Wishes>,
    ) -> Connection {
        let opening = Opening::next(self.session, wishes);
        let mut connection = Connection::new(socket, false, greeting, opening);
        connection.client.type_in(&self.unsent);
        connection
    }

    /// A line is entered, which is given with its newline.
    pub(super) fn type_in(&mut self, line: &[u8]) {
        match &mut self.session {
            Some(session) => session.type_in(line),
            None => self.unsent.extend_from_slice(line),
        }
    }

    /// Returns how many bytes were entered that the room is not known to have.
    pub(super) fn unheard_len(&self) -> usize {
        self.session.as_ref().map_or(self.unsent.len(), Session::unheard_len)
    }

    /// Returns the lines that were entered and that the room is not known to have.
    pub(super) fn unheard(&self) -> Vec<String> {
        match &self.session {
            Some(session) => session.unheard().map(str::to_owned).collect(),
            None => self.unsent_lines(),
        }
    }

    /// Returns those of them that do not stand among the lines that are shown.
    pub(super) fn pending(&self) -> Vec<String> {
        match &self.session {
            Some(session) => session.pending().map(str::to_owned).collect(),
            None => self.unsent_lines(),
        }
    }

    /// Returns what the user was called, if the room has said so.
    pub(super) fn own_name(&self) -> Option<&str> {
        self.session.as_ref()?.own_name()
    }

    fn unsent_lines(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.unsent).split_terminator('\n').map(str::to_owned).collect()
    }
}
