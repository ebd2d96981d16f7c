//! `cargo xtask miri`: the core's tests in an interpreter that detects undefined behaviour.

use argh::FromArgs;

use crate::shell::{Outcome, nightly_cargo, run};

/// Run the core's tests under Miri, which reports undefined behaviour in the unsafe code of its
/// dependencies. Needs the nightly toolchain with Miri, and more than an hour.
#[derive(FromArgs)]
#[argh(subcommand, name = "miri")]
pub(crate) struct Miri {}

impl Miri {
    pub(crate) fn run(&self) -> Outcome<()> {
        let mut test = nightly_cargo();
        test.args(["miri", "test", "--package", "chat-core", "--lib", "--tests"]);
        // The tests read these variables.
        test.env("MIRIFLAGS", "-Zmiri-disable-isolation");
        test.envs([("PROPTEST_CASES", "2"), ("SIMULATE_SEEDS", "2")]);
        Ok(run(&mut test)?)
    }
}
