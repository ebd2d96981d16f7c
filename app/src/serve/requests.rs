//! Requests to end: signals, and Ctrl+C where that is a key.

use futures_lite::future::{or, pending};
use smol::channel::Receiver;

use crate::system::Interrupts;

/// All that asks the server to end.
pub(super) struct Requests {
    interrupts: Interrupts,
    /// The host's, if there is one.
    keys: Receiver<()>,
}

impl Requests {
    pub(super) fn new(interrupts: Interrupts, keys: Receiver<()>) -> Self {
        Self { interrupts, keys }
    }

    /// Waits for the next request.
    pub(super) async fn next(&mut self) {
        let signalled = async {
            self.interrupts.next().await;
        };
        or(signalled, pressed(&self.keys)).await;
    }

    /// Runs the last `work` to its end, unless the user's patience ends before that, or the user
    /// hurries.
    pub(super) async fn finish_within_patience(&mut self, work: impl Future) {
        let finished = async {
            self.interrupts.finish_within_patience(work).await;
        };
        or(finished, pressed(&self.keys)).await;
    }
}

/// Waits until the host presses Ctrl+C.
async fn pressed(keys: &Receiver<()>) {
    if keys.recv().await.is_err() {
        // There is no host.
        pending().await
    }
}
