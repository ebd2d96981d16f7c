//! Requests: signals, and Ctrl+C where that is a key. Most ask the server to end.

use std::rc::Rc;

use futures_lite::future::{or, pending};
use smol::channel::Receiver;

use super::record;
use crate::system::{Interrupts, Request};

/// All that asks something of the server.
pub(super) struct Requests {
    interrupts: Interrupts,
    /// The host's, if there is one.
    keys: Receiver<()>,
    /// What may be asked of the record, if there is one.
    record: Option<Rc<record::Requests>>,
}

impl Requests {
    pub(super) fn new(
        interrupts: Interrupts,
        keys: Receiver<()>,
        record: Option<Rc<record::Requests>>,
    ) -> Self {
        Self { interrupts, keys, record }
    }

    /// Waits for the next request to end. Passes on what is asked of the record meanwhile.
    pub(super) async fn next(&mut self) {
        let signalled = async {
            while self.interrupts.next_request().await == Request::Reopen {
                if let Some(record) = &self.record {
                    record.reopen();
                }
            }
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
