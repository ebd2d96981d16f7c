//! The signals that ask the program to end: SIGINT (Ctrl+C) and SIGTERM.

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;

use crate::failure::Failure;

/// The requests to end, from when this was made.
pub(crate) struct Interrupts {
    signals: Signals,
}

impl Interrupts {
    pub(crate) fn new() -> Result<Self, Failure> {
        let signals = Signals::new([Signal::Int, Signal::Term])
            .map_err(|error| Failure::new("cannot receive signals", &error))?;
        Ok(Self { signals })
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) {
        // An error here can only be that of one read; the signal stays to be read again.
        while let Some(Err(_)) = self.signals.next().await {}
    }
}
