//! How to join a room.

use chat_core::Wishes;

use super::Look;
use super::surroundings::Surroundings;
use crate::args::{self, BellFor, Color, Whereabouts};
use crate::failure::Failure;
use crate::net::Place;
use crate::terminal::reflows;

/// How to join a room.
pub(crate) struct Join {
    /// Where the room is: one at least.
    pub(crate) places: Vec<Place>,
    pub(crate) look: Look,
    pub(crate) manner: Manner,
    /// What to ask the room for; `None` if it is to be asked for nothing, not even what its members
    /// are called.
    pub(crate) wishes: Option<Wishes>,
    /// What is done otherwise than asked.
    pub(crate) complaint: Option<Failure>,
}

/// The two kinds of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Lines in, lines out.
    Plain {
        /// Whether to go on receiving after the end of the input.
        stays: bool,
        patience: Patience,
        /// Whether what comes out is JSON.
        is_json: bool,
    },
    /// A line editor on a terminal.
    Interactive {
        patience: Patience,
        /// Whether the terminal rewraps rows that have become too wide, unless it says otherwise.
        reflows: bool,
    },
}

/// What is done about a room that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Whether to wait for one that was never reached.
    pub(crate) waits: bool,
    /// Whether to connect again when a connection ends.
    pub(crate) reconnects: bool,
}

impl Join {
    pub(super) fn resolve(
        args: args::Join,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Failure> {
        if args.reconnect && args.no_reconnect {
            let text = "--reconnect and --no-reconnect contradict each other";
            return Err(Failure::usage(Some("join"), text));
        }
        let manner = Manner::resolve(&args, surroundings);
        let is_json = args.json;
        let is_interactive = matches!(manner, Manner::Interactive { .. });
        let is_personal = surroundings.is_terminal && !is_json;
        let in_colour = match args.color {
            _ if is_json => false,
            Color::Always => true,
            // The output of a filter is coloured only on request.
            Color::Auto => is_interactive && !surroundings.forbid_colour(),
            Color::Never => false,
        };
        let bell = match args.bell {
            _ if is_json => BellFor::Nothing,
            Some(bell) => bell,
            None if is_personal => BellFor::Mention,
            None => BellFor::Nothing,
        };
        let zone = (args.time || is_json).then(|| surroundings.time_zone_or_utc());
        let (zone, complaint) = zone.unzip();
        Ok(Self {
            wishes: wishes(&args, is_personal, surroundings)?,
            complaint: complaint.flatten(),
            places: places(args.host, args.port)?,
            look: Look { in_colour, zone, bell, is_personal },
            manner,
        })
    }
}

/// Where the two arguments say that a room is.
fn places(host: Whereabouts, port: Option<u16>) -> Result<Vec<Place>, Failure> {
    let text = match (host, port) {
        (Whereabouts::Host(host), Some(port)) => return Ok(vec![Place { host, port }]),
        (Whereabouts::Places(places), None) => {
            return Ok(places.into_iter().map(|(host, port)| Place { host, port }).collect());
        }
        (Whereabouts::Host(host), None) => format!("{host} has no port: HOST PORT, or HOST:PORT"),
        (Whereabouts::Places(_), Some(port)) => {
            format!("PORT {port} is one port too many: HOST PORT, or HOST:PORT")
        }
    };
    Err(Failure::usage(Some("join"), text))
}

impl Manner {
    pub(super) fn resolve(args: &args::Join, surroundings: &Surroundings<'_>) -> Self {
        if args.plain || args.json || !surroundings.allow_an_editor() {
            let patience = Patience { waits: args.wait, reconnects: args.reconnect };
            return Self::Plain { stays: args.stay, patience, is_json: args.json };
        }
        let patience = Patience { waits: args.wait, reconnects: !args.no_reconnect };
        Self::Interactive { patience, reflows: reflows(&surroundings.term()) }
    }
}

/// Messages that somebody at a terminal gets to read who comes late: a screenful.
const HISTORY: usize = 20;

/// Returns what to ask the room for; `None` for a filter that wants nothing: what it sends and
/// prints is then the same as ever, byte for byte.
fn wishes(
    args: &args::Join,
    is_personal: bool,
    surroundings: &Surroundings<'_>,
) -> Result<Option<Wishes>, Failure> {
    let name = match &args.name {
        Some(name) => Some(name.clone()),
        None => surroundings.name()?,
    };
    let history = args.history.unwrap_or(if is_personal { HISTORY } else { 0 });
    let wants_any = is_personal || args.json || args.reconnect || name.is_some() || history > 0;
    Ok(wants_any.then_some(Wishes { name, history, own_when_heard: args.json }))
}
