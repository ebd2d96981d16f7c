//! Settings: arguments, environment and terminal, resolved once, at the top, into one value for
//! each command. Nothing below reads any of the three.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::Path;

use chat_core::{Limits, MAX_BACKLOG, MAX_LINE, MIN_LINE, Wishes};
use tz::{DateTime, TimeZone};

use crate::args::{self, Color, Command};
use crate::failure::Failure;
use crate::net::Place;
use crate::system::HAS_EDITOR;
use crate::terminal::reflows;

pub(crate) use crate::args::{BellFor, LogSync};

/// What the program is to do.
pub(crate) enum Settings {
    Serve(Serve),
    Join(Join),
}

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
    in_colour: bool,
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

/// How to join a room.
pub(crate) struct Join {
    pub(crate) place: Place,
    pub(crate) look: Look,
    pub(crate) manner: Manner,
    /// What to ask the room for; `None` if it is to be asked for nothing, not even what its members
    /// are called.
    pub(crate) wishes: Option<Wishes>,
    /// What is done otherwise than asked.
    pub(crate) complaint: Option<Failure>,
}

/// How lines are shown.
#[derive(Default)]
pub(crate) struct Look {
    pub(crate) in_colour: bool,
    /// The zone of the time before each line; `None` for no time.
    pub(crate) zone: Option<TimeZone>,
    pub(crate) bell: BellFor,
    /// Whether somebody is looking: then the greeting says what the user is called.
    pub(crate) is_personal: bool,
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

impl Settings {
    /// What `command` means here and now.
    ///
    /// # Errors
    ///
    /// A value is outside of its range.
    pub(crate) fn resolve(command: Command) -> Result<Self, Failure> {
        let surroundings = Surroundings {
            variable: &|name| env::var_os(name),
            is_terminal: io::stdin().is_terminal() && io::stdout().is_terminal(),
            shows_output: io::stdout().is_terminal(),
            shows_failures: io::stderr().is_terminal(),
        };
        match command {
            Command::Serve(args) => Ok(Self::Serve(Serve::resolve(args, &surroundings)?)),
            Command::Join(args) => Ok(Self::Join(Join::resolve(args, &surroundings)?)),
        }
    }
}

impl Serve {
    fn resolve(args: args::Serve, surroundings: &Surroundings<'_>) -> Result<Self, Failure> {
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
        let record = args.log.map(|path| Record { path, sync });
        Ok(Self {
            seat,
            limits,
            web,
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

fn limits(args: &args::Serve) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    limits.max_users = args.max_users.unwrap_or(limits.max_users);
    limits.max_line = args.max_line.unwrap_or(limits.max_line);
    within("--max-line", limits.max_line, MIN_LINE, MAX_LINE)?;
    let least = limits.least_backlog();
    limits.backlog = args.backlog.unwrap_or(limits.backlog.max(least));
    within("--backlog", limits.backlog, least, MAX_BACKLOG)?;
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

impl Join {
    fn resolve(args: args::Join, surroundings: &Surroundings<'_>) -> Result<Self, Failure> {
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
            place: Place { host: args.host, port: args.port },
            look: Look { in_colour, zone, bell, is_personal },
            manner,
        })
    }
}

impl Manner {
    fn resolve(args: &args::Join, surroundings: &Surroundings<'_>) -> Self {
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

/// Returns what to ask the room for; `None` for a filter that wants nothing: what it sends and prints
/// is then the same as ever, byte for byte.
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

/// What the program was started in.
struct Surroundings<'a> {
    /// The environment.
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Whether both standard input and standard output are a terminal.
    is_terminal: bool,
    /// Whether standard output is one.
    shows_output: bool,
    /// Whether standard error is one too.
    shows_failures: bool,
}

impl Surroundings<'_> {
    /// Whether there is a terminal that can do more than print lines.
    fn allow_an_editor(&self) -> bool {
        HAS_EDITOR && !matches!(self.term().as_str(), "" | "dumb") && self.is_terminal
    }

    /// The name of the terminal's kind; empty if it has none.
    fn term(&self) -> String {
        let term = (self.variable)("TERM").unwrap_or_default();
        term.to_string_lossy().into_owned()
    }

    /// What the user wants to be called everywhere, if it is set and not empty.
    fn name(&self) -> Result<Option<String>, Failure> {
        let name = (self.variable)("CHAT_NAME").unwrap_or_default();
        let name = name.to_string_lossy();
        if name.is_empty() {
            return Ok(None);
        }
        let wrong = |reason| Failure::usage(Some("join"), format_args!("CHAT_NAME: {reason}"));
        args::name(&name).map(Some).map_err(wrong)
    }

    /// <https://no-color.org>: set and not empty.
    fn forbid_colour(&self) -> bool {
        (self.variable)("NO_COLOR").is_some_and(|value| !value.is_empty())
    }

    /// The system's time zone; if that cannot be used, UTC and why.
    fn time_zone_or_utc(&self) -> (TimeZone, Option<Failure>) {
        match self.time_zone() {
            Ok(zone) => (zone, None),
            Err(failure) => (TimeZone::utc(), Some(failure)),
        }
    }

    /// The system's time zone: `TZ` if it is set, else `/etc/localtime`, else UTC (`tzset(3)`).
    ///
    /// # Errors
    ///
    /// It cannot be read, or does not say what time it is now.
    fn time_zone(&self) -> Result<TimeZone, Failure> {
        let Some(name) = (self.variable)("TZ") else {
            return match TimeZone::local() {
                _ if !Path::new(LOCAL_ZONE).exists() => Ok(TimeZone::utc()),
                Ok(zone) if tells_the_time(&zone) => Ok(zone),
                _ => Err(no_zone(LOCAL_ZONE)),
            };
        };
        let name = name.to_string_lossy();
        match TimeZone::from_posix_tz(&name) {
            _ if name.is_empty() => Ok(TimeZone::utc()),
            Ok(zone) if tells_the_time(&zone) => Ok(zone),
            _ => Err(no_zone(&format!("TZ={name}"))),
        }
    }
}

const LOCAL_ZONE: &str = "/etc/localtime";

fn tells_the_time(zone: &TimeZone) -> bool {
    DateTime::now(zone.as_ref()).is_ok()
}

fn no_zone(source: &str) -> Failure {
    let reason = io::Error::other("times are UTC");
    Failure::new(format_args!("cannot use the time zone of {source}"), &reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Parsed;

    fn command(words: &[&str]) -> Command {
        let words = ["chat"].iter().chain(words).map(OsString::from);
        let Ok(Parsed::Command(command)) = args::parse(words) else { panic!("no command") };
        command
    }

    fn surroundings<'a>(
        variable: &'a dyn Fn(&str) -> Option<OsString>,
        is_terminal: bool,
    ) -> Surroundings<'a> {
        Surroundings {
            variable,
            is_terminal,
            shows_output: is_terminal,
            shows_failures: is_terminal,
        }
    }

    fn join(
        options: &[&str],
        is_terminal: bool,
        variables: &'static [(&'static str, &'static str)],
    ) -> Join {
        let variable = variable(variables);
        let words = [&["join", "127.0.0.1", "3333"], options].concat();
        let Command::Join(args) = command(&words) else { panic!("not join") };
        Join::resolve(args, &surroundings(&variable, is_terminal)).unwrap()
    }

    fn seat(
        options: &[&str],
        is_terminal: bool,
        variables: &'static [(&'static str, &'static str)],
    ) -> Option<Seat> {
        serve(options, is_terminal, variables).unwrap().seat
    }

    fn serve(
        options: &[&str],
        is_terminal: bool,
        variables: &'static [(&'static str, &'static str)],
    ) -> Result<Serve, Failure> {
        let words = [&["serve", "127.0.0.1", "3333"], options].concat();
        let Command::Serve(args) = command(&words) else { panic!("not serve") };
        let variable = variable(variables);
        Serve::resolve(args, &surroundings(&variable, is_terminal))
    }

    fn variable(
        variables: &'static [(&'static str, &'static str)],
    ) -> impl Fn(&str) -> Option<OsString> {
        move |name: &str| {
            let found = variables.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| OsString::from(value))
        }
    }

