//! Servers that share a room, beside one that is alone, and beside the publish/subscribe of what they
//! share it through.

use super::room::Room;
use super::table::Measured;
use super::wire::Kind;
use super::workload::Workload;
use crate::shell::Outcome;

/// Who has the room's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Alone,
    One,
    Two,
    Four,
    /// No server of ours.
    Engine,
}

impl Sharing {
    pub(crate) const ALL: [Self; 5] = [Self::Alone, Self::One, Self::Two, Self::Four, Self::Engine];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::One => "1 shares it",
            Self::Two => "2 share it",
            Self::Four => "4 share it",
            Self::Engine => Kind::Redis.name(),
        }
    }

    pub(crate) fn measure(self, workload: &Workload) -> Outcome<Measured> {
        let servers = match self {
            Self::Alone => return workload.measure(Kind::Chat),
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Engine => return workload.measure(Kind::Redis),
        };
        workload.measure_on(&Room::shared(servers)?, Kind::Chat)
    }
}
