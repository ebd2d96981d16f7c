//! The time before each line of a record: `2026-11-25T14:02:07+09:00 `, as RFC 3339 has it.

use std::io::Write;

use chat_core::Wall;
use tz::UtcDateTime;

/// A digit of it is `0`, its sign `+`.
const SHAPE: &[u8; LENGTH] = b"0000-00-00T00:00:00+00:00 ";

/// How long a stamp is, with the space after it.
pub(super) const LENGTH: usize = 26;

/// The last second of the year 9999, in UTC, less a day: what has four digits of a year in any zone.
const LAST: i64 = 253_402_300_799 - DAY;
const DAY: i64 = 24 * 60 * 60;

/// Appends the stamp of `wall` to `lines`.
pub(super) fn push(wall: Wall, lines: &mut Vec<u8>) {
    // RFC 3339 has whole minutes. A zone can be further from UTC than a day only by a mistake.
    let minutes = (wall.offset_seconds / 60).clamp(-24 * 60 + 1, 24 * 60 - 1);
    let local = wall.unix_seconds.clamp(DAY, LAST) + i64::from(minutes) * 60;
    // Within those bounds there is such a time, and memory takes what is written.
    let Ok(time) = UtcDateTime::from_timespec(local, 0) else { return };
    let _ = write!(
        lines,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02} ",
        time.year(),
        time.month(),
        time.month_day(),
        time.hour(),
        time.minute(),
        time.second(),
        if minutes < 0 { '-' } else { '+' },
        minutes.abs() / 60,
        minutes.abs() % 60,
    );
}

/// Splits a line of a record into its time and what was said; `None` if it has no time.
pub(super) fn split(line: &[u8]) -> Option<(Wall, &[u8])> {
    let (stamp, said) = line.split_at_checked(LENGTH)?;
    if !has_shape(stamp) {
        return None;
    }
    let stamp = str::from_utf8(stamp).ok()?;
    let number = |at: usize, length: usize| stamp.get(at..at + length)?.parse::<u8>().ok();
    let year = stamp.get(..4)?.parse().ok()?;
    let (month, day) = (number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let local = UtcDateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let (hours, minutes) = (number(20, 2)?, number(23, 2)?);
    if hours >= 24 || minutes >= 60 {
        return None;
    }
    let offset = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
    let offset_seconds = if stamp.as_bytes()[19] == b'-' { -offset } else { offset };
    let unix_seconds = local.unix_time() - i64::from(offset_seconds);
    Some((Wall { unix_seconds, offset_seconds }, said))
}

/// Returns whether a line, of which there may be more, begins with a stamp, or is the beginning of
/// one.
pub(super) fn is_begun(line: &[u8]) -> bool {
    has_shape(&line[..line.len().min(LENGTH)])
}

fn has_shape(stamp: &[u8]) -> bool {
    stamp.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'+' => matches!(byte, b'+' | b'-'),
        _ => byte == shape,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEOUL: i32 = 9 * 60 * 60;

    fn stamp(unix_seconds: i64, offset_seconds: i32) -> String {
        let mut stamp = Vec::new();
        push(Wall { unix_seconds, offset_seconds }, &mut stamp);
        String::from_utf8(stamp).unwrap()
    }

    /// What `TZ=… date -d @SECONDS +%FT%T%:z` of the GNU coreutils prints.
    #[test]
    fn stamps_are_those_of_date() {
        for (seconds, offset, expected) in [
            (1_795_582_927, SEOUL, "2026-11-25T14:02:07+09:00"),
            (1_709_164_800, 0, "2024-02-29T00:00:00+00:00"),
            (1_709_164_800, -(3 * 60 + 30) * 60, "2024-02-28T20:30:00-03:30"),
            (4_107_542_399, 20_700, "2100-03-01T05:44:59+05:45"),
            (951_782_400, -60, "2000-02-28T23:59:00-00:01"),
        ] {
            assert_eq!(stamp(seconds, offset), format!("{expected} "));
        }
    }

    #[test]
    fn a_stamp_has_one_length_whatever_the_clock_says() {
        for seconds in [i64::MIN, -1, 0, LAST + 2 * DAY, i64::MAX] {
            for offset in [i32::MIN, -86_400, 0, 86_400, i32::MAX] {
                let stamp = stamp(seconds, offset);
                assert_eq!(stamp.len(), LENGTH, "{stamp}");
                assert!(split(stamp.as_bytes()).is_some(), "{stamp}");
            }
        }
    }

    /// Some places were no whole minutes from UTC: the moment is right all the same.
    #[test]
    fn seconds_of_an_offset_are_left_out() {
        assert_eq!(stamp(DAY, 8 * 3600 + 27 * 60 + 52), "1970-01-02T08:27:00+08:27 ");
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(seconds in DAY..=LAST, minutes in -1439..1440) {
            let wall = Wall { unix_seconds: seconds, offset_seconds: minutes * 60 };
            let mut line = Vec::new();
            push(wall, &mut line);
            line.extend("[지민] 안녕".bytes());
            prop_assert_eq!(split(&line), Some((wall, "[지민] 안녕".as_bytes())));
            for length in 0..=line.len() {
                prop_assert!(is_begun(&line[..length]));
            }
        }

        #[test]
        fn anything_can_be_looked_at(line in any::<Vec<u8>>()) {
            if let Some((_, said)) = split(&line) {
                prop_assert_eq!(said.len() + LENGTH, line.len());
                prop_assert!(is_begun(&line));
            }
        }
    }

    #[test]
    fn what_has_no_time() {
        for line in [
            "",
            "2026-11-25T14:02:07+09:00",
            "2026-11-25 14:02:07+09:00 [a] b",
            "2026-11-25T14:02:07Z [a] b",
            "2026-02-30T14:02:07+09:00 [a] b",
            "2026-11-25T24:02:07+09:00 [a] b",
            "2026-11-25T14:02:07+24:00 [a] b",
            "2026-11-25T14:02:07+09:60 [a] b",
            "2026-00-25T14:02:07+09:00 [a] b",
            "20２6-11-25T14:02:07+09:00 [a] b",
            "[2026-11-25T14:02:07+09:00] [a] b",
        ] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
        assert!(!is_begun(b"2026-11-25 "));
        assert!(!is_begun(b"\x892026"));
    }
}
