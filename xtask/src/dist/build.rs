//! From the source to the executables.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;

use super::target::Target;
use crate::build::target_directory;
use crate::shell::{Outcome, cargo, output, root, run, rustc, say};

/// What the home of cargo is called in what is built.
pub(crate) const CARGO_HOME: &str = "/cargo";

/// How variables begin that would change what is built.
const LEAKS: [&str; 6] =
    ["CARGO_BUILD_", "CARGO_INCREMENTAL", "CARGO_PROFILE_", "CARGO_TARGET_", "RUSTC_", "RUSTFLAGS"];

/// Where a build happens. None of it shows in what is built.
pub(crate) struct Place {
    /// The project's folder, with the source.
    pub(crate) source: PathBuf,
    /// The folder for all that is made.
    pub(crate) target: PathBuf,
    /// Cargo's home, with the sources of what the project depends on.
    pub(crate) cargo_home: PathBuf,
    /// The folder of the compiler, with what comes with it.
    pub(crate) sysroot: PathBuf,
    /// That of Rust itself.
    rust_commit: String,
}

impl Place {
    /// This checkout, and the user's cargo.
    pub(crate) fn here() -> Outcome<Self> {
        let home = || env::home_dir().map(|home| home.join(".cargo"));
        let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home);
        Self::of(
            root(),
            target_directory()?,
            cargo_home.ok_or("no home folder, and CARGO_HOME is not set")?,
        )
    }

    pub(crate) fn of(source: PathBuf, target: PathBuf, cargo_home: PathBuf) -> Outcome<Self> {
        let sysroot = output(rustc().args(["--print", "sysroot"]))?;
        let version = output(rustc().arg("-vV"))?;
        let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
        Ok(Self {
            source,
            target,
            cargo_home,
            sysroot: PathBuf::from(sysroot.trim_end()),
            rust_commit: commit.unwrap_or("unknown").to_owned(),
        })
    }

    /// The folder for what is handed out.
    pub(crate) fn out(&self) -> PathBuf {
        self.target.join("dist")
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
        let folder = self.target.join("dist-build");
        let mut build = self.cargo();
        build.args(["build", "--locked", "--package", "chat", "--profile", "dist"]);
        build.arg("--target-dir").arg(&folder);
        build.args(targets.iter().flat_map(|target| ["--target", target.triple()]));
        for (name, _) in env::vars_os() {
            if LEAKS.iter().any(|leak| name.as_encoded_bytes().starts_with(leak.as_bytes())) {
                build.env_remove(name);
            }
        }
        run(build.env("CARGO_ENCODED_RUSTFLAGS", self.flags()?))?;
        let path = |target: &Target| folder.join(target.triple()).join("dist/chat");
        Ok(targets.iter().map(path).collect())
    }

    /// Rust brings a linker and a C library for these targets, so that no cross compiler is needed.
    fn flags(&self) -> Result<String, String> {
        let mut flags: Vec<String> =
            ["-Clinker=rust-lld", "-Clink-self-contained=yes"].map(str::to_owned).into();
        // Messages of panics name source files.
        let rust = format!("/rustc/{}", self.rust_commit);
        let mut names = [
            (self.source.clone(), "/chat"),
            (self.cargo_home.clone(), CARGO_HOME),
            (self.sysroot.join("lib/rustlib/src/rust"), rust.as_str()),
        ];
        // One may stand in another; the last that fits counts.
        names.sort_by_key(|(path, _)| path.as_os_str().len());
        for (path, name) in names {
            let path = path.to_str().ok_or_else(|| format!("{}: not UTF-8", path.display()))?;
            flags.push(format!("--remap-path-prefix={path}={name}"));
        }
        Ok(flags.join("\u{1f}"))
    }

    /// The folders whose paths must not show: those that source files stand in.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let of_source = ["app", "core"].map(|folder| self.source.join(folder));
        let of_cargo = ["registry", "git"].map(|folder| self.cargo_home.join(folder));
        let others = [self.target.clone(), self.sysroot.join("lib/rustlib")];
        [of_source.as_slice(), &of_cargo, &others].concat()
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
