//! The clock: the world's time as the core's.

use std::time;

use chat_core::Instant;

/// A clock that began when it was made.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    origin: time::Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { origin: time::Instant::now() }
    }

    pub(crate) fn now(self) -> Instant {
        Instant::from_micros(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The world's moment for one of the core's.
    pub(crate) fn world(self, instant: Instant) -> time::Instant {
        self.origin + time::Duration::from_micros(instant.as_micros())
    }
}
