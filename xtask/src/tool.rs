//! Tools from crates.io, in the versions that `ci/tools.txt` names.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use crate::build::target_directory;
use crate::shell::{Outcome, cargo, quiet_output, root, run, say};

const LIST: &str = "ci/tools.txt";

/// Returns a tool's program: the user's, if it has the right version, or one below cargo's target
/// directory, which is installed first if it is missing.
pub(crate) fn tool(name: &str) -> Outcome<PathBuf> {
    let list = fs::read_to_string(root().join(LIST))?;
    let tool = Tool::find(&list, name).ok_or_else(|| format!("{LIST}: no {name}"))?;
    let own = target_directory()?.join("tools");
    let installed = own.join("bin").join(name);
    if let Some(program) = [Path::new(name), &installed].into_iter().find(|path| tool.is(path)) {
        return Ok(program.to_owned());
    }
    say(&format!("{name} {} is missing and is installed in {}.", tool.version, own.display()));
    let mut install = cargo();
    install.args(["install", "--locked", "--quiet", "--version", tool.version, name]);
    install.args(["--features", tool.feature]).arg("--root").arg(&own);
    run(install.arg("--target-dir").arg(own.join("build")))?;
    // Cargo succeeds where a package without its feature has no program to install.
    if tool.is(&installed) { Ok(installed) } else { Err(format!("{name}: not installed").into()) }
}

/// A line of the list, `NAME VERSION`, and a feature if the tool takes one.
#[derive(Debug, PartialEq, Eq)]
struct Tool<'a> {
    name: &'a str,
    version: &'a str,
    feature: &'a str,
}

impl<'a> Tool<'a> {
    fn find(list: &'a str, name: &str) -> Option<Self> {
        list.lines().find_map(|line| {
            let mut words = line.split(' ');
            let name = words.next().filter(|word| *word == name)?;
            Some(Self { name, version: words.next()?, feature: words.next().unwrap_or_default() })
        })
    }

    /// Returns whether `program` is the tool, in its version.
    fn is(&self, program: &Path) -> bool {
        let printed = quiet_output(Command::new(program).arg("--version"));
        printed.is_ok_and(|printed| printed.trim_end() == format!("{} {}", self.name, self.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_the_whole_name() {
        let list = "# cargo-a 9.9.9\ncargo-ab 1.0.0 cli\ncargo-a 2.0.0\n";
        let found = |name| Tool::find(list, name).map(|tool| (tool.version, tool.feature));
        assert_eq!(found("cargo-a"), Some(("2.0.0", "")));
        assert_eq!(found("cargo-ab"), Some(("1.0.0", "cli")));
        assert_eq!(found("cargo"), None);
    }
}
