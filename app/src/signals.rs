//! The signals that ask the program to end: SIGINT (Ctrl+C) and SIGTERM, and the others that would
//! for a program that has changed its terminal.

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::or;

use crate::clock::{PATIENCE, within};
use crate::failure::Failure;
use crate::system::{REQUESTS_TO_END, WOULD_END};

/// The requests to end, from when this was made.
pub(crate) struct Interrupts {
    signals: Signals,
}

impl Interrupts {
    pub(crate) fn new() -> Result<Self, Failure> {
        Self::of(REQUESTS_TO_END)
    }

    /// All that would end the program and leave its terminal as it has changed it.
    pub(crate) fn all() -> Result<Self, Failure> {
        Self::of(WOULD_END)
    }

    fn of(signals: &[Signal]) -> Result<Self, Failure> {
        Ok(Self { signals: Signals::new(signals).map_err(Failure::signals)? })
    }

    /// Lets the last `work` go on for as long as a user has patience, or until the next request.
    pub(crate) async fn let_finish(&mut self, work: impl Future<Output = ()>) {
        or(within(PATIENCE, work), self.or_none()).await;
    }

    /// Waits for the next request; nothing else comes of it.
    pub(crate) async fn or_none<T>(&mut self) -> Option<T> {
        self.next().await;
        None
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) {
        // An error here can only be that of one read; the signal stays to be read again.
        while let Some(Err(_)) = self.signals.next().await {}
    }
}
