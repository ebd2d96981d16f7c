//! Time as a value: the core has no clock of its own.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::Add;
use core::time::Duration;

/// A moment, in whole microseconds since an origin that the caller chooses.
///
/// The caller reads its clock and passes the moment in. A moment before one that was passed in
/// earlier is taken as that one: time does not go backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(
    /// One more than the microseconds, so that an `Option<Instant>` is no larger than this.
    NonZeroU64,
);

impl Instant {
    /// The moment `micros` microseconds after the origin; after 292,000 years, the end of them.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        // So that something can always come after now.
        let micros = if micros > u64::MAX / 2 { u64::MAX / 2 } else { micros };
        Self(NonZeroU64::MIN.saturating_add(micros))
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0.get() - 1
    }
}

impl Default for Instant {
    /// The origin.
    fn default() -> Self {
        Self::from_micros(0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// The moment `duration` later; the last representable one if that is beyond it.
    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

/// What a clock on the wall says. The default is 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wall {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix_seconds: i64,
    /// By how many seconds the time of day here is later than UTC.
    pub offset_seconds: i32,
}

impl Wall {
    /// The minute that it is, counted from 1970 on, here.
    pub(crate) fn minute(self) -> i64 {
        self.unix_seconds.saturating_add(self.offset_seconds.into()).div_euclid(60)
    }
}

impl fmt::Display for Wall {
    /// As `HH:MM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = self.minute().rem_euclid(24 * 60);
        write!(f, "{:02}:{:02}", minute / 60, minute % 60)
    }
}
