//! What is pasted is said, and never obeyed.

/// Returns what is to be put into a draft when `text` is pasted: a line of it that would be taken
/// for a command gets one slash more. The first one counts if the cursor is where a line begins.
pub(crate) fn pasted(
    text: &str,
    is_at_line_start: bool,
    is_command: impl Fn(&str) -> bool,
) -> String {
    let mut pasted = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        pasted.push_str(if index > 0 { "\n" } else { "" });
        let begins_a_line = index > 0 || is_at_line_start;
        pasted.push_str(if begins_a_line && is_command(line) { "/" } else { "" });
        pasted.push_str(line);
    }
    pasted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_get_a_slash() {
        let is_command = |line: &str| line.starts_with('/') && line.contains("/who");
        let pasted = |text, is_at_start| pasted(text, is_at_start, is_command);
        assert_eq!(pasted("/who\n/etc\n//who\n", true), "//who\n/etc\n///who\n");
        assert_eq!(pasted("/who\n/who", false), "/who\n//who");
        assert_eq!(pasted("", true), "");
    }
}
