//! `cargo xtask simulate`: more runs of the core's simulation than the tests have time for.

use argh::FromArgs;

use crate::shell::{Outcome, cargo, run};

/// Simulate whole rooms, each from a seed, and check every promise after every event. A seed that
/// fails is printed.
#[derive(FromArgs)]
#[argh(subcommand, name = "simulate")]
pub(crate) struct Simulate {
    /// number of rooms (default: 100000)
    #[argh(option, default = "100_000", arg_name = "N")]
    seeds: u64,

    /// the first seed (default: 0)
    #[argh(option, default = "0", arg_name = "SEED")]
    from: u64,
}

impl Simulate {
    pub(crate) fn run(&self) -> Outcome<()> {
        if self.seeds == 0 {
            return Err("no seeds: nothing would be simulated".into());
        }
        let mut test = cargo();
        test.args(["test", "--release", "--package", "chat-core", "--test", "protocol"]);
        test.args(["simulation", "--", "--nocapture"]);
        test.env("SIMULATE_SEEDS", self.seeds.to_string());
        test.env("SIMULATE_FROM", self.from.to_string());
        Ok(run(&mut test)?)
    }
}
