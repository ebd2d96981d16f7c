//! What a replica needs of its server.

use super::Server;

impl Server {
    /// What is proposed and not committed, from the one behind `number` on.
    pub(crate) fn proposals_behind(&self, number: u64) -> impl Iterator<Item = &[u8]> {
        self.ordered.proposals_behind(number)
    }

    /// Bytes by which the log may grow now through what is committed.
    pub(crate) fn log_space(&self) -> usize {
        self.ordered.room.log.space()
    }
}
