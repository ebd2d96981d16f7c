//! An outage: a time in which nothing that is said here gets into the room's log.

use std::mem;
use std::time::Duration;

use chat_core::Instant;

/// How long one may last before whoever runs the server is told. Members are told then too.
const UNTOLD: Duration = Duration::from_secs(1);

/// Whether there is an outage, and who knows.
#[derive(Default)]
pub(super) struct Outage {
    /// Since when; `None`: there is none.
    since: Option<Instant>,
    why: String,
    is_told: bool,
}

impl Outage {
    /// Nothing gets in, for that reason. The last reason before it is told is the one that is told.
    pub(super) fn note(&mut self, now: Instant, why: impl Into<String>) {
        self.since.get_or_insert(now);
        self.why = why.into();
    }

    pub(super) fn lasts(&self) -> bool {
        self.since.is_some()
    }

    /// When it is to be told.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.since.filter(|_| !self.is_told).map(|since| since + UNTOLD)
    }

    /// Returns the reason, once, if it is to be told.
    pub(super) fn tick(&mut self, now: Instant) -> Option<String> {
        self.next_tick().filter(|&at| at <= now)?;
        self.is_told = true;
        Some(mem::take(&mut self.why))
    }

    /// It is over. Returns whether it was told.
    pub(super) fn end(&mut self) -> bool {
        mem::take(self).is_told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(millis: u64) -> Instant {
        Instant::from_micros(millis * 1_000)
    }

    #[test]
    fn one_that_lasts_is_told_once() {
        let mut outage = Outage::default();
        assert_eq!((outage.lasts(), outage.next_tick()), (false, None));
        outage.note(after(500), "refused");
        assert_eq!((outage.lasts(), outage.next_tick()), (true, Some(after(1_500))));
        assert_eq!(outage.tick(after(1_499)), None);
        outage.note(after(1_499), "no answer");
        assert_eq!(outage.tick(after(1_500)).as_deref(), Some("no answer"));
        outage.note(after(1_600), "refused");
        assert_eq!((outage.tick(after(9_000)), outage.next_tick()), (None, None));
        assert!(outage.lasts() && outage.end() && !outage.lasts());
        // The next one is another.
        outage.note(after(9_500), "refused");
        assert_eq!(outage.tick(after(10_499)), None);
        assert_eq!(outage.tick(after(10_500)).as_deref(), Some("refused"));
    }

    #[test]
    fn a_short_one_is_not_told() {
        let mut outage = Outage::default();
        outage.note(after(0), "refused");
        assert!(!outage.end());
        assert_eq!(outage.tick(after(5_000)), None);
    }
}
