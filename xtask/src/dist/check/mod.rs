//! `cargo xtask dist --check`: the proof that a release is as promised.
//!
//! | module | what it checks |
//! |---|---|
//! | `elf` | each executable needs nothing but a kernel |
//! | `paths` | no executable contains a path of the build |
//! | `version` | each executable names its commit |
//! | `links` | whatever the README links to is in the archive |
//! | `notices` | the notices name every package that is linked |
//! | `texts` | the man page, the completions and the systemd unit are valid |
//! | `bill` | the bill of materials names exactly what is linked |
//! | `suite` | the integration tests pass: here, as on an old kernel, and emulated |
//! | `alone` | an executable runs in an empty file system |
//! | `again` | a build in another place is the same, byte for byte |

mod again;
mod alone;
mod bill;
mod elf;
mod links;
mod notices;
mod paths;
mod suite;
mod texts;
mod version;

use std::path::{Path, PathBuf};

use fs_err as fs;
use tempfile::TempDir;

use super::archive::Archive;
use super::build::Place;
use super::release::Release;
use super::target::Target;
use crate::shell::{Outcome, Tried, say};
use suite::Suite;

/// The largest size of an executable in bytes: the aim for the whole program is 2 MiB.
const SIZE: u64 = 2 * 1024 * 1024;

/// Checks the release in the folder `out`, or of it what does not take long.
pub(super) fn check(
    place: &Place,
    release: &Release,
    archives: &[Archive],
    out: &Path,
    is_brief: bool,
) -> Outcome<()> {
    let scratch = TempDir::with_prefix("chat-dist-")?;
    let mut unpacked = Vec::new();
    for archive in archives {
        let folder = archive.unpack(scratch.path())?;
        unpacked.push(Unpacked { target: archive.target, archive: &archive.path, folder });
    }
    for Unpacked { target, folder, archive } in &unpacked {
        let executable = fs::read(folder.join("chat"))?;
        elf::check(*target, &executable).tried(archive.display())?;
        paths::check(place, &executable).tried(archive.display())?;
        say(&format!("{} needs nothing but a kernel.", target.triple()));
    }
    sizes(&unpacked)?;
    let targets: Vec<Target> = unpacked.iter().map(|unpacked| unpacked.target).collect();
    // These files are the same in each archive.
    if let Some(Unpacked { folder, .. }) = unpacked.first() {
        links::check(folder)?;
        notices::check(place, &targets, folder)?;
        texts::check(folder)?;
    }
    bill::check(place, release, &targets, out)?;
    let runnable = |unpacked: &&Unpacked<'_>| unpacked.target != Target::Aarch64;
    for Unpacked { folder, .. } in unpacked.iter().filter(runnable) {
        version::check(place, release, &folder.join("chat"))?;
    }
    let suite = Suite::build()?;
    for Unpacked { target, folder, .. } in &unpacked {
        suite.check(*target, &folder.join("chat"), scratch.path(), is_brief)?;
    }
    if let Some(unpacked) = unpacked.iter().find(|unpacked| unpacked.target == Target::X86_64) {
        alone::check(&unpacked.folder.join("chat"), scratch.path())?;
    }
    let again = if is_brief { &targets[..targets.len().min(1)] } else { &targets };
    again::check(place, release, again, out, scratch.path())
}

struct Unpacked<'a> {
    target: Target,
    archive: &'a Path,
    folder: PathBuf,
}

/// Prints the sizes, and fails if one is above the aim.
fn sizes(unpacked: &[Unpacked<'_>]) -> Outcome<()> {
    say(&format!("{:<28} {:>12} {:>12} {:>8}", "", "executable", "archive", "of aim"));
    let mut is_small = true;
    for Unpacked { target, archive, folder } in unpacked {
        let executable = fs::metadata(folder.join("chat"))?.len();
        let archive = fs::metadata(archive)?.len();
        let [kib, archive] = [executable, archive].map(|bytes| bytes.div_ceil(1024));
        let percent = executable * 100 / SIZE;
        let triple = target.triple();
        say(&format!("{triple:<28} {kib:>8} KiB {archive:>8} KiB {percent:>6} %"));
        is_small &= executable <= SIZE;
    }
    if is_small { Ok(()) } else { Err(format!("larger than {} MiB", SIZE / 1024 / 1024).into()) }
}
