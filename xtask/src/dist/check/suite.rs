//! The integration tests pass with the executables: here, as on an old kernel, and emulated.

use std::env;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::TargetKind;
use fs_err as fs;

use super::super::target::Target;
use crate::build::executable;
use crate::shell::{Outcome, cargo, finished, root, say, test_threads};

/// The transcripts of the main session, and of sessions with the original Python program.
const TRANSCRIPTS: [&str; 2] = ["session::", "original::"];

/// The integration tests as an executable.
pub(super) struct Suite {
    program: PathBuf,
}

impl Suite {
    pub(super) fn build() -> Outcome<Self> {
        let mut build = cargo();
        build.args(["test", "--no-run", "--package", "chat", "--test", "chat"]);
        let suite = Self { program: executable(&mut build, &TargetKind::Test)? };
        // Check that the tests run the executable that they are given.
        match suite.run(&[], Path::new("/nowhere/chat"), &["version"]) {
            Ok(()) => Err("the tests pass with an executable that is not there".into()),
            Err(_) => Ok(suite),
        }
    }

    /// Runs them with the executable for a target. The same ones have run here, with an executable for
    /// this system; where that `is_enough` only what is another system is tried.
    pub(super) fn check(
        &self,
        target: Target,
        executable: &Path,
        scratch: &Path,
        is_enough: bool,
    ) -> Outcome<()> {
        let xtask = env::current_exe()?;
        let old_kernel = [xtask.as_path(), Path::new("old-kernel"), Path::new("--")];
        match target {
            Target::X86_64 => {
                if !is_enough {
                    self.passes("it passes", &[], executable, &[])?;
                }
                self.passes("it passes as on Linux 4.15", &old_kernel, executable, &[])
            }
            Target::I686 => self.passes("it passes as on Linux 4.15", &old_kernel, executable, &[]),
            Target::Aarch64 => {
                let emulated = emulated(executable, scratch)?;
                self.passes("emulated, it passes", &[], &emulated, &TRANSCRIPTS)
            }
        }
    }

    fn passes(
        &self,
        what: &str,
        runner: &[&Path],
        executable: &Path,
        names: &[&str],
    ) -> Outcome<()> {
        say(&format!("{}: {what} …", executable.display()));
        self.run(runner, executable, names)
    }

    /// Runs the named tests, or all of them, through `runner`. At least one has to pass.
    fn run(&self, runner: &[&Path], executable: &Path, names: &[&str]) -> Outcome<()> {
        let words: Vec<&Path> = runner.iter().copied().chain([self.program.as_path()]).collect();
        let mut tests = Command::new(words[0]);
        tests.args(&words[1..]).args(names);
        tests.current_dir(root().join("app")).env("CHAT_UNDER_TEST", executable);
        tests.env("RUST_TEST_THREADS", test_threads());
        let ran = finished(&mut tests)?;
        let said = String::from_utf8_lossy(&ran.stdout);
        let passed = said.split("test result: ok. ").nth(1).and_then(|rest| rest.split(' ').next());
        let passed: usize = passed.and_then(|passed| passed.parse().ok()).unwrap_or(0);
        if ran.status.success() && passed > 0 {
            say(&format!("  {passed} tests"));
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&ran.stderr);
        Err(format!("{said}{errors}\nthe tests: {}, {passed} passed", ran.status).into())
    }
}

/// Writes a script that runs the executable through an emulator, and returns its path.
fn emulated(executable: &Path, scratch: &Path) -> Outcome<PathBuf> {
    let path = scratch.join("emulated");
    let quoted = executable.to_string_lossy().replace('\'', r"'\''");
    fs::write(&path, format!("#!/bin/sh\nexec qemu-aarch64-static '{quoted}' \"$@\"\n"))?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(path)
}
