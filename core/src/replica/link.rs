//! The connection to the engine as it stands, and what the members are told of it.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::time::Duration;

use crate::server::Server;
use crate::time::Instant;

/// How long the log may be out of reach before the members are told: a failover takes longer, a
/// connection that is made anew does not.
const UNTOLD: Duration = Duration::from_secs(1);

/// The same before it was ever in reach: a log that begins in an engine that begins is not open at
/// once, as others may know what was in it.
const UNTOLD_AT_FIRST: Duration = Duration::from_secs(10);

/// How long the engine has to answer, and all has to be well, before a server takes another one for
/// gone: two leases, so that whoever is there has had the time to say so.
const WELL: Duration = Duration::from_secs(10);

/// How long there may be no answer in that time: one is asked for each second, and given within
/// another.
const HEARD: Duration = Duration::from_millis(2_200);

/// Whether the engine can be reached, and since when.
#[derive(Default)]
pub(super) struct Health {
    /// Since when nothing can be appended; `None`: it can.
    down_since: Option<Instant>,
    /// Why that is.
    why: String,
    /// Whether the members know.
    is_told: bool,
    /// Whether anything could be appended before.
    was_up: bool,
    /// Since when every answer came in time.
    well_since: Option<Instant>,
    /// When the last one came.
    heard_at: Option<Instant>,
}

impl Health {
    /// Nothing can be appended, if that was not known.
    pub(super) fn down(&mut self, now: Instant, why: &str) {
        if self.down_since.is_none() || !self.is_told {
            self.why = why.to_owned();
        }
        self.down_since.get_or_insert(now);
    }

    /// The connection is gone.
    pub(super) fn lost(&mut self, now: Instant, why: &str) {
        self.down(now, why);
        self.well_since = None;
        self.heard_at = None;
    }

    /// What is said is appended.
    pub(super) fn up(&mut self, now: Instant, server: &mut Server) {
        self.down_since = None;
        self.was_up = true;
        if core::mem::take(&mut self.is_told) {
            server.set_away(now, None);
        }
    }

    /// The engine has answered while the log was open.
    pub(super) fn heard(&mut self, now: Instant) {
        if self.heard_at.is_none_or(|before| now > before + HEARD) {
            self.well_since = None;
        }
        self.well_since.get_or_insert(now);
        self.heard_at = Some(now);
    }

    /// Whether another server that has not renewed its lease is gone for sure.
    pub(super) fn has_been_well(&self, now: Instant) -> bool {
        self.well_since.is_some_and(|since| since + WELL <= now)
    }

    /// When the members are to be told.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        let untold = if self.was_up { UNTOLD } else { UNTOLD_AT_FIRST };
        self.down_since.filter(|_| !self.is_told).map(|since| since + untold)
    }

    pub(super) fn tick(&mut self, now: Instant, server: &mut Server) {
        if self.next_tick().is_some_and(|at| at <= now) {
            self.is_told = true;
            server.set_away(now, Some(&self.why));
        }
    }
}
