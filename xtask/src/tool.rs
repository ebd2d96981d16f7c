//! Tools from crates.io, in the versions that `ci/tools.txt` names.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use crate::build::target_directory;
use crate::shell::{Outcome, cargo, quiet_output, root, run, say};

const VERSIONS: &str = "ci/tools.txt";

/// Returns a tool's program: the user's, if it has the right version, or one below cargo's target
/// directory, which is installed first if it is missing.
pub(crate) fn tool(name: &str) -> Outcome<PathBuf> {
    let versions = fs::read_to_string(root().join(VERSIONS))?;
    let version = version(&versions, name).ok_or_else(|| format!("{VERSIONS}: no {name}"))?;
    let own = target_directory()?.join("tools");
    let installed = own.join("bin").join(name);
    for program in [Path::new(name), &installed] {
        let printed = quiet_output(Command::new(program).arg("--version"));
        if printed.is_ok_and(|printed| printed.trim_end() == format!("{name} {version}")) {
            return Ok(program.to_owned());
        }
    }
    say(&format!("{name} {version} is missing and is installed in {}.", own.display()));
    let mut install = cargo();
    install.args(["install", "--locked", "--quiet", "--version", version, name]);
    run(install.arg("--root").arg(&own).arg("--target-dir").arg(own.join("build")))?;
    Ok(installed)
}

/// Returns the version of a tool in a list of lines `NAME VERSION`.
fn version<'a>(versions: &'a str, name: &str) -> Option<&'a str> {
    versions.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_the_whole_name() {
        let versions = "# cargo-a 9.9.9\ncargo-ab 1.0.0\ncargo-a 2.0.0\n";
        assert_eq!(version(versions, "cargo-a"), Some("2.0.0"));
        assert_eq!(version(versions, "cargo-ab"), Some("1.0.0"));
        assert_eq!(version(versions, "cargo"), None);
    }
}
