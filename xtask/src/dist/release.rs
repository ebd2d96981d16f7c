//! What a release is called, and its date.

use std::env;
use std::process::Command;

use super::build::Place;
use crate::shell::{Outcome, output};

pub(crate) struct Release {
    pub(crate) version: String,
    /// The date of all its files: seconds since 1970, UTC.
    pub(crate) time: u64,
}

impl Release {
    pub(crate) fn new(place: &Place) -> Result<Self, String> {
        // `chat@0.1.0`, behind where it is.
        let id = output(place.cargo().args(["pkgid", "--package", "chat"]))?;
        let version = id.trim_end().rsplit(['@', '#']).next().unwrap_or_default().to_owned();
        let time = time(place).map_err(|error| {
            format!("SOURCE_DATE_EPOCH is not set, and there is no commit to take it from: {error}")
        })?;
        Ok(Self { version, time })
    }

    /// The name of the list of what is in the executables.
    pub(crate) fn bill(&self) -> String {
        format!("chat-{}.cdx.json", self.version)
    }
}

/// See <https://reproducible-builds.org/specs/source-date-epoch/>.
fn time(place: &Place) -> Outcome<u64> {
    let seconds = match env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => {
            let mut git = Command::new("git");
            output(git.current_dir(&place.source).args(["log", "-1", "--format=%ct"]))?
        }
    };
    Ok(seconds.trim().parse()?)
}
