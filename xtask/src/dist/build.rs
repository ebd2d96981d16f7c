//! A build of the executables.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;

use super::target::Target;
use crate::build::target_directory;
use crate::shell::{Outcome, cargo, output, root, run, rustc, say};

/// The name of cargo's home in the executables.
pub(crate) const CARGO_HOME: &str = "/cargo";

/// The features of the executables. They have no TLS: it would take half of their size again, and a C
/// compiler for each target.
pub(crate) const FEATURES: [&str; 3] = ["--no-default-features", "--features", "shared"];

/// What the linker does for size.
const SMALLER: [&str; 4] = [
    // A panic ends the program: nothing reads the tables for unwinding. The path is relative to the
    // project's folder, where cargo runs the compiler, so that it is the same in each place.
    "--script=xtask/src/dist/no-unwinding.ld",
    "--no-eh-frame-hdr",
    // Functions that are the same have one address. Rust promises no more.
    "--icf=all",
    // The program relocates itself as it starts, with a C library that knows this format.
    "--pack-dyn-relocs=relr",
];

/// Prefixes of environment variables that would change what is built.
const LEAKS: [&str; 6] =
    ["CARGO_BUILD_", "CARGO_INCREMENTAL", "CARGO_PROFILE_", "CARGO_TARGET_", "RUSTC_", "RUSTFLAGS"];

/// The place of a build, which leaves no trace in the executables.
pub(crate) struct Place {
    /// The project's folder.
    pub(crate) source: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// Cargo's home, with the sources of the dependencies.
    pub(crate) cargo_home: PathBuf,
    /// The folder of the toolchain.
    pub(crate) sysroot: PathBuf,
    /// The commit of Rust itself.
    rust_commit: String,
}

impl Place {
    /// Returns the place of this checkout and the user's cargo.
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

    /// Returns the folder for the files of a release.
    pub(crate) fn out(&self) -> PathBuf {
        self.target.join("dist")
    }

    /// Returns a cargo that works in this place.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.source).env("CARGO_HOME", &self.cargo_home);
        command
    }

    /// Builds an executable for each of `targets`, and returns their paths.
    pub(crate) fn build(&self, targets: &[Target]) -> Outcome<Vec<PathBuf>> {
        self.add_missing(targets)?;
        let folder = self.target.join("dist-build");
        let mut build = self.cargo();
        build.args(["build", "--locked", "--package", "chat", "--profile", "dist"]);
        build.args(FEATURES);
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

    /// Returns the compiler's flags. Rust has a linker and a C library for these targets, so that
    /// no cross compiler is needed.
    fn flags(&self) -> Result<String, String> {
        let mut flags: Vec<String> =
            ["-Clinker=rust-lld", "-Clink-self-contained=yes"].map(str::to_owned).into();
        flags.extend(SMALLER.map(|flag| format!("-Clink-arg={flag}")));
        // Panic messages name source files.
        let rust = format!("/rustc/{}", self.rust_commit);
        let mut names = [
            (self.source.clone(), "/chat"),
            (self.cargo_home.clone(), CARGO_HOME),
            (self.sysroot.join("lib/rustlib/src/rust"), rust.as_str()),
        ];
        // One may contain another; the last match counts.
        names.sort_by_key(|(path, _)| path.as_os_str().len());
        for (path, name) in names {
            let path = path.to_str().ok_or_else(|| format!("{}: not UTF-8", path.display()))?;
            flags.push(format!("--remap-path-prefix={path}={name}"));
        }
        Ok(flags.join("\u{1f}"))
    }

    /// Returns the folders of source files, whose paths must not appear in an executable.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let of_source = ["app", "core"].map(|folder| self.source.join(folder));
        let of_cargo = ["registry", "git"].map(|folder| self.cargo_home.join(folder));
        let others = [self.target.clone(), self.sysroot.join("lib/rustlib")];
        [of_source.as_slice(), &of_cargo, &others].concat()
    }

    /// Adds Rust's libraries for `targets` that are missing.
    fn add_missing(&self, targets: &[Target]) -> Result<(), String> {
        for target in targets {
            let library = self.sysroot.join("lib/rustlib").join(target.triple()).join("lib");
            if !fs::exists(&library).unwrap_or(false) {
                say(&format!("Rust's library for {} is missing and is added.", target.triple()));
                run(Command::new("rustup").args(["target", "add", target.triple()]))?;
            }
        }
        Ok(())
    }
}
