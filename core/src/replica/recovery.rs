//! What an attached engine lacks, or this server does.

use alloc::rc::Rc;

use super::asking::RENEWAL;
use super::kept::{Kept, Snapshot};
use super::{Apart, Attached, Phase, Position, Relation, Replica, Request};
use crate::entry::DecodeError;
use crate::server::Server;
use crate::time::Instant;

/// What is said again at once at the most: a few milliseconds of the engine's time.
const MOST_RESTORED: usize = 64;
const BYTES_RESTORED: usize = 256 * 1024;

impl Replica {
    /// Decides how to go on with an engine.
    pub(super) fn attached(&mut self, now: Instant, server: &mut Server, attached: Attached) {
        self.appended = attached.last;
        self.era = self.era.max(attached.era);
        // That was a renewal.
        self.renew_at = Some(now + RENEWAL);
        // Less may be there than there was.
        self.begins_at = self.begins_at.map(|_| attached.tail.index);
        self.note_beginning();
        if self.is_leaving() {
            self.phase = Phase::Ready;
            return;
        }
        match attached.at {
            Relation::Same => self.go_on_with(Phase::Ready),
            Relation::Cut => self.mend(now, &attached),
            Relation::Behind => self.skip(now, server, attached),
            Relation::Apart => self.leave(Apart::Diverged),
        }
    }

    /// The log is what this server has read of it, or will be.
    fn go_on_with(&mut self, phase: Phase) {
        // What it has read of its own and was cut off is restored.
        self.appended = self.appended.max(self.committed);
        self.phase = phase;
    }

    /// The log ends before what was read of it.
    fn mend(&mut self, now: Instant, attached: &Attached) {
        let (tail, base) = (attached.tail, self.kept.base().index);
        let is_empty = tail == Position::GENESIS;
        match self.kept.link_at(tail.index) {
            Some(link) if link != tail.link => self.leave(Apart::Diverged),
            Some(_) if tail.index >= base => {
                self.go_on_with(Phase::Restore { next: tail.index + 1 });
            }
            Some(_) => self.go_on_with(Phase::Seed { over: tail }),
            None if is_empty => self.go_on_with(Phase::Seed { over: tail }),
            // Whoever has been here for longer may know it.
            None if attached.is_healing => self.retry(now),
            None => self.leave(Apart::Diverged),
        }
    }

    /// What follows is trimmed: this server goes on with a snapshot.
    fn skip(&mut self, now: Instant, server: &mut Server, attached: Attached) {
        let Some((at, bytes)) = attached.snapshot else { return self.leave(Apart::Diverged) };
        // Something of its own that it has read is not in this log.
        if attached.last < self.committed {
            return self.leave(Apart::Diverged);
        }
        match server.skip_to(now, &bytes) {
            Ok(()) => {}
            // It lacks something of others that was read.
            Err(DecodeError::Malformed) => return self.leave(Apart::Diverged),
            Err(error) => return self.leave(Apart::Unreadable(error)),
        }
        let nodes = server.nodes().collect();
        self.kept = Kept::from_snapshot(Snapshot { at, bytes: bytes.into(), nodes, is_own: false });
        self.position = at;
        self.note_beginning();
        self.committed = self.own_number(server);
        self.go_on_with(Phase::Ready);
    }

    /// Gives an engine the oldest snapshot that has lost that and more: all behind `over`.
    pub(super) fn seed(&self, over: Position) -> Option<Request> {
        let Snapshot { at, bytes, nodes, .. } = self.kept.oldest()?;
        let (nodes, snapshot) = (nodes.clone(), Rc::clone(bytes));
        Some(Request::Seed { over, at: *at, nodes, snapshot })
    }

    /// Says again what comes from `next` on.
    pub(super) fn restore(&self, next: u64) -> Option<Request> {
        let batches = self.kept.some_from(next, MOST_RESTORED, BYTES_RESTORED);
        (!batches.is_empty()).then_some(Request::Restore { batches })
    }
}
