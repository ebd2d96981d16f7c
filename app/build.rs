//! Tells the crate its version with the commit that it is built from, `0.1.0 (cdb7516 2026-11-23)`,
//! and packs the page for browsers, as they take it.
//!
//! The same commit gives the same text on every machine: the hash is cut to seven digits here, as
//! git would take more in a larger repository, and the date is that of the commit, in UTC. Without
//! git or a repository, as in an unpacked source archive, it is the bare version.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The files of the page.
const PAGE: &str = "src/serve/door/web/page";

/// Digits of a commit's hash.
const ABBREVIATED: usize = 7;

fn main() -> io::Result<()> {
    tell_version()?;
    pack_page()
}

fn tell_version() -> io::Result<()> {
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

/// Writes the page's files, compressed, and a table of them all that `page.rs` includes.
fn pack_page() -> io::Result<()> {
    writeln!(io::stdout(), "cargo::rerun-if-changed={PAGE}")?;
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut names = Vec::new();
    for entry in fs::read_dir(PAGE)? {
        names.extend(entry?.file_name().into_string());
    }
    // In the order of their names, as a folder has none: the same files give the same bytes.
    names.sort();
    let mut table = String::from("[");
    for name in names {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(format!("{PAGE}/{name}"))?)?;
        fs::write(out.join(format!("{name}.gz")), packed.finish()?)?;
        table += &format!(
            "File {{ name: {name:?}, \
             text: include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{PAGE}/{name}\")), \
             packed: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.gz\")) }},\n"
        );
    }
    fs::write(out.join("page.rs"), table + "]")
}
