//! Which terminals rewrap rows that have become too wide, instead of cutting them off.

use std::ffi::OsString;

/// Returns whether the terminal of a program with these environment variables rewraps rows.
///
/// No terminal reports that, so only those count that are known to. If one is wrongly taken to,
/// what was said is erased when it becomes narrower; if one is wrongly taken not to, a surplus row
/// of the draft stays. Either matters only for a draft wider than a terminal that becomes narrower.
pub(crate) fn reflows(variable: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let any_set = |names: &[&str]| names.iter().any(|name| variable(name).is_some());
    if any_set(&["TMUX"]) {
        return true;
    }
    // These keep the variables of the terminal that they were started from.
    if any_set(&["STY", "XTERM_VERSION"]) {
        return false;
    }
    let text = |name| variable(name).and_then(|value| value.into_string().ok()).unwrap_or_default();
    let (term, program) = (text("TERM"), text("TERM_PROGRAM"));
    REFLOWING_TERMS.iter().any(|name| term.starts_with(name))
        || REFLOWING_PROGRAMS.contains(&program.as_str())
        || any_set(&SET_BY_REFLOWING)
}

/// Terminals that reflow, by how `TERM` begins, by `TERM_PROGRAM`, and by the variables they set.
const REFLOWING_TERMS: [&str; 8] =
    ["alacritty", "contour", "foot", "konsole", "rio", "tmux", "wezterm", "xterm-kitty"];
const REFLOWING_PROGRAMS: [&str; 5] =
    ["Apple_Terminal", "WezTerm", "ghostty", "iTerm.app", "vscode"];
const SET_BY_REFLOWING: [&str; 6] = [
    "ALACRITTY_WINDOW_ID",
    "KITTY_WINDOW_ID",
    "KONSOLE_VERSION",
    "VTE_VERSION",
    "WEZTERM_PANE",
    "WT_SESSION",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_known_by_their_variables() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("TERM", "xterm-256color")], false),
            (&[("TERM", "xterm-kitty")], true),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")], true),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], true),
            // A multiplexer decides, not the terminal around it.
            (&[("TERM", "screen"), ("STY", "1.tty"), ("VTE_VERSION", "7600")], false),
            (&[("TERM", "screen"), ("TMUX", "/tmp/tmux"), ("XTERM_VERSION", "390")], true),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| OsString::from(value))
            };
            assert_eq!(reflows(&variable), expected, "{variables:?}");
        }
    }
}
