//! Servers that record what is said, beside one that does not.

use tempfile::TempDir;

use super::room::Room;
use super::server::Server;
use super::table::Measured;
use super::wire::Kind;
use super::workload::Workload;
use crate::build::target_directory;
use crate::shell::Outcome;

/// The loads, by their letters.
pub(crate) const LOADS: [char; 2] = ['a', 'c'];

/// Whether a server records, and when that is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recording {
    No,
    EverySecond,
    Always,
}

impl Recording {
    pub(crate) const ALL: [Self; 3] = [Self::No, Self::EverySecond, Self::Always];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::No => "no record",
            Self::EverySecond => "a record",
            Self::Always => "synced always",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::No => &[],
            Self::EverySecond => &["--log", "record"],
            Self::Always => &["--log", "record", "--log-sync", "always"],
        }
    }

    pub(crate) fn measure(self, workload: &Workload) -> Outcome<Measured> {
        // On a disk: other temporary files may be in memory.
        let folder = TempDir::with_prefix_in("chat-bench-", target_directory()?)?;
        let server = Server::start_in(folder, Kind::Chat, self.options())?.ok_or("it is gone")?;
        workload.measure_on(&Room::alone(server), Kind::Chat)
    }
}
