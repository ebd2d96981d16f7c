//! The integration tests pass with the executables.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::target::Target;
use crate::shell::{Outcome, cargo, output, run, rustc};

/// The session that the program exists for, and those with the program that it is rebuilt from.
const TRANSCRIPTS: [&str; 2] = ["session::", "original::"];

pub(super) fn check(target: Target, executable: &Path, scratch: &Path) -> Outcome<()> {
    match target {
        Target::X86_64 => {
            run(&mut tests(executable))?;
            as_on_an_old_kernel(executable)
        }
        Target::I686 => as_on_an_old_kernel(executable),
        Target::Aarch64 => {
            let emulated = emulated(executable, scratch)?;
            Ok(run(tests(&emulated).arg("--").args(TRANSCRIPTS))?)
        }
    }
}

fn tests(executable: &Path) -> Command {
    let mut command = cargo();
    command
        .args(["test", "--package", "chat", "--test", "chat"])
        .env("CHAT_UNDER_TEST", executable);
    command
}

/// The system calls that tests and executable then lack make them take the ways that they keep for
/// old kernels.
fn as_on_an_old_kernel(executable: &Path) -> Outcome<()> {
    let version = output(rustc().arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("a compiler without a host")?;
    let xtask = env::current_exe()?;
    let runner = [xtask.to_str().ok_or("a path that is not UTF-8")?, "old-kernel"];
    let runner = format!("target.{host}.runner = {runner:?}");
    Ok(run(tests(executable).args(["--config", &runner]))?)
}

/// A program that runs the executable for another processor.
fn emulated(executable: &Path, scratch: &Path) -> Outcome<PathBuf> {
    let path = scratch.join("emulated");
    let quoted = executable.to_string_lossy().replace('\'', r"'\''");
    fs::write(&path, format!("#!/bin/sh\nexec qemu-aarch64-static '{quoted}' \"$@\"\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
