//! The man page, the completions and the systemd unit are what their readers take.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::shell::{Outcome, output, run};

pub(super) fn check(folder: &Path) -> Outcome<()> {
    run(Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(folder.join("chat.1")))?;
    unit(folder)?;
    completions(folder)
}

/// How exposed the service may be at the most: 1.5 of 10, by the measure of `systemd-analyze`.
const EXPOSURE: &str = "--threshold=15";

fn unit(folder: &Path) -> Outcome<()> {
    // With the executable where it is now.
    let unit = fs::read_to_string(folder.join("chat.service"))?;
    let executable = folder.join("chat");
    let executable = executable.to_str().ok_or("a folder that is not UTF-8")?;
    let here = folder.join("here.service");
    fs::write(&here, unit.replace("/usr/local/bin/chat", executable))?;
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--recursive-errors=no"]).arg(&here);
    // What it does not understand is no error to it.
    let said = verify.output()?.stderr;
    if !said.is_empty() {
        return Err(format!("chat.service: {}", String::from_utf8_lossy(&said)).into());
    }
    let mut security = Command::new("systemd-analyze");
    output(security.args(["security", "--no-pager", "--offline=true", EXPOSURE]).arg(&here))?;
    Ok(fs::remove_file(here)?)
}

/// What is completed, and how.
const COMPLETED: [(&str, &[&str]); 6] = [
    ("chat ", &["join", "serve"]),
    ("chat j", &["join"]),
    ("chat join --c", &["--color"]),
    ("chat join --color ", &["always", "auto", "never"]),
    ("chat serve --max-line 4K --q", &["--quiet"]),
    ("chat-serve --b", &["--backlog"]),
];

fn completions(folder: &Path) -> Outcome<()> {
    run(Command::new("zsh").arg("-n").arg(folder.join("completions/_chat")))?;
    for (line, expected) in COMPLETED {
        for (shell, found) in [("bash", by_bash(folder, line)?), ("fish", by_fish(folder, line)?)] {
            // Options are offered unasked by one of them.
            let is_option = line.rsplit(' ').next().is_some_and(|word| word.starts_with("--"));
            let mut words: Vec<&str> = found.lines().collect();
            words.retain(|word| word.starts_with("--") == is_option);
            words.sort_unstable();
            if words != expected {
                return Err(format!("{shell} completes {line:?} to {words:?}").into());
            }
        }
    }
    Ok(())
}

/// What bash offers, a line each.
fn by_bash(folder: &Path, line: &str) -> Result<String, String> {
    let script = "source \"$1\"; IFS=' ' read -ra COMP_WORDS <<<\"$2\"; \
                  [[ $2 == *' ' ]] && COMP_WORDS+=(''); \
                  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _chat; printf '%s\\n' ${COMPREPLY[@]}";
    let mut bash = Command::new("bash");
    output(bash.args(["-c", script, "bash"]).arg(folder.join("completions/chat.bash")).arg(line))
}

/// What fish offers, a line each, without its explanations.
fn by_fish(folder: &Path, line: &str) -> Result<String, String> {
    let script = "source $argv[1]; complete -C$argv[2] | string split -f 1 \\t";
    let mut fish = Command::new("fish");
    output(fish.args(["-c", script]).arg(folder.join("completions/chat.fish")).arg(line))
}
