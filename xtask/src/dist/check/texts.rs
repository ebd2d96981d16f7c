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
    let unit = unit.replace("/usr/local/bin/chat", &format!("\"{executable}\""));
    // As it is, and with what it proposes.
    let proposals = proposals(&unit);
    if proposals.len() != 3 {
        return Err(format!("chat.service proposes {proposals:?}").into());
    }
    for (number, proposal) in [String::new()].iter().chain(&proposals).enumerate() {
        let here = folder.join(format!("here{number}.service"));
        fs::write(&here, format!("{unit}\n{proposal}"))?;
        let mut verify = Command::new("systemd-analyze");
        verify.args(["verify", "--man=no", "--recursive-errors=no"]).arg(&here);
        // It succeeds in spite of directives that it does not know.
        let said = finished(&mut verify)?.stderr;
        if !said.is_empty() {
            return Err(format!("chat.service: {}", String::from_utf8_lossy(&said)).into());
        }
        let mut security = Command::new("systemd-analyze");
        output(security.args(["security", "--no-pager", "--offline=true", EXPOSURE]).arg(&here))?;
        fs::remove_file(here)?;
    }
    Ok(())
}

/// Returns the sections that the comments of a unit propose for `systemctl edit`.
fn proposals(unit: &str) -> Vec<String> {
    let paragraphs = unit.split("#\n").map(|paragraph| {
        let lines = paragraph.lines().filter_map(|line| line.strip_prefix("#     "));
        lines.fold(String::new(), |lines, line| lines + line + "\n")
    });
    paragraphs.filter(|lines| lines.starts_with('[')).collect()
}

/// Command lines, and their completions.
const COMPLETED: [(&str, &[&str]); 14] = [
    ("chat ", &["join", "serve"]),
    ("chat j", &["join"]),
    ("chat join --c", &["--color"]),
    ("chat join --color ", &["always", "auto", "never"]),
    ("chat join --color=n", &["never"]),
    ("chat serve 0.0.0.0 ", &["3333"]),
    ("chat join ::1 ", &["3333"]),
    ("chat join a.example:3333,b.example:3333 ", &[]),
    ("chat serve --quiet --max-line=4K 0.0.0.0 3333 ", &[]),
    ("chat serve --max-line 4K --q", &["--quiet"]),
    ("chat-serve --b", &["--backlog"]),
    ("chat serve --log-sync ", &["always", "second"]),
    ("chat serve --log completions/chat.f", &["completions/chat.fish"]),
    ("chat serve --log record --log-sync=always 0.0.0.0 ", &["3333"]),
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
    let mut bash = Command::new("bash");
    quiet_output(bash.args(["-c", script, "bash"]).arg(file).arg(line).current_dir(folder))
}

/// Returns the completions that fish offers, one a line, without their descriptions.
fn by_fish(folder: &Path, line: &str) -> Result<String, String> {
    let script = r"source $argv[1]; complete -C$argv[2] | string split -f 1 \t; true";
    let file = folder.join("completions/chat.fish");
    let mut fish = Command::new("fish");
    quiet_output(fish.args(["--no-config", "-c", script]).arg(file).arg(line).current_dir(folder))
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
