//! What this node has proposed and is not in the log.

use alloc::vec::Vec;

use super::batch::Payload;
use super::{Batch, Replica, Request};
use crate::entry::Stamped;
use crate::server::Server;

impl Replica {
    /// Appends what is not in the log of what this node has proposed.
    pub(super) fn append(&self, server: &Server) -> Option<Request> {
        let first = self.appended + 1;
        let payload = if self.appended < self.committed {
            self.missing(first)
        } else {
            let proposed = server.proposals_behind(self.appended);
            if self.has_diverged() {
                put_together(proposed.flat_map(Stamped::decode).map(again))
            } else {
                put_together(proposed)
            }
        };
        let (payload, count) = payload?;
        Some(Request::Append { first, last: self.appended + count, payload })
    }

    /// Whether anything that this node has proposed is not in the log.
    pub(super) fn has_more(&self, server: &Server) -> bool {
        self.appended < self.committed || server.proposals_behind(self.appended).next().is_some()
    }

    /// What this node has read of its own, from `first` on, and is not in the log. Nothing if the
    /// first of it is not kept any more: then what is behind it can be said no more.
    fn missing(&self, first: u64) -> Option<(Vec<u8>, u64)> {
        let own = |batch: &&Batch| {
            batch.numbers().is_ok_and(|of| of.node == self.node && of.last >= first)
        };
        let entries = self.kept.batches().filter(own).flat_map(Batch::entries).flatten();
        let mut entries = entries.filter(|entry| entry.stamp().number >= first).peekable();
        let is_whole = entries.peek().is_some_and(|entry| entry.stamp().number == first);
        put_together(entries.filter(|_| is_whole).map(again))
    }
}

/// What was said in another log.
fn again(entry: Stamped<'_>) -> Vec<u8> {
    let mut encoded = Vec::new();
    entry.in_another_log().encode(&mut encoded);
    encoded
}

/// A payload of the first of these entries, and how many they are; `None` if there are none.
fn put_together(entries: impl Iterator<Item: AsRef<[u8]>>) -> Option<(Vec<u8>, u64)> {
    let (mut payload, mut count) = (Payload::default(), 0);
    for entry in entries {
        if !payload.push(entry.as_ref()) {
            break;
        }
        count += 1;
    }
    (count > 0).then(|| (payload.into_bytes(), count))
}
