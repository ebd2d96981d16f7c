//! What is read of the log.

use alloc::vec::Vec;

use super::kept::Snapshot;
use super::{Apart, Batch, Phase, Replica};
use crate::entry::Stamped;
use crate::server::Server;
use crate::time::Instant;

/// Reading.
impl Replica {
    /// Whether a batch may be [read](Replica::read) now: not while the room waits for a slow reader
    /// and has no space for it. The server's [`Event::Resumed`](crate::Event::Resumed) says when to
    /// ask again.
    #[must_use]
    pub fn takes(&self, server: &Server, batch: &Batch) -> bool {
        !server.is_waiting() || server.log_space() >= batch.payload.len()
    }

    /// Commits a batch, the next one of the log. One that was read is ignored; one that is further
    /// on has the engine asked what became of those between.
    ///
    /// # Errors
    ///
    /// The log is another one than that which was read so far, or it cannot be read. Then nothing
    /// is read any more. What members have said is appended, if it is not in the log; then the room
    /// is told that this server is gone, and [`State::Apart`](super::State::Apart) is where it
    /// stands.
    pub fn read(&mut self, now: Instant, server: &mut Server, batch: Batch) -> Result<(), Apart> {
        let is_attached = !matches!(self.phase, Phase::Down | Phase::Attach);
        if !is_attached || self.is_leaving() || batch.index <= self.position.index {
            return Ok(());
        }
        if batch.index > self.position.index + 1 {
            self.attach_again(now, "the log goes on elsewhere");
            return Ok(());
        }
        let is_own = match self.check(&batch) {
            Ok(entries) => self.commit(now, server, &batch, &entries),
            Err(apart) => {
                self.leave(apart);
                return Err(apart);
            }
        };
        self.keep(server, batch, is_own);
        Ok(())
    }

    /// Whether a batch follows what was read, and is one.
    fn check<'a>(&self, batch: &'a Batch) -> Result<Vec<Stamped<'a>>, Apart> {
        if batch.before != self.position.link {
            return Err(Apart::Diverged);
        }
        batch.decoded().map_err(Apart::Unreadable)
    }

    /// Returns whether it is one of this node.
    fn commit(
        &mut self,
        now: Instant,
        server: &mut Server,
        batch: &Batch,
        entries: &[Stamped<'_>],
    ) -> bool {
        server.set_wall(now, batch.wall);
        for entry in entries {
            server.commit(now, entry);
        }
        let last = entries.last().map(Stamped::stamp);
        let own = last.filter(|stamp| stamp.node == self.node);
        if let Some(own) = own {
            self.committed = own.number;
            self.appended = self.appended.max(own.number);
            self.note_health(now, server, false);
        }
        self.position = batch.position();
        self.note_beginning();
        if server.is_fenced() {
            self.fenced();
        }
        own.is_some()
    }

    /// Keeps what was committed, and a snapshot where one is due.
    fn keep(&mut self, server: &Server, batch: Batch, is_own: bool) {
        self.kept.push(batch);
        if self.kept.since_snapshot() >= self.interval {
            let nodes = server.nodes().collect();
            let bytes = server.snapshot().into();
            self.kept.push_snapshot(Snapshot { at: self.position, bytes, nodes, is_own });
        }
    }
}
