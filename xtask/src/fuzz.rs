//! `cargo xtask fuzz`: bytes that no test has thought of, fed to the core and to the keys.

use argh::FromArgs;
use fs_err as fs;

use crate::build::target_directory;
use crate::shell::{Outcome, nightly_cargo, quiet_output, root, run, say};

/// Fuzz the core and the keys, one target after the other. Needs the nightly toolchain and cargo-fuzz; does
/// nothing without them.
#[derive(FromArgs)]
#[argh(subcommand, name = "fuzz")]
pub(crate) struct Fuzz {
    /// seconds for each target (default: 30)
    #[argh(option, default = "30", arg_name = "S")]
    pub(crate) seconds: u32,
}

/// Targets, each with the folder of the package it belongs to.
const TARGETS: [(&str, &str); 10] = [
    ("core", "receiving"),
    ("core", "room"),
    ("core", "shared"),
    ("core", "people"),
    ("core", "replica"),
    ("core", "batch"),
    ("core", "entry"),
    ("core", "client"),
    ("core", "frames"),
    ("app", "keys"),
];

impl Fuzz {
    pub(crate) fn run(&self) -> Outcome<()> {
        if quiet_output(nightly_cargo().args(["fuzz", "--version"])).is_err() {
            say("No nightly toolchain with cargo-fuzz: nothing is fuzzed.");
            return Ok(());
        }
        let corpora = target_directory()?.join("fuzz-corpus");
        for (package, target) in TARGETS {
            // New inputs go elsewhere: the corpus in the repository stays as it is.
            let found = corpora.join(target);
            fs::create_dir_all(&found)?;
            let mut fuzz = nightly_cargo();
            fuzz.current_dir(root().join(package));
            fuzz.args(["fuzz", "run", target]).arg(found).arg(format!("fuzz/corpus/{target}"));
            fuzz.args(["--", "-timeout=10", "-verbosity=0", "-print_funcs=0"]);
            if target == "receiving" {
                fuzz.arg("-dict=fuzz/words.dict");
            }
            run(fuzz.arg(format!("-max_total_time={}", self.seconds)))?;
        }
        Ok(())
    }
}
