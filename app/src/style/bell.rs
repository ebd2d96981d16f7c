//! The bell: when it rings.

use std::time::Duration;

use chat_core::Instant;

/// From one ring to the next, at least: it calls somebody to the terminal, who needs no second call
/// on the way there.
const PAUSE: Duration = Duration::from_secs(2);

/// A bell that does not ring all the time.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    quiet_until: Option<Instant>,
}

impl Bell {
    /// Returns whether it rings now that there is a reason.
    pub(crate) fn rings(&mut self, now: Instant) -> bool {
        let rings = self.quiet_until.is_none_or(|until| until <= now);
        if rings {
            self.quiet_until = Some(now + PAUSE);
        }
        rings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_once_in_two_seconds() {
        let mut bell = Bell::default();
        let rings = (0..50).map(|tenth| bell.rings(Instant::from_micros(tenth * 100_000)));
        let rung: Vec<usize> =
            rings.enumerate().filter(|(_, rings)| *rings).map(|(at, _)| at).collect();
        assert_eq!(rung, [0, 20, 40]);
    }
}
