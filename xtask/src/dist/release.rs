//! The version and date of a release.

use std::env;
use std::process::Command;

use super::build::Place;
use crate::shell::{Outcome, Tried, output};

pub(crate) struct Release {
    pub(crate) version: String,
    /// The date of all its files in seconds since 1970, UTC.
    pub(crate) time: u64,
}

impl Release {
    pub(crate) fn new(place: &Place) -> Outcome<Self> {
        // The folder, then `chat@0.1.0`.
        let id = output(place.cargo().args(["pkgid", "--package", "chat"]))?;
        let version = id.trim_end().rsplit(['@', '#']).next().unwrap_or_default().to_owned();
        Ok(Self { version, time: time(place)? })
    }

    /// Returns the file name of the bill of materials.
    pub(crate) fn bill(&self) -> String {
        format!("chat-{}.cdx.json", self.version)
    }
}

/// Returns the date, by <https://reproducible-builds.org/specs/source-date-epoch/>.
fn time(place: &Place) -> Outcome<u64> {
    if let Some(seconds) = env::var_os("SOURCE_DATE_EPOCH") {
        let seconds = seconds.to_str().and_then(|seconds| seconds.parse().ok());
        return Ok(seconds.ok_or("SOURCE_DATE_EPOCH is not a number of seconds")?);
    }
    let mut git = Command::new("git");
    git.args(["-c", "log.showSignature=false", "log", "-1", "--format=%ct"]);
    let seconds = output(git.current_dir(&place.source))
        .map_err(|error| format!("no SOURCE_DATE_EPOCH, and no commit either: {error}"))?;
    seconds.trim().parse().tried(format_args!("git log: {seconds:?}"))
}
