//! `cargo xtask deny`: the licences, versions, sources and known faults of all packages.

use std::process::Command;

use argh::FromArgs;

use crate::shell::{Outcome, quiet_output, root, run, say};
use crate::tool::tool;

/// Check all packages with cargo-deny, by ci/deny.toml: licences, duplicates, sources and, where
/// their database can be reached, security advisories.
#[derive(FromArgs)]
#[argh(subcommand, name = "deny")]
pub(crate) struct Deny {}

/// Seconds that fetching the database may take: a network that drops packets never answers.
const PATIENCE: &str = "60";

impl Deny {
    pub(crate) fn run(&self) -> Outcome<()> {
        let deny = tool("cargo-deny")?;
        run(with_config(&mut Command::new(&deny)).args(["check", "licenses", "bans", "sources"]))?;
        let mut fetch = Command::new("timeout");
        with_config(fetch.arg(PATIENCE).arg(&deny)).args(["fetch", "db"]);
        if let Err(error) = quiet_output(&mut fetch) {
            // No failure: the gate has to work where nothing but packages can be downloaded.
            say(&format!("Advisories are NOT checked, their database is out of reach:\n{error}"));
            return Ok(());
        }
        Ok(run(with_config(&mut Command::new(&deny)).args(["check", "advisories"]))?)
    }
}

fn with_config(command: &mut Command) -> &mut Command {
    command.current_dir(root()).args(["--locked", "--config", "ci/deny.toml"])
}
