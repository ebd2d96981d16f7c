//! Time as a value: the core has no clock of its own.

use core::ops::Add;
use core::time::Duration;

/// A moment, in whole microseconds since an origin that the caller chooses.
///
/// The caller reads its clock and passes the moment in. Moments should not go backwards between
/// calls; one that does is taken as the latest moment seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment `micros` microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
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
