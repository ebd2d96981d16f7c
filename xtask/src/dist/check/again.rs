//! A build in another place is the same, byte for byte.

use std::path::Path;
use std::process::Command;

use fs_err as fs;
use fs_err::os::unix::fs::symlink;

use super::super::build::Place;
use super::super::release::Release;
use super::super::target::Target;
use super::super::{make, names};
use crate::shell::{Outcome, output, say};

/// Builds a copy of the source in another folder, with another home of cargo, for some of the targets,
/// and compares the result with the release in the folder `out`: the archives, and what is made of
/// all of them if they are all.
pub(super) fn check(
    place: &Place,
    release: &Release,
    targets: &[Target],
    out: &Path,
    scratch: &Path,
) -> Outcome<()> {
    let source = scratch.join("some where/else");
    let cargo_home = scratch.join("another home");
    copy_source(&place.source, &source)?;
    // The downloads stay where they are.
    fs::create_dir(&cargo_home)?;
    for entry in fs::read_dir(&place.cargo_home)? {
        let entry = entry?;
        symlink(entry.path(), cargo_home.join(entry.file_name()))?;
    }
    let target = source.join("target");
    let elsewhere = Place::of(source, target, cargo_home)?;
    make(&elsewhere, release, targets)?;
    let again = elsewhere.out();
    let (mut first, mut second) = (names(out)?, names(&again)?);
    let is_archive = |name: &String| name.ends_with(".tar.gz");
    if first.iter().filter(|name| is_archive(name)).count() > targets.len() {
        second.retain(is_archive);
        first.retain(|name| second.contains(name));
    }
    if first.len() < targets.len() || first != second {
        return Err(format!("the second build has {second:?} instead of {first:?}").into());
    }
    for name in second {
        if fs::read(out.join(&name))? != fs::read(again.join(&name))? {
            return Err(format!("{name} differs in the second build").into());
        }
    }
    say("A build in another place is the same, byte for byte.");
    Ok(())
}

/// Clones the project, so that its commit is known there too, and copies its files as they are,
/// committed or not.
fn copy_source(from: &Path, to: &Path) -> Outcome<()> {
    output(Command::new("git").args(["clone", "--quiet", "--no-checkout"]).arg(from).arg(to))?;
    let mut git = Command::new("git");
    git.current_dir(from).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    for name in output(&mut git)?.split_terminator('\0') {
        let (from, to) = (from.join(name), to.join(name));
        // Deleted, but not committed yet.
        if !from.is_file() {
            continue;
        }
        fs::create_dir_all(to.parent().ok_or("a file without a folder")?)?;
        fs::copy(from, to)?;
    }
    Ok(())
}
