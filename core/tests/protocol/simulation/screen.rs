//! What a reader's terminal is given.

/// How lines begin: those of members, and notices.
const BEGINS: [&str; 4] = ["[", "> ", "< ", "Chat Server started"];

/// Looks at each line that a reader gets: it is text, and commands nothing.
#[derive(Default)]
pub(crate) struct Screen {
    /// The line that has not ended.
    line: Vec<u8>,
    /// Bytes that are still to come of a telnet command.
    of_command: u8,
}

impl Screen {
    pub(crate) fn show(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                _ if self.of_command > 0 => self.of_command -= 1,
                // All that are sent have three.
                255 => self.of_command = 2,
                b'\n' => self.end_line(),
                _ => self.line.push(byte),
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::str::from_utf8(&self.line).unwrap();
        assert!(line.chars().all(is_harmless), "{line:?} commands a terminal");
        // A line of which the rest was missed ends where it is.
        let is_ours = |begin: &str| line.starts_with(begin) || begin.starts_with(line);
        assert!(BEGINS.into_iter().any(is_ours), "{line:?} is nobody's");
        self.line.clear();
    }
}

fn is_harmless(c: char) -> bool {
    matches!(c, '\t' | ' '..='~')
        || !(c.is_control()
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
            || "\u{61c}\u{200e}\u{200f}".contains(c))
}
