//! A filter's way to the room, which is made again where that is wanted.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use chat_core::Client;
use smol::Timer;

use super::{Session, Unsent};
use crate::failure::{Failure, complain};
use crate::join::connection::{Connection, Opening};
use crate::join::route::{Attempt, Next, Step};
use crate::net::Reached;
use crate::progress::Progress;
use crate::settings::Patience;

/// The way to the room.
pub(super) enum Way<'a> {
    Connected(Instant),
    /// Until it is time to connect again.
    Waiting(Timer),
    Connecting(Attempt<'a>),
    /// The last connection has ended, for this reason if the user did not want that.
    Over(Option<Failure>),
}

impl Session<'_> {
    /// Moves bytes over the connection, or makes another.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>) -> Progress {
        match &mut self.way {
            Way::Connected(_) => {
                let progress = self.connection.poll(cx);
                if self.connection.client.is_let_in() {
                    self.has_joined = true;
                    self.route.let_in();
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
                Poll::Ready(_) => self.way = Way::Connecting(self.route.attempt()),
            },
            Way::Connecting(attempt) => match attempt.as_mut().poll(cx) {
                Poll::Pending => return Progress::Stalled,
                Poll::Ready(Ok(reached)) => self.begin(reached),
                Poll::Ready(Err(failure)) => {
                    let step = self.route.failed(&failure);
                    self.connect_again(failure, step);
                }
            },
            Way::Over(_) => return Progress::Stalled,
        }
        Progress::Made
    }

    fn begin(&mut self, reached: Reached) {
        let greeting = self.route.reached(&reached.addresses, &reached.tried);
        let client = &mut self.connection.client;
        let opening = match client.take_session() {
            None if self.wishes.is_none() => {
                let old = mem::replace(client, Client::new(self.clock.now()));
                Opening::Instead(old.into())
            }
            session => Opening::next(session, self.wishes.as_ref()),
        };
        self.connection = Connection::new(reached.socket, self.manner.stays, greeting, opening);
        self.way = Way::Connected(Instant::now());
        let place = self.route.place().to_string();
        self.shown.extend(self.form.connected(&place));
    }

    fn end(&mut self) {
        self.collect_lines();
        let Way::Connected(since) = self.way else { return };
        let end = self.connection.take_failure();
        let Some(error) = end else {
            self.way = Way::Over(None);
            return;
        };
        let failure = Failure::connection_ended(self.route.place(), &error);
        self.shown.extend(self.form.disconnected(&failure.to_string()));
        if self.connection.client.is_removed() {
            self.way = Way::Over(Some(failure));
            return;
        }
        let step = self.route.ended(&failure, since.elapsed());
        self.connect_again(failure, step);
    }

    /// Connects again, at once or after a while, if that is wanted.
    fn connect_again(&mut self, failure: Failure, step: Step) {
        let Patience { waits, reconnects } = self.manner.patience;
        let goes_on = match step.next {
            _ if self.has_joined => reconnects,
            Next::Address | Next::Place => true,
            Next::Round => waits,
        };
        if !goes_on {
            self.way = Way::Over(Some(failure));
            return;
        }
        self.way = match step.next {
            Next::Address | Next::Place => Way::Connecting(self.route.attempt()),
            Next::Round => Way::Waiting(Timer::after(self.route.wait())),
        };
        if step.is_news {
            complain([failure.with(self.route.consequence(step.next))]);
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