    const XTERM: &[(&str, &str)] = &[("TERM", "xterm")];

    #[test]
    fn the_editor_needs_a_capable_terminal_at_both_ends() {
        let patience = Patience { waits: false, reconnects: true };
        let interactive = Manner::Interactive { patience, reflows: false };
        let patience = Patience { waits: false, reconnects: false };
        let plain = Manner::Plain { stays: false, patience, is_json: false };
        assert_eq!(join(&[], true, XTERM).manner, interactive);
        assert_eq!(join(&[], false, XTERM).manner, plain);
        assert_eq!(join(&["--plain"], true, XTERM).manner, plain);
        let stays = Manner::Plain { stays: true, patience, is_json: false };
        let json = Manner::Plain { stays: false, patience, is_json: true };
        assert_eq!(join(&["--json"], true, XTERM).manner, json);
        assert_eq!(join(&["--stay"], false, XTERM).manner, stays);
        for variables in [&[][..], &[("TERM", "")], &[("TERM", "dumb")]] {
            assert_eq!(join(&[], true, variables).manner, plain, "{variables:?}");
        }
    }

    #[test]
    fn a_host_needs_a_capable_terminal_at_both_ends() {
        let at_an_xterm = Seat { in_colour: true, reflows: false, sees_failures: true };
        assert_eq!(seat(&[], true, XTERM), Some(at_an_xterm));
        let without_colour = Seat { in_colour: false, ..at_an_xterm };
        let variables = &[("TERM", "xterm"), ("NO_COLOR", "1")];
        assert_eq!(seat(&[], true, variables), Some(without_colour));
        assert!(seat(&[], true, &[("TERM", "foot")]).unwrap().reflows);
        assert_eq!(seat(&[], false, XTERM), None);
        assert_eq!(seat(&["--quiet"], true, XTERM), None);
        for variables in [&[][..], &[("TERM", "")], &[("TERM", "dumb")]] {
            assert_eq!(seat(&[], true, variables), None, "{variables:?}");
        }
    }

