//! Tells the crate its version with the commit that it is built from, `0.1.0 (cdb7516 2026-11-23)`.
//!
//! The same commit gives the same text on every machine: the hash is cut to seven digits here, as
//! git would take more in a larger repository, and the date is that of the commit, in UTC. Without
//! git or a repository, as in an unpacked source archive, it is the bare version.

use std::env;
use std::io::{self, Write};
use std::process::Command;

/// Digits of a commit's hash.
const ABBREVIATED: usize = 7;

fn main() -> io::Result<()> {
    let mut version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let log = ["-c", "log.showSignature=false", "log", "-1"];
    let format = ["--date=format-local:%Y-%m-%d", "--format=%H %cd"];
    if let Some((hash, date)) =
        git(&[log.as_slice(), &format].concat()).as_deref().and_then(|log| log.split_once(' '))
    {
        let hash = hash.get(..ABBREVIATED).unwrap_or(hash);
        version = format!("{version} ({hash} {date})");
    }
    let mut cargo = io::stdout();
    writeln!(cargo, "cargo::rustc-env=CHAT_VERSION={version}")?;
    writeln!(cargo, "cargo::rerun-if-changed=build.rs")?;
    // The log of HEAD grows with whatever moves it. Where it is switched off, and so missing, cargo
    // runs this every time.
    let heads = git(&["rev-parse", "--git-path", "HEAD", "--git-path", "logs/HEAD"]);
    for path in heads.iter().flat_map(|heads| heads.lines()) {
        writeln!(cargo, "cargo::rerun-if-changed={path}")?;
    }
    Ok(())
}

/// What git prints about the repository that this package belongs to; `None` where there is none.
fn git(args: &[&str]) -> Option<String> {
    let package = env::current_dir().ok()?;
    let mut git = Command::new("git");
    git.args(args).env("TZ", "UTC0");
    // An archive that is unpacked inside somebody else's repository is not part of that.
    git.env("GIT_CEILING_DIRECTORIES", package.parent()?.parent()?);
    // A hook's: they may name another repository.
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().to_owned())
}
