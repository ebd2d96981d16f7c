//! What a file ends with: whether it is the record of a room, and what is to be mended.

use chat_core::Wall;

use super::stamp;

/// Most NULs that are taken for a record if nothing else is there: a disk image may be blank too.
const MOST_BLANK: usize = 256 * 1024;

/// What a file ends with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail<'a> {
    /// Whole lines, each with its newline.
    lines: &'a [u8],
    pub(super) end: End,
}

/// A line without its newline, and when it was said.
pub(super) type Said<'a> = (Wall, &'a [u8]);

/// How the last line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As it should, or there is none.
    Whole,
    /// It does not: so many bytes are a part of a line of ours, of which the rest is lost.
    Torn(usize),
    /// It does not, and is nothing of ours: a line of ours begins after a newline only.
    Foreign,
}

impl<'a> Tail<'a> {
    /// Looks at the last bytes of a file, or at all of it. `None` if it is not the record of a room:
    /// if its last whole line does not begin with a time.
    ///
    /// After a power failure there may be NULs where something was written. They say nothing about
    /// the file.
    pub(super) fn of(bytes: &'a [u8], is_all: bool) -> Option<Self> {
        // Of the first line a part may be left out. What is left is not taken for a line.
        let first = if is_all { 0 } else { bytes.iter().position(|&byte| byte == b'\n')? + 1 };
        let bytes = &bytes[first..];
        let lines_end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let (lines, rest) = bytes.split_at(lines_end);
        let last = whole_lines(lines).rev().find(|line| !line.starts_with(b"\0"));
        let is_record = match last {
            Some(last) => stamp::split(last).is_some(),
            // Nothing but what is torn is there: nothing of somebody else's is taken for that.
            None => is_all && (stamp::split(rest).is_some() || is_blank(rest)),
        };
        let end = match rest {
            [] => End::Whole,
            [0, ..] => End::Torn(rest.len()),
            _ if stamp::is_begun(rest) => End::Torn(rest.len()),
            _ => End::Foreign,
        };
        is_record.then_some(Self { lines, end })
    }

    /// The last lines that were said, with their times: as many as have no more than `most` bytes,
    /// each with its newline.
    pub(super) fn last_said(&self, most: usize) -> Vec<Said<'a>> {
        let mut said = Vec::new();
        let mut bytes = 0;
        for (wall, line) in whole_lines(self.lines).rev().filter_map(stamp::split) {
            bytes += line.len() + 1;
            if bytes > most {
                break;
            }
            said.push((wall, line));
        }
        said.reverse();
        said
    }
}

/// The lines in `bytes`, which end with a newline or are none, without their newlines.
pub(super) fn whole_lines(bytes: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(|line| &line[..line.len() - 1])
}

/// Whether that is nothing, or what may be left of a record's very first lines.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.len() <= MOST_BLANK && bytes.iter().all(|&byte| byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORD: &str = "2026-11-25T14:02:07+09:00 Chat Server started on port 3333.\n\
                          2026-11-25T14:02:09+09:00 [지민] 안녕\n";

    fn end(text: &str) -> Option<End> {
        Tail::of(text.as_bytes(), true).map(|tail| tail.end)
    }

    #[test]
    fn whole_records() {
        assert_eq!(end(""), Some(End::Whole));
        assert_eq!(end(RECORD), Some(End::Whole));
    }

    /// Wherever the last line is torn.
    #[test]
    fn torn_lines() {
        let line = "2026-11-25T14:02:10+09:00 [민수] 네 안녕하세요ㅋㅋ";
        for length in 1..=line.len() {
            let torn = [RECORD.as_bytes(), &line.as_bytes()[..length]].concat();
            let tail = Tail::of(&torn, true).unwrap();
            assert_eq!(tail.end, End::Torn(length));
            assert_eq!(tail.lines, RECORD.as_bytes());
        }
        assert_eq!(end(line), Some(End::Torn(line.len())));
    }

    #[test]
    fn what_a_power_failure_leaves() {
        assert_eq!(end(&format!("{RECORD}\0\0\0")), Some(End::Torn(3)));
        assert_eq!(end(&format!("{RECORD}2026-11-25T14:02:10+09:00 [민\0")), Some(End::Torn(31)));
        assert_eq!(end(&format!("{RECORD}\0\0 안녕\n")), Some(End::Whole));
        assert_eq!(end("\0\0\0"), Some(End::Torn(3)));
    }

    /// Nothing of them is changed.
    #[test]
    fn what_is_no_record() {
        for text in [
            "\n",
            "hello\n",
            "a note without a newline",
            "2026",
            "2026-11-25T14:02:07+09:00",
            "\0\0a",
            "\u{89}PNG\r\n\u{1a}\n\0\0\0\rIHDR",
            "2026-11-25 14:02:07 [지민] 안녕\n",
        ] {
            assert_eq!(end(text), None, "{text:?}");
        }
        assert_eq!(end(&format!("{RECORD}a note\n")), None);
        // A line that somebody else has begun after ours is left as it is.
        assert_eq!(end(&format!("{RECORD}a note")), Some(End::Foreign));
    }

    #[test]
    fn a_part_of_a_line_is_no_line() {
        let said = "2026-11-25T14:02:09+09:00 [지민] 거짓말\n";
        let all = format!("2026-11-25T14:02:09+09:00 [민수] {said}{RECORD}");
        let tail = &all.as_bytes()[all.find(said).unwrap()..];
        assert_eq!(Tail::of(tail, false).unwrap().lines, RECORD.as_bytes());
        assert_eq!(Tail::of(said.as_bytes(), false), None);
        assert_eq!(Tail::of(b"\0\0\0", false), None);
    }

    proptest! {
        /// Whatever stands there, what is left after the cut ends with a line, or with what is not ours.
        #[test]
        fn any_file_can_be_looked_at(
            pieces in prop::collection::vec(
                prop_oneof![
                    Just(RECORD.as_bytes().to_vec()),
                    Just(b"2026-11-25T14:02:07+09:00 [a] b".to_vec()),
                    Just(b"\n".to_vec()),
                    Just(b"\0\0".to_vec()),
                    prop::collection::vec(any::<u8>(), 0..40),
                ],
                0..6,
            ),
            is_all: bool,
        ) {
            let bytes = pieces.concat();
            let Some(tail) = Tail::of(&bytes, is_all) else { return Ok(()) };
            prop_assert!(tail.last_said(1000).len() <= 1000);
            let left = match tail.end {
                End::Torn(length) => &bytes[..bytes.len() - length],
                End::Whole | End::Foreign => &bytes,
            };
            let ends_whole = left.is_empty() || left.ends_with(b"\n");
            prop_assert_eq!(ends_whole, tail.end != End::Foreign);
        }
    }

    #[test]
    fn the_last_lines() {
        let said = |most| {
            let tail = Tail::of(RECORD.as_bytes(), true).unwrap();
            let said = tail.last_said(most).into_iter();
            said.map(|(wall, line)| (wall.unix_seconds, str::from_utf8(line).unwrap()))
                .collect::<Vec<_>>()
        };
        let started = (1_795_582_927, "Chat Server started on port 3333.");
        let spoken = (1_795_582_929, "[지민] 안녕");
        assert_eq!(said(usize::MAX), [started, spoken]);
        assert_eq!(said(spoken.1.len() + 1), [spoken]);
        assert_eq!(said(spoken.1.len()), []);
    }
}
