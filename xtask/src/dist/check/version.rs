//! Each executable that this machine can run names its commit.

use std::path::Path;
use std::process::Command;

use tz::UtcDateTime;

use super::super::build::Place;
use super::super::release::Release;
use crate::shell::{Outcome, Tried, output, quiet_output};

pub(super) fn check(place: &Place, release: &Release, executable: &Path) -> Outcome<()> {
    let printed = output(Command::new(executable).arg("--version"))?;
    let expected = expected(place, release)?;
    if printed == expected {
        return Ok(());
    }
    Err(format!("{}: {printed:?} instead of {expected:?}", executable.display()).into())
}

/// Returns what it has to print, by git's account of the commit.
fn expected(place: &Place, release: &Release) -> Outcome<String> {
    let mut git = Command::new("git");
    git.current_dir(&place.source).args(["rev-list", "-1", "--timestamp", "HEAD"]);
    let Ok(commit) = quiet_output(&mut git) else {
        return Ok(format!("chat {}\n", release.version));
    };
    let (seconds, hash) = commit.split_once(' ').ok_or("git rev-list: no timestamp")?;
    let seconds = seconds.parse().tried(format_args!("git rev-list: {seconds:?}"))?;
    let date = UtcDateTime::from_timespec(seconds, 0)?;
    let (year, month, day) = (date.year(), date.month(), date.month_day());
    let hash: String = hash.chars().take(7).collect();
    Ok(format!("chat {} ({hash} {year:04}-{month:02}-{day:02})\n", release.version))
}
