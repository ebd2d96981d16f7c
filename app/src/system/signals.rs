//! The signals that ask the program to end: SIGINT (Ctrl+C) and SIGTERM, and the others that would
//! end a program whose terminal has to be restored.

use std::io;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::or;

use super::kind::{REQUESTS_TO_END, WOULD_END};
use crate::clock::{PATIENCE, within};

/// The requests to end, from the moment this is made.
pub(crate) struct Interrupts {
    signals: Signals,
}

impl Interrupts {
    /// SIGINT and SIGTERM.
    pub(crate) fn new() -> io::Result<Self> {
        Self::of(REQUESTS_TO_END)
    }

    /// All that would end the program and leave its terminal in raw mode.
    pub(crate) fn all() -> io::Result<Self> {
        Self::of(WOULD_END)
    }

    fn of(signals: &[Signal]) -> io::Result<Self> {
        Ok(Self { signals: Signals::new(signals)? })
    }

    /// Runs the last `work` until it is done, the user's patience ends or the next request comes.
    pub(crate) async fn finish_within_patience(&mut self, work: impl Future<Output = ()>) {
        or(within(PATIENCE, work), self.interrupted()).await;
    }

    /// Waits for the next request, and returns `None`: the other outcome of a race with work that
    /// returns `Some`.
    pub(crate) async fn interrupted<T>(&mut self) -> Option<T> {
        self.next().await;
        None
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) {
        // An error here concerns one read only; the signal is still there to be read.
        while let Some(Err(_)) = self.signals.next().await {}
    }
}
