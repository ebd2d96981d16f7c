//! The way to a room, which is made again when it ends.

use std::borrow::Cow;
use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{self, Duration};

use chat_core::{Instant, Line, Lines, is_visible};
use smol::Async;

use super::backoff::Backoff;
use super::connection::Connection;
use crate::clock::Clock;
use crate::editor::Feed;
use crate::failure::Failure;
use crate::net::{Place, connect};
use crate::progress::Progress;
use crate::settings::Patience;

/// How long after an attempt a key may make another: each key that is held down is many.
const LEAST_WAIT: Duration = Duration::from_millis(250);

/// Bytes that the core's client holds from which on they are collected here, while more is wanted.
const HELD: usize = 32 * 1024;

/// Bytes waiting to be shown above which no further connection is made, which would bring more.
const MOST_LINES: usize = 32 * 1024;

/// A connection, or the attempts to make one.
pub(super) struct Link<'a> {
    place: &'a Place,
    patience: Patience,
    clock: Clock,
    state: State<'a>,
    backoff: Backoff,
    /// When the last attempt was made.
    tried_at: Instant,
    /// When the next one would be, had a key not asked for one before.
    due: Option<Instant>,
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
    pub(super) fn new(place: &'a Place, patience: Patience, clock: Clock) -> Self {
        Self {
            place,
            patience,
            clock,
            state: State::Connecting(Box::pin(connect(place))),
            backoff: Backoff::new(),
            tried_at: clock.now(),
            due: None,
            has_joined: false,
            is_closing: false,
            unsent: Vec::new(),
            lines: Lines::default(),
            said: String::new(),
            refusal: Lines::default(),
        }
    }

    /// Connects, moves bytes over the connection until `enough` bytes of lines are to be shown, waits
    /// to connect again.
    ///
    /// # Errors
    ///
    /// The connection ended or could not be made, and is not to be made again: the user does not
    /// want that, or no room has ever let us in.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        enough: usize,
    ) -> Result<Progress, Failure> {
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
                    self.due = None;
                }
                let has_ended = connection.has_ended();
                if connection.client.lines().len() >= HELD && self.lines.len() < enough {
                    self.collect_lines();
                }
                if !has_ended {
                    return Ok(progress);
                }
                self.end()?;
            }
            State::Waiting(until)
                if *until <= self.clock.now() && self.lines.len() < MOST_LINES =>
            {
                self.tried_at = self.clock.now();
                self.state = State::Connecting(Box::pin(connect(self.place)));
            }
            State::Waiting(_) | State::Closed => return Ok(Progress::Stalled),
        }
        Ok(Progress::Made)
    }

    /// When [`Link::poll`] must be called again even if nothing else happens, or what
    /// [`Feed::status`] says changes.
    pub(super) fn wanted_at(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(until) if self.lines.len() < MOST_LINES => {
                let later = self.seconds_until(until).saturating_sub(1);
                let earlier = Instant::from_micros(later.saturating_mul(SECOND));
                Some(Instant::from_micros(until.as_micros().saturating_sub(earlier.as_micros())))
            }
            _ => None,
        }
    }

    /// Returns the seconds that are left, rounded up.
    fn seconds_until(&self, until: Instant) -> u64 {
        until.as_micros().saturating_sub(self.clock.now().as_micros()).div_ceil(SECOND)
    }

    /// The user does something: if the next attempt is still waited for, it is made at once.
    pub(super) fn hurry(&mut self) {
        if let State::Waiting(until) = &mut self.state {
            self.due.get_or_insert(*until);
            *until = (*until).min(self.tried_at + LEAST_WAIT);
        }
    }

    /// Sends a line, given without its newline, as soon as possible.
    pub(super) fn send(&mut self, line: &str) {
        let line = format!("{line}\n");
        match &mut self.state {
            State::Connected { connection, .. } => connection.client.type_in(line.as_bytes()),
            _ => self.unsent.extend_from_slice(line.as_bytes()),
        }
    }

    /// Returns what is not sent yet.
    pub(super) fn unsent(&self) -> &[u8] {
        match &self.state {
            State::Connected { connection, .. } => connection.client.unsent(),
            _ => &self.unsent,
        }
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
        for shown in lines.iter() {
            if let Line::Own(text) = shown.line {
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
            match self.poll(cx, usize::MAX) {
                Ok(Progress::Made) => {}
                Ok(Progress::Stalled) => return Poll::Pending,
                Err(_) => return Poll::Ready(()),
            }
        }
    }

    /// Gives up on what is unsent, and lists it together with `draft`, which was not even entered:
    /// nothing must stand there as if it had been said.
    pub(super) fn give_up(&mut self, draft: &str) {
        self.collect_lines();
        let unsent = String::from_utf8_lossy(self.unsent()).into_owned();
        self.state = State::Closed;
        self.unsent.clear();
        let lines = unsent.split('\n').chain(draft.split('\n')).filter(|line| is_visible(line));
        for (index, line) in lines.enumerate() {
            if index == 0 {
                self.lines.push_notice("chat: not sent:");
            }
            self.lines.push_own(line);
        }
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
        let now = self.clock.now();
        let due = self.due.take().filter(|&due| due > now);
        self.state = State::Waiting(due.unwrap_or_else(|| now + self.backoff.wait()));
        match self.patience {
            _ if self.is_closing => return Err(failure),
            Patience { reconnects: false, .. } if self.has_joined => return Err(failure),
            Patience { waits: false, .. } if !self.has_joined => {
                let Place { host, port } = self.place;
                return Err(failure.with_advice(format_args!("chat join --wait {host} {port}")));
            }
            _ => {}
        }
        let said = format!("{failure}; connecting again");
        if self.said != said {
            self.lines.push_notice(&said);
            self.said = said;
        }
        Ok(())
    }
}

impl Feed for Link<'_> {
    fn waiting(&self) -> usize {
        let received = match &self.state {
            State::Connected { connection, .. } => connection.client.lines().len(),
            _ => 0,
        };
        self.lines.len() + received
    }

    fn take_lines(&mut self) -> Lines {
        self.collect_lines();
        std::mem::take(&mut self.lines)
    }

    fn pending(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.unsent())
    }

    fn status(&self) -> Option<String> {
        match self.state {
            State::Waiting(until) => {
                let seconds = self.seconds_until(until);
                Some(format!("chat: trying again in {seconds} s, or when a key is pressed"))
            }
            State::Connecting(_) if !self.said.is_empty() => Some("chat: trying again".to_owned()),
            _ => None,
        }
    }
}

/// Microseconds.
const SECOND: u64 = 1_000_000;
