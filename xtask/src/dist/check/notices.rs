//! The notices name every package that is linked.

use std::collections::BTreeSet;
use std::path::Path;

use fs_err as fs;

use super::super::build::Place;
use super::super::contents::NOTICES;
use super::super::target::Target;
use super::bill::linked;
use crate::shell::Outcome;

/// The project's own packages, whose licences are files of their own.
const OWN: [&str; 2] = ["chat", "chat-core"];

pub(super) fn check(place: &Place, targets: &[Target], folder: &Path) -> Outcome<()> {
    let notices = fs::read_to_string(folder.join(NOTICES))?;
    let named = named(&notices);
    for package in linked(place, targets)? {
        let (name, version) = package.split_once('@').ok_or("a package without a version")?;
        if !OWN.contains(&name) && !named.contains(&(name, version)) {
            return Err(format!("{NOTICES}: no notice of {name} {version}").into());
        }
    }
    Ok(())
}

/// Returns the packages that have a line, by name and version.
fn named(notices: &str) -> BTreeSet<(&str, &str)> {
    let lines = notices.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter_map(|line| Some((line.split(' ').next()?, line.split(' ').nth(1)?))).collect()
}
