//! The clock: the system's time as the core's, an alarm, and a timeout.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{self, Duration, SystemTime};

use chat_core::{Instant, Wall};
use futures_lite::future::or;
use smol::Timer;
use tz::TimeZone;

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

/// The clock on the wall, in a time zone.
pub(crate) struct WallClock {
    zone: TimeZone,
    /// What it was last seen to say.
    seen: Cell<Option<i64>>,
}

impl WallClock {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, seen: Cell::new(None) }
    }

    pub(crate) fn now(&self) -> Wall {
        self.at(unix_seconds())
    }

    /// What it said at that time.
    pub(crate) fn at(&self, unix_seconds: i64) -> Wall {
        let zone = self.zone.as_ref().find_local_time_type(unix_seconds);
        Wall { unix_seconds, offset_seconds: zone.map_or(0, |zone| zone.ut_offset()) }
    }

    /// What it says now; `None` if that is still the second that this returned last.
    ///
    /// To look at it costs little beside anything that happens in a room. It may jump at any time:
    /// when it is set, or when the machine has slept, during which the other clock stands still.
    pub(crate) fn next(&self) -> Option<Wall> {
        let second = Some(unix_seconds());
        (self.seen.replace(second) != second).then(|| self.now())
    }
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_told_once() {
        let clock = WallClock::new(TimeZone::utc());
        let mut told: Vec<Wall> = Vec::new();
        for _ in 0..1000 {
            told.extend(clock.next());
        }
        let count = told.len();
        told.dedup();
        assert_eq!(told.len(), count);
        assert!((1..1000).contains(&count), "{count}");
    }

    /// Others may tell any.
    #[test]
    fn any_second_has_a_place_in_the_zone() {
        let zones = ["UTC", "KST-9", "CET-1CEST,M3.5.0,M10.5.0/3"];
        for zone in zones.map(|zone| TimeZone::from_posix_tz(zone).unwrap()) {
            let clock = WallClock::new(zone);
            for unix_seconds in [i64::MIN, i64::MIN + 1, 0, 1 << 56, i64::MAX - 1, i64::MAX] {
                assert_eq!(clock.at(unix_seconds).unix_seconds, unix_seconds);
            }
        }
    }
}
