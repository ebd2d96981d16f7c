//! From the source to the executables.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::target::Target;
use crate::shell::{Outcome, cargo, output, root, run, rustc, say};

/// Where a build happens. None of it shows in what is built.
pub(crate) struct Place {
    /// The project's folder, with the source.
    pub(crate) source: PathBuf,
    /// Cargo's home, with the sources of what the project depends on.
    pub(crate) cargo_home: PathBuf,
    sysroot: PathBuf,
    /// That of Rust itself.
    rust_commit: String,
}

impl Place {
    /// This checkout, and the user's cargo.
    pub(crate) fn here() -> Result<Self, String> {
        let home = || env::home_dir().map(|home| home.join(".cargo"));
        let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home);
        Self::of(root(), cargo_home.ok_or("no home folder, and CARGO_HOME is not set")?)
    }

    pub(crate) fn of(source: PathBuf, cargo_home: PathBuf) -> Result<Self, String> {
        let sysroot = output(rustc().args(["--print", "sysroot"]))?;
        let version = output(rustc().arg("-vV"))?;
        let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
        Ok(Self {
            source,
            cargo_home,
            sysroot: PathBuf::from(sysroot.trim_end()),
            rust_commit: commit.unwrap_or("unknown").to_owned(),
        })
    }

    /// Cargo, at work here.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.source).env("CARGO_HOME", &self.cargo_home);
        command
    }

    /// Builds an executable for each of `targets`, and gives their paths.
    pub(crate) fn build(&self, targets: &[Target]) -> Outcome<Vec<PathBuf>> {
        self.add_missing(targets)?;
        let folder = self.source.join("target/dist-build");
        let mut build = self.cargo();
        build.args(["build", "--locked", "--package", "chat", "--profile", "dist"]);
        build.arg("--target-dir").arg(&folder);
        build.args(targets.iter().flat_map(|target| ["--target", target.triple()]));
        run(build.env("CARGO_ENCODED_RUSTFLAGS", self.flags()?).env_remove("RUSTFLAGS"))?;
        let path = |target: &Target| folder.join(target.triple()).join("dist/chat");
        Ok(targets.iter().map(path).collect())
    }

    /// Rust brings a linker and a C library for these targets, so that no cross compiler is needed.
    fn flags(&self) -> Result<String, String> {
        let mut flags =
            vec!["-Clinker=rust-lld".to_owned(), "-Clink-self-contained=yes".to_owned()];
        // Messages of panics name source files; the later of two that fit counts.
        let rust = format!("/rustc/{}", self.rust_commit);
        for (from, to) in [
            (&self.cargo_home, "/cargo"),
            (&self.sysroot.join("lib/rustlib/src/rust"), rust.as_str()),
            (&self.source, "/chat"),
        ] {
            let from = from.to_str().ok_or_else(|| format!("{}: not UTF-8", from.display()))?;
            flags.push(format!("--remap-path-prefix={from}={to}"));
        }
        Ok(flags.join("\u{1f}"))
    }

    /// The paths that must not show.
    pub(crate) fn paths(&self) -> [&Path; 3] {
        [&self.source, &self.cargo_home, &self.sysroot]
    }

    /// Adds what Rust needs to build for `targets`, if it is not there yet.
    fn add_missing(&self, targets: &[Target]) -> Result<(), String> {
        for target in targets {
            let library = self.sysroot.join("lib/rustlib").join(target.triple()).join("lib");
            if !fs::exists(&library).unwrap_or(false) {
                say(&format!("Rust's library for {} is missing, and is added.", target.triple()));
                run(Command::new("rustup").args(["target", "add", target.triple()]))?;
            }
        }
        Ok(())
    }
}
