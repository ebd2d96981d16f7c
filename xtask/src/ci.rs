//! `cargo xtask ci`: the gate. `ci/install` installs its prerequisites.

use std::collections::BTreeSet;
use std::process::Command;

use argh::FromArgs;
use fs_err as fs;

use crate::cut_link::CutLink;
use crate::deny::Deny;
use crate::dist::{Dist, FEATURES};
use crate::fuzz::Fuzz;
use crate::layers::Layers;
use crate::partition::Partition;
use crate::shell::{Outcome, cargo, output, root, run, say, test_threads};

/// Check everything that must hold before a change lands: formatting, lints, documentation, the
/// licences and sources of all packages, the layers of modules, that the core needs no operating
/// system, that the executable compiles for other ones, tests, links that are cut, a short run of
/// fuzzing, and the release archives.
#[derive(FromArgs)]
#[argh(subcommand, name = "ci")]
pub(crate) struct Ci {}

/// Targets without an operating system, for which the core must build.
const BARE_METAL: [&str; 3] =
    ["thumbv7em-none-eabihf", "x86_64-unknown-none", "wasm32-unknown-unknown"];

/// Targets other than Linux for which the executable must compile.
const OTHER_SYSTEMS: [&str; 3] =
    ["aarch64-apple-darwin", "x86_64-unknown-freebsd", "x86_64-pc-windows-gnu"];

/// The command by which the README runs all tests, behind `cargo`.
const ALL_TESTS: &str = "test --workspace";

/// The list of packages that the core may depend on. None of them does I/O.
const CORE_DEPENDENCIES: &str = "ci/core-dependencies.txt";

impl Ci {
    pub(crate) fn run(&self) -> Outcome<()> {
        run(cargo().args(["fetch", "--locked"]))?;
        run(cargo().args(["fmt", "--all", "--check"]))?;
        run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
        run(cargo()
            .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings"))?;
        Deny {}.run()?;
        Layers {}.run()?;
        core_dependencies()?;
        for target in BARE_METAL {
            run(cargo().args(["build", "--package", "chat-core", "--target", target]))?;
        }
        for target in OTHER_SYSTEMS {
            run(clippy().args(["--target", target]).args(FEATURES).args(["--", "-D", "warnings"]))?;
        }
        run(clippy().args(["--no-default-features", "--", "-D", "warnings"]))?;
        readme_test_commands()?;
        CutLink {}.run()?;
        Partition {}.run()?;
        Fuzz { seconds: 6 }.run()?;
        Dist::checked().run()?;
        say("All checks passed.");
        Ok(())
    }
}

/// Clippy, for the executable alone.
fn clippy() -> Command {
    let mut clippy = cargo();
    clippy.args(["clippy", "--package", "chat"]);
    clippy
}

/// Checks that the core's dependencies, direct and indirect, are exactly those listed.
fn core_dependencies() -> Outcome<()> {
    let tree = output(cargo().args([
        "tree",
        "--package",
        "chat-core",
        "--edges",
        "normal",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{lib}",
    ]))?;
    let found: BTreeSet<&str> = tree.lines().filter(|name| *name != "chat_core").collect();
    let listed = fs::read_to_string(root().join(CORE_DEPENDENCIES))?;
    let listed: BTreeSet<&str> =
        listed.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    if found == listed {
        return Ok(());
    }
    Err(format!("the core depends on {found:?}, but {CORE_DEPENDENCIES} lists {listed:?}").into())
}

/// Runs all tests as the README says. Its other test commands, which it cites for its claims, run some
/// of the same ones: each of their words must name tests.
fn readme_test_commands() -> Outcome<()> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let commands: Vec<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("    cargo ")).collect();
    if !commands.contains(&ALL_TESTS) {
        return Err(format!("README.md: no line with `cargo {ALL_TESTS}`").into());
    }
    run(cargo().args(ALL_TESTS.split(' ')).env("RUST_TEST_THREADS", test_threads()))?;
    for command in commands.iter().filter(|line| line.starts_with("test ") && **line != ALL_TESTS) {
        let (what, words) = command.split_once(" -- ").unwrap_or((command, ""));
        say(&format!("Tests that `cargo {command}` runs"));
        // As a test's name is printed when it is only listed.
        let listed = output(cargo().args(what.split(' ')).args(["--", "--list"]))?;
        let tests: Vec<&str> =
            listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        let names = |word: &str| tests.iter().any(|test| test.contains(word));
        if tests.is_empty() || !words.split_whitespace().all(names) {
            return Err(
                format!("README.md: `cargo {command}` names tests that are not there").into()
            );
        }
    }
    Ok(())
}
