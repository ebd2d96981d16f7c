//! Nodes that do not seem to live, and for how long.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::exchange::Expired;
use crate::time::Instant;

/// How long a lease has to be the same one that has run out before its node is taken for gone.
/// Whoever lives renews it three times meanwhile, though the engine's clock may have jumped.
const SAME: Duration = Duration::from_secs(3);

/// The nodes whose leases have run out.
#[derive(Default)]
pub(super) struct Absences {
    /// Since when each is as it is.
    since: Vec<(Expired, Instant)>,
    /// Those to be declared lost.
    lost: VecDeque<Expired>,
}

impl Absences {
    /// All that have run out now. If `is_well` is false others may not have had the time to renew
    /// theirs.
    pub(super) fn note(&mut self, now: Instant, expired: Vec<Expired>, is_well: bool) {
        let before = core::mem::take(&mut self.since);
        let since = |of: &Expired| {
            let mut same =
                before.iter().filter(|(known, _)| (known.node, known.lease) == (of.node, of.lease));
            same.next().map_or(now, |(_, since)| *since)
        };
        self.since = expired.into_iter().map(|of| (of, since(&of))).collect();
        let lost = self
            .since
            .iter()
            .filter(|(of, since)| *since + SAME <= now && (is_well || of.is_absent));
        self.lost = lost.map(|(of, _)| *of).collect();
    }

    /// The next one to be declared lost.
    pub(super) fn pop(&mut self) -> Option<Expired> {
        self.lost.pop_front()
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
