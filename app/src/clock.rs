//! The clock: the system's time as the core's, an alarm, and a timeout.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{self, Duration};

use chat_core::Instant;
use futures_lite::future::or;
use smol::Timer;

/// How long the program, when it ends, takes at most to send and print its last words.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// A clock whose origin is the moment it was made.
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

    /// Converts one of the core's instants to std's.
    fn to_std(self, instant: Instant) -> time::Instant {
        self.origin + Duration::from_micros(instant.as_micros())
    }
}

/// A timer for one instant of the core's, which may change.
pub(crate) struct Alarm {
    clock: Clock,
    timer: Timer,
    set_to: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, timer: Timer::never(), set_to: None }
    }

    /// Ready, once, when `at` has come; never if it is `None`.
    pub(crate) fn poll(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        if self.set_to != at {
            self.set_to = at;
            match at {
                Some(at) => self.timer.set_at(self.clock.to_std(at)),
                None => self.timer.clear(),
            }
        }
        let rung = Pin::new(&mut self.timer).poll(cx).map(drop);
        if rung.is_ready() {
            self.set_to = None;
        }
        rung
    }
}

/// Runs `work` with a timeout; `None` if it takes longer than `time`.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let too_late = async {
        Timer::after(time).await;
        None
    };
    or(async { Some(work.await) }, too_late).await
}
