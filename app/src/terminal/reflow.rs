//! Which terminals rewrap rows that have become too wide, instead of cutting them off.

/// Returns whether a terminal of this `TERM` rewraps rows.
///
/// If one is wrongly taken to, what was said is erased when it becomes narrower; if one is wrongly
/// taken not to, a surplus row of the draft stays. So only names count that a terminal gives to
/// itself alone, and that rewraps whatever its user chooses. No other variable counts: each is
/// inherited by terminals that are started from the one that has set it. What the terminal itself
/// answers when it is asked for its name goes before this.
pub(crate) fn reflows(term: &str) -> bool {
    REFLOWING_TERMS.iter().any(|name| {
        term.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+']))
    })
}

const REFLOWING_TERMS: [&str; 7] =
    ["alacritty", "foot", "rio", "tmux", "wezterm", "xterm-ghostty", "xterm-kitty"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_known_by_their_own_names() {
        for term in ["alacritty", "alacritty-direct", "foot", "tmux-256color", "xterm-kitty"] {
            assert!(reflows(term), "{term}");
        }
        for term in ["", "linux", "screen", "screen-256color", "st-256color", "xterm-256color"] {
            assert!(!reflows(term), "{term}");
        }
        // Another terminal's, which only begins so.
        assert!(!reflows("screen.alacritty"));
        assert!(!reflows("footing"));
    }
}
