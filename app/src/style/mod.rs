//! How lines are shown: with or without colours, with or without the time, and what in them is meant
//! for the user.
//!
//! | module | noun |
//! |---|---|
//! | `people` | who is known: names to complete, their colours, whom the user ignores |
//! | `palette` | the colours of names |
//! | `mention` | where a message calls somebody by name |
//! | `bell` | when the bell rings |

mod bell;
mod mention;
mod palette;
mod people;

use chat_core::{Line, Lines, Shown};
use tz::{DateTime, TimeZone};

use crate::settings::{BellFor, Look};
use mention::mentions;
use palette::PALETTE;

pub(crate) use bell::Bell;
pub(crate) use people::People;

const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";
/// What is meant for the user: bold and reversed, as colours say who speaks and not everybody sees
/// them.
const CALL: &str = "\x1b[1;7m";

/// White on black, whatever the terminal's colours are: for a code that cameras read.
const CODE: &str = "\x1b[38;5;231;48;5;16m";

/// Shows lines in one look.
pub(crate) struct Style {
    look: Look,
    people: People,
    /// What the user is called.
    own: Option<String>,
    /// Whether what was shown is a reason to ring.
    has_called: bool,
}

impl Style {
    pub(crate) fn new(look: Look) -> Self {
        Self { look, people: People::default(), own: None, has_called: false }
    }

    /// Returns the text of `lines` as they are to be shown, each followed by `newline`.
    pub(crate) fn show(&mut self, lines: Lines, newline: &str) -> Vec<u8> {
        let Look { in_colour, zone, bell, is_personal } = &self.look;
        let is_verbatim = !in_colour && !is_personal && zone.is_none() && *bell == BellFor::Nothing;
        if is_verbatim && newline == "\n" {
            return lines.into_bytes();
        }
        let time = zone.as_ref().map(time_now).unwrap_or_default();
        let mut bytes = Vec::with_capacity(2 * lines.len());
        for shown in lines.iter() {
            if self.hear(shown) {
                self.show_line(shown.line, &time, &mut bytes);
                bytes.extend_from_slice(newline.as_bytes());
            }
        }
        bytes
    }

    /// The user is called `name` in what is shown next.
    pub(crate) fn call_user(&mut self, name: Option<&str>) {
        if self.own.as_deref() != name {
            self.own = name.map(str::to_owned);
        }
    }

    /// Returns whether what was shown since the last call is a reason to ring.
    pub(crate) fn take_call(&mut self) -> bool {
        std::mem::take(&mut self.has_called)
    }

    /// Those of whom there was anything to show.
    pub(crate) fn people(&mut self) -> &mut People {
        &mut self.people
    }

    /// Returns what to write before and after dim text.
    pub(crate) fn dim(&self) -> (&'static str, &'static str) {
        if self.look.in_colour { (DIM, PLAIN) } else { ("", "") }
    }

    /// Takes note of a line. Returns whether it is shown.
    fn hear(&mut self, shown: Shown<'_>) -> bool {
        self.people.hear(shown);
        let (from, is_for_user) = match shown.line {
            Line::Message { from, text } => (from, !self.calls_in(text).is_empty()),
            Line::Private { from, .. } => (from, true),
            _ => return true,
        };
        if self.people.ignores(from) {
            return false;
        }
        self.has_called |= !shown.is_earlier
            && match self.look.bell {
                BellFor::Nothing => false,
                BellFor::Mention => is_for_user,
                BellFor::All => true,
            };
        true
    }

    /// Returns where a message calls the user.
    fn calls_in(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        self.own.as_deref().map(|own| mentions(own, text)).unwrap_or_default()
    }

    fn show_line(&mut self, line: Line<'_>, time: &str, shown: &mut Vec<u8>) {
        let (dim, plain) = self.dim();
        let mut push = |texts: &[&str]| {
            texts.iter().for_each(|text| shown.extend_from_slice(text.as_bytes()));
        };
        if !time.is_empty() {
            push(&[dim, time, plain, " "]);
        }
        match line {
            Line::Greeting { text, .. } => match self.own.as_deref() {
                Some(own) if self.look.is_personal => push(&[dim, text, " as ", own, plain]),
                _ => push(&[dim, text, plain]),
            },
            Line::Joined { text, .. }
            | Line::Left { text, .. }
            | Line::Named { text, .. }
            | Line::Skipped { text, .. }
            | Line::Notice(text)
            | Line::Full(text) => push(&[dim, text, plain]),
            Line::Message { from, text } if self.look.in_colour => {
                push(&[&self.colour_of(from), "[", from, "]", plain, " "]);
                let mut at = 0;
                for call in self.calls_in(text) {
                    push(&[&text[at..call.start], CALL, &text[call.clone()], plain]);
                    at = call.end;
                }
                push(&[&text[at..]]);
            }
            Line::Private { from, text } if self.look.in_colour => {
                push(&[CALL, &self.colour_of(from), "[", from, " -> you]", plain, " ", text]);
            }
            Line::PrivateTo { to, text } if self.look.in_colour => {
                push(&[&self.colour_of(to), "[you -> ", to, "]", plain, " ", text]);
            }
            Line::Other(text) if self.look.in_colour && is_code(text) => push(&[CODE, text, PLAIN]),
            line => push(&[&line.to_string()]),
        }
    }

    fn colour_of(&mut self, name: &str) -> String {
        let colour = PALETTE.get(self.people.colour_of(name)).copied().unwrap_or_default();
        format!("\x1b[38;5;{colour}m")
    }
}

