//! How long to wait before connecting again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double, each with some jitter, so that the members of a room whose server restarts do
/// not all come back at once.
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    /// Returns the next wait, up to a quarter longer or shorter.
    pub(super) fn wait(&mut self) -> Duration {
        let wait = self.next.mul_f64(0.75 + 0.5 * fastrand::f64());
        self.next = (2 * self.next).min(LONGEST);
        wait
    }

    /// Takes note that a connection has lasted for `time`. After one that was good for a while the
    /// waits begin anew; a server that ends each at once is not tried more and more often.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= LONGEST {
            self.next = FIRST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_half_a_minute() {
        let mut backoff = Backoff::new();
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let wait = backoff.wait().as_secs_f64() / f64::from(seconds);
            assert!((0.75..=1.25).contains(&wait), "{wait} of {seconds} s");
        }
        backoff.lasted(Duration::from_secs(29));
        assert!(backoff.wait() > Duration::from_secs(20));
        backoff.lasted(LONGEST);
        assert!(backoff.wait() < Duration::from_secs(2));
    }

    #[test]
    fn no_two_wait_alike() {
        let waits: Vec<Duration> = (0..10).map(|_| Backoff::new().wait()).collect();
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
