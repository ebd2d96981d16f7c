//! `cargo xtask dist`: the files of a release, in `target/dist`.
//!
//! | module | noun |
//! |---|---|
//! | `target` | a system that an executable is built for |
//! | `build` | a build of the executables, in some place |
//! | `release` | its version and date |
//! | `contents` | the files that accompany each executable |
//! | `notices` | the licences of the packages that are linked |
//! | `archive` | an executable with those files, packed |
//! | `sbom` | the bill of materials |
//! | `check` | the proof that all of it is as promised |
//!
//! The same source gives the same bytes, wherever and whenever it is built with the same Rust,
//! unless cargo's home has settings for this profile.

mod archive;
mod build;
mod check;
mod contents;
mod notices;
mod release;
mod sbom;
mod target;

use std::path::Path;

use argh::FromArgs;
use fs_err as fs;
use sha2::{Digest, Sha256};

use crate::shell::{Outcome, say};
use archive::Archive;
use build::Place;
use contents::Contents;
use release::Release;
use target::Target;

pub(crate) use build::FEATURES;

/// Build the files of a release in target/dist: for each system an archive with the executable and
/// what accompanies it, their checksums, and the bill of materials (CycloneDX).
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "dist",
    note = "Files have the date SOURCE_DATE_EPOCH if that is set, else that of the commit.\n\
            Whatever was in target/dist before is removed."
)]
pub(crate) struct Dist {
    /// build for this system only, such as x86_64-unknown-linux-musl; can be repeated
    #[argh(option, arg_name = "TRIPLE", from_str_fn(Target::parse))]
    target: Vec<Target>,

    /// then check on the result all that is promised
    #[argh(switch)]
    check: bool,

    /// check no more than fits the gate: the tests as on an old kernel and emulated, and a second
    /// build of one executable
    #[argh(switch)]
    brief: bool,
}

impl Dist {
    /// Builds for all systems, and checks of the result what fits the gate.
    pub(crate) fn checked() -> Self {
        Self { target: Vec::new(), check: true, brief: true }
    }

    pub(crate) fn run(&self) -> Outcome<()> {
        let mut targets = self.target.clone();
        if targets.is_empty() {
            targets = Target::ALL.to_vec();
        }
        let place = Place::here()?;
        let release = Release::new(&place)?;
        let out = place.out();
        let archives = make(&place, &release, &targets)?;
        say(&format!("Written to {}:", out.display()));
        for name in names(&out)? {
            say(&format!("  {name}"));
        }
        if self.check {
            check::check(&place, &release, &archives, &out, self.brief)
        } else {
            Ok(())
        }
    }
}

/// Writes the files of a release into the folder for them, and removes all others there.
fn make(place: &Place, release: &Release, targets: &[Target]) -> Outcome<Vec<Archive>> {
    let out = &place.out();
    let executables = place.build(targets)?;
    let contents = Contents::collect(place, targets)?;
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out)?;
    let mut archives = Vec::new();
    for (target, executable) in targets.iter().zip(&executables) {
        archives.push(Archive::pack(release, *target, executable, &contents, out)?);
    }
    let sbom = sbom::sbom(place, release, targets)?;
    fs::write(out.join(release.bill()), sbom)?;
    let mut sums = String::new();
    for name in names(out)? {
        let sum = Sha256::digest(fs::read(out.join(&name))?);
        // The format of sha256sum(1).
        sums.push_str(&format!("{}  {name}\n", hex(&sum)));
    }
    fs::write(out.join(SUMS), sums)?;
    Ok(archives)
}

const SUMS: &str = "SHA256SUMS";

/// Returns the names in a folder, sorted: their order differs between file systems.
fn names(folder: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
