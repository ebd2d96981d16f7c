//! The way to a room, which is made again when it ends.

use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time;

use chat_core::{Instant, Line, Lines};
use smol::Async;

use super::backoff::Backoff;
use super::connection::Connection;
use super::progress::Progress;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::net::{Place, connect};

/// Bytes waiting to be shown above which no further connection is made, which would bring more.
const MOST_LINES: usize = 32 * 1024;

/// A connection, or the attempts to make one.
pub(super) struct Link<'a> {
    place: &'a Place,
    /// Whether to connect again when a connection ends.
    reconnects: bool,
    clock: Clock,
    state: State<'a>,
    backoff: Backoff,
    /// Whether a room has ever let us in.
    has_joined: bool,
    /// Whether the user is leaving.
    is_closing: bool,
    /// Lines that were entered and are unsent while there is no connection.
    unsent: Vec<u8>,
    /// Lines to show: taken from a connection, or about what became of it.
    lines: Lines,
    /// What was last said about the connection, and how we were last turned away, since a room last
    /// let us in: neither is said twice.
    said: String,
    refusal: Lines,
}

type Attempt<'a> = dyn Future<Output = Result<Arc<Async<TcpStream>>, Failure>> + 'a;

enum State<'a> {
    Connecting(Pin<Box<Attempt<'a>>>),
    Connected {
        connection: Box<Connection>,
        since: time::Instant,
    },
    /// Until it is time to connect again.
    Waiting(Instant),
    /// As the user wanted.
    Closed,
}

impl<'a> Link<'a> {
    pub(super) fn new(place: &'a Place, reconnects: bool, clock: Clock) -> Self {
        Self {
            place,
            reconnects,
            clock,
            state: State::Connecting(Box::pin(connect(place))),
            backoff: Backoff::new(),
            has_joined: false,
            is_closing: false,
            unsent: Vec::new(),
            lines: Lines::default(),
            said: String::new(),
            refusal: Lines::default(),
        }
    }

    /// Connects, moves bytes over the connection, waits to connect again.
    ///
    /// # Errors
    ///
    /// The connection ended or could not be made, and is not to be made again: the user does not
    /// want that, or no room has ever let us in.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Result<Progress, Failure> {
        match &mut self.state {
            State::Connecting(attempt) => match attempt.as_mut().poll(cx) {
                Poll::Pending => return Ok(Progress::Stalled),
                Poll::Ready(Ok(socket)) => self.begin(Connection::new(socket, false)),
                Poll::Ready(Err(failure)) => self.connect_again(failure)?,
            },
            State::Connected { connection, .. } => {
                let progress = connection.poll(cx);
                if connection.client.is_let_in() {
                    self.has_joined = true;
                    self.said.clear();
                    self.refusal.clear();
                }
                if !connection.has_ended() {
                    return Ok(progress);
                }
                self.end()?;
            }
            State::Waiting(until)
                if *until <= self.clock.now() && self.lines.len() < MOST_LINES =>
            {
                self.state = State::Connecting(Box::pin(connect(self.place)));
            }
            State::Waiting(_) | State::Closed => return Ok(Progress::Stalled),
        }
        Ok(Progress::Made)
    }

    /// When [`Link::poll`] must be called again even if nothing else happens.
    pub(super) fn next_attempt(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(until) if self.lines.len() < MOST_LINES => Some(until),
            _ => None,
        }
    }

    /// Sends lines, each with its newline, as soon as possible.
    pub(super) fn send(&mut self, lines: &str) {
        match &mut self.state {
            State::Connected { connection, .. } => connection.client.type_in(lines.as_bytes()),
            _ => self.unsent.extend_from_slice(lines.as_bytes()),
        }
    }

    /// Returns what is not sent yet.
    pub(super) fn unsent(&self) -> &[u8] {
        match &self.state {
            State::Connected { connection, .. } => connection.client.unsent(),
            _ => &self.unsent,
        }
    }

    /// Returns how many bytes of lines are to be shown.
    pub(super) fn waiting(&self) -> usize {
        let received = match &self.state {
            State::Connected { connection, .. } => connection.client.lines().len(),
            _ => 0,
        };
        self.lines.len() + received
    }

    /// Takes the lines that are to be shown.
    pub(super) fn take_lines(&mut self) -> Lines {
        self.collect_lines();
        std::mem::take(&mut self.lines)
    }

    /// Takes from the connection the lines that are to be shown.
    fn collect_lines(&mut self) {
        let State::Connected { connection, .. } = &mut self.state else { return };
        let lines = connection.client.take_lines(Lines::default());
        if connection.client.is_turned_away() && !lines.is_empty() {
            // That the room is full is said once, not for every attempt.
            if self.refusal.as_bytes() == lines.as_bytes() {
                return;
            }
            self.refusal.clone_from(&lines);
        }
        if !self.is_closing {
            return self.lines.append(&lines);
        }
        for line in lines.iter() {
            if let Line::Own(text) = line {
                self.lines.push_own(text);
            }
        }
    }

    /// The user is leaving: what others say from now on is not shown.
    pub(super) fn begin_close(&mut self) {
        self.collect_lines();
        self.is_closing = true;
    }

    /// Sends what is unsent, and closes so that none of it is lost. Ready when that is done or has
    /// become impossible.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.collect_lines();
            match &mut self.state {
                State::Waiting(_) | State::Closed => return Poll::Ready(()),
                State::Connecting(_) if self.unsent.is_empty() => return Poll::Ready(()),
                State::Connecting(_) => {}
                State::Connected { connection, .. } => connection.client.end_of_input(),
            }
            match self.poll(cx) {
                Ok(Progress::Made) => {}
                Ok(Progress::Stalled) => return Poll::Pending,
                Err(_) => return Poll::Ready(()),
            }
        }
    }

    /// Gives up on what is unsent, and lists it.
    pub(super) fn give_up(&mut self) {
        self.collect_lines();
        let unsent = self.unsent().to_vec();
        self.state = State::Closed;
        self.unsent.clear();
        if !unsent.is_empty() {
            self.lines.push_notice("chat: not sent:");
        }
        String::from_utf8_lossy(&unsent)
            .split_terminator('\n')
            .for_each(|line| self.lines.push_own(line));
    }

    fn begin(&mut self, mut connection: Connection) {
        connection.client.type_in(&std::mem::take(&mut self.unsent));
        let connection = Box::new(connection);
        self.state = State::Connected { connection, since: time::Instant::now() };
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.collect_lines();
        self.unsent = self.unsent().to_vec();
        let State::Connected { connection, since, .. } = &mut self.state else { return Ok(()) };
        self.backoff.lasted(since.elapsed());
        match connection.take_failure() {
            Some(error) => self.connect_again(Failure::connection_ended(self.place, &error)),
            None => {
                self.state = State::Closed;
                Ok(())
            }
        }
    }

    /// Connects again after a while; fails if that is not wanted. The same failure several times in
    /// succession is said once.
    fn connect_again(&mut self, failure: Failure) -> Result<(), Failure> {
        self.state = State::Waiting(self.clock.now() + self.backoff.wait());
        if !self.reconnects || self.is_closing || !self.has_joined {
            return Err(failure);
        }
        let said = format!("{failure}; connecting again");
        if self.said != said {
            self.lines.push_notice(&said);
            self.said = said;
        }
        Ok(())
    }
}
