//! How lines are shown: with colours or without, with the time or without.

use std::env;
use std::io::{self, IsTerminal};

use chat_core::{Line, YOU};
use tz::{DateTime, TimeZone};

use crate::args::{Color, Join};
use crate::system::HAS_EDITOR;

/// Foreground colours of the 256-colour palette (xterm's 6 × 6 × 6 cube), one for each address.
///
/// Each has a contrast of at least 4 : 1 on black and on white (WCAG 2, relative luminance; no
/// colour has more than 4.6 on both), so that it can be read in a dark terminal and in a light one.
const PALETTE: [u8; 14] = [131, 130, 64, 28, 29, 30, 31, 27, 63, 98, 129, 133, 163, 161];

const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// How lines are shown.
pub(super) struct Style {
    in_colour: bool,
    /// The zone of the time before each line.
    zone: Option<TimeZone>,
}

impl Style {
    /// As the user and the environment want it on a terminal.
    pub(super) fn of_terminal(args: &Join) -> Self {
        let in_colour = match args.color {
            Color::Always => true,
            Color::Never => false,
            // https://no-color.org: set and not empty.
            Color::Auto => env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        Self { in_colour, zone: args.time.then(time_zone) }
    }

    /// As the plain client shows lines: as they are, but for what was asked for by name.
    pub(super) fn plain(args: &Join) -> Self {
        Self { in_colour: args.color == Color::Always, zone: args.time.then(time_zone) }
    }

    /// Gives `lines`, each of which ends with a newline, as they are to be shown, each with
    /// `newline` behind it.
    pub(super) fn show(&self, lines: Vec<u8>, newline: &str) -> Vec<u8> {
        if !self.in_colour && self.zone.is_none() && newline == "\n" {
            return lines;
        }
        let time = self.zone.as_ref().map(time_now).unwrap_or_default();
        let mut shown = Vec::with_capacity(2 * lines.len());
        for line in String::from_utf8_lossy(&lines).split_terminator('\n') {
            self.show_line(line, &time, &mut shown);
            shown.extend_from_slice(newline.as_bytes());
        }
        shown
    }

    /// What to write before and after what is dim.
    pub(super) fn dim(&self) -> (&'static str, &'static str) {
        if self.in_colour { (DIM, PLAIN) } else { ("", "") }
    }

    fn show_line(&self, line: &str, time: &str, shown: &mut Vec<u8>) {
        let (dim, plain) = self.dim();
        let mut push = |texts: &[&str]| {
            texts.iter().for_each(|text| shown.extend_from_slice(text.as_bytes()));
        };
        if !time.is_empty() {
            push(&[dim, time, plain, " "]);
        }
        match Line::parse(line) {
            Line::Notice(text) | Line::Full(text) => push(&[dim, text, plain]),
            Line::Message { from, text } if self.in_colour => {
                let colour = format!("\x1b[38;5;{}m", colour_of(from));
                push(&[&colour, "[", from, "]", plain, " ", text]);
            }
            Line::Own(text) => push(&[YOU, text]),
            Line::Message { .. } | Line::Other(_) => push(&[line]),
        }
    }
}

/// Whether both ends are a terminal that can do more than print lines.
pub(super) fn is_interactive() -> bool {
    let can_edit = env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    HAS_EDITOR && can_edit && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The same for the same address, everywhere and always: FNV-1a, which spreads short texts well.
fn colour_of(address: &str) -> u8 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in address.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let count = u32::try_from(PALETTE.len()).unwrap_or(1);
    usize::try_from(hash % count).ok().and_then(|index| PALETTE.get(index)).copied().unwrap_or(0)
}

/// The system's time zone: `TZ` if it is set, else `/etc/localtime`, else UTC (`tzset(3)`).
fn time_zone() -> TimeZone {
    let zone = match env::var("TZ") {
        Ok(name) => TimeZone::from_posix_tz(&name),
        Err(_) => TimeZone::local(),
    };
    zone.unwrap_or_else(|_| TimeZone::utc())
}

/// `HH:MM`; empty if the clock is beyond all calendars.
fn time_now(zone: &TimeZone) -> String {
    DateTime::now(zone.as_ref())
        .map(|now| format!("{:02}:{:02}", now.hour(), now.minute()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// WCAG 2.2, "relative luminance" and "contrast ratio".
    #[test]
    fn every_colour_can_be_read_on_black_and_on_white() {
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

    fn shown(style: &Style, lines: &str) -> String {
        String::from_utf8(style.show(lines.into(), "\r\n")).unwrap()
    }

    const LINES: &str = "> 안내\n< 안내\n[192.0.2.7:45390] 안녕\n[You] 네\n기타\n";

    #[test]
    fn without_colour_nothing_but_the_newline_changes() {
        let style = Style { in_colour: false, zone: None };
        assert_eq!(shown(&style, LINES), LINES.replace('\n', "\r\n"));
        assert_eq!(style.show(LINES.into(), "\n"), LINES.as_bytes());
    }

    #[test]
    fn with_colour() {
        let style = Style { in_colour: true, zone: None };
        let colour = colour_of("192.0.2.7:45390");
        assert_eq!(
            shown(&style, LINES),
            format!(
                "\x1b[2m> 안내\x1b[0m\r\n\x1b[2m< 안내\x1b[0m\r\n\
                 \x1b[38;5;{colour}m[192.0.2.7:45390]\x1b[0m 안녕\r\n[You] 네\r\n기타\r\n"
            )
        );
    }

    #[test]
    fn with_the_time() {
        let zone = TimeZone::from_posix_tz("KST-9").unwrap();
        let before = time_now(&zone);
        let style = Style { in_colour: false, zone: Some(zone) };
        let text = shown(&style, "[You] 네\n> 안내\n");
        let after = time_now(style.zone.as_ref().unwrap());
        let with = |time: &str| format!("{time} [You] 네\r\n{time} > 안내\r\n");
        assert!(text == with(&before) || text == with(&after), "{text:?}");
    }
}
