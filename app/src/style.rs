//! How lines are shown: with or without colours, with or without the time.

use chat_core::{Line, Lines, Shown};
use tz::{DateTime, TimeZone};

use crate::settings::Look;

/// Foreground colours for addresses, from the 256-colour palette (xterm's 6 × 6 × 6 cube).
///
/// Each has a contrast of at least 4 : 1 on both black and white (WCAG 2, relative luminance; no
/// colour has more than 4.6 on both), so that it is legible on dark and on light terminals.
const PALETTE: [u8; 14] = [131, 130, 64, 28, 29, 30, 31, 27, 63, 98, 129, 133, 163, 161];

const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Shows lines in one look.
pub(crate) struct Style {
    look: Look,
}

impl Style {
    pub(crate) fn new(look: Look) -> Self {
        Self { look }
    }

    /// Returns the text of `lines` as they are to be shown, each followed by `newline`.
    pub(crate) fn show(&self, lines: Lines, newline: &str) -> Vec<u8> {
        if !self.look.in_colour && self.look.zone.is_none() && newline == "\n" {
            return lines.into_bytes();
        }
        let time = self.look.zone.as_ref().map(time_now).unwrap_or_default();
        let mut shown = Vec::with_capacity(2 * lines.len());
        for Shown { line, .. } in lines.iter() {
            self.show_line(line, &time, &mut shown);
            shown.extend_from_slice(newline.as_bytes());
        }
        shown
    }

    /// Returns what to write before and after dim text.
    pub(crate) fn dim(&self) -> (&'static str, &'static str) {
        if self.look.in_colour { (DIM, PLAIN) } else { ("", "") }
    }

    fn show_line(&self, line: Line<'_>, time: &str, shown: &mut Vec<u8>) {
        let (dim, plain) = self.dim();
        let mut push = |texts: &[&str]| {
            texts.iter().for_each(|text| shown.extend_from_slice(text.as_bytes()));
        };
        if !time.is_empty() {
            push(&[dim, time, plain, " "]);
        }
        match line {
            Line::Greeting { text, .. }
            | Line::Joined { text, .. }
            | Line::Left { text, .. }
            | Line::Named { text, .. }
            | Line::Skipped { text, .. }
            | Line::Notice(text)
            | Line::Full(text) => push(&[dim, text, plain]),
            Line::Message { from, text } if self.look.in_colour => {
                let colour = format!("\x1b[38;5;{}m", colour_of(from));
                push(&[&colour, "[", from, "]", plain, " ", text]);
            }
            line => push(&[&line.to_string()]),
        }
    }
}

/// Returns the same colour for the same address, everywhere and always: FNV-1a, which spreads short
/// texts well.
fn colour_of(address: &str) -> u8 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in address.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let count = u32::try_from(PALETTE.len()).unwrap_or(1);
    usize::try_from(hash % count).ok().and_then(|index| PALETTE.get(index)).copied().unwrap_or(0)
}

/// Returns the time as `HH:MM`; empty if the clock is beyond all calendars.
fn time_now(zone: &TimeZone) -> String {
    DateTime::now(zone.as_ref())
        .map(|now| format!("{:02}:{:02}", now.hour(), now.minute()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_core::{Client, Instant};
    use std::collections::BTreeSet;

    /// WCAG 2.2, "relative luminance" and "contrast ratio".
    #[test]
    fn every_colour_is_legible_on_black_and_on_white() {
        for colour in PALETTE {
            let cube = colour - 16;
            let luminance: f64 = [(cube / 36, 0.2126), (cube / 6 % 6, 0.7152), (cube % 6, 0.0722)]
                .iter()
                .map(|&(level, weight)| {
                    let value = f64::from(if level == 0 { 0 } else { 55 + 40 * level }) / 255.0;
                    let linear = if value <= 0.03928 {
                        value / 12.92
                    } else {
                        ((value + 0.055) / 1.055).powf(2.4)
                    };
                    weight * linear
                })
                .sum();
            assert!((luminance + 0.05) / 0.05 >= 4.0, "{colour} on black");
            assert!(1.05 / (luminance + 0.05) >= 4.0, "{colour} on white");
        }
    }

    #[test]
    fn neighbours_are_told_apart() {
        let colours: BTreeSet<u8> =
            (45390..45400).map(|port| colour_of(&format!("192.0.2.7:{port}"))).collect();
        assert!(colours.len() >= 6, "{colours:?}");
        assert_eq!(colour_of("192.0.2.7:45390"), colour_of("192.0.2.7:45390"));
    }

    fn shown(style: &Style, lines: Lines) -> String {
        String::from_utf8(style.show(lines, "\r\n")).unwrap()
    }

    const LINES: &str = "> 안내\n< 안내\n[192.0.2.7:45390] 안녕\n기타\n[You] 네\n";

    /// The lines of [`LINES`]: those that a server says, then one of the user's own.
    fn lines() -> Lines {
        let mut client = Client::new(Instant::default());
        let (received, _) = LINES.split_once("[You]").unwrap();
        client.receive(Instant::default(), received.as_bytes(), false);
        let mut lines = client.take_lines(Lines::default());
        lines.push_own("네");
        lines
    }

    #[test]
    fn without_colour_nothing_but_the_newline_changes() {
        let style = Style::new(Look::default());
        assert_eq!(shown(&style, lines()), LINES.replace('\n', "\r\n"));
        assert_eq!(style.show(lines(), "\n"), LINES.as_bytes());
    }

    #[test]
    fn with_colour() {
        let style = Style::new(Look { in_colour: true, zone: None });
        let colour = colour_of("192.0.2.7:45390");
        assert_eq!(
            shown(&style, lines()),
            format!(
                "\x1b[2m> 안내\x1b[0m\r\n\x1b[2m< 안내\x1b[0m\r\n\
                 \x1b[38;5;{colour}m[192.0.2.7:45390]\x1b[0m 안녕\r\n기타\r\n[You] 네\r\n"
            )
        );
    }

    #[test]
    fn with_the_time() {
        let zone = TimeZone::from_posix_tz("KST-9").unwrap();
        let before = time_now(&zone);
        let style = Style::new(Look { in_colour: false, zone: Some(zone) });
        let text = shown(&style, lines());
        let after = time_now(style.look.zone.as_ref().unwrap());
        let with = |time: &str| -> String {
            LINES.lines().map(|line| format!("{time} {line}\r\n")).collect()
        };
        assert!(text == with(&before) || text == with(&after), "{text:?}");
    }
}
