//! Running other programs.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{self, Path, PathBuf};
use std::process::{Child, Command, Output};
use std::thread;

/// The result of a task. The error says what was tried: a file, a command, an address.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Adds what was tried to an error that does not say it.
pub(crate) trait Tried<T> {
    fn tried(self, what: impl Display) -> Outcome<T>;
}

impl<T, E: Into<Box<dyn Error>>> Tried<T> for Result<T, E> {
    fn tried(self, what: impl Display) -> Outcome<T> {
        self.map_err(|error| format!("{what}: {}", error.into()).into())
    }
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map(PathBuf::from).unwrap_or(xtask)
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    in_root(&mut command);
    command
}

/// How many tests are to run at once, for `RUST_TEST_THREADS`: more than there are processors, as most of
/// those with sockets and terminals wait most of the time.
pub(crate) fn test_threads() -> String {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    (2 * processors).to_string()
}

/// The nightly toolchain's cargo.
pub(crate) fn nightly_cargo() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]);
    in_root(&mut command);
    // These name the toolchain of the cargo that runs this task.
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a cargo in the project's folder, with the target directory that the cargo of this task has:
/// a relative one counts from the folder that the task was called in.
fn in_root(cargo: &mut Command) {
    cargo.current_dir(root());
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        let folder = env::var_os(variable).and_then(|folder| path::absolute(folder).ok());
        if let Some(folder) = folder {
            cargo.env(variable, folder);
        }
    }
}

/// The compiler that belongs to the cargo that runs this task.
pub(crate) fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")))
}

/// Prints a line on stderr.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Runs a command to its end.
///
/// # Errors
///
/// If it cannot be started, or ends with another status than 0.
#[expect(clippy::disallowed_methods, reason = "this says what was run")]
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    say(&format!("$ {}", shown(command)));
    let status = command.status().map_err(|error| failed(command, &error))?;
    if status.success() { Ok(()) } else { Err(failed(command, &status)) }
}

/// Runs a command to its end and returns what it printed on stdout.
///
/// # Errors
///
/// As [`run`], and if the output is not UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    say(&format!("$ {}", shown(command)));
    quiet_output(command)
}

/// As [`output`], without printing the command.
pub(crate) fn quiet_output(command: &mut Command) -> Result<String, String> {
    let output = finished(command)?;
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}\n{printed}", failed(command, &output.status)));
    }
    String::from_utf8(output.stdout).map_err(|error| failed(command, &error))
}

/// Runs a command to its end, whatever its status is.
#[expect(clippy::disallowed_methods, reason = "this says what was run")]
pub(crate) fn finished(command: &mut Command) -> Result<Output, String> {
    command.output().map_err(|error| failed(command, &error))
}

/// Starts a command.
#[expect(clippy::disallowed_methods, reason = "this says what was run")]
pub(crate) fn spawn(command: &mut Command) -> Result<Child, String> {
    command.spawn().map_err(|error| failed(command, &error))
}

fn failed(command: &Command, why: &dyn Display) -> String {
    format!("{}: {why}", shown(command))
}

/// A command as it would be typed. Its program is named in full where it has a path: which one was
/// tried may be what is wrong.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let is_cargo = program.file_stem().is_some_and(|name| name == "cargo");
    let program = if is_cargo { Path::new("cargo") } else { program };
    let words = [program.as_os_str()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_what_was_tried() {
        let mut missing = Command::new("/nowhere/program");
        let expected = "/nowhere/program --option: No such file or directory (os error 2)";
        assert_eq!(run(missing.arg("--option")).unwrap_err(), expected);
        assert_eq!(finished(&mut missing).unwrap_err(), expected);
        assert_eq!(spawn(&mut missing).unwrap_err(), expected);
        assert_eq!(output(&mut missing).unwrap_err(), expected);
        let port: Result<u16, _> = "x".parse::<u16>().tried("the port \"x\"");
        assert!(port.unwrap_err().to_string().starts_with("the port \"x\": invalid digit"));
        let read = fs_err::read("/nowhere/file").unwrap_err().to_string();
        assert!(read.contains("/nowhere/file"), "{read}");
    }
}
