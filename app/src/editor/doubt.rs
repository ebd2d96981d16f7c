//! What looks like a command that somebody has mistyped.

/// What is said of a draft with such a line.
pub(crate) const DOUBT: &str = "chat: there is no such command; Enter again says it to everybody";

/// Returns whether a line that is no command looks like one, also with a blank before it or typed
/// with full-width keys: a mistyped `/msg` must not be public.
pub(crate) fn looks_like_a_command(line: &str) -> bool {
    let behind = line.trim_start().strip_prefix(['/', '／']);
    let word = behind.and_then(|rest| rest.split(char::is_whitespace).next());
    word.is_some_and(|word| word.starts_with(char::is_alphabetic) && !word.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_mistyped() {
        for line in ["/mgs 지민 비밀", "/ㅡㄴㅎ 지민", " /msg 지민", "／msg 지민", "/msg\u{3000}a"]
        {
            assert!(looks_like_a_command(line), "{line}");
        }
        for line in ["", "/", "안녕", "/etc/passwd", "//who", "//comment", "/* 주석 */", "/2"] {
            assert!(!looks_like_a_command(line), "{line}");
        }
    }
}
