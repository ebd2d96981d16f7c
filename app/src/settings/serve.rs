//! How to serve a room.

#[cfg(feature = "shared")]
use std::sync::Arc;

use chat_core::{Limits, MAX_BACKLOG, MAX_LINE, MIN_LINE};
use tz::TimeZone;

use super::Look;
#[cfg(feature = "shared")]
use super::Shared;
use super::surroundings::Surroundings;
use crate::args::{self, LogSync};
use crate::failure::Failure;
use crate::net::Place;
use crate::terminal::reflows;

/// How to serve a room.
pub(crate) struct Serve {
    pub(crate) place: Place,
    pub(crate) limits: Limits,
    /// Whether the console shows its first line only.
    pub(crate) is_quiet: bool,
    /// The place of a host at the server's own terminal; `None` if it has none.
    pub(crate) seat: Option<Seat>,
    /// Where what is said is recorded.
    pub(crate) record: Option<Record>,
    /// The room that it shares with other servers; `None` if the room is its own.
    #[cfg(feature = "shared")]
    pub(crate) shared: Option<Arc<Shared>>,
    /// The zone of the times that are told and recorded.
    pub(crate) zone: TimeZone,
    /// The page by which browsers join; `None` for no such page.
    pub(crate) web: Option<Web>,
    /// What is done otherwise than asked.
    pub(crate) complaint: Option<Failure>,
}

/// How to serve the page.
pub(crate) struct Web {
    pub(crate) place: Place,
    /// Names that it may be asked for by, beside those that are local, in lower case.
    pub(crate) names: Vec<String>,
    /// Whether people are shown on standard output where it is.
    pub(crate) is_shown: bool,
}

/// A file to which what is said is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// As it was given: it is opened again by this path.
    pub(crate) path: String,
    pub(crate) sync: LogSync,
}

/// How the host's terminal is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(super) in_colour: bool,
    /// Whether the terminal rewraps rows that have become too wide, unless it says otherwise.
    pub(crate) reflows: bool,
    /// Whether failures would be printed on it too.
    pub(crate) sees_failures: bool,
}

impl Seat {
    /// How lines are shown.
    pub(crate) fn look(self) -> Look {
        Look { in_colour: self.in_colour, is_personal: true, ..Look::default() }
    }
}

impl Serve {
    /// Whether the room is one of several servers.
    pub(crate) fn is_shared(&self) -> bool {
        #[cfg(feature = "shared")]
        return self.shared.is_some();
        #[cfg(not(feature = "shared"))]
        false
    }

    pub(super) fn resolve(
        args: args::Serve,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Failure> {
        let has_host = surroundings.allow_an_editor() && !args.quiet;
        let seat = has_host.then(|| Seat {
            in_colour: !surroundings.forbid_colour(),
            reflows: reflows(&surroundings.term()),
            sees_failures: surroundings.shows_failures,
        });
        if args.log.is_none() && args.log_sync.is_some() {
            return Err(Failure::usage(Some("serve"), "--log-sync says nothing without --log"));
        }
        let (zone, complaint) = surroundings.time_zone_or_utc();
        let limits = limits(&args)?;
        let sync = args.log_sync.unwrap_or_default();
        let web = web(&args, surroundings)?;
        #[cfg(feature = "shared")]
        let shared = {
            let resolve = |url: String| Shared::resolve(&url, surroundings);
            args.shared.map(resolve).transpose()?.map(Arc::new)
        };
        #[cfg(not(feature = "shared"))]
        if args.shared.is_some() {
            let text = "--shared: this program was built without it";
            return Err(Failure::usage(Some("serve"), text));
        }
        let record = args.log.map(|path| Record { path, sync });
        Ok(Self {
            seat,
            limits,
            web,
            #[cfg(feature = "shared")]
            shared,
            place: Place { host: args.host, port: args.port },
            is_quiet: args.quiet,
            zone,
            // Without a record the zone is that of a few answers only.
            complaint: complaint.filter(|_| record.is_some()),
            record,
        })
    }
}

fn web(args: &args::Serve, surroundings: &Surroundings<'_>) -> Result<Option<Web>, Failure> {
    let wrong = |text: &str| Err(Failure::usage(Some("serve"), text));
    let Some(port) = args.web else {
        let has_names = !args.web_name.is_empty();
        return if has_names { wrong("--web-name says nothing without --web") } else { Ok(None) };
    };
    if port == args.port && port != 0 {
        return wrong("--web: that is the port of the room");
    }
    Ok(Some(Web {
        place: Place { host: args.host.clone(), port },
        names: args.web_name.clone(),
        is_shown: surroundings.shows_output && !args.quiet,
    }))
}

/// The largest backlog of a room that is shared: an engine takes half a gigabyte at once, and each
/// server has to get all of a snapshot within seconds.
const MAX_SHARED_BACKLOG: usize = 64 * 1024 * 1024;

fn limits(args: &args::Serve) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    limits.max_users = args.max_users.unwrap_or(limits.max_users);
    limits.max_line = args.max_line.unwrap_or(limits.max_line);
    within("--max-line", limits.max_line, MIN_LINE, MAX_LINE)?;
    let least = limits.least_backlog();
    limits.backlog = args.backlog.unwrap_or(limits.backlog.max(least));
    let most = if args.shared.is_some() { MAX_SHARED_BACKLOG } else { MAX_BACKLOG };
    within("--backlog", limits.backlog, least, most)?;
    limits.history = args.history.unwrap_or(limits.history);
    Ok(limits)
}

fn within(option: &str, value: usize, least: usize, most: usize) -> Result<(), Failure> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let text = format!("{option}: {value} is not between {least} and {most} bytes");
    Err(Failure::usage(Some("serve"), text))
}
