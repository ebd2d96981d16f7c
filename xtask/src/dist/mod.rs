//! `cargo xtask dist`: what is handed out, in `target/dist`.
//!
//! | module | noun |
//! |---|---|
//! | `target` | a system that an executable is made for |
//! | `build` | from the source to the executables |
//! | `release` | what a release is called, and its date |
//! | `contents` | the files that travel with each executable |
//! | `notices` | the licences of what it is linked from |
//! | `archive` | all of them, packed |
//! | `sbom` | what is in the executables |
//! | `check` | whether all that is as it should be |
//!
//! The same source gives the same bytes, wherever and whenever it is built with the same Rust, but
//! for settings of the user's own for this profile in cargo's home.

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

/// Build what is handed out, in target/dist: for each system an archive with the executable and
/// what belongs to it, their sums, and the list of what is in them (CycloneDX).
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "dist",
    note = "Files are dated with SOURCE_DATE_EPOCH if that is set, else as the commit.\n\
            What stood in target/dist before is gone."
)]
pub(crate) struct Dist {
    /// for this system only, such as x86_64-unknown-linux-musl; can be given several times
    #[argh(option, arg_name = "TRIPLE", from_str_fn(Target::parse))]
    target: Vec<Target>,

    /// then prove on it all that is promised of it
    #[argh(switch)]
    check: bool,
}

impl Dist {
    /// For all systems, and proven.
    pub(crate) fn checked() -> Self {
        Self { target: Vec::new(), check: true }
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
        say(&format!("Made in {}:", out.display()));
        for name in names(&out)? {
            say(&format!("  {name}"));
        }
        if self.check { check::check(&place, &release, &archives, &out) } else { Ok(()) }
    }
}

/// Makes all that is handed out, and nothing else, in the folder for it.
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
        // As sha256sum(1) writes them and checks them.
        sums.push_str(&format!("{}  {name}\n", hex(&sum)));
    }
    fs::write(out.join(SUMS), sums)?;
    Ok(archives)
}

const SUMS: &str = "SHA256SUMS";

/// The names in a folder, in one order everywhere.
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
