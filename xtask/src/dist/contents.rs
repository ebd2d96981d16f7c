//! The files that accompany each executable.

use std::collections::{BTreeMap, BTreeSet};

use fs_err as fs;

use super::build::Place;
use super::notices;
use super::target::Target;
use crate::shell::Outcome;

pub(crate) const README: &str = "README.md";
pub(crate) const NOTICES: &str = "NOTICES.txt";

/// The notices of Rust's standard library, and where the compiler has them.
const RUST_NOTICES: (&str, &str) = ("NOTICES-rust.html", "share/doc/rust/COPYRIGHT-library.html");

/// Paths in the archive, and in the project.
const FILES: [(&str, &str); 15] = [
    (README, README),
    ("LICENSE-APACHE", "app/packaging/LICENSE-APACHE"),
    ("LICENSE-MIT", "app/packaging/LICENSE-MIT"),
    ("chat.1", "app/packaging/chat.1"),
    ("chat.logrotate", "app/packaging/chat.logrotate"),
    ("chat.service", "app/packaging/chat.service"),
    ("completions/_chat", "app/packaging/completions/_chat"),
    ("completions/chat.bash", "app/packaging/completions/chat.bash"),
    ("completions/chat.fish", "app/packaging/completions/chat.fish"),
    ("figures/deliveries.svg", "xtask/figures/deliveries.svg"),
    ("figures/latency.svg", "xtask/figures/latency.svg"),
    ("figures/memory.svg", "xtask/figures/memory.svg"),
    ("figures/results.txt", "xtask/figures/results.txt"),
    ("protocol.md", "core/protocol.md"),
    ("session.svg", "app/session.svg"),
];

/// The files by their path in the archive.
pub(crate) struct Contents(BTreeMap<&'static str, Vec<u8>>);

impl Contents {
    pub(crate) fn collect(place: &Place, targets: &[Target]) -> Outcome<Self> {
        let mut files = BTreeMap::new();
        for (inside, source) in FILES {
            files.insert(inside, fs::read(place.source.join(source))?);
        }
        let readme = fs::read_to_string(place.source.join(README))?;
        files.insert(README, readme_of_archive(readme).into_bytes());
        files.insert(NOTICES, notices::of_packages(place, targets)?.into_bytes());
        let (inside, rust) = RUST_NOTICES;
        files.insert(inside, fs::read(place.sysroot.join(rust))?);
        Ok(Self(files))
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(inside, bytes)| (*inside, bytes.as_slice()))
    }

    /// Returns the folders of the files, each with a `/` at its end.
    pub(crate) fn folders(&self) -> BTreeSet<&str> {
        self.0.keys().filter_map(|inside| Some(&inside[..=inside.rfind('/')?])).collect()
    }
}

/// Makes the README's links lead to the files' places in the archive.
fn readme_of_archive(mut readme: String) -> String {
    for (inside, source) in FILES {
        readme = readme.replace(&format!("]({source})"), &format!("]({inside})"));
    }
    readme
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_where_the_files_are_in_an_archive() {
        let readme =
            "![a](app/session.svg) [b](xtask/figures/results.txt) [c](#app) app/session.svg";
        let moved = "![a](session.svg) [b](figures/results.txt) [c](#app) app/session.svg";
        assert_eq!(readme_of_archive(readme.to_owned()), moved);
    }
}
