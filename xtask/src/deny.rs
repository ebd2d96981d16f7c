//! `cargo xtask deny`: the licences, versions and sources of all packages, and what is known against
//! them.

use std::process::Command;

use argh::FromArgs;

use crate::shell::{Outcome, quiet_output, root, run, say};
use crate::tool::tool;

/// Check what the project is built from with cargo-deny, by ci/deny.toml: licences, duplicates and
/// sources; and security advisories, where their database can be reached.
#[derive(FromArgs)]
#[argh(subcommand, name = "deny")]
pub(crate) struct Deny {}

/// Seconds that fetching the database of advisories may take: a network that drops packets gives no
/// answer at all.
const PATIENCE: &str = "60";

impl Deny {
    pub(crate) fn run(&self) -> Outcome<()> {
        let deny = tool("cargo-deny")?;
        run(with_config(&mut Command::new(&deny)).args(["check", "licenses", "bans", "sources"]))?;
        let mut fetch = Command::new("timeout");
        with_config(fetch.arg(PATIENCE).arg(&deny)).args(["fetch", "db"]);
        if let Err(error) = quiet_output(&mut fetch) {
            // Not a failure: the gate has to work where only packages can be downloaded.
            say(&format!("Advisories are NOT checked, their database is out of reach:\n{error}"));
            return Ok(());
        }
        Ok(run(with_config(&mut Command::new(&deny)).args(["check", "advisories"]))?)
    }
}

fn with_config(command: &mut Command) -> &mut Command {
    command.current_dir(root()).args(["--locked", "--config", "ci/deny.toml"])
}
