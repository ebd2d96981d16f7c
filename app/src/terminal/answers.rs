//! What a terminal says of itself when it is asked.

/// Asks for the terminal's name and version (XTVERSION), whether it knows synchronized output
/// (DECRQM of mode 2026) and, as all terminals answer that, what it is (DA1): what it has not
/// answered by then it never will.
///
/// Some terminals show a letter of a question that they do not know: what is written next must
/// clear that row.
pub(super) const QUESTIONS: &str = "\x1b[>q\x1b[?2026$p\x1b[c";

/// An answer of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its name: does it rewrap rows that have become too wide?
    Reflows(bool),
    /// Whether it knows synchronized output.
    Synchronizes(bool),
    /// The last one.
    Last,
}

impl Answer {
    /// Reads a [`Key::Report`](super::Key::Report).
    pub(super) fn read(report: &str) -> Option<Self> {
        if let Some(name) = report.strip_prefix("P>|") {
            return Some(Self::Reflows(REFLOWING.iter().any(|known| name.starts_with(known))));
        }
        let parameters = report.strip_prefix('?')?;
        if let Some(setting) = parameters.strip_prefix("2026;") {
            // 1 is set, 2 is reset; 0 is unknown, and 3 and 4 are what nothing can change.
            return Some(Self::Synchronizes(matches!(setting, "1$y" | "2$y")));
        }
        parameters.ends_with('c').then_some(Self::Last)
    }
}

/// How the names begin of terminals that rewrap rows, whatever their users choose.
const REFLOWING: [&str; 9] = [
    "VTE(",
    "WezTerm ",
    "alacritty",
    "foot(",
    "ghostty ",
    "iTerm2 ",
    "kitty(",
    "tmux ",
    "xterm.js(",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers as terminals send them, without what begins and ends each.
    #[test]
    fn answers_are_read() {
        for (report, expected) in [
            ("P>|tmux 3.3a", Some(Answer::Reflows(true))),
            ("P>|VTE(7600)", Some(Answer::Reflows(true))),
            ("P>|XTerm(379)", Some(Answer::Reflows(false))),
            ("?2026;2$y", Some(Answer::Synchronizes(true))),
            ("?2026;1$y", Some(Answer::Synchronizes(true))),
            ("?2026;0$y", Some(Answer::Synchronizes(false))),
            ("?2026;4$y", Some(Answer::Synchronizes(false))),
            ("?2004;2$y", None),
            ("?1;2c", Some(Answer::Last)),
            ("?62;c", Some(Answer::Last)),
            ("?6c", Some(Answer::Last)),
            ("P1$r0m", None),
            ("", None),
        ] {
            assert_eq!(Answer::read(report), expected, "{report}");
        }
    }
}
