//! What tests ask of the system that they run on, beyond what every system has.

use std::io::{self, Write};
use std::process::{Command, Stdio};

/// Says that a test, or a part of one, is left out. The gate leaves none out.
pub(crate) fn leave_out(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
    // Not `eprintln!`: what that prints is not shown of a test that passes.
    io::stderr().write_all(format!("A test is left out: {why}\n").as_bytes()).unwrap();
}

/// A command line that a shell runs with mounts of its own, which end with it: `setting_up`, and
/// then the program in its place. `None` where the system does not allow that.
pub(crate) fn with_own_mounts(setting_up: &str, program: &str) -> Option<Command> {
    let line = format!("set -e; {setting_up}; exec {program}");
    // Root may mount; others may where they may be root of a namespace.
    [&["--mount"][..], &["--mount", "--map-root-user"]].into_iter().find_map(|options| {
        let mut unshare = Command::new("unshare");
        unshare.args(options).args(["sh", "-c"]);
        let mut trial = Command::new("unshare");
        trial.args(options).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).stderr(Stdio::null());
        let may_mount = trial.status().is_ok_and(|status| status.success());
        may_mount.then(|| {
            unshare.arg(&line);
            unshare
        })
    })
}
