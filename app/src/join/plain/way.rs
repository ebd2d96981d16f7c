//! A filter's way to the room, which is made again where that is wanted.

use std::future::Future;
use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use smol::{Async, Timer};

use super::{Session, Unsent};
use crate::failure::{Failure, complain};
use crate::join::connection::{Attempt, Connection, Opening};
use crate::net::connect;
use crate::progress::Progress;

/// The way to the room.
pub(super) enum Way<'a> {
    Connected(Instant),
    /// Until it is time to connect again.
    Waiting(Timer),
    Connecting(Attempt<'a>),
    /// The last connection has ended, for this reason if the user did not want that.
    Over(Option<io::Error>),
}

impl Session<'_> {
    /// Moves bytes over the connection, or makes another.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>) -> Progress {
        match &mut self.way {
            Way::Connected(_) => {
                let progress = self.connection.poll(cx);
                if self.connection.client.is_let_in() {
                    self.has_joined = true;
                    self.said.clear();
                }
                if self.connection.client.is_new_room() {
                    self.give_up_on_old_room();
                }
                if !self.connection.has_ended() {
                    return progress;
                }
                self.end();
            }
            Way::Waiting(timer) => match Pin::new(timer).poll(cx) {
                Poll::Pending => return Progress::Stalled,
                Poll::Ready(_) => self.way = Way::Connecting(Box::pin(connect(self.place))),
            },
            Way::Connecting(attempt) => match attempt.as_mut().poll(cx) {
                Poll::Pending => return Progress::Stalled,
                Poll::Ready(Ok(socket)) => self.begin(socket),
                Poll::Ready(Err(failure)) => self.connect_again(failure),
            },
            Way::Over(_) => return Progress::Stalled,
        }
        Progress::Made
    }

    fn begin(&mut self, socket: Arc<Async<TcpStream>>) {
        let session = self.connection.client.take_session();
        let opening = Opening::next(session, self.wishes.as_ref());
        self.connection = Connection::new(socket, self.manner.stays, opening);
        self.way = Way::Connected(Instant::now());
        let place = self.place.to_string();
        self.shown.extend(self.form.connected(&place));
    }

    fn end(&mut self) {
        self.collect_lines();
        if let Way::Connected(since) = self.way {
            self.backoff.lasted(since.elapsed());
        }
        let end = self.connection.take_failure();
        let failure = end.as_ref().map(|error| Failure::connection_ended(self.place, error));
        if let Some(failure) = &failure {
            self.shown.extend(self.form.disconnected(&failure.to_string()));
        }
        let comes_back = self.manner.patience.reconnects
            && self.has_joined
            && !self.connection.client.is_removed();
        match failure {
            Some(failure) if comes_back => self.connect_again(failure),
            _ => self.way = Way::Over(end),
        }
    }

    /// Connects again after a while.
    fn connect_again(&mut self, failure: Failure) {
        self.way = Way::Waiting(Timer::after(self.backoff.wait()));
        let failure = failure.with("connecting again");
        let said = failure.to_string();
        if self.said != said {
            self.said = said;
            complain([failure]);
        }
    }

    /// The room is a new one: it is not sent what was meant for the old one.
    fn give_up_on_old_room(&mut self) {
        let lines = self.connection.client.take_unheard();
        if lines.is_empty() {
            return;
        }
        self.lost += lines.len();
        let unsent = Unsent { lines: lines.len(), goes_on: false };
        complain([Failure::unsent(format_args!("the room is a new one; {unsent}"))]);
        for line in lines {
            self.shown.extend(self.form.unsent(&line));
        }
    }
}
