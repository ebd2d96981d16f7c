//! Time as a value: the core has no clock of its own.

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
