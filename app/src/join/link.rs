//! The way to a room, which is made again when it ends.

use std::borrow::Cow;
use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{self, Duration};

use chat_core::{Instant, Line, Lines, Session, Wishes, is_visible};
use smol::Async;

use super::backoff::Backoff;
use super::connection::{Connection, Opening};
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

/// What is said of a room that is not the one that was left.
const NEW_ROOM: &str =
    "chat: the room is a new one; what it had not heard is below: Enter sends it";

/// A connection, or the attempts to make one.
pub(super) struct Link<'a> {
    place: &'a Place,
    patience: Patience,
    /// What to ask the room for.
    wishes: Option<Wishes>,
    /// Whether the room knew commands when that was last known.
    knows_commands: bool,
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
    /// What is left of the last connection, while there is none.
    session: Option<Session>,
    /// Lines that were entered and are unsent while there is neither.
    unsent: Vec<u8>,
    /// Lines to show: taken from a connection, or about what became of it.
    lines: Lines,
    /// Lines that were entered and that a new room has not heard.
    returned: Option<String>,
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
    pub(super) fn new(
        place: &'a Place,
        patience: Patience,
        wishes: Option<Wishes>,
        clock: Clock,
    ) -> Self {
        Self {
            place,
            patience,
            knows_commands: wishes.is_some(),
            wishes,
            clock,
            state: State::Connecting(Box::pin(connect(place))),
            backoff: Backoff::new(),
            tried_at: clock.now(),
            due: None,
            has_joined: false,
            is_closing: false,
            session: None,
            unsent: Vec::new(),
            lines: Lines::default(),
            returned: None,
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
                Poll::Ready(Ok(socket)) => self.begin(socket),
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
                if connection.client.is_let_in() {
                    let client = &connection.client;
                    self.knows_commands = client.knows_commands() || client.is_asking();
                }
                let is_new_room = connection.client.is_new_room() && connection.is_introduced();
                if connection.client.lines().len() >= HELD && self.lines.len() < enough {
                    self.collect_lines();
                }
                if is_new_room {
                    self.note_new_room();
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
        match (&mut self.state, &mut self.session) {
            (State::Connected { connection, .. }, _) => connection.client.type_in(line.as_bytes()),
            (_, Some(session)) => session.type_in(line.as_bytes()),
            (_, None) => self.unsent.extend_from_slice(line.as_bytes()),
        }
    }

    /// Returns how many bytes were entered that the room is not known to have.
    pub(super) fn unheard_len(&self) -> usize {
        match (&self.state, &self.session) {
            (State::Connected { connection, .. }, _) => connection.client.unheard_len(),
            (_, Some(session)) => session.unheard_len(),
            (_, None) => self.unsent.len(),
        }
    }

    /// Returns the lines that were entered and that the room is not known to have.
    fn unheard(&self) -> Vec<String> {
        let unsent = String::from_utf8_lossy(&self.unsent);
        match (&self.state, &self.session) {
            (State::Connected { connection, .. }, _) => {
                connection.client.unheard().map(str::to_owned).collect()
            }
            (_, Some(session)) => session.unheard().map(str::to_owned).collect(),
            (_, None) => unsent.split_terminator('\n').map(str::to_owned).collect(),
        }
    }

    /// Returns what the user is called, if the room has said so.
    pub(super) fn own_name(&self) -> Option<&str> {
        match &self.state {
            State::Connected { connection, .. } => connection.client.own_name(),
            _ => self.session.as_ref()?.own_name(),
        }
    }

    /// Returns whether the room knows commands; until that is known, whether it may.
    pub(super) fn knows_commands(&self) -> bool {
        self.knows_commands
    }

    /// Takes the lines that a new room is not sent by itself, if there are any.
    pub(super) fn take_returned(&mut self) -> Option<String> {
        self.returned.take()
    }

    /// Adds a line of the program's own words to those that are to be shown.
    pub(super) fn say(&mut self, text: &str) {
        self.collect_lines();
        self.lines.push_notice(text);
    }

    /// Takes from the connection the lines that are to be shown.
    fn collect_lines(&mut self) {
        let State::Connected { connection, .. } = &mut self.state else { return };
        if !connection.is_introduced() {
            return;
        }
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
            let is_unheard = self.unheard_len() > 0;
            match &mut self.state {
                State::Waiting(_) | State::Closed => return Poll::Ready(()),
                State::Connecting(_) if !is_unheard => return Poll::Ready(()),
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
        let unheard = self.unheard();
        self.state = State::Closed;
        self.session = None;
        self.unsent.clear();
        let returned = self.returned.take().unwrap_or_default();
        let lines = returned.split('\n').chain(unheard.iter().map(String::as_str));
        let lines = lines.chain(draft.split('\n')).filter(|line| is_visible(line));
        for (index, line) in lines.enumerate() {
            if index == 0 {
                self.lines.push_notice("chat: not sent:");
            }
            self.lines.push_own(line);
        }
    }

    /// What was entered for the old room goes back to the user.
    fn note_new_room(&mut self) {
        let State::Connected { connection, .. } = &mut self.state else { return };
        let lines = connection.client.take_unheard();
        if lines.is_empty() {
            return;
        }
        self.returned = Some(lines.join("\n"));
        if !self.is_closing {
            self.say(NEW_ROOM);
        }
    }

    fn begin(&mut self, socket: Arc<Async<TcpStream>>) {
        let opening = match self.session.take() {
            Some(session) => Opening::Again(session.into()),
            None => Opening::with(self.wishes.as_ref()),
        };
        let mut connection = Connection::new(socket, false, opening);
        connection.client.type_in(&std::mem::take(&mut self.unsent));
        let connection = Box::new(connection);
        self.state = State::Connected { connection, since: time::Instant::now() };
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.collect_lines();
        let State::Connected { connection, since } = &mut self.state else { return Ok(()) };
        self.backoff.lasted(since.elapsed());
        let failure = connection.take_failure();
        // The room would not know the user again, and the host has seen enough.
        let is_removed = connection.client.is_removed();
        self.session = connection.client.take_session();
        if self.session.is_none() {
            self.unsent = connection.client.unsent().to_vec();
        }
        self.state = State::Closed;
        match failure.map(|error| Failure::connection_ended(self.place, &error)) {
            Some(failure) if is_removed => Err(failure),
            Some(failure) => self.connect_again(failure),
            None => Ok(()),
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
            State::Connected { connection, .. } if connection.is_introduced() => {
                connection.client.lines().len()
            }
            _ => 0,
        };
        self.lines.len() + received
    }

    fn take_lines(&mut self) -> Lines {
        self.collect_lines();
        std::mem::take(&mut self.lines)
    }

    fn pending(&self) -> Cow<'_, str> {
        let mut lines = String::new();
        let mut push = |line: &str| lines.extend([line, "\n"]);
        match (&self.state, &self.session) {
            (State::Connected { connection, .. }, _) => connection.client.pending().for_each(push),
            (_, Some(session)) => session.pending().for_each(push),
            (_, None) => push(&String::from_utf8_lossy(&self.unsent)),
        }
        lines.into()
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
