//! An allowance: how much a member may say while the room waits (protocol.md, "Slow readers").

use crate::limits::{ALLOWANCE, REFILL_MICROS_PER_BYTE};
use crate::time::Instant;

/// A token bucket of [`ALLOWANCE`] bytes, which what a member says uses up, whether the room waits or
/// not, and time refills: so whoever has just flooded has nothing left when the room begins to wait,
/// and whoever chats has it all.
///
/// Kept as a generic cell rate algorithm does (ITU-T I.371): as the moment when it is whole again.
#[derive(Clone, Copy)]
pub(crate) struct Allowance {
    whole_at: Instant,
}

impl Allowance {
    /// A newcomer's: what a second refills. Nobody gets a whole one by coming again.
    pub(crate) fn new(now: Instant) -> Self {
        let mut allowance = Self { whole_at: now };
        allowance.spend(now, ALLOWANCE - (1_000_000 / REFILL_MICROS_PER_BYTE) as usize);
        allowance
    }

    /// Bytes that are left of it.
    pub(crate) fn left(self, now: Instant) -> usize {
        let missing = self.whole_at.as_micros().saturating_sub(now.as_micros());
        ALLOWANCE.saturating_sub(
            usize::try_from(missing.div_ceil(REFILL_MICROS_PER_BYTE)).unwrap_or(ALLOWANCE),
        )
    }

    /// Uses up `bytes`, saturating: there is no debt.
    pub(crate) fn spend(&mut self, now: Instant, bytes: usize) {
        let after = |at: Instant, bytes: usize| {
            Instant::from_micros(
                at.as_micros().saturating_add(bytes as u64 * REFILL_MICROS_PER_BYTE),
            )
        };
        self.whole_at =
            after(self.whole_at.max(now), bytes.min(ALLOWANCE)).min(after(now, ALLOWANCE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_uses_it_up_and_time_gives_it_back() {
        let at = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
        let mut allowance = Allowance::new(at(0));
        assert_eq!(allowance.left(at(0)), 500);
        assert_eq!(allowance.left(at(2)), 1_500);
        assert_eq!(allowance.left(at(9)), ALLOWANCE);
        allowance.spend(at(100), 1_000);
        assert_eq!(allowance.left(at(100)), ALLOWANCE - 1_000);
        assert_eq!(allowance.left(at(101)), ALLOWANCE - 500);
        allowance.spend(at(101), usize::MAX);
        assert_eq!(allowance.left(at(101)), 0);
        assert_eq!(allowance.left(at(102)), 500);
        // However often, a little is given back.
        for tenth in 0..100 {
            allowance.spend(Instant::from_micros(102_000_000 + tenth * 100_000), 50);
        }
        assert_eq!(allowance.left(at(112)), 500);
    }
}
