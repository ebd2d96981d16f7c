//! The clock: the world's time as the core's, and what is to happen in time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{self, Duration};

use chat_core::Instant;
use futures_lite::future::or;
use smol::Timer;

/// How long the last words have, when the program ends, to be sent and printed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

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
    fn world(self, instant: Instant) -> time::Instant {
        self.origin + Duration::from_micros(instant.as_micros())
    }
}

/// A timer for one moment of the core's, which may change.
pub(crate) struct Alarm {
    clock: Clock,
    timer: Timer,
    set_to: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, timer: Timer::never(), set_to: None }
    }

    /// Ready, once, when `at` has come; never if there is no such moment.
    pub(crate) fn poll(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        if self.set_to != at {
            self.set_to = at;
            match at {
                Some(at) => self.timer.set_at(self.clock.world(at)),
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

/// What comes of `work`; `None` if it takes longer than `time`.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let too_late = async {
        Timer::after(time).await;
        None
    };
    or(async { Some(work.await) }, too_late).await
}
