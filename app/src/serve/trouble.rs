//! Trouble that may pass: what the server cannot do for now, and tries again.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use smol::Timer;

use crate::failure::{Failure, complain};

/// The longest pause between two attempts: soon enough for a person who has seen to the cause, and
/// next to no work however long it lasts.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Something that the server may come to be unable to do for a while.
pub(super) struct Trouble {
    /// What it cannot do then.
    complaint: Cow<'static, str>,
    first_pause: Duration,
    /// The next pause, while it lasts.
    pause: Option<Duration>,
}

impl Trouble {
    /// There is none yet. The pauses between attempts begin with `first_pause`, and double.
    pub(super) fn new(complaint: impl Into<Cow<'static, str>>, first_pause: Duration) -> Self {
        Self { complaint: complaint.into(), first_pause, pause: None }
    }

    /// An attempt has failed. Says so, once, and pauses before the next one.
    pub(super) async fn pause(&mut self, error: &io::Error) {
        Timer::after(self.note(error)).await;
    }

    /// An attempt has failed. Says so, once, and returns how long to pause before the next one.
    pub(super) fn note(&mut self, error: &io::Error) -> Duration {
        if self.pause.is_none() {
            complain([Failure::new(&self.complaint, error)]);
        }
        let pause = self.pause.unwrap_or(self.first_pause);
        self.pause = Some((pause * 2).min(LONGEST_PAUSE));
        pause
    }

    /// Whether it lasts.
    pub(super) fn lasts(&self) -> bool {
        self.pause.is_some()
    }

    /// It is over. Returns whether there was any.
    pub(super) fn end(&mut self) -> bool {
        self.pause.take().is_some()
    }
}
