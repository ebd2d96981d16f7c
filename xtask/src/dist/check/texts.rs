//! The man page, the completions and the systemd unit are valid.

use std::path::Path;
use std::process::Command;

use fs_err as fs;

use crate::shell::{Outcome, finished, output, quiet_output, run, say};

pub(super) fn check(folder: &Path) -> Outcome<()> {
    run(Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(folder.join("chat.1")))?;
    unit(folder)?;
    completions(folder)
}

/// The highest exposure of the service, by the measure of `systemd-analyze`: 1.5 of 10.
const EXPOSURE: &str = "--threshold=15";

fn unit(folder: &Path) -> Outcome<()> {
    // The executable is not installed: name it where it is.
    let unit = fs::read_to_string(folder.join("chat.service"))?;
    let executable = folder.join("chat");
    let executable = executable.to_str().ok_or("a folder that is not UTF-8")?;
    let here = folder.join("here.service");
    fs::write(&here, unit.replace("/usr/local/bin/chat", &format!("\"{executable}\"")))?;
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--recursive-errors=no"]).arg(&here);
    // It succeeds in spite of directives that it does not know.
    let said = finished(&mut verify)?.stderr;
    if !said.is_empty() {
        return Err(format!("chat.service: {}", String::from_utf8_lossy(&said)).into());
    }
    let mut security = Command::new("systemd-analyze");
    output(security.args(["security", "--no-pager", "--offline=true", EXPOSURE]).arg(&here))?;
    Ok(fs::remove_file(here)?)
}

/// Command lines, and their completions.
const COMPLETED: [(&str, &[&str]); 9] = [
    ("chat ", &["join", "serve"]),
    ("chat j", &["join"]),
    ("chat join --c", &["--color"]),
    ("chat join --color ", &["always", "auto", "never"]),
    ("chat join --color=n", &["never"]),
    ("chat serve 0.0.0.0 ", &["3333"]),
    ("chat serve --quiet --max-line=4K 0.0.0.0 3333 ", &[]),
    ("chat serve --max-line 4K --q", &["--quiet"]),
    ("chat-serve --b", &["--backlog"]),
];

fn completions(folder: &Path) -> Outcome<()> {
    run(Command::new("zsh").arg("-n").arg(folder.join("completions/_chat")))?;
    say("The completions of bash and fish:");
    for (line, expected) in COMPLETED {
        say(&format!("  {line:?}: {expected:?}"));
        for (shell, found) in [("bash", by_bash(folder, line)?), ("fish", by_fish(folder, line)?)] {
            let words = words(&found, line.rsplit(' ').next().unwrap_or_default());
            if words != expected {
                return Err(format!("{shell} completes {line:?} to {words:?}").into());
            }
        }
    }
    Ok(())
}

/// Returns the completions that bash offers, one a line.
fn by_bash(folder: &Path, line: &str) -> Result<String, String> {
    let script = r#"
        source "$1"
        IFS=' ' read -ra COMP_WORDS <<<"${2//=/ = }"
        [[ $2 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _chat
        printf '%s\n' "${COMPREPLY[@]}""#;
    let file = folder.join("completions/chat.bash");
    quiet_output(Command::new("bash").args(["-c", script, "bash"]).arg(file).arg(line))
}

/// Returns the completions that fish offers, one a line, without their descriptions.
fn by_fish(folder: &Path, line: &str) -> Result<String, String> {
    let script = r"source $argv[1]; complete -C$argv[2] | string split -f 1 \t; true";
    let file = folder.join("completions/chat.fish");
    quiet_output(Command::new("fish").args(["--no-config", "-c", script]).arg(file).arg(line))
}

/// Returns the lines of `found` that complete the word `asked`. Fish repeats an option before its
/// value, and bash offers options where none was asked for.
fn words<'a>(found: &'a str, asked: &str) -> Vec<&'a str> {
    let option = asked.find('=').map_or("", |at| &asked[..=at]);
    let is_option = asked.starts_with("--") && option.is_empty();
    let words = found.lines().map(|word| word.strip_prefix(option).unwrap_or(word));
    let words = words.filter(|word| !word.is_empty() && word.starts_with("--") == is_option);
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words
}