    #[test]
    fn colours_are_for_terminals_unless_they_are_unwanted() {
        assert!(join(&[], true, XTERM).look.in_colour);
        assert!(join(&[], true, &[("TERM", "xterm"), ("NO_COLOR", "")]).look.in_colour);
        assert!(!join(&[], true, &[("TERM", "xterm"), ("NO_COLOR", "1")]).look.in_colour);
        assert!(!join(&["--color", "never"], true, XTERM).look.in_colour);
        assert!(!join(&[], false, XTERM).look.in_colour);
        assert!(join(&["--color", "always"], false, &[("NO_COLOR", "1")]).look.in_colour);
    }

    /// Who is not at a terminal, and wants nothing, is as ever.
    #[test]
    fn wishes() {
        let wishes = |name: Option<&str>, history| {
            Some(Wishes { name: name.map(str::to_owned), history, own_when_heard: false })
        };
        assert_eq!(join(&[], false, XTERM).wishes, None);
        assert_eq!(join(&["--history", "0"], false, XTERM).wishes, None);
        assert_eq!(join(&[], true, XTERM).wishes, wishes(None, 20));
        assert_eq!(join(&["--plain"], true, XTERM).wishes, wishes(None, 20));
        assert_eq!(join(&["--history=0"], true, XTERM).wishes, wishes(None, 0));
        assert_eq!(join(&["--history", "5"], false, XTERM).wishes, wishes(None, 5));
        let heard = Wishes { own_when_heard: true, ..Wishes::default() };
        assert_eq!(join(&["--json"], false, XTERM).wishes, Some(heard));
        assert_eq!(join(&["--reconnect"], false, XTERM).wishes, wishes(None, 0));
        assert_eq!(join(&["--name", "지민"], false, XTERM).wishes, wishes(Some("지민"), 0));
        const NAMED: &[(&str, &str)] = &[("CHAT_NAME", "민수")];
        assert_eq!(join(&[], false, NAMED).wishes, wishes(Some("민수"), 0));
        assert_eq!(join(&["--name=지민"], false, NAMED).wishes, wishes(Some("지민"), 0));
        assert_eq!(join(&[], false, &[("CHAT_NAME", "")]).wishes, None);
    }

