//! The way to a room, which is made again when it ends.

use std::borrow::Cow;
use std::task::{Context, Poll};
use std::time::{self, Duration};

use chat_core::{Instant, Lines, Wishes};

use super::connection::Connection;
use super::leftover::Leftover;
use super::route::{Attempt, Next, Route, Step};
use super::showing::Showing;
use crate::clock::Clock;
use crate::editor::Feed;
use crate::failure::Failure;
use crate::net::{Place, Reached};
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
    route: Route<'a>,
    patience: Patience,
    /// What to ask the room for.
    wishes: Option<Wishes>,
    /// Whether the room knew commands when that was last known.
    knows_commands: bool,
    clock: Clock,
    state: State<'a>,
    /// When the last attempt was made.
    tried_at: Instant,
    /// When the next one would be, had a key not asked for one before.
    due: Option<Instant>,
    /// Whether a room has ever let us in.
    has_joined: bool,
    /// What is left of the last connection, while there is none.
    leftover: Leftover,
    /// What is taken from a connection to be shown, or said about what became of it.
    showing: Showing,
    /// Lines that were entered and that a new room has not heard.
    returned: Option<String>,
}

enum State<'a> {
    Connecting(Attempt<'a>),
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
        places: &'a [Place],
        patience: Patience,
        wishes: Option<Wishes>,
        clock: Clock,
    ) -> Self {
        let route = Route::new(places);
        Self {
            state: State::Connecting(route.attempt()),
            route,
            patience,
            knows_commands: wishes.is_some(),
            wishes,
            clock,
            tried_at: clock.now(),
            due: None,
            has_joined: false,
            leftover: Leftover::default(),
            showing: Showing::default(),
            returned: None,
        }
    }

    /// Connects, moves bytes over the connection until `enough` bytes of lines are to be shown,
    /// waits to connect again.
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
                Poll::Ready(Ok(reached)) => self.begin(reached),
                Poll::Ready(Err(failure)) => {
                    let step = self.route.failed(&failure);
                    self.connect_again(failure, step)?;
                }
            },
            State::Connected { connection, .. } => {
                let progress = connection.poll(cx);
                if connection.client.is_let_in() {
                    self.has_joined = true;
                    self.route.let_in();
                    self.showing.let_in();
                    self.due = None;
                    let client = &connection.client;
                    self.knows_commands = client.knows_commands() || client.is_asking();
                }
                let has_ended = connection.has_ended();
                let is_new_room = connection.client.is_new_room() && connection.is_introduced();
                if connection.client.lines().len() >= HELD && self.showing.len() < enough {
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
                if *until <= self.clock.now() && self.showing.len() < MOST_LINES =>
            {
                self.tried_at = self.clock.now();
                self.state = State::Connecting(self.route.attempt());
            }
            State::Waiting(_) | State::Closed => return Ok(Progress::Stalled),
        }
        Ok(Progress::Made)
    }

    /// When [`Link::poll`] must be called again even if nothing else happens, or what
    /// [`Feed::status`] says changes.
    pub(super) fn wanted_at(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(until) if self.showing.len() < MOST_LINES => {
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
            _ => self.leftover.type_in(line.as_bytes()),
        }
    }

    /// Returns how many bytes were entered that the room is not known to have.
    pub(super) fn unheard_len(&self) -> usize {
        match &self.state {
            State::Connected { connection, .. } => connection.client.unheard_len(),
            _ => self.leftover.unheard_len(),
        }
    }

    /// Returns the lines that were entered and that the room is not known to have.
    fn unheard(&self) -> Vec<String> {
        match &self.state {
            State::Connected { connection, .. } => {
                connection.client.unheard().map(str::to_owned).collect()
            }
            _ => self.leftover.unheard(),
        }
    }

    /// Returns what the user is called, if the room has said so.
    pub(super) fn own_name(&self) -> Option<&str> {
        match &self.state {
            State::Connected { connection, .. } => connection.client.own_name(),
            _ => self.leftover.own_name(),
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
        self.showing.push_notice(text);
    }

    /// Takes from the connection the lines that are to be shown.
    fn collect_lines(&mut self) {
        let State::Connected { connection, .. } = &mut self.state else { return };
        if !connection.is_introduced() {
            return;
        }
        let lines = connection.client.take_lines(Lines::default());
        if connection.client.is_turned_away() {
            self.showing.push_refusal(&lines);
        } else {
            self.showing.push(&lines);
        }
    }

    /// The user is leaving: what others say from now on is not shown.
    pub(super) fn begin_close(&mut self) {
        self.collect_lines();
        self.showing.begin_close();
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

    /// Gives up on what is unsent, and lists it together with `draft`, which was not even entered.
    pub(super) fn give_up(&mut self, draft: &str) {
        self.collect_lines();
        let unheard = self.unheard();
        self.state = State::Closed;
        self.leftover = Leftover::default();
        let returned = self.returned.take().unwrap_or_default();
        let lines = returned.split('\n').chain(unheard.iter().map(String::as_str));
        self.showing.list_unsent(lines.chain(draft.split('\n')));
    }

    /// What was entered for the old room goes back to the user.
    fn note_new_room(&mut self) {
        let State::Connected { connection, .. } = &mut self.state else { return };
        let lines = connection.client.take_unheard();
        if lines.is_empty() {
            return;
        }
        self.returned = Some(lines.join("\n"));
        if !self.showing.is_closing() {
            self.say(NEW_ROOM);
        }
    }

    fn begin(&mut self, reached: Reached) {
        let greeting = self.route.reached(&reached.addresses, &reached.tried);
        let leftover = std::mem::take(&mut self.leftover);
        let connection = leftover.begin(reached.socket, greeting, self.wishes.as_ref());
        let connection = Box::new(connection);
        self.state = State::Connected { connection, since: time::Instant::now() };
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.collect_lines();
        let State::Connected { connection, since } = &mut self.state else { return Ok(()) };
        let lasted = since.elapsed();
        let failure = connection.take_failure();
        // The room would not know the user again, and the host has seen enough.
        let is_removed = connection.client.is_removed();
        self.leftover = Leftover::of(&mut connection.client);
        self.state = State::Closed;
        let Some(error) = failure else { return Ok(()) };
        let failure = Failure::connection_ended(self.route.place(), &error);
        if is_removed {
            return Err(failure);
        }
        let step = self.route.ended(&failure, lasted);
        self.connect_again(failure, step)
    }

    /// Connects again, at once or after a while; fails if that is not wanted.
    fn connect_again(&mut self, failure: Failure, step: Step) -> Result<(), Failure> {
        let now = self.clock.now();
        let until = match step.next {
            Next::Address | Next::Place => now,
            Next::Round => {
                let due = self.due.take().filter(|&due| due > now);
                due.unwrap_or_else(|| now + self.route.wait())
            }
        };
        self.state = State::Waiting(until);
        match self.patience {
            _ if self.showing.is_closing() => return Err(failure),
            Patience { reconnects: false, .. } if self.has_joined => return Err(failure),
            Patience { waits: false, .. } if !self.has_joined && step.next == Next::Round => {
                return Err(failure.with_advice(self.route.advice()));
            }
            _ => {}
        }
        if step.is_news {
            let consequence = self.route.consequence(step.next);
            self.showing.push_notice(&failure.with(consequence).to_string());
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
        self.showing.len() + received
    }

    fn take_lines(&mut self) -> Lines {
        self.collect_lines();
        self.showing.take_lines()
    }

    fn pending(&self) -> Cow<'_, str> {
        let mut lines = String::new();
        let mut push = |line: &str| lines.extend([line, "\n"]);
        match &self.state {
            State::Connected { connection, .. } => connection.client.pending().for_each(push),
            _ => self.leftover.pending().iter().for_each(|line| push(line)),
        }
        lines.into()
    }

    fn status(&self) -> Option<String> {
        match self.state {
            State::Waiting(until) if until > self.clock.now() => {
                let seconds = self.seconds_until(until);
                Some(format!("chat: trying again in {seconds} s, or when a key is pressed"))
            }
            State::Connecting(_) | State::Waiting(_) if self.route.is_lost() => {
                Some("chat: trying again".to_owned())
            }
            _ => None,
        }
    }
}

/// Microseconds.
const SECOND: u64 = 1_000_000;
