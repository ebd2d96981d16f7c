//! What a reader's terminal is given.

/// How lines begin: those of members, and notices.
const BEGINS: [&str; 4] = ["[", "> ", "< ", "Chat Server started"];

/// Looks at each line that a reader gets: it is text, and commands nothing.
#[derive(Default)]
pub(crate) struct Screen {
    /// The line that has not ended.
    line: Vec<u8>,
}

impl Screen {
    pub(crate) fn show(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                let line = std::str::from_utf8(line).unwrap();
                assert!(line.chars().all(is_harmless), "{line:?} commands a terminal");
                // A line of which the rest was missed ends where it is.
                let is_ours = |begin: &str| line.starts_with(begin) || begin.starts_with(line);
                assert!(BEGINS.into_iter().any(is_ours), "{line:?} is nobody's");
                self.line.clear();
            }
        }
    }
}

fn is_harmless(c: char) -> bool {
    c == '\t'
        || !(c.is_control()
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
            || "\u{61c}\u{200e}\u{200f}".contains(c))
}