    #[test]
    fn the_bell_rings_for_somebody_at_a_terminal() {
        let bell = |options: &[&str], is_terminal| join(options, is_terminal, XTERM).look.bell;
        assert_eq!(bell(&[], true), BellFor::Mention);
        assert_eq!(bell(&["--plain"], true), BellFor::Mention);
        assert_eq!(bell(&["--bell", "never"], true), BellFor::Nothing);
        assert_eq!(bell(&["--bell=all"], true), BellFor::All);
        assert_eq!(bell(&[], false), BellFor::Nothing);
        assert_eq!(bell(&["--bell", "mention"], false), BellFor::Mention);
        assert_eq!(bell(&["--bell", "all", "--json"], true), BellFor::Nothing);
    }

    #[test]
    fn the_time_is_that_of_the_users_zone() {
        assert!(join(&[], false, &[("TZ", "KST-9")]).look.zone.is_none());
        let zone = join(&["--time"], false, &[("TZ", "KST-9")]).look.zone.unwrap();
        assert_eq!(zone.as_ref().find_local_time_type(0).unwrap().ut_offset(), 9 * 60 * 60);
        let zone = join(&["--time"], false, &[("TZ", "no/such zone")]).look.zone.unwrap();
        assert_eq!(zone.as_ref().find_local_time_type(0).unwrap().ut_offset(), 0);
    }

    /// As everywhere else, by `TZ` first of all.
    #[test]
    fn the_time_of_a_room_is_that_of_the_users_zone_too() {
        let offset = |serve: &Serve| {
            serve.zone.as_ref().find_local_time_type(0).map(|zone| zone.ut_offset()).unwrap()
        };
        let seoul = serve(&[], false, &[("TZ", "KST-9")]).unwrap();
        assert_eq!((offset(&seoul), seoul.complaint.is_some()), (9 * 60 * 60, false));
        let nowhere = &[("TZ", "no/such zone")];
        let quiet = serve(&[], false, nowhere).unwrap();
        assert_eq!((offset(&quiet), quiet.complaint.is_some()), (0, false));
        let recording = serve(&["--log", "f"], false, nowhere).unwrap();
        assert_eq!((offset(&recording), recording.complaint.is_some()), (0, true));
    }

    #[test]
    fn records() {
        let record = |options: &[&str]| serve(options, false, &[]).map(|serve| serve.record);
        let at = |sync| Some(Record { path: "대화.log".to_owned(), sync });
        assert_eq!(record(&[]).unwrap(), None);
        assert_eq!(record(&["--log", "대화.log"]).unwrap(), at(LogSync::Second));
        let always = record(&["--log=대화.log", "--log-sync=always"]).unwrap();
        assert_eq!(always, at(LogSync::Always));
        assert!(record(&["--log-sync", "second"]).is_err());
    }

    #[test]
    fn limits_have_bounds() {
        let resolve = |options: &[&str]| {
            let words = [&["serve", "127.0.0.1", "3333"], options].concat();
            Settings::resolve(command(&words)).map(|settings| match settings {
                Settings::Serve(serve) => serve.limits,
                Settings::Join(_) => panic!("not serve"),
            })
        };
        assert_eq!(resolve(&[]).unwrap(), Limits::default());
        assert_eq!(resolve(&["--max-users", "3"]).unwrap().max_users, 3);
        assert!(resolve(&["--max-line", "1"]).is_err());
        assert!(resolve(&["--backlog", "1K"]).is_err());
        // A longer line needs a larger backlog, which it gets where none is asked for.
        let limits = resolve(&["--max-line", "64K"]).unwrap();
        assert!(limits.backlog >= limits.least_backlog());
    }
}
