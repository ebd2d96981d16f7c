//! The notices of the packages that an executable is linked from.
//!
//! cargo-about collects them from the licence files in the packages' sources, without the network.

use std::process::Command;

use super::build::{FEATURES, Place};
use super::target::Target;
use crate::shell::{Outcome, output, run};
use crate::tool::tool;

/// Returns the notices of all packages that the executables for `targets` are linked from.
///
/// # Errors
///
/// Among others, if a package has a licence that `ci/about.toml` does not accept.
pub(crate) fn of_packages(place: &Place, targets: &[Target]) -> Outcome<String> {
    // cargo-about looks at packages for other systems too. It is offline, since it would otherwise
    // ask a website about their licences, and then need not say the same tomorrow.
    run(place.cargo().args(["fetch", "--locked"]))?;
    let mut about = Command::new(tool("cargo-about")?);
    about.current_dir(&place.source).env("CARGO_HOME", &place.cargo_home);
    about.args(["generate", "--fail", "--frozen", "--config", "ci/about.toml"]);
    about.args(["--manifest-path", "app/Cargo.toml"]).args(FEATURES);
    about.args(targets.iter().flat_map(|target| ["--target", target.triple()]));
    Ok(output(about.arg("ci/notices.hbs"))?)
}
