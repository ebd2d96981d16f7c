//! What the program was started in.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use tz::{DateTime, TimeZone};

use crate::args;
use crate::failure::Failure;
use crate::system::HAS_EDITOR;

/// What the program was started in.
pub(super) struct Surroundings<'a> {
    /// The environment.
    pub(super) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Whether both standard input and standard output are a terminal.
    pub(super) is_terminal: bool,
    /// Whether standard output is one.
    pub(super) shows_output: bool,
    /// Whether standard error is one too.
    pub(super) shows_failures: bool,
}

impl Surroundings<'_> {
    /// Whether there is a terminal that can do more than print lines.
    pub(super) fn allow_an_editor(&self) -> bool {
        HAS_EDITOR && !matches!(self.term().as_str(), "" | "dumb") && self.is_terminal
    }

    /// The name of the terminal's kind; empty if it has none.
    pub(super) fn term(&self) -> String {
        let term = (self.variable)("TERM").unwrap_or_default();
        term.to_string_lossy().into_owned()
    }

    /// What the user wants to be called everywhere, if it is set and not empty.
    pub(super) fn name(&self) -> Result<Option<String>, Failure> {
        let name = (self.variable)("CHAT_NAME").unwrap_or_default();
        let name = name.to_string_lossy();
        if name.is_empty() {
            return Ok(None);
        }
        let wrong = |reason| Failure::usage(Some("join"), format_args!("CHAT_NAME: {reason}"));
        args::name(&name).map(Some).map_err(wrong)
    }

    /// The password for an engine, by the name that its own client knows.
    #[cfg(feature = "shared")]
    pub(super) fn engine_password(&self) -> Result<Option<String>, Failure> {
        self.of_server("REDISCLI_AUTH")
    }

    /// The file of certificates to be trusted instead of the system's, by the name that programs
    /// have for it which use OpenSSL.
    #[cfg(feature = "shared")]
    pub(super) fn trusted(&self) -> Result<Option<String>, Failure> {
        self.of_server("SSL_CERT_FILE")
    }

    /// A variable that a server heeds, if it is set and not empty.
    #[cfg(feature = "shared")]
    fn of_server(&self, name: &str) -> Result<Option<String>, Failure> {
        let value = (self.variable)(name).unwrap_or_default().into_string();
        let wrong = |_| Failure::usage(Some("serve"), format_args!("{name} is not valid UTF-8"));
        value.map(|value| Some(value).filter(|value| !value.is_empty())).map_err(wrong)
    }

    /// <https://no-color.org>: set and not empty.
    pub(super) fn forbid_colour(&self) -> bool {
        (self.variable)("NO_COLOR").is_some_and(|value| !value.is_empty())
    }

    /// The system's time zone; if that cannot be used, UTC and why.
    pub(super) fn time_zone_or_utc(&self) -> (TimeZone, Option<Failure>) {
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
    pub(super) fn time_zone(&self) -> Result<TimeZone, Failure> {
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