/// Whether a line is a row of a QR code: it is light at its beginning, and made of halves of blocks.
fn is_code(text: &str) -> bool {
    text.starts_with("████") && text.chars().all(|c| matches!(c, '█' | '▀' | '▄' | ' '))
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

    fn shown(style: &mut Style, lines: Lines) -> String {
        String::from_utf8(style.show(lines, "\r\n")).unwrap()
    }

    const LINES: &str = "> 안내\n< 안내\n[192.0.2.7:45390] 안녕\n기타\n[You] 네\n";

    /// The lines of [`LINES`]: those that a server says, then one of the user's own.
    fn lines() -> Lines {
        let (received, _) = LINES.split_once("[You]").unwrap();
        let mut lines = said(&received.lines().collect::<Vec<_>>());
        lines.push_own("네");
        lines
    }

    #[test]
    fn without_colour_nothing_but_the_newline_changes() {
        let mut style = Style::new(Look::default());
        assert_eq!(shown(&mut style, lines()), LINES.replace('\n', "\r\n"));
        assert_eq!(style.show(lines(), "\n"), LINES.as_bytes());
        style.call_user(Some("안녕"));
        assert_eq!(style.show(lines(), "\n"), LINES.as_bytes());
    }

    /// A style with colours, for somebody called 지민.
    fn personal(bell: BellFor) -> Style {
        let mut style =
            Style::new(Look { in_colour: true, is_personal: true, bell, ..Look::default() });
        style.call_user(Some("지민"));
        style
    }

    /// Returns lines that a server says.
    fn said(lines: &[&str]) -> Lines {
        let mut said = Lines::default();
        lines.iter().for_each(|line| said.push_notice(line));
        said
    }

    /// Returns the sequence for a name's colour, if nobody else has it.
    fn colour(name: &str) -> String {
        format!("\x1b[38;5;{}m", PALETTE[palette::first_choice(name)])
    }

    #[test]
    fn with_colour() {
        let mut style = Style::new(Look { in_colour: true, ..Look::default() });
        let colour = colour("192.0.2.7:45390");
        assert_eq!(
            shown(&mut style, lines()),
            format!(
                "\x1b[2m> 안내\x1b[0m\r\n\x1b[2m< 안내\x1b[0m\r\n\
                 {colour}[192.0.2.7:45390]\x1b[0m 안녕\r\n기타\r\n[You] 네\r\n"
            )
        );
    }

    #[test]
    fn a_code_is_white_on_black() {
        let rows = ["█████████", "████ ▄▀ █", "███ ▄▀", "████ █ x"];
        let shown = |style: &mut Style| shown(style, said(&rows));
        assert_eq!(shown(&mut Style::new(Look::default())), rows.join("\r\n") + "\r\n");
        let [first, second, third, fourth] = rows;
        let (white, plain) = ("\x1b[38;5;231;48;5;16m", "\x1b[0m\r\n");
        assert_eq!(
            shown(&mut personal(BellFor::All)),
            format!("{white}{first}{plain}{white}{second}{plain}{third}\r\n{fourth}\r\n")
        );
    }

    /// What is meant for the user is bold and reversed, and never by its colour alone.
    #[test]
    fn what_is_meant_for_the_user() {
        let mut style = personal(BellFor::Mention);
        let (ann, you) = (colour("Ann"), "\x1b[1;7m");
        for (line, expected) in [
            ("[Ann] 지민아, 지민수", format!("{ann}[Ann]\x1b[0m {you}지민\x1b[0m아, 지민수\n")),
            ("[Ann -> you] 비밀", format!("{you}{ann}[Ann -> you]\x1b[0m 비밀\n")),
            ("[you -> Ann] 지민", format!("{ann}[you -> Ann]\x1b[0m 지민\n")),
            (
                "> Connected to the chat server (1 user online)",
                "\x1b[2m> Connected to the chat server (1 user online) as 지민\x1b[0m\n".to_owned(),
            ),
        ] {
            let bytes = style.show(said(&["> first", line]), "\n");
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(text.split_once('\n').unwrap().1, expected);
        }
    }

    #[test]
    fn what_the_bell_rings_for() {
        for (line, mention, all) in [
            ("[Ann] 지민아", true, true),
            ("[Ann -> you] 비밀", true, true),
            ("[Ann] 안녕", false, true),
            ("[you -> 지민] 지민", false, false),
            ("> New user 지민 entered (2 users online)", false, false),
            ("> Topic: 지민", false, false),
        ] {
            let rings = |bell| {
                let mut style = personal(bell);
                style.show(said(&["> first", line]), "\n");
                let rings = style.take_call();
                assert!(!style.take_call(), "once");
                rings
            };
            assert_eq!(rings(BellFor::Mention), mention, "{line}");
            assert_eq!(rings(BellFor::All), all, "{line}");
            assert!(!rings(BellFor::Nothing), "{line}");
        }
        let mut style = personal(BellFor::All);
        let line = Line::Private { from: "Ann", text: "지민" };
        assert!(style.hear(Shown { line, is_earlier: true }));
        assert!(!style.take_call(), "nobody is called by what is earlier");
        style.people().ignore("Ann");
        assert!(!style.hear(Shown { line, is_earlier: false }));
        assert!(!style.take_call(), "nor by whom they ignore");
        assert!(
            style.hear(Shown { line: Line::PrivateTo { to: "Ann", text: "" }, is_earlier: false })
        );
    }

    #[test]
    fn with_the_time() {
        let zone = TimeZone::from_posix_tz("KST-9").unwrap();
        let before = time_now(&zone);
        let mut style = Style::new(Look { zone: Some(zone), ..Look::default() });
        let text = shown(&mut style, lines());
        let after = time_now(style.look.zone.as_ref().unwrap());
        let with = |time: &str| -> String {
            LINES.lines().map(|line| format!("{time} {line}\r\n")).collect()
        };
        assert!(text == with(&before) || text == with(&after), "{text:?}");
    }
}
